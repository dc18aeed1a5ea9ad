"""Answers worked out from a machine's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fake_host
from trustinstall.host import ActingHost
from trustinstall.host.answers import Answers
from trustinstall.host.commands import Guard


def test_a_plain_host_keeps_no_answer(tmp_path: Path) -> None:
    """Without `remembering`, every question is worked out anew."""
    host, asked = fake_host.make(tmp_path), iter(range(9))
    assert [host.remembered("x", lambda: next(asked)) for _ in range(2)] == [0, 1]


def test_an_answer_is_kept_until_the_machine_is_changed(tmp_path: Path) -> None:
    """A directory that is made, for example, makes the next question be worked out anew."""
    host, asked = fake_host.make(tmp_path).remembering(), iter(range(9))
    before = [host.remembered("x", lambda: next(asked)) for _ in range(2)]
    host.make_directory("/etc", 0o755)
    assert (before, host.remembered("x", lambda: next(asked))) == ([0, 0], 1)


def test_a_change_that_fails_counts_as_a_change(tmp_path: Path) -> None:
    """A tool that failed may have changed something, too."""
    host, asked = fake_host.make(tmp_path).remembering(), iter(range(9))
    assert host.remembered("x", lambda: next(asked)) == 0
    with pytest.raises(OSError, match="No such file"):
        host.make_directory("/missing/etc", 0o755)
    assert host.remembered("x", lambda: next(asked)) == 1


def test_what_a_guards_tool_may_have_changed_is_asked_again(tmp_path: Path) -> None:
    """The package manager that the engine waited for may have moved a link."""
    host = fake_host.make(tmp_path).remembering()
    link = tmp_path / "link"
    link.symlink_to("/before")
    before = host.real("/link")
    link.unlink()
    link.symlink_to("/after")
    kept = host.real("/link")
    with host.guarded(Guard()):
        assert (before, kept, host.real("/link")) == ("/before", "/before", "/after")


def test_each_account_has_answers_of_its_own(tmp_path: Path) -> None:
    """A host that another account sees shares the memory, and none of the answers."""
    host = fake_host.make(tmp_path).remembering()
    other = replace(host, account=replace(host.account, name="bob", home="/home/bob"))
    homes = [host.remembered("home", lambda: host.account.home), other.remembered("home", lambda: other.account.home)]
    assert homes == ["/home/alice", "/home/bob"]


def test_an_answer_that_a_change_overtook_is_not_kept() -> None:
    """What was worked out while another thread changed the machine counts for the caller alone."""
    answers, asked = Answers(), iter(range(9))

    def overtaken() -> int:
        answers.forget()
        return next(asked)

    assert [answers.of("x", overtaken), answers.of("x", lambda: next(asked))] == [0, 1]


def test_every_method_that_acts_on_files_forgets() -> None:
    """What an ActingHost can do beyond a Host either forgets, or is in this list of what changes no store."""
    acts = {name for name in vars(ActingHost) if not name.startswith("_")}
    forgetting = {name for name in acts if hasattr(getattr(ActingHost, name), "__wrapped__")}
    changing_no_store = {
        "forget",
        "lock",
        "unlock",
        "append",
        "sweep",
        "announce",
        "tell_system",
        "lend",
        "pause",
        "guarded",
        "watch",
    }
    assert acts - forgetting == changing_no_store
