"""More real clients, which need a settings file or a variable, or speak a protocol of their own.

What such a client wants to read is not always there; that it trusts the server shows in that the server was asked for
something of the client's own: a request comes through only when the handshake has.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.table import REFUSES, TRUSTS
from tests.support.fresh import CACHE, copy_in, downloads
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

#: A name of 127.0.0.1 alone: Subversion tries the first address of a name, and would be refused at ::1.
NAME = "server.corp.test"
#: What reaches a client: the system's own store, a settings file or bundle of its own, only a variable, or nothing.
SYSTEM, OWN, VARIABLE, NOTHING = "system", "own", "variable", "nothing"


@dataclass(frozen=True)
class Asking:
    """A client that asks the server for what is below /NAME.

    Attributes:
        name: what people call it, and the path that it asks for.
        command: {url} stands for the server's address and that path, {port} for its port.
        refusal: a regular expression: what it says of a certificate that it does not trust.
        reached: how `add` as root reaches it: SYSTEM, OWN or VARIABLE.
        alone: how `add` without root reaches it, which cannot change the system's store.
        host: what it calls the server.
        lent: whether `trustinstall run` reaches it: what it reads can be named by a variable.
        slow: whether it takes seconds, and is asked in the full form alone.
    """

    name: str
    command: tuple[str, ...]
    refusal: str
    reached: str = SYSTEM
    alone: str = VARIABLE
    host: str = "localhost"
    lent: bool = True
    slow: bool = False

    def ask(
        self, root: Throwaway, server: Server, before: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> str:
        """Run it, behind the words of `before`: TRUSTS, REFUSES, or what went wrong."""
        path, count = f"/{self.name.replace(' ', '-')}", len(server.asked)
        url = f"https://{self.host}:{server.port}{path}"
        command = [*before, *(part.replace("{url}", url).replace("{port}", str(server.port)) for part in self.command)]
        user = "root" if before[:1] == ("su",) else "alice"
        done = root.run(command, user=user, env=env, cwd="/home/alice", timeout=90)
        said = done.stdout + done.stderr
        came = any(one.startswith(path) for one in server.asked[count:])
        if came and not re.search(self.refusal, said):
            return TRUSTS
        if not came and re.search(self.refusal, said):
            return REFUSES
        return f"neither: {came=}, status {done.returncode}, {said[-1500:]}"


@dataclass(frozen=True)
class Speaking(Asking):
    """A client of another protocol, whose own library answers it: its program is given the server's key and chain.

    It says that it came through by an answer that only a server can give.
    """

    success: str = ""

    def ask(
        self, root: Throwaway, server: Server, before: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> str:
        """Run it, behind the words of `before`: TRUSTS, REFUSES, or what went wrong."""
        path = f"/srv/leaf-{server.port}.pem"
        root.write(path, server.leaf.key_pem + server.leaf.chain_pem)
        user = "root" if before[:1] == ("su",) else "alice"
        words = [part.replace("{pem}", path) for part in self.command]
        done = root.run([*before, *words], user=user, env=env, cwd="/home/alice", timeout=90)
        said = done.stdout + done.stderr
        answers = {
            word for word, pattern in ((TRUSTS, self.success), (REFUSES, self.refusal)) if re.search(pattern, said)
        }
        return answers.pop() if len(answers) == 1 else f"neither: status {done.returncode}, {said[-1500:]}"


_FAILED = "certificate verify failed|CERTIFICATE_VERIFY_FAILED"
_NODE = "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)|unable to (verify|get)|self.signed certificate"
_RUST = "UnknownIssuer|invalid peer certificate"
_APP = "/srv/many/bin/python"
_FETCH = "fetch(process.argv[1]).then(a=>a.text()).then(console.log,e=>{console.error(e.cause??e);process.exit(1)})"
_ERLANG = (
    "{ok,_}=application:ensure_all_started(inets),{ok,_}=application:ensure_all_started(ssl),"
    'io:format("~p~n",[httpc:request(get,{"{url}",[]},'
    "[{ssl,[{verify,verify_peer},{cacerts,public_key:cacerts_get()}]}],[])]),halt()."
)
_AIOHTTP = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as answer:
        print(await answer.text())
asyncio.run(main())
"""
_GRPC = """
import sys, grpc
from concurrent import futures
pem = open(sys.argv[1], "rb").read()
end = pem.index(b"-----BEGIN CERTIFICATE")
server = grpc.server(futures.ThreadPoolExecutor(1))
port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(pem[:end], pem[end:])]))
server.start()
channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials())
try:
    channel.unary_unary("/any/method")(b"")
except grpc.RpcError as error:
    print(error.code(), error.details())
"""
_POSTGRES = """
import socket, ssl, sys, threading, psycopg
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listening = socket.create_server(("127.0.0.1", 0))
def serve():
    connection, _ = listening.accept()
    connection.recv(8)  # SSLRequest: the PostgreSQL manual, 55.2.10
    connection.sendall(b"S")
    with context.wrap_socket(connection, server_side=True) as talk:
        talk.recv(1024)
        said = b"SFATAL\\0C28000\\0Mcame through\\0\\0"
        talk.sendall(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
threading.Thread(target=serve, daemon=True).start()
try:
    psycopg.connect(host="localhost", port=listening.getsockname()[1], user="x", sslmode="verify-full",
                    sslrootcert="system", gssencmode="disable", connect_timeout=9)
except psycopg.OperationalError as error:
    print(error)
"""
_PIP = "/srv/many/bin/python -m pip download --dest=p-$2 --retries=0 --no-deps --index-url=$1 tinything"
_GO = """
package main

import ("fmt"; "net/http"; "os")

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil { fmt.Fprintln(os.Stderr, err); os.Exit(1) }
	fmt.Println(answer.Status)
}
"""
_MONO = """
public class Get {
    public static void Main(string[] arguments) {
        try { System.Console.WriteLine(new System.Net.WebClient().DownloadString(arguments[0])); }
        catch (System.Net.WebException error) { System.Console.WriteLine(error); }
    }
}
"""
_POM = """
<project><modelVersion>4.0.0</modelVersion>
<parent><groupId>corp</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent>
<artifactId>child</artifactId><packaging>pom</packaging>
<repositories><repository><id>corp</id><url>URL</url></repository></repositories></project>
"""
_MVN = (
    f"rm -rf mvn-$2; mkdir mvn-$2; cd mvn-$2; echo '{_POM}' | sed \"s|URL|$1|\" >pom.xml; "
    "mvn -B -Dmaven.repo.local=r validate"
)
_COMPOSER = """
rm -rf c-$2; mkdir c-$2; cd c-$2; export COMPOSER_HOME=$PWD
cat >composer.json <<END
{"repositories": [{"type": "composer", "url": "$1"}, {"packagist.org": false}]}
END
composer --no-interaction --no-cache show --all tiny/thing
"""
_BOTOCORE = """
import sys, botocore.config, botocore.session
once = botocore.config.Config(retries={"total_max_attempts": 1})
key = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
where = {"region_name": "eu-west-1", "endpoint_url": sys.argv[1]}
botocore.session.get_session().create_client("s3", config=once, **where, **key).list_buckets()
"""


def _sh(script: str) -> tuple[str, ...]:
    """A script of `sh` whose first argument is the address, and the second the port."""
    return ("sh", "-c", script, "sh", "{url}", "{port}")


MANY: tuple[Asking, ...] = (
    Asking("node", ("node", "-e", _FETCH, "{url}"), _NODE, VARIABLE),
    Asking("bun", ("/opt/bun", "-e", _FETCH, "{url}"), f"{_NODE}|CERT"),
    Asking(
        "deno",
        ("/opt/deno", "eval", "console.log(await (await fetch(Deno.args[0])).text())", "{url}"),
        _RUST,
        VARIABLE,
    ),
    Asking(
        "uv",
        _sh(
            "/srv/many/bin/uv pip install --python /usr/bin/python3 --target=uv-$2 --no-cache --index-url=$1 tinything"
        ),
        _RUST,
        VARIABLE,
    ),
    Asking("aiohttp", (_APP, "-c", _AIOHTTP, "{url}"), _FAILED),
    Asking(
        "httplib2",
        (_APP, "-c", "import sys, httplib2; print(httplib2.Http().request(sys.argv[1]))", "{url}"),
        _FAILED,
        OWN,
    ),
    Asking(
        "botocore",
        (_APP, "-c", _BOTOCORE, "{url}"),
        "SSL validation failed",
        OWN,
    ),
    Speaking("grpcio", (_APP, "-c", _GRPC, "{pem}"), "CERTIFICATE_VERIFY_FAILED", OWN, success="UNIMPLEMENTED"),
    # Its wheel carries an OpenSSL whose paths lead nowhere: SSL_CERT_FILE reaches it, which no machine is given.
    Speaking("psycopg", (_APP, "-c", _POSTGRES, "{pem}"), _FAILED, NOTHING, success="came through"),
    Asking("pip", _sh(_PIP), _FAILED, alone=OWN),
    Asking("go", ("/opt/go-get", "{url}"), "certificate signed by unknown authority"),
    Asking("ruby", ("ruby", "-ropen-uri", "-e", "print URI.open(ARGV[0]).read", "{url}"), _FAILED),
    Asking("gem", ("gem", "list", "--remote", "--clear-sources", "--source", "{url}/", "tiny"), f"{_FAILED}|SSL"),
    Asking("php", ("php", "-r", "echo file_get_contents($argv[1]);", "{url}"), _FAILED),
    Asking("composer", _sh(_COMPOSER), f"{_FAILED}|SSL certificate"),
    Asking(
        "perl LWP",
        ("perl", "-MLWP::UserAgent", "-e", "print LWP::UserAgent->new->get(shift)->as_string", "{url}"),
        _FAILED,
    ),
    Asking(
        "perl HTTP::Tiny",
        ("perl", "-MHTTP::Tiny", "-e", "print HTTP::Tiny->new(verify_SSL=>1)->get(shift)->{content}", "{url}"),
        _FAILED,
    ),
    Asking("hg", ("hg", "identify", "{url}"), _FAILED, alone=OWN),
    Asking("svn", ("svn", "ls", "--non-interactive", "{url}"), "issuer is not trusted", alone=OWN, host=NAME),
    Asking("erlang", ("erl", "-noshell", "-eval", _ERLANG), "unknown_ca", alone=SYSTEM, lent=False),
    Asking(
        "mono", ("mono", "/srv/Get.exe", "{url}"), "CERTIFICATE_VERIFY_FAILED|TrustFailure", alone=SYSTEM, lent=False
    ),
    Asking("maven", _sh(_MVN), "PKIX path (building|validation) failed", alone=SYSTEM, slow=True),
)

_NPM = {"bun": "@oven/bun-linux-x64@1.4.5", "deno": "@deno/linux-x64-glibc@2.9.6"}
_WHEELS = ("certifi", "aiohttp", "httplib2", "botocore", "uv", "grpcio", "psycopg[binary]", "pip>=26")
_SETUP = """
set -e
python3 -m venv --without-pip /srv/many
pip3 --python /srv/many/bin/python install --quiet --no-index --find-links /opt/many WHEELS
dpkg --install /opt/mono.deb >/dev/null
cd /srv && mcs Get.cs
"""


def install(root: Throwaway) -> None:
    """Put into a throw-away root what these clients need beside Debian's packages."""
    copy_in(root, downloads(*_WHEELS), "/opt/many")
    for name in _NPM:
        root.write(f"/opt/{name}", npm_program(name).read_bytes(), mode=0o755)
    root.write("/opt/go-get", _go().read_bytes(), mode=0o755)
    root.write("/opt/mono.deb", _debian("ca-certificates-mono").read_bytes())
    root.write("/srv/Get.cs", _MONO)
    root.write("/etc/hosts", root.read("/etc/hosts") + f"127.0.0.1 {NAME}\n".encode())
    root.run(["sh", "-c", _SETUP.replace("WHEELS", " ".join(f"'{one}'" for one in _WHEELS))], timeout=180, check=True)


def npm_program(name: str) -> Path:
    """A program of npm's on this machine: "bun" or "deno"."""
    return _binary(name, _NPM[name])


def _kept(name: str, what: object) -> Path:
    """Where something that was fetched or built is kept for the next run."""
    return CACHE / f"{name}-{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}"


def _binary(name: str, package: str) -> Path:
    """The one program in a package of npm, as the machine's `npm pack` (its registry, its proxy) gets it."""
    kept = _kept(name, package)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            pack = ["npm", "pack", "--silent", f"--pack-destination={directory}", package]
            packed = subprocess.run(pack, check=True, timeout=300, capture_output=True, text=True).stdout.split()[-1]
            with tarfile.open(Path(directory, packed)) as tar:
                inside = next(one for one in tar if one.isfile() and Path(one.name).name == name)
                content = tar.extractfile(inside)
                assert content is not None
                with content, Path(directory, name).open("wb") as file:
                    shutil.copyfileobj(content, file)
            Path(directory, name).rename(kept)
    return kept


def _go() -> Path:
    """A client in Go, built by Debian's compiler."""
    kept = _kept("go-get", _GO)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        clean = {"PATH": os.defpath, "HOME": "/nonexistent", "GOCACHE": str(CACHE / "go"), "GO111MODULE": "off"}
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            Path(directory, "get.go").write_text(_GO, encoding="utf-8")
            build = ["go", "build", "-o", "get", "get.go"]
            subprocess.run(build, cwd=directory, env=clean, check=True, timeout=300)
            Path(directory, "get").rename(kept)
    return kept


def _debian(package: str) -> Path:
    """A package of Debian's that is not installed, so that its hook runs in no other test."""
    kept = _kept(package, package)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            Path(directory).chmod(0o755)
            subprocess.run(["apt-get", "download", "--quiet=2", package], cwd=directory, check=True, timeout=120)
            next(Path(directory).glob("*.deb")).rename(kept)
    return kept
