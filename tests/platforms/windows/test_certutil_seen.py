"""Windows' stores, by a registry's content: how a certificate is kept, and what is trusted and managed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.windows import blob
from trustinstall_platforms.windows.certutil import WindowsStore

UNTRUSTED = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Disallowed"
ACCOUNTS_POLICY = r"HKCU\SOFTWARE\Policies\Microsoft\SystemCertificates\Root"


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
