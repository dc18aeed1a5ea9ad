"""Servers and proxies on loopback that treat one connection in a way of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

import pytest

from trustinstall.doctor import probe
from trustinstall.doctor.failures import ProbeFailed
from trustinstall.doctor.proxies import Proxy
from trustinstall.doctor.target import Target


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Generator[int, None, None]:
    """A server that treats one connection in its own way; yields its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.settimeout(10)
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def failure(port: int, proxy: Proxy | None = None, seconds: float = 10, host: str = "127.0.0.1") -> ProbeFailed:
    """The error of a probe that fails."""
    with pytest.raises(ProbeFailed) as raised:
        probe.look(Target(host, port), proxy, seconds)
    return raised.value


def says(text: bytes) -> Callable[[socket.socket], None]:
    """A server that waits for octets, and says something."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(text)

    return answer


def joined(connection: socket.socket, port: int) -> None:
    """Copy between a connection and a port of loopback until both have ended."""
    with socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_copy, args=(server, connection))
        back.start()
        _copy(connection, server)
        back.join()


def _copy(source: socket.socket, to: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            to.sendall(piece)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        return
