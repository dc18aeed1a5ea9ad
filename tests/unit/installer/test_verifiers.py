"""Which verifier a client of the tables, or a store, has on a machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support import fake_host
from trustinstall import catalog
from trustinstall.doctor.families import FAMILIES
from trustinstall.installer import callers, verifiers
from trustinstall.installer.store_columns import Column
from trustinstall_platforms.tools.effective.clients import CLIENTS


@pytest.mark.parametrize(
    ("program", "name"),
    [("python3.11", "Python's ssl"), ("python3.13", "Python's ssl from 3.13 on"), ("pyenv", "Python's ssl")],
)
def test_python_is_strict_from_3_13_on(program: str, name: str) -> None:
    """The first python3 of the path is asked by the name of its file; a shim tells nothing."""
    with fake_host.played() as host:
        fake_host.program(host, f"/opt/bin/{program}")
        fake_host.link(host, "/opt/bin/python3", f"/opt/bin/{program}")
        caller = callers.calling(replace(host, environ={"PATH": ":relative:/nowhere:/opt/bin"}))
        assert verifiers.of_client(host, caller, "python3").name == name
        assert verifiers.of_client(host, caller._replace(file="python3.14"), "python3").partial


@pytest.mark.parametrize(("text", "name"), [("ID=ubuntu\nID_LIKE=debian\n", "GnuTLS"), ("ID=fedora\n", "curl")])
def test_git_is_linked_by_its_distribution(text: str, name: str) -> None:
    """Debian's git uses GnuTLS."""
    with fake_host.played() as host:
        fake_host.write(host, "/etc/os-release", text)
        assert verifiers.of_client(host, callers.calling(host), "git").name == name


def test_each_word_of_the_tables_is_a_family() -> None:
    """No row names a family that there is not, and each kind of store has one."""
    assert {one.verifier for one in CLIENTS} <= FAMILIES.keys() | {"git", "python3"}
    java, chromium, program = (
        Column("java", "", "/x", frozenset()),
        Column("nss", "", "/home/a/.pki/nssdb", frozenset()),
        Column("nss", "Evolution", "/home/a/evolution", frozenset(), is_programs=True),
    )
    assert [verifiers.of_store(one).name for one in (java, chromium, program)] == ["Java", "Chromium", "NSS"]
    kinds = [Column(one.name, "", "/x", frozenset()) for one in catalog.every()]
    assert {verifiers.of_store(one).name for one in kinds} >= {"Schannel", "Apple", "Firefox", "most programs"}
