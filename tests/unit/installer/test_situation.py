"""Defaults by situation: the README's table, row by row."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from trustinstall.errors import NoRights, UsageProblem
from trustinstall.host import Account, ActingHost
from trustinstall.installer.situation import ScopeOptions, decide

ALICE = Account(1000, 1000, "alice", "/home/alice", "/bin/bash")
BOB = Account(1001, 1001, "bob", "/home/bob", "/bin/bash")
HOMELESS = Account(1002, 1002, "svc", None)
PEOPLE = {one.uid: one for one in (ALICE, BOB, HOMELESS)}


class Machine(ActingHost):
    """A host with accounts of the test's making."""

    def account_of(self, uid: int) -> Account | None:
        """By number."""
        return PEOPLE.get(uid)

    def account_named(self, name: str) -> Account | None:
        """By name."""
        return next((one for one in PEOPLE.values() if one.name == name), None)

    def people(self) -> list[Account]:
        """Who logs in."""
        return [ALICE, BOB]

    def first_process_is_shell(self) -> bool:
        """Whether an image is being built."""
        return "BUILDING" in self.environ


def host(uid: int, **environ: str) -> Machine:
    """A host whose acting account has this uid, called with these variables."""
    return Machine("linux", "/nowhere", environ, Account(uid, uid, "root" if uid == 0 else "alice", "/root"))


@pytest.mark.parametrize("variables", [{"SUDO_UID": "1000"}, {"PKEXEC_UID": "1000"}, {"DOAS_USER": "alice"}])
def test_sudo_covers_the_machine_and_the_invoker(variables: dict[str, str]) -> None:
    """sudo, pkexec and doas: machine scope and the invoking account, and no other account."""
    found = decide(host(0, **variables), ScopeOptions(), terminal=True)
    assert (found.kind, found.machine, found.accounts, found.uncovered) == ("sudo", True, (ALICE,), 1)
    assert found.sentence == "machine, and the home of alice"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"SUDO_UID": "0"},
        {"SUDO_UID": "4711"},
        {"SUDO_UID": "-1"},
        {"SUDO_UID": "9" * 30},
        {"DOAS_USER": "nobody-here"},
    ],
    ids=["none", "root", "unknown", "negative", "huge", "unknown-name"],
)
def test_root_without_an_invoker_covers_the_machine(variables: dict[str, str]) -> None:
    """With any variables, an invoker is an account of this machine; without one, accounts are counted."""
    found = decide(host(0, **variables), ScopeOptions(), terminal=True)
    assert (found.kind, found.machine, found.accounts, found.uncovered) == ("root", True, (), 2)


def test_an_invoker_without_a_home_is_not_worked_for() -> None:
    """An account that has no home has no stores there."""
    assert decide(host(0, SUDO_UID="1002"), ScopeOptions(), terminal=True).accounts == ()


def test_variables_mean_nothing_to_an_ordinary_user() -> None:
    """Without root, an account may invent SUDO_UID: its own stores, and no other's."""
    found = decide(host(1000, SUDO_UID="1001"), ScopeOptions(), terminal=True)
    assert (found.kind, found.machine, found.own, found.accounts) == ("user", False, True, ())


def test_named_accounts_and_all_of_them() -> None:
    """--user names accounts, --all-users means all login accounts."""
    assert decide(host(0), ScopeOptions(for_users=("bob",)), terminal=True).accounts == (BOB,)
    assert decide(host(0), ScopeOptions(all_users=True), terminal=True).accounts == (ALICE, BOB)
    assert decide(host(0), ScopeOptions(all_users=True), terminal=True).uncovered == 0


def test_scope_machine_leaves_homes_alone() -> None:
    """--scope machine under sudo: no home; --scope user: only homes."""
    assert decide(host(0, SUDO_UID="1000"), ScopeOptions(scope="machine"), terminal=True).accounts == ()
    only_user = decide(host(0, SUDO_UID="1000"), ScopeOptions(scope="user"), terminal=True)
    assert (only_user.machine, only_user.accounts) == (False, (ALICE,))


@pytest.mark.parametrize(
    ("uid", "ask", "error"),
    [
        (1000, ScopeOptions(scope="machine"), NoRights),
        (1000, ScopeOptions(all_users=True), NoRights),
        (1000, ScopeOptions(for_users=("bob",)), NoRights),
        (0, ScopeOptions(scope="user"), UsageProblem),
        (0, ScopeOptions(for_users=("mallory",)), UsageProblem),
    ],
    ids=["machine-without-root", "all-without-root", "other-without-root", "user-without-invoker", "unknown-account"],
)
def test_wishes_that_cannot_be_granted(uid: int, ask: ScopeOptions, error: type[Exception]) -> None:
    """They are refused before anything is looked at."""
    with pytest.raises(error):
        decide(host(uid), ask, terminal=True)


@pytest.mark.parametrize(
    ("variables", "terminal", "ask", "may"),
    [
        ({}, True, ScopeOptions(), True),
        ({}, False, ScopeOptions(), False),
        ({}, True, ScopeOptions(no_input=True), False),
        ({"CI": "true"}, True, ScopeOptions(), False),
        ({"CI": "false"}, True, ScopeOptions(), True),
        ({"BUILDING": "1"}, True, ScopeOptions(), False),
    ],
    ids=["terminal", "no-terminal", "no-input", "ci", "ci-false", "image-build"],
)
def test_when_a_question_may_be_asked(
    variables: dict[str, str], ask: ScopeOptions, *, terminal: bool, may: bool
) -> None:
    """Only on a terminal, and never in CI, in an image build, or when the caller refuses questions."""
    assert decide(host(0, **variables), ask, terminal=terminal).may_ask is may


def test_the_running_machine_is_recognised(make_host: Callable[..., ActingHost]) -> None:
    """A real host gives a real answer: the account that runs the test."""
    real = ActingHost.current()
    assert real.account.uid == os.geteuid()
    assert decide(make_host({"container": "podman"}, uid=1000), ScopeOptions(), terminal=False).traits >= {"container"}


@pytest.mark.parametrize(
    ("variables", "terminal", "ask", "may"),
    [
        ({}, True, ScopeOptions(), True),
        ({}, True, ScopeOptions(silent=True), True),
        ({}, False, ScopeOptions(), True),
        ({}, False, ScopeOptions(no_input=True), False),
        ({"CI": "true"}, True, ScopeOptions(), False),
        ({"SSH_CONNECTION": "1"}, True, ScopeOptions(), False),
        ({"INVOCATION_ID": "1"}, True, ScopeOptions(), False),
    ],
    ids=["terminal", "json", "pipes", "no-input", "ci", "ssh", "service"],
)
def test_when_a_window_may_open(variables: dict[str, str], ask: ScopeOptions, *, terminal: bool, may: bool) -> None:
    """Where a screen may be, terminal or not; what is printed for a script does not change what is done."""
    assert decide(host(0, **variables), ask, terminal=terminal).may_answer is may
    assert decide(host(1000, **variables), ask, terminal=terminal).may_answer is may


def test_a_script_is_asked_nothing() -> None:
    """`--json` and `--quiet` ask no question in the terminal."""
    assert not decide(host(0), ScopeOptions(silent=True), terminal=True).may_ask
