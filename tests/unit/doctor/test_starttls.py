"""The words before TLS bring seven protocols to a handshake: servers of the tests' own, which `openssl` reaches too."""

from __future__ import annotations

import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from tests.unit.doctor.peers import answering, says
from trustinstall.doctor import probe, starttls
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.doctor.target import Target

LEAF = make_root("Corp Root").issue("localhost")
_GREETING = bytes([10]) + b"8.0.40\0" + bytes(4) + b"12345678\0" + b"\xff\xff" + bytes(40)
_NO_TLS = bytes([10]) + b"5.5\0" + bytes(4) + b"12345678\0" + b"\xff\xf7" + bytes(40)
#: What each server says, in turn with what it receives: the greeting first, "" where the client begins.
SPOKEN: dict[str, tuple[bytes, ...]] = {
    "smtp": (b"220-mail\r\n220 mail\r\n", b"250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    "imap": (b"* OK mail\r\n", b"* CAPABILITY STARTTLS\r\nTAG OK go\r\n"),
    "pop3": (b"+OK mail\r\n", b"+OK go\r\n"),
    "ftp": (b"220 files\r\n", b"234 go\r\n"),
    "ldap": (b"", bytes.fromhex("300c02010178070a010004000400")),
    "postgres": (b"", b"S"),
    "mysql": (bytes([len(_GREETING), 0, 0, 0]) + _GREETING, b""),
}
REFUSED: dict[str, tuple[bytes, ...]] = {
    "smtp": (b"220 mail\r\n", b"250 mail\r\n", b"454 \x1b[31mnot now\r\n"),
    "imap": (b"* OK mail\r\n", b"TAG BAD no\r\n"),
    "pop3": (b"+OK mail\r\n", b"-ERR no\r\n"),
    "ftp": (b"220 files\r\n", b"500 no\r\n"),
    "ldap": (b"", bytes.fromhex("3084000000100201017884000000070a010204000400")),
    "postgres": (b"", b"N"),
    "mysql": (bytes([len(_NO_TLS), 0, 0, 0]) + _NO_TLS,),
}


def speaking(spoken: tuple[bytes, ...]) -> Callable[[socket.socket], None]:
    """A server that says these answers, and then begins TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as both:
        both.write(LEAF.key_pem + LEAF.chain_pem)
        both.flush()
        context.load_cert_chain(both.name)

    def answer(connection: socket.socket) -> None:
        connection.sendall(spoken[0])
        for one in spoken[1:]:
            asked = connection.recv(36 if len(spoken[0]) > 50 else 4096)  # MySQL's client does not wait before TLS
            if b"CAPABILITY" in asked:  # of IMAP, by OpenSSL's client
                connection.sendall(b"* CAPABILITY STARTTLS\r\n" + asked.split()[0] + b" OK\r\n")
                asked = connection.recv(4096)
            connection.sendall(one.replace(b"TAG", (asked.split() or [b""])[0]))
        try:
            with context.wrap_socket(connection, server_side=True) as talk:
                talk.recv(1)
        except OSError:
            return

    return answer


@pytest.mark.parametrize("name", SPOKEN)
def test_the_chain_is_seen_after_starttls(name: str) -> None:
    """The probe, and OpenSSL's client, come to the certificate of the same server."""
    with answering(speaking(SPOKEN[name])) as port:
        assert probe.look(Target("127.0.0.1", port, name), seconds=10).chain[0] == LEAF.der
    with answering(speaking(SPOKEN[name])) as port:
        words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", name]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)
    assert b"BEGIN CERTIFICATE" in done.stdout, done


@pytest.mark.parametrize("name", REFUSED)
def test_a_server_without_tls_says_so(name: str) -> None:
    """It is no fault of TLS or of certificates, and its words are made printable."""
    with answering(speaking(REFUSED[name])) as port, pytest.raises(ProbeFailed) as raised:
        probe.look(Target("127.0.0.1", port, name), seconds=10)
    assert raised.value.layer is Layer.NOT_TLS
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("name", ["smtp", "ldap", "postgres", "mysql"])
@pytest.mark.parametrize("text", [b"", b"SSH-2.0-x\r\n", b"\xff" * 70000])
def test_another_protocol_is_one_sentence(name: str, text: bytes) -> None:
    """A server that says something else, too much, or nothing, gives one error."""
    server = says(text) if name in {"ldap", "postgres"} else speaking((text,))
    with answering(server) as port, pytest.raises(ProbeFailed) as raised:
        probe.look(Target("127.0.0.1", port, name), seconds=1)
    assert raised.value.layer is Layer.NOT_TLS


@given(st.binary(max_size=80), st.sampled_from(sorted(starttls.PROTOCOLS)))
def test_no_answer_breaks_a_reader(octets: bytes, name: str) -> None:
    """A length is never more than there is, and each complete answer is judged."""
    for step in starttls.PROTOCOLS[name].steps:
        length = step.complete(octets) if step.complete else 0
        assert 0 <= length <= len(octets)
        if length:
            step.agrees(octets[:length])
