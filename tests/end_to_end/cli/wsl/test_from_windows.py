"""A Linux in WSL: `--from windows`, as a person types it."""

from __future__ import annotations

import pytest

from tests.end_to_end.cli.machine import ALICE, CERT, DEBIAN, holds, sudo, told
from tests.end_to_end.cli.wsl.calls import alice
from tests.support.pki import Root, make_root
from tests.support.wsl.linux import ACCOUNT, AUTHROOT, MACHINE, POLICY, Wsl

CORP, LAB, PUBLIC, OFFERED = (make_root(f"Company {name}") for name in ("Root", "Lab", "Public", "Offered by Windows"))


@pytest.fixture
def company(wsl: Wsl) -> Wsl:
    """A Windows that the company has given two roots, and Windows Update one."""
    wsl.hold(MACHINE, CORP.der)
    wsl.hold(POLICY, LAB.der)
    wsl.hold(AUTHROOT, OFFERED.der)
    wsl.hold(ACCOUNT, PUBLIC.der)
    return wsl


def has(wsl: Wsl, one: Root) -> bool:
    """Whether alice's Python trusts a root."""
    return holds(wsl.throwaway, ALICE, one)


def test_from_windows_by_fingerprint(company: Wsl) -> None:
    """A script names it; it comes to the Linux' stores, and Windows is only read."""
    before = company.registry()
    done = alice(company, "add", "--from", "windows", "--sha256", CORP.sha256, "--json")
    assert (done.returncode, has(company, CORP), has(company, LAB)) == (0, True, False), done
    assert (company.registry(), company.log("certutil")) == (before, [])
    told(done)
    advised = alice(company, "add", "--from", "windows", "--sha256", CORP.sha256, "-v")
    assert f"add --from windows --sha256 {CORP.sha256}" in advised.stdout


def test_from_windows_shows_the_companys(company: Wsl) -> None:
    """The machine's and the policies', with full fingerprints; not Windows Update's, nor an account's own."""
    done = alice(company, "add", "--from", "windows", "--dry-run")
    assert done.returncode == 0, done
    shown = {one.sha256 for one in (CORP, LAB, OFFERED, PUBLIC) if one.sha256 in done.stdout}
    assert shown == {CORP.sha256, LAB.sha256}
    assert "found in  windows-host" in done.stdout
    some = alice(company, "add", "--from", "windows", "--match", "company lab", "--dry-run")
    assert (LAB.sha256 in some.stdout, CORP.sha256 in some.stdout) == (True, False)


def test_from_windows_asks(company: Wsl) -> None:
    """At a terminal it asks; a script that names no fingerprint is refused."""
    refused = alice(company, "add", "--from", "windows", "--yes")
    assert (refused.returncode, "--sha256" in refused.stderr, has(company, CORP)) == (2, True, False)
    no = company.on_terminal("add", "--from", "windows", "--match", "company root", answer="n\n")
    assert (no.returncode, has(company, CORP)) == (1, False), no
    yes = company.on_terminal("add", "--from", "windows", "--match", "company root", answer="y\n")
    assert (yes.returncode, has(company, CORP), has(company, LAB)) == (0, True, False), yes


def test_from_windows_by_sudo(company: Wsl) -> None:
    """Alice's process reads it, and root's vets what it says; the whole machine gets it."""
    root = company.throwaway
    words = ("add", "--from", "windows", "--sha256", LAB.sha256)
    done = root.trustinstall(*words, env=sudo(root))
    assert (done.returncode, holds(root, DEBIAN, LAB), has(company, LAB)) == (0, True, True), done
    assert {one["uid"] for one in company.log("started")} == {root.user("alice").uid}


def test_from_windows_that_has_nothing_or_does_not_answer(wsl: Wsl) -> None:
    """Two things, and each is said."""
    nothing = alice(wsl, "add", "--from", "windows", "--dry-run")
    assert (nothing.returncode, "no roots but public ones" in nothing.stderr) == (2, True), nothing
    wsl.behave(reg="broken")
    silent = alice(wsl, "add", "--from", "windows", "--dry-run")
    assert (silent.returncode, "reg.exe reads nothing" in silent.stderr) == (1, True), silent


@pytest.mark.parametrize("words", [("--from", "system", "--from", "windows"), ("--from", "windows", CERT)])
def test_one_source(wsl: Wsl, words: tuple[str, ...]) -> None:
    """Not two of them."""
    assert alice(wsl, "add", *words).returncode == 2
