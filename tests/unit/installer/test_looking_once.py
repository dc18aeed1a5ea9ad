"""A command that looks twice, at the stores and at what they lack, asks the machine once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

import pytest

from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.cli.main import run
from trustinstall.host import ActingHost
from trustinstall.host.value import HostValue
from trustinstall.installer import health
from trustinstall.installer.installer import Installer
from trustinstall_platforms.tools.sessions import Read

CORP = make_root("Corp Root")
PUBLIC = make_root("Public Root")


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux on which alice has added a root for Node.js."""
    with played() as host:
        program(host, "/bin/bash")
        program(host, "/usr/bin/node")
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        write(host, "/home/alice/.profile", "x=1\n")
        assert Installer(host=host).add([Certificate.held(CORP.der)]).changed
        yield host


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accounts whose sessions were worked out from their files."""
    found: list[str] = []
    everyday = import_module(
        "trustinstall_platforms.tools.sessions.everyday"
    )  # the package has a function of that name
    supposed: Callable[[ActingHost], list[Read]] = everyday.supposed

    def counted(host: ActingHost) -> list[Read]:
        found.append(host.account.name)
        return supposed(host)

    monkeypatch.setattr(everyday, "supposed", counted)
    return found


def test_the_doctor_reads_sessions_once(host: ActingHost, read: list[str]) -> None:
    """Its findings about stores, about what they lack and about settings share what was read."""
    health.examine(Installer(host=host))
    assert read == ["alice"]


@pytest.mark.parametrize("words", [["check"], ["list", "--exit-code"]], ids=" ".join)
def test_check_reads_sessions_once(
    host: ActingHost, read: list[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """The look at the stores and the look for what they lack share what was read."""

    def current(_kind: type[HostValue]) -> ActingHost:
        return host

    monkeypatch.setattr(HostValue, "current", classmethod(current))
    monkeypatch.setattr(f"trustinstall.cli.{words[0]}.outside_host", lambda: host)
    assert run([*words, "--quiet"]) in {0, 10}
    assert read == ["alice"]
