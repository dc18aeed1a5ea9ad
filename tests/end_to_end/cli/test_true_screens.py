"""No screen says what is not so: orders of commands after which one once did."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    BOB,
    CERT,
    DEBIAN,
    ROOT,
    TOOL,
    deliver,
    holds,
    snapshot,
    sudo,
    told,
    venv,
)
from tests.end_to_end.cli.test_terminal import await_tool, left, on_terminal, slow
from tests.support.throwaway import PROGRAM, Throwaway


def words(text: str) -> str:
    """A screen as one line."""
    return " ".join(text.split())


def broken(root: Throwaway) -> None:
    """Debian's tool fails."""
    root.write(TOOL, "#!/bin/sh\necho broken >&2\nexit 1\n", mode=0o755)


def waiting(root: Throwaway) -> None:
    """Debian's tool begins, and ends when the test wants it to."""
    slow(root, seconds=0)
    real = f"while [ ! -e /var/tmp/go ]; do sleep 0.1; done\nexec {TOOL}.real"
    root.write(TOOL, f"#!/bin/sh\n: >/var/tmp/began\n{real}\n", mode=0o755)


def test_files_that_an_account_cannot_read_are_not_gone(fresh: Throwaway) -> None:
    """Root's own environment is said to be out of sight in alice's list, which counts the stores that she can see."""
    deliver(fresh, "alice")
    venv(fresh, "/root/env")
    fresh.trustinstall("add", "--search", "/root/env", CERT, check=True)
    done = fresh.trustinstall("list", user="alice", check=True)
    assert re.search(r"✓ machine  (\d+) of \1  \d+ in places that you cannot read", done.stdout), done.stdout
    for word in ("gone", "missing", "unreadable"):
        assert word not in done.stdout


def test_an_add_with_wrong_usage_claims_nothing(fresh: Throwaway) -> None:
    """What was refused is in no list, and `remove` does not know it."""
    deliver(fresh)
    done = fresh.trustinstall("add", CERT, "--search", "/nonexist")
    assert (done.returncode, "no such file or directory" in done.stderr) == (2, True)
    assert told(fresh.trustinstall("list", "--json"))["certificates"] == []
    assert "has added no certificate" in fresh.trustinstall("list", check=True).stdout
    assert fresh.trustinstall("remove", "Corp Root").returncode == 2


def test_a_running_command_is_called_running(fresh: Throwaway) -> None:
    """While `add` waits for a tool, `list` names its process, and does not call it interrupted."""
    deliver(fresh)
    waiting(fresh)
    with fresh.running([*PROGRAM, "add", "--store", "debian", CERT]) as adding:
        await_tool(fresh, "began")
        seen = words(fresh.trustinstall("list", check=True).stdout)
        fresh.write("/var/tmp/go", "")
        adding.communicate(timeout=60)
    assert f"another trustinstall is running for scope machine (pid {adding.pid})" in seen
    assert "interrupted" not in seen


@pytest.mark.parametrize("user", ["alice", "root"])
def test_nothing_is_asked_where_nothing_can_be_removed(fresh: Throwaway, user: str) -> None:
    """`remove --all` on a terminal, with nothing added, is an answer and no question."""
    command = ["script", "-qec", shlex.join([*PROGRAM, "remove", "--all"]), "/dev/null"]
    done = fresh.run(command, user=user, input="", env={"TERM": "xterm"})
    assert (done.returncode, "Nothing to remove" in left(done.stdout), "[y/N]" in done.stdout) == (0, True, False)


def test_an_interrupt_at_the_question_changes_nothing(fresh: Throwaway) -> None:
    """Ctrl-C there is 130, and the words that nothing was changed are true."""
    deliver(fresh, "alice")
    before = snapshot(fresh)
    command = ["script", "-qec", shlex.join([*PROGRAM, "add", CERT]), "/dev/null"]
    asking = fresh.popen(command, user="alice", env={"TERM": "dumb"}, stdin=subprocess.PIPE)
    assert asking.stdin is not None
    assert asking.stdout is not None
    said = ""
    while "[y/N]" not in said:
        piece = asking.stdout.read(1)
        assert piece, said
        said += piece
    asking.stdin.write("\x03")
    asking.stdin.flush()
    rest, _ = asking.communicate(timeout=60)
    assert (asking.returncode, "cancelled, nothing was changed" in rest) == (130, True), rest
    assert snapshot(fresh) == before


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_dry_run_says_whether_something_would_change(fresh: Throwaway, command: str) -> None:
    """In JSON, and with 10 or 0 if `--exit-code` asks for it: for Ansible's check mode."""
    deliver(fresh, "alice")
    for would in (True, False):
        if command == "remove" or not would:
            fresh.trustinstall("add", CERT, user="alice", check=True)
        if command == "remove" and not would:
            fresh.trustinstall("remove", CERT, user="alice", check=True)
        report = told(fresh.trustinstall(command, CERT, "--dry-run", "--json", user="alice"))
        assert (report["changed"], report["would_change"], report["exit_code"]) == (False, would, 0)
        asked = fresh.trustinstall(command, CERT, "--dry-run", "--exit-code", user="alice")
        assert asked.returncode == (10 if would else 0)


def test_stores_that_follow_are_counted_apart(fresh: Throwaway) -> None:
    """One store was added to, and `remove` says that one was changed, and how many it feeds."""
    deliver(fresh)
    fresh.trustinstall("add", "--store", "debian", CERT, check=True)
    done = fresh.trustinstall("remove", CERT, check=True)
    assert re.search(r"taken out of 1 store, and with it out of \d+ that are fed by the system\.", words(done.stdout))


def test_the_failure_of_a_source_is_said_once(fresh: Throwaway) -> None:
    """The stores that Debian's feeds did not fail themselves; on a terminal the fault is not printed again."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, check=True)
    broken(fresh)
    command = ["script", "-qec", shlex.join([*PROGRAM, "remove", CERT]), "/dev/null"]
    done = fresh.run(command, input="", env={"TERM": "dumb"})
    shown = words(left(done.stdout))
    assert done.returncode == 3
    assert "STILL TRUSTED by 1 store that could not be changed" in shown
    assert (shown.count("update-ca-certificates failed"), shown.count("failed")) == (1, 2), shown
    again = fresh.trustinstall("remove", CERT)
    assert again.stderr.count("error: ") == 1
    assert holds(fresh, DEBIAN)


def test_remove_says_whose_stores_it_cleans(fresh: Throwaway) -> None:
    """What was added for all users is taken out of the accounts' homes by root's plain remove, and it names them."""
    deliver(fresh, "alice", "bob")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    done = fresh.trustinstall("remove", ROOT.sha256[:8], check=True)
    assert "stores of this machine, alice and bob" in words(done.stdout)
    assert not holds(fresh, ALICE)
    assert not holds(fresh, BOB)


def test_a_store_that_is_fed_names_its_source(fresh: Throwaway) -> None:
    """`--store` of what another store feeds is wrong usage, with the store to name in its place."""
    deliver(fresh)
    done = fresh.trustinstall("add", "--store", "certifi", CERT)
    assert (done.returncode, "is fed by debian: use --store debian" in done.stderr) == (2, True), done


def test_a_program_that_is_not_here_is_no_unknown_word(fresh: Throwaway) -> None:
    """The names of stores are the same on each machine: this one has no Firefox, and that is what is said."""
    deliver(fresh)
    done = fresh.trustinstall("add", "--store", "firefox", CERT)
    assert (done.returncode, "this machine has no store of firefox" in done.stderr) == (2, True), done


def test_the_order_of_a_first_day(fresh: Throwaway) -> None:
    """An account adds, root adds, the account removes: 0, and no store failed or was put back."""
    deliver(fresh, "alice")
    fresh.write("/home/alice/.npmrc", "fund=false\n", user="alice")
    fresh.trustinstall("add", CERT, user="alice", check=True)
    fresh.trustinstall("add", CERT, env=sudo(fresh), check=True)
    done = fresh.trustinstall("remove", ROOT.sha256[:8], user="alice")
    assert (done.returncode, "failed" in done.stdout, "put back" in done.stdout) == (0, False, False), done
    assert fresh.read("/home/alice/.npmrc") == b"fund=false\n"
    assert "STILL TRUSTED by the machine" in done.stdout
    assert "Trust it?" not in on_terminal(fresh, "remove", CERT).stdout
