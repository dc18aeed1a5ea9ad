"""Real clients: how each is run, and how one sees that it trusts a server, or refuses it for its certificate.

A client that fails for another reason has proved nothing: what it then answers is neither, and fails the test.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Protocol

from tests.support.throwaway import Throwaway
from tests.support.tls import GREETING, Server

TRUSTS, REFUSES = "trusts", "refuses"
APP = "/srv/app/.venv/bin/"
URLLIB = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=20).read())"
LIBRARY = "import sys, {0}; answer = {0}.get(sys.argv[1]); answer.raise_for_status(); print(answer.text)"
VERIFY_FAILED = "CERTIFICATE_VERIFY_FAILED"

LISTENING = ",".join(f"libjanus_{each}.so" for each in ("http", "websockets", "pfunix", "mqtt", "rabbitmq"))
BROADCAST = rf's/#broadcast = true/broadcast = true/; s/^transports: \{{/&\ndisable = "{LISTENING}"/'


class Client(Protocol):
    """A row of the table."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def ask(self, root: Throwaway, server: Server) -> str:
        """Connect to the server from within the throw-away root: TRUSTS, REFUSES, or what went wrong."""
        ...


@dataclass(frozen=True)
class Command:
    """A client that makes one request, says whether that went well, and ends."""

    name: str
    command: tuple[str, ...]  # {url} and {port} stand for the server's
    refusal: str  # a regular expression: what it says of a certificate that it does not trust
    success: str = GREETING.decode().strip()  # a regular expression, likewise
    user: str = "alice"

    def ask(self, root: Throwaway, server: Server) -> str:
        """Run it."""
        command = [part.format(url=server.url, port=server.port) for part in self.command]
        done = root.run(command, user=self.user)
        said = done.stdout + done.stderr
        if done.returncode == 0 and re.search(self.success, said):
            return TRUSTS
        if done.returncode != 0 and re.search(self.refusal, said):
            return REFUSES
        return f"neither: status {done.returncode}, {said[-1500:]}"


@dataclass(frozen=True)
class Janus:
    """Debian's WebRTC gateway, which posts its events to an https address for as long as it runs.

    Its own configuration, with the sample event handler switched on and the transports off that listen on fixed ports.
    """

    name: str = "janus"
    events: str = ""  # where it posts, in place of the server's own address
    proxy: str = ""  # the URL of a proxy, which its libcurl takes from the environment

    def ask(self, root: Throwaway, server: Server) -> str:
        """Run it until an event has arrived, or it says that one could not be sent."""
        place = f"/srv/janus-{server.port}"
        server.forget_posts()
        root.run(["rm", "-rf", place], check=True)
        root.run(["cp", "-r", "/etc/janus", place], check=True)
        events = self.events or f"{server.url}/events"
        backend = rf's|^(\s*backend = ).*|\1"{events}"|; s/enabled = false/enabled = true/'
        root.run(["sed", "-i", "-E", backend, f"{place}/janus.eventhandler.sampleevh.jcfg"], check=True)
        root.run(["sed", "-i", "-E", BROADCAST, f"{place}/janus.jcfg"], check=True)
        root.write(f"{place}/log", "")
        start = f"exec janus --disable-colors --configs-folder={place} >{place}/log 2>&1"
        with root.popen(["sh", "-c", start], env={"https_proxy": self.proxy} if self.proxy else None) as process:
            try:
                return self._wait(root, server, process, f"{place}/log")
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    @staticmethod
    def _wait(root: Throwaway, server: Server, process: subprocess.Popen[str], log: str) -> str:
        deadline = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < deadline:
            if server.wait_for_post("/events", 0.1):
                return TRUSTS
            if b"Couldn't relay event to the backend: SSL peer certificate" in root.read(log):
                return REFUSES
        return f"neither: {root.read(log).decode()[-1500:]}"


def pip(name: str, program: str) -> Command:
    """A pip that downloads from the server's own index."""
    quiet = ("--retries=0", "--no-cache-dir", "--disable-pip-version-check", "--no-deps")
    command = (
        program,
        "download",
        *quiet,
        f"--dest={name.replace(' ', '-')}-{{port}}",
        "--index-url={url}/simple",
        "tinything",
    )
    return Command(name, command, f"SSLError|{VERIFY_FAILED}", "Successfully downloaded tinything")


def _python(name: str, python: str, code: str) -> Command:
    return Command(name, (python, "-I", "-c", code, "{url}"), VERIFY_FAILED)


_VERIFYING = ("-verify_return_error", "-verify_hostname", "localhost")

CLIENTS: tuple[Client, ...] = (
    Command("curl", ("curl", "--silent", "--show-error", "{url}"), r"curl: \(60\)"),
    Command("wget", ("wget", "-nv", "--tries=1", "-O", "-", "{url}"), "certificate of .localhost. is not trusted"),
    Command(
        "openssl s_client",
        ("openssl", "s_client", *_VERIFYING, "-connect", "localhost:{port}"),
        r"verify error:num=(19|20|21)\b",
        r"Verify return code: 0 \(ok\)",
    ),
    Command(
        "git ls-remote",
        ("git", "ls-remote", "{url}/repository.git"),
        "server certificate verification failed",
        r"\trefs/heads/main",
    ),
    _python("urllib", "/usr/bin/python3", URLLIB),
    _python("requests of Debian", "/usr/bin/python3", LIBRARY.format("requests")),
    _python("requests in a venv", f"{APP}python", LIBRARY.format("requests")),
    _python("httpx in a venv", f"{APP}python", LIBRARY.format("httpx")),
    pip("pip of Debian", "/usr/bin/pip3"),
    pip("pip of a Debian venv", "/srv/bare/.venv/bin/pip"),
    pip("pip with its own roots", f"{APP}pip"),
    Janus(),
    Command("java", ("java", "-cp", "/srv/java", "Get", "{url}"), "PKIX path (building|validation) failed"),
)

#: Clients that need what is installed below, and that read a certifi bundle: `--search /srv` reaches it.
SEARCH = "/srv"
#: pip 24.1 is the last to trust only its own copy of certifi: 24.2 added the system's store (truststore).
WHEELS = ("requests", "httpx", "certifi", "pip==24.1")
SETUP = """
set -e
python3 -m venv /srv/bare/.venv
python3 -m venv --without-pip /srv/app/.venv
pip3 --python /srv/app/.venv/bin/python install --quiet --no-index --find-links /opt/wheels requests httpx certifi pip
rm -r /opt/wheels
cd /srv/java && javac Get.java
"""
JAVA = """
import java.net.URL;

public class Get {
    public static void main(String[] arguments) throws Exception {
        try (var stream = new URL(arguments[0]).openConnection().getInputStream()) {
            System.out.print(new String(stream.readAllBytes()));
        }
    }
}
"""


def install(root: Throwaway) -> None:
    """Put into a throw-away root what the clients need beside Debian's packages."""
    from tests.support.fresh import copy_in, downloads

    copy_in(root, downloads(*WHEELS), "/opt/wheels")
    root.write("/srv/java/Get.java", JAVA)
    root.run(["sh", "-c", SETUP], timeout=180, check=True)
