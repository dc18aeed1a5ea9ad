"""The probe names the layer that failed, on loopback, and shows the chain as it was sent."""

from __future__ import annotations

import socket
import threading
from contextlib import closing

import pytest

from tests.support.pki import make_root
from tests.support.tls import Server
from tests.unit.doctor.peers import answering, failure, says
from trustinstall.doctor import probe
from trustinstall.doctor.failures import Layer
from trustinstall.doctor.target import Target

ROOT = make_root("Corp Root")
MIDDLE = ROOT.intermediate()
LEAF = MIDDLE.issue("localhost")


def test_the_chain_is_seen_as_sent() -> None:
    """The certificates of an untrusted server are shown, its own first, and nothing else is."""
    with Server(LEAF) as server:
        seen = probe.look(Target("localhost", server.port))
    assert seen.version == "TLSv1.3"
    assert seen.chain[:2] == (LEAF.der, MIDDLE.der)


def test_a_port_without_a_program_is_a_fault_of_tcp() -> None:
    """A refused connection says so."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
    found = failure(port)
    assert (found.layer, "refuses the connection" in str(found)) == (Layer.TCP, True)


def test_an_unknown_name_is_a_fault_of_the_name() -> None:
    """RFC 6761's `.invalid` never exists."""
    assert failure(443, host="nobody.invalid", seconds=20).layer is Layer.NAME


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"\x1b[31m\xff"])
def test_another_protocol_is_said(greeting: bytes) -> None:
    """A server that answers without TLS is no matter of certificates."""
    with answering(says(greeting)) as port:
        assert failure(port).layer is Layer.NOT_TLS


def test_an_alert_is_a_fault_of_tls() -> None:
    """A server that ends the handshake with an alert is named with the alert."""
    with answering(says(bytes.fromhex("15030300020228"))) as port:
        found = failure(port)
    assert (found.layer, "handshake failure" in str(found)) == (Layer.TLS, True)


def test_an_end_during_the_handshake_is_a_fault_of_tls() -> None:
    """A connection that stood, and ends, is no fault of TCP."""
    with answering(says(b"")) as port:
        assert failure(port).layer is Layer.TLS


def test_a_server_that_never_answers_costs_the_time_that_was_given() -> None:
    """Silence ends with a sentence."""
    done = threading.Event()
    with answering(lambda _: (done.wait(10), None)[1]) as port:
        found = failure(port, seconds=0.3)
        done.set()
    assert "does not answer in time" in str(found)


def test_endless_octets_are_cut() -> None:
    """A handshake that never ends is given up after a number of octets."""

    def flood(connection: socket.socket) -> None:
        record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + bytes(0x4000 - 4)
        try:
            while True:
                connection.sendall(record)
        except OSError:
            return

    with answering(flood) as port:
        assert failure(port).layer is Layer.TLS
