"""Windows' stores, by a registry's content: what is trusted, what is managed, and what certutil is told to do."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError
from trustinstall.host import Account, Host
from trustinstall.host.commands import INPUT_FILE
from trustinstall.stores.desired import Change, Desired, Placement
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import ToolOperation
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.windows import blob
from trustinstall_platforms.windows.certutil import LOCAL, MEANINGS, Reach, WindowsStore
from trustinstall_platforms.windows.registry_stores import ACCOUNT, MACHINE

ROOT, OTHER = (Certificate(make_root(common_name=name).der) for name in ("Windows Root", "Another Root"))
OWN = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Root"
USER = r"HKCU\SOFTWARE\Microsoft\SystemCertificates\Root"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root"
ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\Root"
UPDATED = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot"
UNTRUSTED = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Disallowed"
ACCOUNTS_POLICY = r"HKCU\SOFTWARE\Policies\Microsoft\SystemCertificates\Root"
PROTECTED = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root\ProtectedRoots"
THUMBPRINT = hashlib.sha1(ROOT.der, usedforsecurity=False).hexdigest().upper()
OURS = {ROOT.sha256: Placement(ROOT.sha256, "windows", (rf"{OWN}\Certificates\{THUMBPRINT}",))}
ADOPTED = {ROOT.sha256: Placement(ROOT.sha256, "windows", (), adopted=True)}


@dataclass(frozen=True)
class Computer(Host):
    """A Windows that is nothing but a registry: values by the path of their key and their name."""

    values: dict[tuple[str, str], bytes | int] = field(default_factory=dict[tuple[str, str], "bytes | int"])
    desktop: bool = True

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """As `registry.keys`."""
        top = rf"{hive}\{path}" + "\\"
        names = {key[len(top) :].split("\\")[0] for key, _ in self.values if key.startswith(top)}
        return sorted(names) or None

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """As `registry.value`."""
        return self.values.get((rf"{hive}\{path}", name))

    def has_desktop(self) -> bool:
        """As the test says."""
        return self.desktop

    def put(self, place: str, certificate: Certificate, *, content: bytes | None = None) -> Computer:
        """Put a certificate into a place; `content` instead of what belongs there."""
        name = hashlib.sha1(certificate.der, usedforsecurity=False).hexdigest().upper()
        value = packed((3, b"\x01" * 20), (11, "A name".encode("utf-16le")), (32, certificate.der))
        self.values[rf"{place}\Certificates\{name}", "Blob"] = value if content is None else content
        return self


def packed(*properties: tuple[int, bytes]) -> bytes:
    """A blob of these properties."""
    return b"".join(struct.pack("<III", number, 1, len(data)) + data for number, data in properties)


def computer(*, elevated: bool = True) -> Computer:
    """A Windows with nothing in its stores."""
    account = Account(0 if elevated else 1000, 0, "tester", "C:/Users/tester")
    return Computer("win32", "/", {}, account, dialogs=True)


def store_of(host: Host, backend: WindowsStore) -> Store:
    """The one store of a kind."""
    (store,) = backend.discover(host, DiscoveryOptions())
    return store


def states(host: Host, backend: WindowsStore) -> dict[str, State]:
    """What is observed."""
    return dict(backend.observe(host, store_of(host, backend), frozenset()).anchors)


def task(
    host: Host,
    backend: WindowsStore,
    *desired: Desired,
    record: dict[str, Placement] | None = None,
    foreign: bool = False,
) -> tuple[Change, Plan]:
    """The engine's decision from an observation, and the plan; `foreign`: `remove --not-ours`."""
    one = StoreTask(backend, store_of(host, backend), desired, record or {}, take_foreign=foreign)
    seen = one.observe(host)
    change = one.decide(seen)
    return change, one.plan(host, seen, change)


def add(certificate: Certificate = ROOT) -> Desired:
    """It is to be trusted."""
    return Desired(certificate, trusted=True)


def remove(certificate: Certificate = ROOT) -> Desired:
    """It is to go."""
    return Desired(certificate, trusted=False)


WINDOWS, WINDOWS_USER = WindowsStore(MACHINE), WindowsStore(ACCOUNT)

# --- how one certificate is kept ---


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=80)), max_size=6))
def test_a_blob_is_taken_apart_as_it_was_packed(properties: list[tuple[int, bytes]]) -> None:
    """With any properties, in any order."""
    assert list(blob.properties(packed(*properties))) == properties


@given(st.binary(max_size=200))
def test_anything_else_is_refused(content: bytes) -> None:
    """Bytes that are no blob raise ValueError and nothing else; what is returned was in them."""
    try:
        der = blob.entry(content).der
    except ValueError:
        return
    assert der
    assert der in content


@pytest.mark.parametrize("cut", [1, 8, 12, 20, 40])
def test_a_cut_blob_is_refused(cut: int) -> None:
    """No certificate is read out of half a blob."""
    whole = packed((11, b"x" * 8), (32, ROOT.der))
    assert blob.entry(whole).der == ROOT.der
    with pytest.raises(ValueError, match=r"it ends in|no certificate"):
        blob.entry(whole[:cut])


# --- what is seen ---


@pytest.mark.parametrize("place", [OWN, POLICY, ENTERPRISE, UPDATED])
@pytest.mark.parametrize("backend", [WINDOWS, WINDOWS_USER], ids=["machine", "account"])
def test_every_place_of_the_machine_is_seen_by_everybody(place: str, backend: WindowsStore) -> None:
    """Programs see the union; so do we, by the certificate itself and not by its key's name."""
    host = computer(elevated=False).put(place, ROOT)
    assert states(host, backend) == {ROOT.sha256: State.TRUSTED}
    assert list(backend.anchors(host, store_of(host, backend))) == [ROOT.der]


@pytest.mark.parametrize("place", [USER, ACCOUNTS_POLICY])
def test_an_accounts_places_are_seen_by_it_alone(place: str) -> None:
    """The machine's store knows nothing of an account's roots."""
    host = computer(elevated=False).put(place, ROOT)
    assert states(host, WINDOWS) == {}
    assert states(host, WINDOWS_USER) == {ROOT.sha256: State.TRUSTED}


def test_what_is_among_the_untrusted_is_distrusted_wherever_else_it_is() -> None:
    """It cannot be added: distrust is a decision of the administrator or a policy."""
    host = computer().put(OWN, ROOT).put(UNTRUSTED, ROOT)
    assert states(host, WINDOWS) == {ROOT.sha256: State.DISTRUSTED}
    with pytest.raises(StoreError, match=r"Untrusted Certificates.*take it out there first"):
        task(host, WINDOWS, add())
    with pytest.raises(StoreError, match="Untrusted Certificates"):
        task(computer().put(UNTRUSTED, ROOT), WINDOWS, add())


def test_the_untrusted_alone_are_no_anchors() -> None:
    """So that removing one of them has nothing to do."""
    host = computer().put(UNTRUSTED, ROOT)
    assert states(host, WINDOWS) == {}
    assert task(host, WINDOWS, remove())[1].empty


def test_damaged_entries_are_told_and_do_not_hide_the_others() -> None:
    """An entry without a certificate is no anchor."""
    host = computer().put(OWN, ROOT).put(OWN, OTHER, content=packed((11, b"")))
    seen = WINDOWS.observe(host, store_of(host, WINDOWS), frozenset())
    assert set(seen.anchors) == {ROOT.sha256}
    assert seen.problems == ("1 of its entries in the registry hold no certificate",)


def test_an_elevated_account_has_the_machines_store_alone() -> None:
    """What it adds for the machine holds for itself; its own store would ask in a window."""
    assert WINDOWS_USER.discover(computer(), DiscoveryOptions()) == []
    assert [one.id for one in WINDOWS.discover(computer(), DiscoveryOptions())] == ["windows"]
    assert [one.owner for one in WINDOWS_USER.discover(computer(elevated=False), DiscoveryOptions())] == [1000]


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd14"])
def test_found_only_on_windows(platform: str) -> None:
    """Another system has neither of them, with any files."""
    host = replace(computer(elevated=False), platform=platform)
    assert [*WINDOWS.discover(host, DiscoveryOptions()), *WINDOWS_USER.discover(host, DiscoveryOptions())] == []


def test_a_store_is_found_again_where_it_was() -> None:
    """Its location is the key of the registry that it is written to."""
    host = computer(elevated=False)
    for backend, key in ((WINDOWS, OWN), (WINDOWS_USER, USER)):
        assert backend.at(host, key) == store_of(host, backend)
        assert backend.at(host, POLICY) is None


@pytest.mark.parametrize("backend", [WINDOWS, WINDOWS_USER], ids=["machine", "account"])
def test_what_windows_update_fetched_is_microsofts_choice(backend: WindowsStore) -> None:
    """What an administrator or a policy put there is not."""
    third = Certificate(make_root(common_name="A Policy's Root").der)
    host = computer(elevated=False).put(UPDATED, OTHER).put(OWN, ROOT).put(POLICY, third)
    assert backend.delivered(host, store_of(host, backend)) == {OTHER.sha256}


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
def test_what_goes(record: dict[str, Placement], foreign: bool, goes: bool) -> None:  # noqa: FBT001
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
