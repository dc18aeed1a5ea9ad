"""A connection on which text and packets are exchanged before TLS: it reads until an answer is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trustinstall.host.network import ConnectionFailed, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

#: Octets of one answer before TLS; servers greet in less, and proxies answer in less.
MOST_OCTETS = 65536


class Octets(Protocol):
    """What a conversation is held over: a connection (`network.Stream`), or TLS over one."""

    def left(self) -> float:
        """Return the seconds until the connection's end. Raises ConnectionFailed if it is past."""
        ...

    def send(self, data: bytes) -> None:
        """Send octets. Raises ConnectionFailed."""

    def read(self) -> bytes:
        """Return the next octets, or b"" at the end. Raises ConnectionFailed."""
        ...


class Conversation:
    """A stream, and what was received beyond the last answer."""

    def __init__(self, stream: Octets) -> None:
        self.stream = stream
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Send octets. Raises ConnectionFailed."""
        self.stream.send(data)

    def left(self) -> float:
        """Return the seconds until the connection's end."""
        return self.stream.left()

    def read(self) -> bytes:
        """Return the next octets, or b"" at the end. Raises ConnectionFailed."""
        rest, self._rest = self._rest, b""
        return rest or self.stream.read()

    def until(self, complete: Callable[[bytes], int]) -> bytes:
        """Return the next answer.

        `complete` returns the length of a complete answer at the start of the octets so far, or 0. Raises
        ConnectionFailed: CLOSED where the peer ends before that, and TOO_MUCH where the answer is too long.
        """
        answer = self._rest
        self._rest = b""
        while not (length := complete(answer)):
            if len(answer) > MOST_OCTETS:
                raise ConnectionFailed(Fault.TOO_MUCH)
            piece = self.stream.read()
            if not piece:
                raise ConnectionFailed(Fault.CLOSED, answer[:200].decode("latin-1"))
            answer += piece
        self._rest = answer[length:]
        return answer[:length]
