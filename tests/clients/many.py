"""More real clients, a row each: what is run, what a refusal looks like, and how trust reaches it."""

from __future__ import annotations

from tests.clients.asking import NAME, NOTHING, OWN, SYSTEM, VARIABLE, Asking, Speaking
from tests.clients.programs import (
    AIOHTTP,
    APP,
    AWS,
    BERRY,
    BOTOCORE,
    CARGO,
    COMPOSER,
    DOCKER,
    ERLANG,
    FAILED,
    FETCH,
    GRPC,
    MVN,
    NODE_REFUSES,
    NPM,
    PIP,
    PIPX,
    PIPX_UV,
    PNPM,
    POETRY,
    POSTGRES,
    RUST_REFUSES,
    YARN,
    sh,
)

MANY: tuple[Asking, ...] = (
    Asking("node", ("node", "-e", FETCH, "{url}"), NODE_REFUSES, VARIABLE),
    Asking("bun", ("/opt/bun", "-e", FETCH, "{url}"), f"{NODE_REFUSES}|CERT"),
    Asking(
        "deno",
        ("/opt/deno", "eval", "console.log(await (await fetch(Deno.args[0])).text())", "{url}"),
        RUST_REFUSES,
        VARIABLE,
    ),
    Asking(
        "uv",
        sh("/srv/many/bin/uv pip install --python /usr/bin/python3 --target=uv-$2 --no-cache --index-url=$1 tinything"),
        RUST_REFUSES,
        VARIABLE,
    ),
    Asking("aiohttp", (APP, "-c", AIOHTTP, "{url}"), FAILED),
    Asking(
        "httplib2",
        (APP, "-c", "import sys, httplib2; print(httplib2.Http().request(sys.argv[1]))", "{url}"),
        FAILED,
        OWN,
    ),
    Asking(
        "botocore",
        (APP, "-c", BOTOCORE, "{url}"),
        "SSL validation failed",
        OWN,
    ),
    Speaking("grpcio", (APP, "-c", GRPC, "{pem}"), "CERTIFICATE_VERIFY_FAILED", OWN, success="UNIMPLEMENTED"),
    # Its wheel carries an OpenSSL whose paths lead nowhere: SSL_CERT_FILE reaches it, which no machine is given.
    Speaking("psycopg", (APP, "-c", POSTGRES, "{pem}"), FAILED, NOTHING, success="came through"),
    Asking("pip", sh(PIP), FAILED, alone=OWN),
    Asking("go", ("/opt/go-get", "{url}"), "certificate signed by unknown authority"),
    Asking("ruby", ("ruby", "-ropen-uri", "-e", "print URI.open(ARGV[0]).read", "{url}"), FAILED),
    Asking("gem", ("gem", "list", "--remote", "--clear-sources", "--source", "{url}/", "tiny"), f"{FAILED}|SSL"),
    Asking("php", ("php", "-r", "echo file_get_contents($argv[1]);", "{url}"), FAILED),
    Asking("composer", sh(COMPOSER), f"{FAILED}|SSL certificate"),
    Asking(
        "perl LWP",
        ("perl", "-MLWP::UserAgent", "-e", "print LWP::UserAgent->new->get(shift)->as_string", "{url}"),
        FAILED,
    ),
    Asking(
        "perl HTTP::Tiny",
        ("perl", "-MHTTP::Tiny", "-e", "print HTTP::Tiny->new(verify_SSL=>1)->get(shift)->{content}", "{url}"),
        FAILED,
    ),
    Asking("hg", ("hg", "identify", "{url}"), FAILED, alone=OWN),
    Asking("svn", ("svn", "ls", "--non-interactive", "{url}"), "issuer is not trusted", alone=OWN, host=NAME),
    Asking("erlang", ("erl", "-noshell", "-eval", ERLANG), "unknown_ca", alone=SYSTEM, lent=False),
    Asking(
        "mono", ("mono", "/srv/Get.exe", "{url}"), "CERTIFICATE_VERIFY_FAILED|TrustFailure", alone=SYSTEM, lent=False
    ),
    # An account's file of npm's is read by pnpm and Yarn 1, too; newer Yarns' own is written where one was used.
    Asking("npm", sh(NPM), NODE_REFUSES, VARIABLE, alone=OWN),
    Asking("pnpm", sh(PNPM), NODE_REFUSES, VARIABLE, alone=OWN),
    Asking("yarn", sh(YARN), NODE_REFUSES, VARIABLE, alone=OWN),
    Asking("berry", sh(BERRY), NODE_REFUSES, VARIABLE),
    Asking("aws", AWS, "SSL validation failed", OWN),
    Asking("docker", DOCKER, "certificate signed by unknown authority"),
    Asking("cargo", sh(CARGO), "the SSL certificate is invalid|SSL peer certificate"),
    Asking("pipx by uv", sh(PIPX_UV), RUST_REFUSES, VARIABLE),
    Asking("poetry", sh(POETRY), FAILED, OWN, slow=True),
    Asking("pipx by pip", sh(PIPX), FAILED, alone=OWN, slow=True),
    Asking("maven", sh(MVN), "PKIX path (building|validation) failed", alone=SYSTEM, slow=True),
)
