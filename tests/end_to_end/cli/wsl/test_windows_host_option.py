"""A Linux in WSL: `--with-windows`, as a person types it."""

from __future__ import annotations

import hashlib
import json
import shlex

import pytest

from tests.end_to_end.cli.machine import ALICE, CERT, DEBIAN, OTHER, ROOT, holds, result, sudo, told
from tests.end_to_end.cli.wsl.calls import ADD, HOST, STATE, USER, alice, held
from tests.support.throwaway import PROGRAM
from tests.support.tls import Server
from tests.support.wsl.linux import ACCOUNT, DISALLOWED, ENTERPRISE, MACHINE, POLICY, SOCKET, Wsl


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
