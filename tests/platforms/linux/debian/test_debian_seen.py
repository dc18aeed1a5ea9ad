"""The Debian family's store on made-up machines: what is found and seen.

What the real tools do is in `tests/end_to_end/stores/debian/`.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import pytest

from tests.platforms.linux.debian.machine import BACKEND, BUNDLE, CORP, LINKS, LOCAL, OTHER, OURS, PUBLIC, TOOL, Machine
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions


@pytest.mark.parametrize(
    "said",
    [
        "ID=debian",
        'ID="ubuntu"\nID_LIKE=debian',
        "ID=Deepin",
        "ID=pureos",
        "ID=zorin\nID_LIKE='ubuntu debian'",
        "ID=mine\nID_LIKE=Debian",
        "ID=linuxmint\r\nID_LIKE=ubuntu\r\n",
    ],
)
def test_the_family_is_known_by_its_names(machine: Machine, said: str) -> None:
    """Every spelling of os-release that belongs to the family is found, with the bundle as location."""
    machine.write("/etc/os-release", said.encode())

    assert [machine.store().id, machine.store().location] == ["debian", BUNDLE]
    assert BACKEND.at(machine.host, BUNDLE) == machine.store()
    assert BACKEND.at(machine.host, "/elsewhere") is None


@pytest.mark.parametrize("said", ["ID=alpine", "ID=fedora", "VERSION_ID=debian", "", "ID=debianish"])
def test_other_systems_have_no_such_store(machine: Machine, said: str) -> None:
    """A tool of the same name on another family's system is not Debian's."""
    machine.write("/etc/os-release", said.encode())

    assert BACKEND.discover(machine.host, DiscoveryOptions()) == []


def test_other_platforms_have_no_such_store(machine: Machine) -> None:
    """The platform is what the host says, not where the test runs."""
    assert BACKEND.discover(replace(machine.host, platform="darwin"), DiscoveryOptions()) == []


def test_os_release_may_be_a_link_or_only_in_usr(machine: Machine) -> None:
    """os-release(5): /etc/os-release is a link as a rule, and /usr/lib/os-release is the second place."""
    machine.path("/etc/os-release").unlink()
    assert BACKEND.discover(machine.host, DiscoveryOptions()) == []
    machine.write("/usr/lib/os-release", b"ID=debian\n")
    assert machine.store().id == "debian"
    machine.link("/etc/os-release", "../usr/lib/os-release")
    assert machine.store().id == "debian"


def test_a_missing_tool_is_named_with_its_package(machine: Machine) -> None:
    """Without update-ca-certificates the store says which command installs it."""
    machine.path(TOOL).unlink()

    assert "apt-get install ca-certificates" in (machine.store().why_blocked or "")


def test_a_missing_directory_of_links_is_said(machine: Machine) -> None:
    """The tool ends with 2 where /etc/ssl/certs is missing; the store says so before."""
    shutil.rmtree(machine.path(LINKS))

    assert LINKS in (machine.store().why_blocked or "")


# --- seen ----------------------------------------------------------------------------------------


def test_a_settled_machine_has_no_problems(machine: Machine) -> None:
    """Bundle and hash link make a certificate trusted; a name of trustinstall's form makes it managed."""
    machine.write(OURS, CORP.pem)
    machine.settle()
    seen = machine.observe()

    assert seen.anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert seen.marked == {CORP.sha256}
    assert seen.problems == ()
    assert list(BACKEND.anchors(machine.host, machine.store())) == [PUBLIC.der, CORP.der]


def test_a_file_alone_is_not_trust(machine: Machine) -> None:
    """A file that was added without running the tool has no reader, and the bundle is said to lag."""
    machine.write(OURS, CORP.pem)
    seen = machine.observe()

    assert CORP.sha256 not in seen.anchors
    assert seen.problems == (f"{BUNDLE} lacks 1 certificate that its files hold",)


@pytest.mark.parametrize("gap", ["no link", "dangling", "behind a gap", "two in the file"])
def test_in_the_bundle_without_a_hash_link_is_half(machine: Machine, gap: str) -> None:
    """OpenSSL's CApath clients open HASH.0, HASH.1 … up to the first that is missing."""
    machine.write(f"{LOCAL}/a.crt", CORP.pem + (OTHER.pem if gap == "two in the file" else b""))
    machine.settle()
    link = machine.path(f"{LINKS}/00000001.0")
    if gap != "two in the file":
        link.unlink()
    if gap == "dangling":
        link.symlink_to("nothing.pem")
    if gap == "behind a gap":
        link.with_suffix(".1").symlink_to("a.pem")

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL
    assert machine.observe().anchors[PUBLIC.sha256] is State.TRUSTED


def test_hash_linked_but_not_in_the_bundle_is_half(machine: Machine) -> None:
    """What was put into /etc/ssl/certs by hand is seen by OpenSSL alone."""
    machine.write(f"{LINKS}/by-hand.pem", CORP.pem)
    machine.link(f"{LINKS}/0badcafe.0", "by-hand.pem")

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL


def test_a_block_with_openssl_settings_is_half(machine: Machine) -> None:
    """GnuTLS does not read OpenSSL's TRUSTED CERTIFICATE."""
    machine.write(f"{LOCAL}/a.crt", CORP.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"))
    machine.settle()

    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL


RUINS = {
    "doubled": (PUBLIC.pem * 2, "more often"),
    "empty": (b"", "lacks 1"),
    "short": (PUBLIC.pem[:200], "damaged"),
    "malformed": (PUBLIC.pem.replace(b"\nMI", b"\n!!"), "damaged"),
}


@pytest.mark.parametrize("kind", RUINS)
def test_a_ruined_bundle_is_a_problem(machine: Machine, kind: str) -> None:
    """What two runs at once or a killed one leave behind is told by comparing with the files."""
    bundle, words = RUINS[kind]
    machine.write(BUNDLE, bundle)

    assert any(words in problem for problem in machine.observe().problems)


def test_a_missing_bundle_and_a_leftover_are_problems(machine: Machine) -> None:
    """Each has its own sentence."""
    machine.path(BUNDLE).rename(machine.path(f"{BUNDLE}.new"))
    problems = " ".join(machine.observe().problems)

    assert "is missing" in problems
    assert ".new" in problems


def test_a_link_of_ours_that_leads_nowhere_is_a_problem(machine: Machine) -> None:
    """A link that the tool left when a managed file was removed by hand; links of other files are not reported."""
    machine.link(f"{LINKS}/corp-{CORP.sha256[:12]}.pem", f"{LOCAL}/corp-{CORP.sha256[:12]}.crt")
    machine.link(f"{LINKS}/theirs.pem", f"{LOCAL}/theirs.crt")

    (problem,) = machine.observe().problems
    assert f"corp-{CORP.sha256[:12]}.pem" in problem


def test_odd_files_do_not_stop_the_look(machine: Machine) -> None:
    """Circles of links, FIFOs, directories and DER named .crt are passed over, as the tool does."""
    machine.link(f"{LOCAL}/circle.crt", "circle.crt")
    machine.link(f"{LOCAL}/up", ".")
    machine.path(f"{LOCAL}/directory.crt").mkdir()
    machine.write(f"{LOCAL}/der.crt", CORP.der)
    os.mkfifo(machine.path(f"{LOCAL}/fifo.crt"))

    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED}


def test_openssls_refusal_is_told(machine: Machine) -> None:
    """A bundle that decodes but that OpenSSL cannot load is reported."""
    assert BACKEND.verify(machine.host, machine.store()) is None
    machine.write(BUNDLE, PUBLIC.pem + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    assert "OpenSSL" in (BACKEND.verify(machine.host, machine.store()) or "")
