"""Under which password a Java keystore opens, and what is planned to add to it and remove from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.platforms.java.keystores import BACKEND, CORP, DELIVERED, OTHER, OURS, THIRD, put, stores
from tests.support.jks import jks
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError, StoreLocked, UsageProblem
from trustinstall.host import ActingHost, Secret
from trustinstall.state.step_json import step_to_json
from trustinstall.stores.desired import Change, Desired, Placement
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Edit
from trustinstall.stores.store import Store
from trustinstall_platforms.java.passwords import USUAL, candidates


def test_candidates(host: ActingHost, tmp_path: Path) -> None:
    """The usual ones first, then the distribution's, then the caller's; nothing that cannot be read; nothing shown."""
    (tmp_path / "word").write_text("first line\r\nsecond line\n")
    (tmp_path / "gone").write_text("soon")
    secrets = tuple(host.secret_in(str(tmp_path / name)) for name in ("word", "gone"))
    (tmp_path / "gone").unlink()
    put(host, "/etc/default/cacerts", b"#storepass=no\nstorepass='of debian'\nexport storepass=\"again\"\n")
    known = replace(host, storepasses=(*secrets, Secret(typed="typed")))
    assert list(candidates(known)) == [*USUAL, "of debian", "again", "first line", "typed"]
    assert all(word not in repr((known, secrets, Secret(typed="typed-word"))) for word in ("first line", "typed-word"))


@pytest.mark.parametrize(("content", "word"), [(b"", "empty"), (b"x" * 5000, "longer"), (b"\xff\xfe", "no text")])
def test_a_file_without_a_password_is_refused(host: ActingHost, tmp_path: Path, content: bytes, word: str) -> None:
    """Before anything is changed, and without a word of what is in it."""
    (tmp_path / "word").write_bytes(content)
    with pytest.raises(UsageProblem, match=word):
        host.secret_in(str(tmp_path / "word"))
    with pytest.raises(UsageProblem, match="No such file"):
        host.secret_in(str(tmp_path / "nothing"))
    with pytest.raises(UsageProblem, match="not a regular file"):
        host.secret_in("/dev/zero")


# --- one keystore --------------------------------------------------------------------------------------


def desired(*, trusted: bool = True) -> tuple[Desired, ...]:
    """That the corporate root shall be there, or gone."""
    return (Desired(Certificate(CORP.der), trusted=trusted),)


def task(
    host: ActingHost, store: Store, *, trusted: bool = True, foreign: bool = False, known: Placement | None = None
) -> tuple[Change, Plan]:
    """What the engine decides for a keystore of which the ledger knows something or not, and what is planned."""
    record = {CORP.sha256: known} if known else {}
    one = StoreTask(BACKEND, store, desired(trusted=trusted), record, take_foreign=foreign)
    seen = one.observe(host)
    change = one.decide(seen)
    return change, one.plan(host, seen, change)


def placement(store: Store, *, adopted: bool = False) -> Placement:
    """What the ledger knows of the corporate root."""
    return Placement(CORP.sha256, store.id, () if adopted else (OURS,), adopted=adopted)


def brought(host: ActingHost, plan: Plan) -> None:
    """Do a plan's one step, and check that its inverse is exact and keeps no secret."""
    (step,) = plan.steps
    before = host.read(step.path)
    back = inverse(host, step)
    assert isinstance(step, Edit)
    assert back is not None
    perform(host, step, "token")
    undo(host, [back], "token")
    assert host.read(step.path) == before
    assert set(step_to_json(back)) == {"kind", "path", "expect", "mode", "owner", "content"}
    with pytest.raises(TypeError):
        step_to_json(step)
    perform(host, step, "token")


def test_add_and_remove(host: ActingHost) -> None:
    """It is seen under its alias, again changes nothing, and leaves every byte."""
    put(host, "/opt/jdk/lib/security/cacerts")
    (store,) = stores(host)
    _, plan = task(host, store)
    assert [one.entries for one in plan.placed] == [(OURS,)]
    brought(host, plan)
    seen = BACKEND.observe(host, store, frozenset({CORP.sha256}))
    assert seen.anchors == {OTHER.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert (set(seen.marked), seen.copies) == ({CORP.sha256}, (Copy(CORP.sha256, OURS, marked=True),))
    assert set(BACKEND.anchors(host, store)) == {OTHER.der, CORP.der}
    assert task(host, store, known=placement(store))[1].empty
    assert BACKEND.verify(host, store) is None
    brought(host, task(host, store, trusted=False, known=placement(store))[1])
    assert host.read(store.location) == DELIVERED
    assert task(host, store, trusted=False)[1].empty


def test_a_strangers_copy_stays_unless_it_was_asked_for(host: ActingHost) -> None:
    """It is foreign; --not-ours takes it out, or `remove` if adopted; a managed one beside it goes alone."""
    both = jks(("corp", CORP.der), (OURS, CORP.der), ("other", OTHER.der))
    put(host, "/opt/jdk/lib/security/cacerts", jks(("corp", CORP.der), ("other", OTHER.der)))
    (store,) = stores(host)
    (kept, nothing), (left, none) = task(host, store), task(host, store, trusted=False)
    assert (nothing.empty, none.empty) == (True, True)
    assert kept.foreign == left.foreign == {CORP.sha256}
    brought(host, task(host, store, trusted=False, known=placement(store, adopted=True))[1])
    assert host.read(store.location) == DELIVERED
    put(host, store.location, both)
    change, plan = task(host, store, trusted=False)
    assert change.foreign == {CORP.sha256}
    brought(host, plan)
    assert host.read(store.location) == jks(("corp", CORP.der), ("other", OTHER.der))
    put(host, store.location, both)
    brought(host, task(host, store, trusted=False, foreign=True)[1])
    assert host.read(store.location) == DELIVERED


@pytest.mark.parametrize(
    "alias", ["corp", f"trustinstall-{OTHER.sha256}", ""], ids=["another", "with the name of another root", "none"]
)
def test_an_entry_that_lost_its_mark_is_foreign(host: ActingHost, alias: str) -> None:
    """An account renames our alias, or gives it the fingerprint of another certificate: the entry stays."""
    renamed = jks((alias, CORP.der), ("other", OTHER.der))
    put(host, "/opt/jdk/lib/security/cacerts", renamed)
    (store,) = stores(host)
    for known in (None, placement(store)):
        change, plan = task(host, store, trusted=False, known=known)
        assert (set(change.foreign), plan.empty) == ({CORP.sha256}, True)
    brought(host, task(host, store, trusted=False, foreign=True)[1])
    assert host.read(store.location) == DELIVERED


def test_a_numbered_alias_of_ours_goes(host: ActingHost) -> None:
    """Another certificate had the alias, so that the managed one got a number: it has the mark, and goes alone."""
    put(host, "/opt/jdk/lib/security/cacerts", jks((OURS, OTHER.der)))
    (store,) = stores(host)
    brought(host, task(host, store)[1])
    seen = BACKEND.observe(host, store, frozenset({CORP.sha256}))
    assert seen.copies == (Copy(CORP.sha256, f"{OURS}-1", marked=True),)
    brought(host, task(host, store, trusted=False, known=placement(store))[1])
    assert host.read(store.location) == jks((OURS, OTHER.der))


def test_another_password_is_an_error_that_says_what_to_do(host: ActingHost, tmp_path: Path) -> None:
    """If a root must be added or may be managed; with the file named, it is done under that password."""
    put(host, "/opt/jdk/lib/security/cacerts", jks(("other", OTHER.der), password="secret"))  # noqa: S106  a test's
    (store,) = stores(host)
    (step,) = task(host, store)[1].steps
    assert isinstance(step, Edit)
    with pytest.raises(StoreLocked, match="--java-storepass-file"):
        step.transform.apply(host.read(store.location))
    (tmp_path / "word").write_text("secret\n")
    knowing = replace(host, storepasses=(host.secret_in(str(tmp_path / "word")),))
    brought(knowing, task(knowing, store)[1])
    assert "secret" not in repr(task(knowing, store, trusted=False)[1])


def test_what_cannot_be_understood_is_an_error_where_it_matters(host: ActingHost) -> None:
    """Not if no managed root can be in it and none must be added."""
    put(host, "/opt/jdk/lib/security/cacerts", b"\xce\xce\xce\xce\0\0\0\2")
    (store,) = stores(host)
    seen = BACKEND.observe(host, store, frozenset())
    assert seen.anchors == {}
    assert "JCEKS" in seen.problems[0]
    assert BACKEND.verify(host, store) == seen.problems[0]
    assert list(BACKEND.anchors(host, store)) == []
    assert task(host, store, trusted=False)[1].empty
    for trusted in (True, False):
        with pytest.raises(StoreError, match="JCEKS"):
            task(host, store, trusted=trusted, known=placement(store))
    Path(host.where(store.location)).unlink()
    assert BACKEND.observe(host, store, frozenset()).problems == ("the keystore is missing",)


def test_a_keystore_that_an_update_replaced_is_noticed(host: ActingHost) -> None:
    """Seen to be gone while the ledger holds the root; `add` puts it back under the alias that is in the ledger."""
    put(host, "/opt/jdk/lib/security/cacerts")
    (store,) = stores(host)
    _, first = task(host, store)
    brought(host, first)
    put(host, store.location, jks(("other", OTHER.der), ("third", THIRD.der)))
    assert CORP.sha256 not in BACKEND.observe(host, store, frozenset()).anchors
    _, again = task(host, store, known=placement(store))
    assert again.placed == first.placed
    brought(host, again)
    assert len(list(BACKEND.anchors(host, store))) == 3
    assert BACKEND.at(host, store.location) == replace(store, label="/opt/jdk")
