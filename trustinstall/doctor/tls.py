"""TLS over an open conversation, as a stream for another conversation: also TLS within TLS, through a proxy.

Source: Python's `ssl.MemoryBIO`.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.doctor.conversation import Conversation

_PIECE = 16384  # octets of a record (RFC 8446, 5.1)
_Result = TypeVar("_Result")


class TlsStream:
    """A stream of octets that TLS protects."""

    def __init__(self, conversation: Conversation, context: ssl.SSLContext, name: str) -> None:
        """Do the handshake with the server `name`, verified by `context`. Raises ssl.SSLError, ConnectionFailed."""
        self._conversation, self._in, self._out = conversation, ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=name)
        self._go(self._tls.do_handshake)
        self._flush()

    def left(self) -> float:
        """Return the seconds that are left for the connection. Raises ConnectionFailed if none are."""
        return self._conversation.left()

    def send(self, data: bytes) -> None:
        """Send octets. Raises ssl.SSLError, ConnectionFailed."""
        for at in range(0, len(data), _PIECE):
            self._write(data[at : at + _PIECE])
        self._flush()

    def read(self) -> bytes:
        """Return the next octets, or b"" at the end. Raises ssl.SSLError, ConnectionFailed.

        An end without TLS' close_notify counts as the end, too: the caller knows by a length or by its protocol
        whether data is missing.
        """
        try:
            return self._go(lambda: self._tls.read(_PIECE))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _write(self, piece: bytes) -> None:
        self._go(lambda: self._tls.write(piece))

    def _flush(self) -> None:
        waiting = self._out.read()
        if waiting:
            self._conversation.send(waiting)

    def _go(self, step: Callable[[], _Result]) -> _Result:
        """Do a step of TLS and return its result; octets that it needs or makes are received and sent."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._flush()
                received = self._conversation.read()
                if received:
                    self._in.write(received)
                else:
                    self._in.write_eof()
