"""A proxy on the loopback interface that refuses everything, and remembers what it was asked for."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Asked:
    """Where a proxy listens, and the first line of every request that it has got."""

    address: str
    lines: list[str] = field(default_factory=list[str])


@contextmanager
def refusing() -> Generator[Asked, None, None]:
    """A proxy that answers 502 as long as it runs."""
    asked = Asked("")

    class Handler(socketserver.StreamRequestHandler):
        """One request."""

        def handle(self) -> None:
            """Note it, and refuse."""
            asked.lines.append(self.rfile.readline(4096).decode("latin-1").strip())
            while self.rfile.readline(4096).strip():
                pass
            self.wfile.write(b"HTTP/1.1 502 refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with serving(Handler) as asked.address:
        yield asked


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Generator[str, None, None]:
    """Yield the URL at which a handler answers each connection on the loopback interface, in a thread of its own."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
