"""Windows' stores, by a registry's content: what is planned, and what certutil is told to do."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from tests.platforms.windows.registry import (
    ENTERPRISE,
    OTHER,
    OWN,
    POLICY,
    ROOT,
    UPDATED,
    USER,
    WINDOWS,
    WINDOWS_USER,
    add,
    computer,
    packed,
    remove,
    states,
    store_of,
    task,
)
from trustinstall.errors import StoreError
from trustinstall.host import Account, Host
from trustinstall.host.commands import INPUT_FILE
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.observation import State
from trustinstall.stores.steps import ToolOperation
from trustinstall_platforms.windows.certutil import LOCAL, MEANINGS, Reach, WindowsStore
from trustinstall_platforms.windows.registry_stores import MACHINE

PROTECTED = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root\ProtectedRoots"
THUMBPRINT = hashlib.sha1(ROOT.der, usedforsecurity=False).hexdigest().upper()
OURS = {ROOT.sha256: Placement(ROOT.sha256, "windows", (rf"{OWN}\Certificates\{THUMBPRINT}",))}
ADOPTED = {ROOT.sha256: Placement(ROOT.sha256, "windows", (), adopted=True)}


# --- what is planned ---


def test_what_is_missing_is_added_and_what_is_there_is_somebody_elses() -> None:
    """One operation for each that is missing; a copy that we did not put there is named and left."""
    host = computer().put(OWN, OTHER)
    change, plan = task(host, WINDOWS, add(), add(OTHER))
    assert plan.operations == (ToolOperation("add", "remove", ROOT.der),)
    assert change.foreign == {OTHER.sha256}
    assert [one.entries for one in plan.placed] == [(rf"{OWN}\Certificates\{THUMBPRINT}",)]


def test_what_is_ours_is_there_already() -> None:
    """By the ledger: the registry has no mark of trustinstall."""
    change, plan = task(computer().put(OWN, ROOT), WINDOWS, add(), record=OURS)
    assert plan.empty
    assert not change.foreign


@pytest.mark.parametrize(
    ("record", "foreign", "goes"),
    [(OURS, False, True), ({}, False, False), ({}, True, True), (ADOPTED, False, True)],
    ids=["ours", "a stranger's", "a stranger's, by name", "adopted"],
)
def test_what_goes(record: dict[str, Placement], *, foreign: bool, goes: bool) -> None:
    """Managed and adopted copies, and those that the caller may have taken out."""
    change, plan = task(computer().put(OWN, ROOT), WINDOWS, remove(), record=record, foreign=foreign)
    assert plan.operations == ((ToolOperation("remove", "add", ROOT.der),) if goes else ())
    assert change.foreign == (set() if goes else {ROOT.sha256})


@pytest.mark.parametrize("place", [POLICY, ENTERPRISE, UPDATED])
@pytest.mark.parametrize(("record", "foreign"), [(OURS, False), (ADOPTED, False), (OURS, True), ({}, True)])
def test_a_copy_elsewhere_stays_when_ours_goes(place: str, record: dict[str, Placement], *, foreign: bool) -> None:
    """A policy's copy cannot be taken out here: it is named, adopted or not, and the other one goes."""
    host = computer().put(OWN, ROOT).put(place, ROOT)
    change, plan = task(host, WINDOWS, remove(), record=record, foreign=foreign)
    assert plan.operations == (ToolOperation("remove", "add", ROOT.der),)
    assert change.foreign == {ROOT.sha256}


def test_every_key_that_holds_it_is_a_copy() -> None:
    """By place and thumbprint, the one that certutil writes first; and none of a certificate that was not asked for."""
    host = computer().put(OWN, ROOT).put(POLICY, ROOT).put(UPDATED, ROOT).put(OWN, OTHER)
    seen = WINDOWS.observe(host, store_of(host, WINDOWS), frozenset({ROOT.sha256}))
    assert [(one.entry.partition("\\Certificates\\")[0], one.removable) for one in seen.copies] == [
        (OWN, True),
        (POLICY, False),
        (UPDATED, False),
    ]
    assert {one.sha256 for one in seen.copies} == {ROOT.sha256}


def test_ours_that_a_policy_has_replaced_is_left() -> None:
    """Our key is gone and a policy has its own: nothing is done, and the policy's copy is named."""
    change, plan = task(computer().put(POLICY, ROOT), WINDOWS, remove(), record=OURS)
    assert (plan.empty, set(change.foreign)) == (True, {ROOT.sha256})


def test_a_copy_elsewhere_cannot_be_taken_out_by_name() -> None:
    """Whose it is, is said: it would come back with the next policy."""
    host = computer().put(POLICY, ROOT)
    assert task(host, WINDOWS, remove())[0].foreign == {ROOT.sha256}
    with pytest.raises(StoreError, match="put there by a Group Policy, and would come back; have it taken out"):
        task(host, WINDOWS, remove(), foreign=True)


PURPOSES, KEY_IDENTIFIER, UNHEARD_OF = 9, 20, 4711


@pytest.mark.parametrize(("number", "inverse"), [(KEY_IDENTIFIER, "add"), (PURPOSES, "leave"), (UNHEARD_OF, "leave")])
def test_what_was_limited_is_not_put_back_without_its_limit(number: int, inverse: str) -> None:
    """Certutil would trust it for everything: where the removal fails afterwards, it stays gone, and that is told."""
    host = computer().put(OWN, ROOT, content=packed((number, b"content"), (32, ROOT.der)))
    (operation,) = task(host, WINDOWS, remove(), foreign=True)[1].operations
    assert operation == ToolOperation("remove", inverse, ROOT.der)
    host.values.clear()
    commands = WINDOWS.commands(host, store_of(host, WINDOWS), operation.undone)
    assert [run.argv[1] for run in commands] == ["-addstore"] * (inverse == "add")


def test_the_machines_copy_never_goes_through_the_accounts_view() -> None:
    """What an account sees as its own store holds the machine's roots, too."""
    host = computer(elevated=False).put(OWN, ROOT)
    change, plan = task(host, WINDOWS_USER, remove(), record=OURS)
    assert plan.operations == ()
    assert change.foreign == {ROOT.sha256}
    assert WINDOWS_USER.commands(host, store_of(host, WINDOWS_USER), ToolOperation("remove", "add", ROOT.der)) == ()


def test_what_the_machine_trusts_is_not_added_for_an_account() -> None:
    """It is trusted already, and no window opens."""
    change, plan = task(replace(computer(elevated=False), dialogs=False).put(OWN, ROOT), WINDOWS_USER, add())
    assert plan.empty
    assert change.foreign == {ROOT.sha256}


@pytest.mark.parametrize("wanted", [add(), remove()], ids=["add", "remove"])
@pytest.mark.parametrize("lacking", [{"dialogs": False}, {"desktop": False}], ids=["nobody", "no desktop"])
def test_no_window_opens_where_nobody_can_answer_it(wanted: Desired, lacking: dict[str, bool]) -> None:
    """The refusal comes before anything is begun, and names the other ways."""
    host = replace(computer(elevated=False), **lacking)  # type: ignore[arg-type]
    if not wanted.trusted:
        host.put(USER, ROOT)
    with pytest.raises(StoreError, match=r"asks in a window.*administrator add it.*--skip windows-user"):
        task(host, WINDOWS_USER, wanted, foreign=not wanted.trusted)


def test_the_machines_store_needs_no_window() -> None:
    """An administrator's prompt does it silently, in a service as well."""
    host = replace(computer(), dialogs=False, desktop=False)
    assert task(host, WINDOWS, add())[1].operations == (ToolOperation("add", "remove", ROOT.der),)


def test_a_policy_may_make_windows_ignore_an_accounts_roots() -> None:
    """Then certutil would succeed without an effect: the store says so, and shows what is really trusted."""
    host = computer(elevated=False).put(USER, ROOT).put(OWN, OTHER)
    host.values[PROTECTED, "Flags"] = 0x20
    assert states(host, WINDOWS_USER) == {ROOT.sha256: State.TRUSTED, OTHER.sha256: State.TRUSTED}
    host.values[PROTECTED, "Flags"] = 0x21
    assert "ProtectedRoots" in str(store_of(host, WINDOWS_USER).why_blocked)
    assert store_of(host, WINDOWS).why_blocked is None
    assert states(host, WINDOWS_USER) == {OTHER.sha256: State.TRUSTED}


# --- what is run ---


def test_certutil_is_windows_own_and_gets_the_certificate_as_a_file() -> None:
    """By its absolute path; without -f, which would overwrite what an administrator has noted about it."""
    host = computer()
    (run,) = WINDOWS.commands(host, store_of(host, WINDOWS), ToolOperation("add", "remove", ROOT.der))
    assert run.argv == ("C:/Windows/System32/certutil.exe", "-addstore", "Root", INPUT_FILE)
    assert (run.given, run.announce, run.meanings) == (ROOT.der, "", MEANINGS)


def test_what_goes_is_named_by_its_thumbprint_and_nothing_else() -> None:
    """Forty digits: a serial number or a subject may name others as well."""
    host = computer().put(OWN, ROOT)
    (run,) = WINDOWS.commands(host, store_of(host, WINDOWS), ToolOperation("remove", "add", ROOT.der))
    assert run.argv[1:] == ("-delstore", "Root", hashlib.sha1(ROOT.der, usedforsecurity=False).hexdigest())
    assert run.given == b""


def test_nothing_is_run_that_has_nothing_to_do() -> None:
    """Recovery asks for the inverse of what may never have been done."""
    host = computer()
    store = store_of(host, WINDOWS)
    assert WINDOWS.commands(host, store, ToolOperation("remove", "add", ROOT.der)) == ()
    host.put(OWN, ROOT)
    assert WINDOWS.commands(host, store, ToolOperation("add", "remove", ROOT.der)) == ()


def test_another_certificate_under_the_same_thumbprint_is_left() -> None:
    """A key's name proves nothing: what is in it must be the very certificate."""
    host = computer().put(OWN, ROOT, content=packed((32, OTHER.der)))
    assert WINDOWS.commands(host, store_of(host, WINDOWS), ToolOperation("remove", "add", ROOT.der)) == ()


def test_an_accounts_store_says_first_that_a_window_opens() -> None:
    """With the thumbprint that the window shows, the time there is, and the way without one."""
    host = computer(elevated=False)
    (run,) = WINDOWS_USER.commands(host, store_of(host, WINDOWS_USER), ToolOperation("add", "remove", ROOT.der))
    assert run.argv[1:] == ("-user", "-addstore", "Root", INPUT_FILE)
    assert run.seconds == 120
    digits = hashlib.sha1(ROOT.der, usedforsecurity=False).hexdigest().upper()
    assert digits in run.announce.replace(" ", "")
    assert "within 120 s" in run.announce
    assert "administrator" in run.announce


def test_statuses_are_the_ones_that_windows_gives() -> None:
    """As unsigned numbers, which is how the host gives them."""
    meant = dict(MEANINGS)
    assert "the answer was No" in meant[2147943623]
    assert "access is denied" in meant[2147942405]
    assert all(status >= 0x8000_0000 for status in meant)


def test_another_windows_can_be_reached_in_another_way() -> None:
    """Where its registry is read and where its certutil is are one value."""
    beside = computer().put(OWN, ROOT)
    reach = Reach(lambda _host: True, lambda _host: beside, lambda _host: "/mnt/c/Windows/System32/certutil.exe")
    backend = WindowsStore(MACHINE, reach)
    host = Host("linux", "/", {}, Account(0, 0, "root", "/root"))
    assert states(host, backend) == {ROOT.sha256: State.TRUSTED}
    (run,) = backend.commands(host, store_of(host, backend), ToolOperation("add", "remove", OTHER.der))
    assert run.argv[0] == "/mnt/c/Windows/System32/certutil.exe"
    assert LOCAL.tool(host) == "C:/Windows/System32/certutil.exe"


def test_what_a_killed_command_left_opens_no_window_that_nobody_can_answer() -> None:
    """Recovery asks blindly for the inverse: it is refused, and said, as any other change."""
    host = replace(computer(elevated=False), dialogs=False).put(USER, ROOT)
    with pytest.raises(StoreError, match="asks in a window"):
        WINDOWS_USER.commands(host, store_of(host, WINDOWS_USER), ToolOperation("remove", "add", ROOT.der))
    assert WINDOWS_USER.commands(host, store_of(host, WINDOWS_USER), ToolOperation("add", "remove", ROOT.der)) == ()
