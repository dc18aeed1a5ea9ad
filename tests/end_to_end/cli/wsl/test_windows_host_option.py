"""A Linux in WSL: `--with-windows` and `--from windows`, as a person types them."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    CERT,
    DEBIAN,
    FULL,
    OTHER,
    ROOT,
    deliver,
    holds,
    quick,
    result,
    sudo,
    told,
)
from tests.support.pki import Root, make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.tls import Server
from tests.support.wsl.linux import (
    ACCOUNT,
    AUTHROOT,
    DISALLOWED,
    ENTERPRISE,
    INTEROP,
    KERNEL,
    MACHINE,
    MOUNTS,
    POLICY,
    SOCKET,
    Wsl,
)

HOST, USER = rf"windows-host:{MACHINE}", rf"windows-host-user:{ACCOUNT}"
STATE = "/home/alice/.local/state/trustinstall"
ADD = ("add", "--with-windows", CERT)


@pytest.fixture(scope="module")
def machine() -> Iterator[Wsl]:
    """One for the whole module; alice has a certifi."""
    with Throwaway(java=False) as root:
        quick(root)
        deliver(root, "alice")
        yield Wsl(root)


@pytest.fixture
def wsl(machine: Wsl) -> Iterator[Wsl]:
    """One that a test may change."""
    yield machine
    machine.reset()


def alice(wsl: Wsl, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as alice, in a script."""
    return wsl.throwaway.trustinstall(*words, user="alice", env=environ)


def held(wsl: Wsl, *words: str) -> Mapping[str, Any]:
    """What `list` says of the only certificate in each store."""
    done = alice(wsl, "list", "--json", *words)
    assert done.returncode == 0, done
    listed = json.loads(done.stdout)["certificates"]
    return {one["id"]: one["state"] for each in listed for one in each["stores"]}


# --- an elevated terminal ---


def test_an_elevated_terminal_changes_the_machine(wsl: Wsl) -> None:
    """Added beside the Linux' own stores, without a window; listed, and taken back without the option."""
    wsl.behave(elevated=True)
    added = alice(wsl, *ADD, "--json", WSL_INTEROP=SOCKET)
    found = told(added)
    assert (result(found, HOST), result(found, f"certifi:{ALICE}")) == ("added", "added"), added
    assert "wsl" in found["situation"]["traits"]
    assert (wsl.roots(), wsl.roots(ACCOUNT), wsl.log("dialog")) == ({ROOT.sha256: ROOT.der}, {}, [])
    assert told(alice(wsl, *ADD, "--json"))["changed"] is False
    assert held(wsl)[HOST] == "trusted"
    removed = told(alice(wsl, "remove", ROOT.sha256, "--json"))
    assert (result(removed, HOST), wsl.roots()) == ("removed", {})
    assert len(wsl.log("certutil")) == 2


def test_the_doctor_judges_windows_where_a_root_was_added_to_it(wsl: Wsl) -> None:
    """Windows is not touched before; afterwards it is judged by Schannel's documents, which is said."""
    wsl.behave(elevated=True)
    with Server(ROOT.issue("localhost")) as server:
        ask = ("doctor", server.url, "--json")
        assert "Schannel" not in {one["verifier"] for one in told(alice(wsl, *ask))["servers"][0]["clients"]}
        assert wsl.log("started") == []
        assert alice(wsl, *ADD, WSL_INTEROP=SOCKET).returncode == 0
        (said,) = told(alice(wsl, *ask, WSL_INTEROP=SOCKET))["servers"]
        (one,) = (each for each in said["clients"] if each["verifier"] == "Schannel")
        assert (one["decided_by"], one["tested"]) == (MACHINE, False)
        assert {each["code"] for each in one["reasons"]} <= {"no-revocation"}
        screen = alice(wsl, *ask[:2], WSL_INTEROP=SOCKET).stdout
        assert "no test holds against the program: Schannel" in " ".join(screen.split())


def test_what_is_started_of_windows_finds_nothing_of_the_callers(wsl: Wsl) -> None:
    """The session's socket is all of the environment that is passed on, if it is one; standard input is empty."""
    wsl.behave(elevated=True)
    alice(wsl, *ADD, WSL_INTEROP=SOCKET, WSLENV="HUSH", HUSH="x")
    started = wsl.log("started")
    assert {one["name"] for one in started} == {"reg.exe", "certutil.exe", "whoami.exe"}
    allowed = {"PATH", "LC_ALL", "HOME", "WSL_INTEROP", "LC_CTYPE"}
    for one in started:
        assert one["environ"].keys() <= allowed, one
        assert (one["environ"]["WSL_INTEROP"], one["stdin"]) == (SOCKET, "")
    wsl.forget_log()
    alice(wsl, *ADD, WSL_INTEROP="/tmp/evil_interop")
    assert all("WSL_INTEROP" not in one["environ"] for one in wsl.log("started"))


def test_without_the_option_windows_is_not_touched(wsl: Wsl) -> None:
    """Nothing of Windows is started, be it listed or added, and other certificates do not follow one that was."""
    for command in (("add", CERT), ("list",), ("stores",)):
        assert alice(wsl, *command).returncode == 0
    assert wsl.log("started") == []
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.throwaway.write("/tmp/input/other.crt", OTHER.pem)
    added = told(alice(wsl, "add", "/tmp/input/other.crt", "--json"))
    assert HOST not in {one["id"] for one in added["stores"]}
    assert wsl.held() == {ROOT.sha256}
    again = told(alice(wsl, "add", CERT, "--json"))
    assert HOST not in {one["id"] for one in again["stores"]}


def test_stores_and_list_look_when_asked(wsl: Wsl) -> None:
    """`stores --with-windows` counts what Windows trusts; `list --foreign` names it, with whose it is left out."""
    wsl.hold(POLICY, ROOT.der)
    wsl.hold(MACHINE, OTHER.der)
    wsl.behave(elevated=True)
    shown = json.loads(alice(wsl, "stores", "--with-windows", "--json").stdout)["stores"]
    mine = next(one for one in shown if one["id"] == HOST)
    assert (mine["anchors"], mine["added"], mine["writable"]) == (2, 0, True)
    every = json.loads(alice(wsl, "list", "--foreign", "--with-windows", "--json").stdout)["anchors"]
    assert {one["sha256"] for one in every if one["id"] == HOST} == {ROOT.sha256, OTHER.sha256}


# --- a terminal that is not elevated ---


def test_the_accounts_store_after_a_window(wsl: Wsl) -> None:
    """Announced before it opens, with the thumbprint that the window shows; removed by another one."""
    done = wsl.on_terminal(*ADD, "--yes")
    assert (done.returncode, wsl.held(ACCOUNT), wsl.roots()) == (0, {ROOT.sha256}, {}), done
    assert "Windows opens a window" in done.stdout
    assert len(wsl.log("dialog")) == 1
    assert held(wsl)[USER] == "trusted"
    removed = wsl.on_terminal("remove", "--yes", ROOT.sha256)
    assert (removed.returncode, wsl.roots(ACCOUNT), len(wsl.log("dialog"))) == (0, {}, 2), removed


@pytest.mark.parametrize(
    ("words", "environ"), [(("--no-input",), {}), ((), {"CI": "true"}), ((), {"SSH_CONNECTION": "1"})]
)
def test_nobody_can_answer(wsl: Wsl, words: tuple[str, ...], environ: dict[str, str]) -> None:
    """Nothing is tried; the other stores are done."""
    done = alice(wsl, *ADD, *words, **environ)
    assert (done.returncode, wsl.log("certutil")) == (3, []), done
    assert "no person can answer it here" in " ".join(done.stderr.split())
    assert holds(wsl.throwaway, ALICE)


def test_nobody_sits_at_windows(wsl: Wsl) -> None:
    """A terminal by ssh to Windows: it says itself that no person has logged on to see windows."""
    wsl.behave(desktop=False)
    done = wsl.on_terminal(*ADD, "--yes")
    assert (done.returncode, wsl.log("certutil")) == (3, []), done


def test_somebody_says_no(wsl: Wsl) -> None:
    """Of the exit status only eight bits arrive, and they are put into words; nothing of it stays."""
    wsl.behave(answer="no")
    done = wsl.on_terminal(*ADD, "--yes")
    assert (done.returncode, wsl.roots(ACCOUNT)) == (3, {})
    assert "the answer was No" in " ".join(done.stdout.split())


def test_the_machine_has_it_already(wsl: Wsl) -> None:
    """A root that a policy or the machine brings is trusted already: no window, and it is not managed."""
    wsl.hold(ENTERPRISE, ROOT.der)
    found = told(alice(wsl, *ADD, "--json"))
    assert (result(found, USER), wsl.log("certutil")) == ("present", [])
    assert told(alice(wsl, "remove", CERT, "--with-windows", "--json"))["ok"] is True
    assert wsl.held(ENTERPRISE) == {ROOT.sha256}


def test_a_policy_ignores_the_accounts(wsl: Wsl) -> None:
    """ProtectedRoots: the account's store is of no use, and is not written."""
    wsl.policy(rf"{POLICY}\ProtectedRoots", "Flags", 1)
    done = wsl.on_terminal(*ADD, "--yes")
    assert (done.returncode, wsl.log("certutil")) == (3, [])
    assert "ProtectedRoots" in done.stdout


def test_windows_distrusts_it(wsl: Wsl) -> None:
    """What is among the Untrusted Certificates is not added."""
    wsl.behave(elevated=True)
    wsl.hold(DISALLOWED, ROOT.der)
    done = alice(wsl, *ADD)
    assert (done.returncode, wsl.roots(), "distrusts" in done.stderr) == (3, {}, True)


def test_added_as_administrator_and_removed_without(wsl: Wsl) -> None:
    """It is a failure that says how, and is remembered until it is done."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.behave(elevated=False)
    for words in ((), ("--with-windows",)):
        refused = alice(wsl, "remove", "--store", "windows-host", ROOT.sha256, *words)
        assert (refused.returncode, wsl.held()) == (1, {ROOT.sha256}), refused
        assert "open a terminal of Windows as administrator" in " ".join(refused.stderr.split())
    wsl.behave(elevated=True)
    assert (alice(wsl, "remove", ROOT.sha256).returncode, wsl.roots()) == (0, {})


# --- sudo and root ---


def test_by_sudo_the_caller_works_on_windows(wsl: Wsl) -> None:
    """Root starts no program on a drive that every account may write: alice does, in a process of her own."""
    wsl.behave(elevated=True)
    root = wsl.throwaway
    environ = {**sudo(root), "WSL_INTEROP": SOCKET}
    added = root.trustinstall(*ADD, "--json", env=environ)
    found = told(added)
    assert (result(found, HOST), result(found, "debian")) == ("added", "added"), added
    assert {one["uid"] for one in wsl.log("started")} == {root.user("alice").uid}
    assert {one["environ"].get("WSL_INTEROP") for one in wsl.log("started")} == {SOCKET}
    assert wsl.held() == {ROOT.sha256}
    assert (root.path(f"{STATE}/ledger.json").stat().st_uid, holds(root, DEBIAN)) == (root.user("alice").uid, True)
    shown = root.trustinstall("list", "-v", env=environ)
    assert "windows-host" in shown.stdout
    removed = root.trustinstall("remove", ROOT.sha256, env=environ)
    assert (removed.returncode, wsl.roots(), holds(root, DEBIAN)) == (0, {}, False), removed


def test_by_sudo_a_window_is_announced(wsl: Wsl) -> None:
    """By the process that has a terminal, because the one that works for alice has none; a removal likewise."""
    root = wsl.throwaway
    command = shlex.join([*PROGRAM, *ADD, "--yes", "--store", USER])
    done = root.run(["script", "-qec", command, "/dev/null"], env={"TERM": "xterm", **sudo(root)}, input="")
    assert (done.returncode, wsl.held(ACCOUNT)) == (0, {ROOT.sha256}), done
    thumbprint = hashlib.sha1(ROOT.der).hexdigest().upper()[:8]  # noqa: S324  Windows' own name for it
    assert done.stdout.index("asks whether to trust") < done.stdout.index(thumbprint) < done.stdout.index("trusted in")
    command = shlex.join([*PROGRAM, "remove", ROOT.sha256])
    gone = root.run(["script", "-qec", command, "/dev/null"], env={"TERM": "xterm", **sudo(root)}, input="")
    assert (gone.returncode, wsl.held(ACCOUNT), "asks whether to delete" in gone.stdout) == (0, set(), True), gone


@pytest.mark.parametrize("words", [ADD, ("list", "--with-windows"), ("add", "--from", "windows", "--dry-run")])
def test_root_alone_does_not(wsl: Wsl, words: tuple[str, ...]) -> None:
    """Without an account that it could be done as, it says whom it needs, and starts nothing."""
    done = wsl.throwaway.trustinstall(*words)
    assert (done.returncode, wsl.log("started")) == (5, []), done
    assert "by sudo from one" in " ".join(done.stderr.split())
    named = wsl.throwaway.trustinstall(*ADD, "--user", "alice", "--user", "bob")
    assert named.returncode == 5


# --- tools that refuse and lie; a Windows that is gone ---


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("denied", "access is denied"),
        ("lies", "does not show"),
        ("fails", "its exit status: 5"),
        ("no share", "does not reach the files of this Linux"),
    ],
)
def test_a_bad_tool(wsl: Wsl, how: str, word: str) -> None:
    """What certutil says is no evidence; what it refuses is put into words. Windows and the ledger are as before."""
    wsl.behave(elevated=True, tool=how)
    done = alice(wsl, *ADD, "--store", "windows-host")
    assert (done.returncode, wsl.roots(), held(wsl)) == (1, {}, {}), done
    assert word in " ".join(done.stderr.split())


def test_a_delete_that_lies(wsl: Wsl) -> None:
    """It says that it has deleted, and has not: the root is still there, and still managed."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.behave(tool="lies")
    assert alice(wsl, "remove", ROOT.sha256).returncode == 3
    assert (wsl.held(), held(wsl)[HOST]) == ({ROOT.sha256}, "trusted")


@pytest.mark.parametrize("how", ["no socket", "no interop", "no drive", "no registry"] if FULL else ["no interop"])
def test_windows_out_of_reach(wsl: Wsl, how: str) -> None:
    """`remove` fails and says what to do, `list` shows that it cannot be read; later it is taken back after all."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    root = wsl.throwaway
    mounts, kept = root.read(MOUNTS), root.read(INTEROP)
    if how == "no interop":
        root.run(["sh", "-c", f"rm -r {INTEROP} /run/WSL"], check=True)
    elif how == "no drive":
        root.write(MOUNTS, "/dev/sdc / ext4 rw 0 0\n")
    else:
        wsl.behave(**({"reached": False} if how == "no socket" else {"reg": "broken"}))
    removed = alice(wsl, "remove", ROOT.sha256)
    assert (removed.returncode, "windows-host" in removed.stderr) == (3, True), removed
    if how.startswith("no d") or how == "no interop":
        assert "/etc/wsl.conf" in " ".join(removed.stderr.split())
    assert held(wsl)[HOST] == "unreadable"
    assert wsl.held() == {ROOT.sha256}
    wsl.behave(reached=True, reg="good")
    root.write(MOUNTS, mounts)
    root.write(INTEROP, kept)
    assert (alice(wsl, "remove", ROOT.sha256).returncode, wsl.roots()) == (0, {})


def test_a_home_that_moved_out_of_wsl(wsl: Wsl) -> None:
    """On a Linux without any Windows, what was there is gone, and is forgotten."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.throwaway.write(KERNEL, "6.1.0-18-amd64\n")
    assert held(wsl)[HOST] == "gone"
    assert alice(wsl, "remove", ROOT.sha256).returncode == 0
    assert held(wsl) == {}


def test_killed_meanwhile(wsl: Wsl) -> None:
    """The next command waits for the tool that has outlived this one, and takes back what it had done."""
    wsl.behave(elevated=True)
    root = wsl.throwaway
    real = root.read("/mnt/c/Windows/System32/certutil.exe")
    slow = '#!/bin/sh\nmkdir -p /tmp/c && cp "$0.real" /tmp/c/certutil.exe && /tmp/c/certutil.exe "$@"; sleep 3\n'
    root.write("/mnt/c/Windows/System32/certutil.exe.real", real, mode=0o777)
    root.write("/mnt/c/Windows/System32/certutil.exe", slow, mode=0o777)
    running = root.popen([*PROGRAM, *ADD, "--store", "windows-host"], user="alice")
    while not wsl.roots():
        assert running.poll() is None
    running.kill()
    running.communicate()
    root.write("/mnt/c/Windows/System32/certutil.exe", real, mode=0o777)
    assert alice(wsl, "add", CERT).returncode == 0
    assert wsl.roots() == {}


# --- without any WSL ---


@pytest.mark.parametrize(
    "words",
    [
        ADD,
        ("remove", "--with-windows", CERT),
        ("list", "--with-windows"),
        ("stores", "--with-windows"),
        ("add", "--from", "windows"),
        ("add", "--with-windows", "--sysroot", "/srv", CERT),
    ],
)
def test_no_windows_here(wsl: Wsl, words: tuple[str, ...]) -> None:
    """One sentence, and nothing is changed."""
    if "--sysroot" not in words:
        wsl.throwaway.write(KERNEL, "6.1.0-18-amd64\n")
    wsl.throwaway.run(["mkdir", "-p", "/srv"], check=True)
    done = alice(wsl, *words) if "--sysroot" not in words else wsl.throwaway.trustinstall(*words)
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (2, "", 1), done
    assert "does not run under Windows" in done.stderr


# --- --from windows ---


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
