"""How a client asks for TLS in a connection that begins without it: a row for each protocol.

Sources: RFC 3207 (SMTP), RFC 9051 6.2.1 (IMAP), RFC 2595 (POP3), RFC 4217 (FTP), RFC 4511 4.14 (LDAP), the PostgreSQL
manual 55.2.10 (SSLRequest), the MySQL documentation of its protocol (Handshake, SSLRequest).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates import der
from trustinstall.errors import printable
from trustinstall.host.network import ConnectionFailed, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.doctor.conversation import Conversation


class Refused(Exception):  # noqa: N818  -- named for what it tells
    """The server does not switch to TLS; the text is its answer, printable."""


class Step(NamedTuple):
    """One question and its answer.

    Attributes:
        send: what the client sends; b"" where the server speaks first.
        complete: the length of a complete answer at the start of some octets, or 0.
        agrees: what is found in an answer that agrees.
    """

    send: bytes
    complete: Callable[[bytes], int]
    agrees: re.Pattern[bytes]


def _numbered(answer: bytes) -> int:
    """An answer of SMTP or FTP: its last line has a blank after the number (RFC 5321 4.2.1, RFC 959 4.2)."""
    found = re.search(rb"(?:\A|\n)\d{3}(?: [^\n]*|\r?)\n", answer)
    return found.end() if found else 0


def _line(answer: bytes) -> int:
    return answer.find(b"\n") + 1


def _tagged(answer: bytes) -> int:
    """An answer of IMAP to the command with our tag."""
    found = re.search(rb"(?:\A|\n)a1 [^\n]*\n", answer)
    return found.end() if found else 0


def _octet(answer: bytes) -> int:
    return min(len(answer), 1)


def _ber(answer: bytes) -> int:
    """One BER element with a definite length."""
    try:
        end = der.element(answer).end
    except der.Malformed:
        return 0
    return end if 0 < end <= len(answer) else 0


def _mysql_packet(answer: bytes) -> int:
    """A packet of MySQL: three octets of length, little-endian, a number, and that many octets."""
    length = int.from_bytes(answer[:3], "little") + 4
    return length if len(answer) >= max(length, 4) else 0


_OK_220, _OK_234, _OK_250 = (re.compile(rb"(?:\A|\n)" + number) for number in (rb"220", rb"234", rb"250"))
_LDAP_START = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
#: PROTOCOL_41, SSL, SECURE_CONNECTION; 16 MiB packets; utf8mb4.
_MYSQL_SSL = bytes.fromhex("20000001 00aa0000 00000001 2d") + bytes(23)
#: Protocol 10, a version as text, then 4 + 8 + 1 octets, and two octets of flags of which 0x0800 is SSL.
_MYSQL_GREETING = re.compile(rb"\A.{4}\x0a[^\0]{1,255}\0.{13}.[\x08-\x0f\x18-\x1f\x28-\x2f\x38-\x3f"
                             rb"\x48-\x4f\x58-\x5f\x68-\x6f\x78-\x7f\x88-\x8f\x98-\x9f\xa8-\xaf\xb8-\xbf"
                             rb"\xc8-\xcf\xd8-\xdf\xe8-\xef\xf8-\xff]", re.DOTALL)  # fmt: skip

PROTOCOLS: dict[str, tuple[Step, ...]] = {
    "smtp": (
        Step(b"", _numbered, _OK_220),
        Step(b"EHLO localhost\r\n", _numbered, _OK_250),
        Step(b"STARTTLS\r\n", _numbered, _OK_220),
    ),
    "imap": (Step(b"", _line, re.compile(rb"\A\* OK")), Step(b"a1 STARTTLS\r\n", _tagged, re.compile(rb"(?m)^a1 OK"))),
    "pop3": (Step(b"", _line, re.compile(rb"\A\+OK")), Step(b"STLS\r\n", _line, re.compile(rb"\A\+OK"))),
    "ftp": (Step(b"", _numbered, _OK_220), Step(b"AUTH TLS\r\n", _numbered, _OK_234)),
    "ldap": (Step(_LDAP_START, _ber, re.compile(rb"\x0a\x01\x00")),),  # ENUMERATED: success
    "postgres": (Step(bytes.fromhex("00000008 04d2162f"), _octet, re.compile(rb"\AS")),),
    "mysql": (Step(b"", _mysql_packet, _MYSQL_GREETING),),
}
#: What is sent at the end, where TLS begins without another answer.
_LAST = {"mysql": _MYSQL_SSL}


def ask(conversation: Conversation, protocol: str) -> None:
    """Ask the server for TLS.

    Raises Refused where it answers otherwise, and ConnectionFailed where it does not answer. A server that ends the
    connection has answered.
    """
    for step in PROTOCOLS[protocol]:
        if step.send:
            conversation.send(step.send)
        try:
            answer = conversation.until(step.complete)
        except ConnectionFailed as error:
            if error.fault is Fault.CLOSED:
                raise Refused(printable(error.detail) or "it ended the connection") from None
            raise
        if not step.agrees.search(answer):
            raise Refused(printable(answer.decode("latin-1").strip()))
    if protocol in _LAST:
        conversation.send(_LAST[protocol])
