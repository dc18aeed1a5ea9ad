"""The doctor behind a proxy that inspects, and before peers that are hostile: one reason each, and nothing raw."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from tests.support import fake_host
from tests.support.inspecting import inspecting
from tests.support.pki import make_root
from tests.support.tls import Server
from tests.unit.doctor.peers import answering, failure
from trustinstall.doctor.failures import Layer
from trustinstall.engine import discovery
from trustinstall.host import Host
from trustinstall.installer import tool_views
from trustinstall.installer.diagnosis import Ask, diagnose, diagnose_all
from trustinstall.installer.inspected import Inspected, Inspection
from trustinstall.reporting.doctor import doctor_lines
from trustinstall.reporting.doctor_json import doctor_json
from trustinstall.reporting.doctor_page import doctor_page
from trustinstall.reporting.layout import Page
from trustinstall_platforms.tools import client_verdicts

ROOT = make_root("Zscaler Root CA")
OWN = make_root("Corp Inspection")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture
def host() -> Iterator[Host]:
    """A Debian with a bundle of one root, and curl."""
    with fake_host.played() as played:
        fake_host.write(played, "/etc/os-release", "ID=debian\n")
        fake_host.write(played, BUNDLE, make_root("Some Root").pem)
        fake_host.write(played, "/etc/ca-certificates.conf")
        for name in ("curl", "update-ca-certificates"):
            fake_host.program(played, f"/usr/bin/{name}")
        yield replace(played, environ={"PATH": "/usr/bin"})


def test_a_proxy_that_inspects_is_named(host: Host) -> None:
    """By the name of its product, which proves nothing alone; by an unrelated server that it answers for, too."""
    with inspecting(ROOT) as proxy:
        found = diagnose(host, "https://pypi.example/", Ask(proxy=proxy.url))
        both = diagnose(host, "https://pypi.example/", Ask(proxy=proxy.url, beside="npm.test"))
    assert found.inspection == (Inspected.PERHAPS, "Zscaler", "", "")
    assert both.inspection == (Inspected.YES, "Zscaler", "npm.test:443", "")
    with inspecting(OWN) as proxy:
        named = proxy.url.replace("//", "//me:hunter2@")
        proxied = replace(host, environ={**host.environ, "HTTPS_PROXY": named})
        alone = diagnose(proxied, "pypi.example")
        found = diagnose(proxied, "pypi.example", Ask(beside="https://npm.test"))
    assert (alone.inspection.state.value, found.inspection.state.value) == ("unknown", "yes")
    said = "\n".join(doctor_lines(Page(), [found], ("trustinstall",)))
    assert "the same authority answers for npm.test:443" in " ".join(said.split())
    assert "hunter2" not in said + doctor_json(proxied, [found], 0) + doctor_page(proxied, [found])


def test_an_inspected_server_is_accepted_by_who_trusts_the_proxy(host: Host) -> None:
    """The chain is minted for the name, and the root in the bundle makes it good."""
    fake_host.write(host, BUNDLE, OWN.pem)
    with inspecting(OWN) as proxy:
        found = diagnose(host, "pypi.example", Ask(proxy=proxy.url))
    assert {one.accepts for one in found.clients} == {"yes"}
    assert (found.public, found.inspection.state.value) == (False, "perhaps")


def test_servers_of_one_call_are_compared(host: Host) -> None:
    """One authority for two domains may be a proxy's or an owner's; a server that is named twice is looked at once."""
    with inspecting(OWN) as proxy:
        ask = Ask(proxy=proxy.url)
        found = diagnose_all(host, ["pypi.example", "npm.test", "b.npm.test", "https://pypi.example/"], ask)
    assert [one.target for one in found] == ["pypi.example:443", "npm.test:443", "b.npm.test:443"]
    beside = ["npm.test:443", "pypi.example:443", "pypi.example:443"]
    assert [one.inspection for one in found] == [Inspection(Inspected.PERHAPS, beside=one) for one in beside]
    said = " ".join(" ".join(doctor_lines(Page(), found, ("trustinstall",))).split())
    assert "is inspected, or npm.test:443 is of the same owner: one authority answers for both" in said


def test_what_clients_read_is_gathered_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several servers cost no more discoveries than one, and each gets its own verdict."""
    asked: list[Host] = []
    discover = discovery.discover

    def counting(host: Host, *rest: Any, **named: Any) -> discovery.Found:  # noqa: ANN401  the rest as it is
        asked.append(host)
        return discover(host, *rest, **named)

    monkeypatch.setattr(discovery, "discover", counting)
    fake_host.write(host, BUNDLE, OWN.pem)
    with Server(OWN.issue("localhost")) as good, Server(ROOT.issue("localhost")) as bad:
        alone = diagnose(host, good.url)
        once = len(asked)
        found = diagnose_all(host, [good.url, bad.url, "localhost:1"])
    assert (once > 0, len(asked)) == (True, 2 * once)
    assert [one.accepted for one in found] == [True, False, False]
    assert found[0] == alone


def test_which_tools_there_are_costs_no_look_at_what_they_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are those of the list of tools, and no session is read for them."""
    listed = {one.tool for one in tool_views.look(host)}
    monkeypatch.setattr(client_verdicts, "look", Mock(side_effect=AssertionError))
    assert "curl" in tool_views.names(host)
    assert {one for one in listed if " for " not in one} <= tool_views.names(host)


EVIL = "Evil\x1b]0;x\x07\x1b[31m\u202egnp\u2066\r\nNext"


def test_nothing_of_a_subject_is_raw(host: Host) -> None:
    """Escapes, directions and new lines of a certificate's names are shown, and not obeyed."""
    leaf = make_root(EVIL).intermediate(EVIL).issue("localhost", common_name=EVIL)
    with Server(leaf) as server:
        found = diagnose(host, server.url)
    screen = "".join(doctor_lines(Page(), [found], ("trustinstall",)))
    (told,) = json.loads(doctor_json(host, [found], 0))["servers"]
    for text in (screen, *told["chain"][0].values(), doctor_page(host, [found])):
        assert not {"\x1b", "\x07", "\u202e", "\u2066", "\r"} & set(text)


def certificates(*ders: bytes) -> bytes:
    """A ServerHello of TLS 1.2 and a Certificate message (RFC 5246 7.4.2), in records: these are not encrypted."""
    hello = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0"
    listed = b"".join(len(one).to_bytes(3, "big") + one for one in ders)
    body = len(listed).to_bytes(3, "big") + listed
    messages = b"".join(
        bytes([kind]) + len(content).to_bytes(3, "big") + content for kind, content in ((2, hello), (11, body))
    )
    pieces = [messages[at : at + 16384] for at in range(0, len(messages), 16384)]
    return b"".join(b"\x16\x03\x03" + len(one).to_bytes(2, "big") + one for one in pieces)


def _says(octets: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        try:
            connection.sendall(octets)
            connection.recv(65536)
        except OSError:
            return

    return answer


GOOD = make_root("A").issue("localhost").der
HOSTILE = {
    "a megabyte": certificates(GOOD[:4] + bytes(1 << 20)),
    "ten thousand": certificates(*[GOOD] * 10_000),
    "no DER": certificates(b"\xff" * 300),
    "cut DER": certificates(GOOD[:-40]),
    "nested DER": certificates(b"\x30\x80" * 5000),
    "empty": certificates(b""),
    "none": certificates(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_certificates_are_one_sentence(name: str, host: Host) -> None:
    """No error but one of the probe's, within the time, and nothing of the peer's octets is shown."""
    begun = time.monotonic()
    with answering(_says(HOSTILE[name])) as port:
        found = diagnose(host, f"127.0.0.1:{port}")
    assert found.layer in {Layer.TLS, Layer.TCP, Layer.CERTIFICATE}
    assert "".join(doctor_lines(Page(), [found], ("trustinstall",))).isprintable()
    assert time.monotonic() - begun < 10


def test_an_octet_at_a_time_costs_the_time_that_was_given() -> None:
    """A peer that drips is given up at the end of the time, which no octet prolongs."""

    def drip(connection: socket.socket) -> None:
        try:
            for octet in certificates(GOOD):
                connection.sendall(bytes([octet]))
                time.sleep(0.05)
        except OSError:
            return

    begun = time.monotonic()
    with answering(drip) as port:
        found = failure(port, seconds=1)
    assert found.layer is Layer.TLS
    assert time.monotonic() - begun < 5
