"""A real TLS server on loopback, and what real clients ask one for: a git repository, a Python package index."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from typing_extensions import Self

from tests.support.pki import Leaf

GREETING = b"hello over TLS\n"


class Server:
    """Serves fixed files over https on 127.0.0.1, and remembers what was posted; runs while its `with` block does."""

    def __init__(self, leaf: Leaf, files: Mapping[str, bytes] | None = None) -> None:
        """A server that shows this certificate (and its intermediates); `files` is path -> content, "/" greets."""
        self.files = {"/": GREETING, **(files or {})}
        self.leaf = leaf
        self.asked: list[str] = []  # paths of requests that came through
        self.refusals = 0  # connections that ended in their handshake: a client's way to say no
        self._posts: list[tuple[str, bytes]] = []
        self._posted = threading.Condition()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # small keys are for clients to refuse
        with tempfile.NamedTemporaryFile() as both:
            both.write(leaf.key_pem + leaf.chain_pem)
            both.flush()
            context.load_cert_chain(both.name)
        self._http = _TlsServer(self, context)
        self.port: int = self._http.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, and give the port back."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def note_post(self, path: str, body: bytes) -> None:
        """Remember a POST (called by the handler)."""
        with self._posted:
            self._posts.append((path, body))
            self._posted.notify_all()

    def wait_for_post(self, path: str, timeout: float = 0) -> bytes | None:
        """The body of the first POST to a path, as soon as there is one; None after `timeout` seconds without."""
        with self._posted:
            self._posted.wait_for(lambda: any(each == path for each, _ in self._posts), timeout)
            return next((body for each, body in self._posts if each == path), None)

    def forget_posts(self) -> None:
        """As if nothing had been posted."""
        with self._posted:
            self._posts.clear()


class _TlsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: Server, context: ssl.SSLContext) -> None:
        self.site = site
        self._context = context
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Shake hands in the connection's own thread, so that a client that hangs does not delay others."""
        assert isinstance(request, socket.socket)
        request.settimeout(20)
        try:
            connection = self._context.wrap_socket(request, server_side=True)
        except OSError:
            self.site.refusals += 1
            raise
        with connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that refuse the certificate hang up: that is what they are here for."""

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Nothing to be said after TLS's own goodbye: `wrap_socket` has taken the socket over."""
        self.close_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A file, or 404; the query is not looked at."""
        self._site.asked.append(self.path)
        content = self._site.files.get(urlsplit(self.path).path)
        kind = "text/html" if self.path.startswith("/simple/") else "application/octet-stream"
        self._answer(404 if content is None else 200, content or b"", kind)

    def do_HEAD(self) -> None:
        """As GET, without the content."""
        self.do_GET()

    def do_OPTIONS(self) -> None:
        """As GET: Subversion's first question."""
        self.do_GET()

    def do_POST(self) -> None:
        """Remembered."""
        self._site.note_post(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self._answer(200, b"", "text/plain")

    @property
    def _site(self) -> Server:
        assert isinstance(self.server, _TlsServer)
        return self.server.site

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Not on the test's output."""


def git_repository(prefix: str = "/repository.git") -> dict[str, bytes]:
    """The files of a git repository with one commit on `main`, as the dumb http protocol serves them."""
    clean = {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    with tempfile.TemporaryDirectory() as directory:
        git = ["git", "-C", directory]
        for command in (
            ["init", "--quiet", "--initial-branch=main"],
            ["commit", "--quiet", "--allow-empty", "--message=first"],
            ["update-server-info"],
        ):
            subprocess.run([*git, *command], env=clean, check=True, capture_output=True, timeout=60)
        top = Path(directory, ".git")
        files = [path for path in top.rglob("*") if path.is_file()]
        return {f"{prefix}/{path.relative_to(top)}": path.read_bytes() for path in files}


def package_index(package: str = "tinything") -> dict[str, bytes]:
    """A Python package index (PEP 503) at /simple with one wheel of one module."""
    name = wheel_name(package)
    page = f'<!DOCTYPE html><html><body><a href="/files/{name}">{name}</a></body></html>'
    return {f"/simple/{package}/": page.encode(), f"/files/{name}": wheel(package, b"ANSWER = 42\n")}


def wheel_name(package: str) -> str:
    """What the wheel's file must be called."""
    return f"{package}-1.0-py3-none-any.whl"


def wheel(package: str, module: bytes, *, requires: Iterable[str] = (), program: str = "") -> bytes:
    """A wheel of one module, and of a program that calls the module's `main`, if it is given a name."""
    info = f"{package}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        f"{package}.py": module,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n{needs}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if program:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{program} = {package}:main\n".encode()
    record = "".join(f"{name},sha256={_urlsafe(content)},{len(content)}\n" for name, content in files.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n".encode()}.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
