"""The exchange before TLS of protocols that begin without it: a table of octets, and the ends of answers.

Sources: RFC 3207 (SMTP), RFC 9051 6.2.1 (IMAP), RFC 2595 4 (POP3), RFC 4217 4 (FTP), RFC 4511 4.14 (LDAP), the
PostgreSQL manual, 53.2.10 (SSLRequest), the MySQL manual, Protocol::SSLRequest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.errors import printable
from trustinstall.host.network import ConnectionFailed
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trustinstall.doctor.conversation import Conversation

_LONGEST_SHOWN = 100
_REPLY_END = regex(rb"^\d{3}(?: [^\n]*)?\n", re.MULTILINE)  # RFC 5321 4.2.1: the last line has no hyphen
_TAGGED = regex(rb"^a [^\n]*\n", re.MULTILINE)
_LONGEST_LENGTH = 4  # octets of a BER length, after the first
_PACKET_HEAD = 4  # MySQL: three octets of length, one of sequence
_MYSQL_TLS = 0x0800  # CLIENT_SSL
_MYSQL_VERSION = 10


class Step(NamedTuple):
    """One message, and the answer to it.

    Attributes:
        send: the octets of the message; b"" if the server speaks first.
        complete: returns the length of a complete answer at the start of the octets so far, or 0; None if TLS follows
            without an answer.
        agrees: whether the server continues with TLS after this answer.
    """

    send: bytes
    complete: Callable[[bytes], int] | None
    agrees: Callable[[bytes], bool]


class Protocol(NamedTuple):
    """A protocol: the port of its servers without TLS, and the steps to TLS."""

    port: int
    steps: tuple[Step, ...]


def _after(pattern: re.Pattern[bytes]) -> Callable[[bytes], int]:
    def complete(data: bytes) -> int:
        found = pattern.search(data)
        return found.end() if found else 0

    return complete


def _line(data: bytes) -> int:
    return data.find(b"\n") + 1


def _imap_agrees(answer: bytes) -> bool:
    return b"a OK" in answer


def _one_octet(data: bytes) -> int:
    return min(len(data), 1)


def _begins(start: bytes) -> Callable[[bytes], bool]:
    return lambda answer: answer.startswith(start)


def _reply(send: bytes, code: bytes) -> Step:
    """Return a step of SMTP or FTP."""
    return Step(send, _after(_REPLY_END), _begins(code))


def _ber(data: bytes) -> int:
    """Return the length of a BER element (X.690 8.1.3); Active Directory writes each length in five octets."""
    size = data[1] if len(data) > 1 else 0
    more = size & 0x7F if size & 0x80 else 0
    head = 2 + more
    if len(data) < head or more > _LONGEST_LENGTH:
        return 0
    length = int.from_bytes(data[2:head], "big") if size & 0x80 else size
    return head + length if 0 < length <= len(data) - head else 0


def _ldap_agrees(answer: bytes) -> bool:
    """Whether it is an ExtendedResponse to message 1 with the resultCode success (0)."""
    return b"\x02\x01\x01\x78" in answer[:12] and b"\x0a\x01\x00" in answer[:24]


def _packet(data: bytes) -> int:
    length = _PACKET_HEAD + int.from_bytes(data[:3], "little")
    return length if len(data) >= length > _PACKET_HEAD else 0


def _mysql_agrees(greeting: bytes) -> bool:
    """Whether a greeting of protocol 10 has the flag for TLS, 14 octets behind the version's end."""
    end = greeting.find(b"\0", _PACKET_HEAD + 1)
    flags = int.from_bytes(greeting[end + 14 : end + 16], "little")
    return greeting[_PACKET_HEAD] == _MYSQL_VERSION and end > 0 and bool(flags & _MYSQL_TLS)


_SMTP_NAME = b"EHLO localhost\r\n"
_LDAP_OID = b"1.3.6.1.4.1.1466.20037"
_LDAP = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + _LDAP_OID
_POSTGRES = bytes.fromhex("0000000804d2162f")
#: 32 octets, packet 1: CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION; 16 MiB; utf8mb4; 23 zeros.
_MYSQL = bytes.fromhex("20000001008a0000000000012d") + bytes(23)

PROTOCOLS: Mapping[str, Protocol] = {
    "smtp": Protocol(25, (_reply(b"", b"220"), _reply(_SMTP_NAME, b"250"), _reply(b"STARTTLS\r\n", b"220"))),
    "imap": Protocol(143, (Step(b"", _line, _begins(b"* ")), Step(b"a STARTTLS\r\n", _after(_TAGGED), _imap_agrees))),
    "pop3": Protocol(110, (Step(b"", _line, _begins(b"+OK")), Step(b"STLS\r\n", _line, _begins(b"+OK")))),
    "ftp": Protocol(21, (_reply(b"", b"220"), _reply(b"AUTH TLS\r\n", b"234"))),
    "ldap": Protocol(389, (Step(_LDAP, _ber, _ldap_agrees),)),
    "postgres": Protocol(5432, (Step(_POSTGRES, _one_octet, _begins(b"S")),)),
    "mysql": Protocol(3306, (Step(b"", _packet, _mysql_agrees), Step(_MYSQL, None, bool))),
}


def begin(conversation: Conversation, name: str, peer: str) -> None:
    """Do the exchange before TLS. Raises ProbeFailed if the server does not answer or does not agree."""
    for step in PROTOCOLS[name].steps:
        conversation.send(step.send)
        if step.complete is None:
            return
        try:
            answer = conversation.until(step.complete)
        except ConnectionFailed as error:
            said = f"{peer} gives no answer of {name.upper()} ({error.fault.value})"
            raise ProbeFailed(Layer.NOT_TLS, f"{said}; TLS had not begun") from None
        if not step.agrees(answer):
            shown = printable(answer.decode("latin-1").strip(), _LONGEST_SHOWN)
            raise ProbeFailed(Layer.NOT_TLS, f"{peer} does not begin TLS in {name.upper()}: {shown}")
