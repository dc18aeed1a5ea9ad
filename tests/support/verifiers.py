"""Real verifiers, each asked which of many servers it accepts.

A question is a port of loopback, a file of anchors, and the name or address by which a client knows the server. Clients
that cannot be told a name apart from the place to connect to are given a proxy that connects every name with loopback.
What a client says is no evidence: it counts whether it ends with the status of success.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.support.proxy import serving
from tests.unit.doctor.peers import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path

    from tests.support.chain_making import Chain
    from tests.support.tls import Server


class Question(NamedTuple):
    """A server, the anchors (a file of PEM) by which it is to be judged, and its name."""

    port: int
    anchors: Path
    host: str


Answers = dict[str, bool]

_NODE = """
const tls = require("tls"), fs = require("fs"), asked = JSON.parse(process.argv[1]), found = {};
for (const [name, port, file, host] of asked) {
  const ca = fs.readFileSync(file, "utf8").split(/(?=-----BEGIN)/);
  const servername = /^[0-9.]+$/.test(host) ? "" : host;
  const checkServerIdentity = (_, certificate) => tls.checkServerIdentity(host, certificate);
  const socket = tls.connect({port, host: "localhost", servername, checkServerIdentity, ca});
  socket.on("secureConnect", () => { found[name] = true; socket.destroy(); });
  socket.on("error", () => { found[name] = false; });
}
process.on("exit", () => console.log(JSON.stringify(found)));
"""
_GO = """
package main

import ("crypto/tls"; "crypto/x509"; "encoding/json"; "fmt"; "os")

func main() {
	var asked [][]interface{}
	json.Unmarshal([]byte(os.Args[1]), &asked)
	found := map[string]bool{}
	for _, one := range asked {
		pem, _ := os.ReadFile(one[2].(string))
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		to := fmt.Sprintf("localhost:%d", int(one[1].(float64)))
		connection, err := tls.Dial("tcp", to, &tls.Config{RootCAs: pool, ServerName: one[3].(string)})
		if err == nil { connection.Close() }
		found[one[0].(string)] = err == nil
	}
	text, _ := json.Marshal(found)
	fmt.Println(string(text))
}
"""
_JAVA = """
import java.io.*; import java.net.*; import java.nio.file.*; import java.security.*; import java.security.cert.*;
import javax.net.ssl.*;

public class Ask {
  public static void main(String[] arguments) throws Exception {
    StringBuilder out = new StringBuilder();
    Proxy proxy = new Proxy(Proxy.Type.HTTP, new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])));
    for (String line : Files.readAllLines(Paths.get(arguments[0]))) {
      String[] part = line.split(" ");
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      boolean accepted = false;
      try (InputStream in = Files.newInputStream(Paths.get(part[2]))) {
        for (java.security.cert.Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(in))
          store.setCertificateEntry("a" + number++, one);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        HttpsURLConnection to = (HttpsURLConnection) new URL("https://" + part[3] + ":" + part[1] + "/")
          .openConnection(proxy);
        to.setSSLSocketFactory(context.getSocketFactory());
        to.setConnectTimeout(9000);
        to.setReadTimeout(9000);
        accepted = to.getResponseCode() == 200;
      } catch (IOException | GeneralSecurityException refused) { accepted = false; }
      out.append(part[0]).append(' ').append(accepted).append('\\n');
    }
    System.out.print(out);
  }
}
"""


def clean(**variables: str) -> dict[str, str]:
    """The environment of a client: no proxy, and no settings of this machine's accounts."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **variables}


def written(place: Path, chains: Mapping[str, Chain], servers: Mapping[str, Server]) -> dict[str, Question]:
    """Write the anchors of each chain into a file, and return what a verifier is asked about its server."""
    for name, chain in chains.items():
        (place / f"{name}.pem").write_bytes(b"".join(one.pem for one in chain.anchors))
    return {name: Question(server.port, place / f"{name}.pem", chains[name].host) for name, server in servers.items()}


def _each(asked: Mapping[str, Question], ask: Callable[[Question], bool]) -> Answers:
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(asked, pool.map(ask, asked.values()), strict=True))


def _succeeds(words: Iterable[str], **variables: str) -> bool:
    done = subprocess.run(
        [*words], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60, env=clean(**variables)
    )
    return done.returncode == 0


def curl(asked: Mapping[str, Question]) -> Answers:
    """What curl with OpenSSL accepts."""
    words = ("curl", "-q", "-sS", "-o", os.devnull, "--capath", "/nonexistent")

    def ask(one: Question) -> bool:
        place = ("--connect-to", f"{one.host}:{one.port}:localhost:{one.port}")
        return _succeeds((*words, *place, "--cacert", str(one.anchors), _url(one)))

    return _each(asked, ask)


def openssl(asked: Mapping[str, Question]) -> Answers:
    """What `openssl s_client` accepts."""
    words = ["openssl", "s_client", "-brief", "-verify_return_error", "-no-CApath", "-no-CAstore"]

    def ask(one: Question) -> bool:
        name = ("-verify_ip" if _is_address(one.host) else "-verify_hostname", one.host)
        return _succeeds((*words, *name, "-CAfile", str(one.anchors), "-connect", f"localhost:{one.port}"))

    return _each(asked, ask)


def wget(asked: Mapping[str, Question]) -> Answers:
    """What wget with GnuTLS accepts."""
    words = ("wget", "--no-config", "-q", "-O", os.devnull, "--tries=1", "--ca-directory=/nonexistent")
    with _tunnel() as proxy:
        url = f"http://127.0.0.1:{proxy}"
        return _each(
            asked, lambda one: _succeeds((*words, f"--ca-certificate={one.anchors}", _url(one)), https_proxy=url)
        )


def gnutls(asked: Mapping[str, Question]) -> Answers:
    """What GnuTLS' own client accepts."""
    words = ("gnutls-cli", "--no-ocsp", "--logfile=/dev/null")

    def ask(one: Question) -> bool:
        name = (f"--verify-hostname={one.host}", f"--sni-hostname={one.host}", f"--port={one.port}")
        return _succeeds((*words, *name, f"--x509cafile={one.anchors}", "localhost"))

    return _each(asked, ask)


def certtool(asked: Mapping[str, Question], chains: Mapping[str, Chain], place: Path) -> Answers:
    """What GnuTLS' certtool accepts of the certificates that servers send, without a handshake."""
    for name in asked:
        (place / f"{name}.pem").write_bytes(chains[name].leaf.chain_pem)

    def ask(named: tuple[str, Question]) -> bool:
        name, one = named
        words = ("certtool", "--verify", f"--load-ca-certificate={one.anchors}", f"--verify-hostname={one.host}")
        return _succeeds((*words, f"--infile={place / name}.pem"))

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(asked, pool.map(ask, asked.items()), strict=True))


def vfychain(chains: Mapping[str, Chain], place: Path) -> Answers:
    """What NSS accepts of what servers send, with the anchors of all chains in one database; names are not looked at.

    NSS takes no anchor with a key of a kind that it does not know.
    """
    database = f"sql:{place}"
    subprocess.run(["certutil", "-N", "--empty-password", "-d", database], check=True, timeout=60)
    anchors = dict.fromkeys(one.der for chain in chains.values() for one in chain.anchors)
    for number, der in enumerate(anchors):
        (place / f"{number}.der").write_bytes(der)
        words = ["certutil", "-A", "-n", str(number), "-t", "C,,", "-i", str(place / f"{number}.der"), "-d", database]
        subprocess.run(words, check=False, capture_output=True, timeout=60)
    found: Answers = {}
    for name, chain in chains.items():
        sent = [place / f"{name}-{number}.der" for number in range(1 + len(chain.leaf.parents[:-1]))]
        for path, one in zip(sent, (chain.leaf, *chain.leaf.parents), strict=False):
            path.write_bytes(one.der)
        found[name] = _succeeds(["vfychain", "-d", database, "-u", "1", *map(str, sent)])  # 1: a server of TLS
    return found


def uv(asked: Mapping[str, Question], program: str, place: Path) -> Answers:
    """What uv with rustls accepts: it resolves a package of the server's index, and installs nothing.

    Its cache in `place` says what it has asked Python at its first start. An index is cached by its address, and each
    question has another one.
    """
    words = [program, "pip", "install", "--no-config", f"--cache-dir={place / 'cache'}", "--dry-run"]
    words += ["--target=/nonexistent", f"--python={sys.executable}", "tinything"]

    def ask(one: Question, proxy: str) -> bool:
        index = f"--index-url={_url(one)}simple/"
        return _succeeds((*words, index), SSL_CERT_FILE=str(one.anchors), UV_HTTP_RETRIES="0", HTTPS_PROXY=proxy)

    with _tunnel() as proxy:
        return _each(asked, lambda one: ask(one, f"http://127.0.0.1:{proxy}"))


def python(asked: Mapping[str, Question], flags: ssl.VerifyFlags) -> Answers:
    """What Python's ssl accepts with its default context, and more flags of verification."""

    def ask(one: Question) -> bool:
        context = ssl.create_default_context(cafile=str(one.anchors))
        context.verify_flags |= flags
        try:
            with socket.create_connection(("localhost", one.port), 9) as connection:
                context.wrap_socket(connection, server_hostname=one.host).close()
        except ssl.SSLError:
            return False
        return True

    return _each(asked, ask)


def node(asked: Mapping[str, Question]) -> Answers:
    """What Node.js accepts."""
    return _answered(["node", "-e", _NODE, _json(asked)])


def go(asked: Mapping[str, Question], place: Path) -> Answers:
    """What Go's crypto/tls accepts; the program is built in `place`."""
    (place / "ask.go").write_text(_GO)
    built = ["go", "build", "-o", str(place / "ask"), str(place / "ask.go")]
    subprocess.run(built, check=True, timeout=300, env=clean(GOCACHE=str(place / "cache"), GO111MODULE="off"))
    return _answered([str(place / "ask"), _json(asked)])


def java(asked: Mapping[str, Question], place: Path, program: str = "java") -> Answers:
    """What Java's HttpsURLConnection accepts."""
    (place / "Ask.java").write_text(_JAVA)
    rows = "".join(f"{name} {one.port} {one.anchors} {one.host}\n" for name, one in asked.items())
    (place / "asked").write_text(rows)
    with _tunnel() as proxy:
        words = [program, "-XX:TieredStopAtLevel=1", str(place / "Ask.java"), str(place / "asked"), str(proxy)]
        done = subprocess.run(words, capture_output=True, check=True, timeout=300, text=True, env=clean())
    return {name: said == "true" for name, said in map(str.split, done.stdout.splitlines())}


@contextmanager
def _tunnel() -> Generator[int, None, None]:
    """Yield the port of a proxy that connects each name with the port of loopback that the client asks for."""

    class Handler(socketserver.StreamRequestHandler):
        """One connection."""

        def handle(self) -> None:
            """Take the CONNECT, and join the client with the server."""
            port = int(self.rfile.readline(4096).split()[1].rpartition(b":")[2])
            while self.rfile.readline(4096).strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
            joined(self.connection, port)

    with serving(Handler) as url:
        yield int(url.rpartition(":")[2])


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit()


def _url(one: Question) -> str:
    return f"https://{one.host}:{one.port}/"


def _json(asked: Mapping[str, Question]) -> str:
    return json.dumps([[name, one.port, str(one.anchors), one.host] for name, one in asked.items()])


def _answered(words: list[str]) -> Answers:
    done = subprocess.run(words, capture_output=True, check=True, timeout=120, text=True, env=clean())
    answers: Answers = json.loads(done.stdout)
    return answers
