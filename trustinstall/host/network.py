"""Connections to servers: a name is looked up and a socket is opened, within a time and a number of bytes.

The conversation over a connection (with a proxy, before TLS, TLS itself) is bytes here; other modules know its meaning.
Sources: getaddrinfo(3), connect(2), recv(2).
"""

from __future__ import annotations

import contextlib
import errno
import queue
import socket
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from typing_extensions import Self

_PIECE = 16384  # octets that one read returns at most: a TLS record (RFC 8446 5.1)
_FEWEST_SECONDS = 0.001  # zero would make a socket non-blocking
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETDOWN})


class Fault(Enum):
    """The reason why there is no connection, or why it ended."""

    NAME = "name"  # the name is not known
    NAME_LATE = "name late"  # the name server does not answer
    ROUTE = "route"  # no route leads to the address
    REFUSED = "refused"
    LATE = "late"  # no answer in time
    CLOSED = "closed"  # the peer has ended the connection abruptly
    TOO_MUCH = "too much"  # the peer has sent more than was allowed
    OTHER = "other"


class ConnectionFailed(Exception):  # noqa: N818  -- named for what it tells
    """There is no connection to the peer, or it ended. `fault` is the reason, `detail` the system's words."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        self.fault, self.detail = fault, detail
        super().__init__(detail or fault.value)


class Stream:
    """A connection that ends at a moment, and after a number of received octets. A context manager.

    Attributes:
        address: the address of the peer.
    """

    def __init__(self, connection: socket.socket, address: str, end: float, most: int) -> None:
        """Take over a connected socket; `end` is a moment of `time.monotonic`."""
        self.address = address
        self._socket, self._end, self._left = connection, end, most

    def __enter__(self) -> Self:
        """Return the stream."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._socket.close()

    def left(self) -> float:
        """Return the seconds until the end of the connection. Raises ConnectionFailed if it is past."""
        with _failures():
            return _left(self._end)

    def send(self, data: bytes) -> None:
        """Send all of it. Raises ConnectionFailed."""
        view = memoryview(data)
        with _failures():
            while view:
                self._socket.settimeout(_left(self._end))
                view = view[self._socket.send(view[:_PIECE]) :]

    def read(self) -> bytes:
        """Return the next octets, or b"" if the peer has ended the connection. Raises ConnectionFailed."""
        with _failures():
            self._socket.settimeout(_left(self._end))
            piece = self._socket.recv(_PIECE)
        self._left -= len(piece)
        if self._left < 0:
            raise ConnectionFailed(Fault.TOO_MUCH)
        return piece


def connect(host: str, port: int, seconds: float, most: int) -> Stream:
    """Connect to the first address of a name that answers.

    `seconds` is the limit for everything, the later conversation included, and `most` octets are received at most.
    Raises ConnectionFailed with the fault of the last address.
    """
    end = time.monotonic() + seconds
    found = addresses(host, port, seconds)
    failed = ConnectionFailed(Fault.NAME)
    for number, (family, address) in enumerate(found):
        try:
            share = _left(end) / (len(found) - number)
            return _open(family, address, share, end, most)
        except TimeoutError:
            raise ConnectionFailed(Fault.LATE) from None
        except ConnectionFailed as error:
            failed = error
    raise failed


def _open(family: int, address: tuple[str, int], share: float, end: float, most: int) -> Stream:
    with _failures():
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        with _failures():
            connection.settimeout(share)
            connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return Stream(connection, address[0], end, most)


def addresses(host: str, port: int, seconds: float) -> list[tuple[int, tuple[str, int]]]:
    """Return the addresses of a name, each once, with their families. Raises ConnectionFailed.

    A resolver has no time-out of its own: a thread waits for it.
    """
    answers: queue.SimpleQueue[list[tuple[int, tuple[str, int]]] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            every = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys((int(family), (str(to[0]), port)) for family, _, _, _, to in every)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise ConnectionFailed(Fault.NAME_LATE) from None
    if isinstance(answer, socket.gaierror) and answer.errno == socket.EAI_AGAIN:
        raise ConnectionFailed(Fault.NAME_LATE, answer.strerror or "") from None
    if isinstance(answer, Exception):
        raise ConnectionFailed(Fault.NAME, getattr(answer, "strerror", None) or str(answer)) from None
    return answer


@contextlib.contextmanager
def _failures() -> Generator[None, None, None]:
    try:
        yield
    except TimeoutError:
        raise ConnectionFailed(Fault.LATE) from None
    except ConnectionRefusedError as error:
        raise ConnectionFailed(Fault.REFUSED, error.strerror or "") from None
    except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError) as error:
        raise ConnectionFailed(Fault.CLOSED, error.strerror or "") from None
    except OSError as error:
        fault = Fault.ROUTE if error.errno in _NO_ROUTE else Fault.OTHER
        raise ConnectionFailed(fault, error.strerror or str(error)) from None


def _left(end: float) -> float:
    """Return the seconds until a moment. Raises TimeoutError if it is past."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return max(left, _FEWEST_SECONDS)
