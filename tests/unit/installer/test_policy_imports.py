"""The imports of policies: an account that cannot be asked, or answers nonsense, loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.fake_store import ROOTS, Shelf, World, wish
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.host import Account, ActingHost, Host
from trustinstall.host.watchdog import PATIENCE
from trustinstall.installer.installer import Installer
from trustinstall.installer.policy_imports import PolicyImports
from trustinstall.stores.store import DiscoveryOptions, Relation, Source, Store
from trustinstall_platforms.browsers.firefox_policy import FirefoxPolicy

CORP = Certificate(make_root("Corp Root").der)
ALICE = Account(12345, 12345, "alice", "/home/alice")
WISH = Request((CORP,), trusted=True, by="root")
GONE = replace(WISH, trusted=False)


@dataclass(frozen=True)
class Village(ActingHost):
    """A machine with one account, whose process answers what the test says."""

    answer: bytes = b""

    def people(self) -> list[Account]:
        """Alice alone."""
        return [ALICE]

    def as_account(
        self, account: Account, job: Callable[[], bytes], on_progress: Callable[[], None], seconds: float = PATIENCE
    ) -> bytes:
        """The answer, or no answer at all; soon."""
        assert (account, callable(job), callable(on_progress), 0 < seconds <= PATIENCE) == (ALICE, True, True, True)
        if not self.answer:
            raise TrustInstallError("no answer")
        return self.answer


@pytest.fixture
def village(tmp_path: Path) -> Village:
    """With Firefox on it."""
    village = Village("linux", str(tmp_path), {}, Account(os.geteuid(), os.getegid(), "root", None))
    Path(village.where("/opt/firefox")).mkdir(parents=True)
    Path(village.where("/home/alice")).mkdir(parents=True)
    return village


def imports(village: Village) -> PolicyImports:
    """What is tested."""
    backends = [FirefoxPolicy()]
    return PolicyImports(village, backends, Engine(village, backends, lambda _doing: None), lambda _doing: None)


def held(village: Village, answer: bytes) -> tuple[str, ...] | None:
    """Who is noted to hold it, after an `add` during which Alice's process has answered that."""
    tested = imports(replace(village, answer=answer))
    tested.before_adding(WISH, Selection())
    tested.engine.change(WISH, DiscoveryOptions(), Selection())
    tested.after_adding(WISH)
    return tested.engine.ledger().claims[CORP.sha256].held


@pytest.mark.parametrize(
    "answer",
    [b"", b"{", b"[]", b"{}", b'{"%b": [1]}' % CORP.sha256.encode()],
    ids=["nothing", "no-json", "list", "none-of-them", "numbers"],
)
def test_nobody_knows(village: Village, answer: bytes) -> None:
    """Of an account that gave no answer, or nonsense, everything is taken for held; so nothing is taken out there."""
    assert held(village, answer) == ("account:alice",)
    tested = imports(village)
    found = tested.before_removing(GONE)
    tested.engine.change(GONE, DiscoveryOptions(), Selection())
    wish = replace(GONE, imposed=tested.gone(found, dry_run=False))
    assert tested.take_out(wish, ()) == []
    tested.after_removing(wish, [])
    assert tested.engine.ledger().claims == {}


def test_the_first_answer_counts(village: Village) -> None:
    """What is held once the policy is there was imported: it is not asked again."""
    first = json.dumps({CORP.sha256: ["nss:/home/alice/one"]}).encode()
    assert held(village, first) == ("nss:/home/alice/one",)
    assert held(village, first.replace(b"one", b"two")) == ("nss:/home/alice/one",)


def test_somebody_does_not_answer_when_it_goes(village: Village) -> None:
    """Then the account is named, and what is to be done there is kept in mind."""
    assert held(village, json.dumps({CORP.sha256: []}).encode()) == ()
    tested = imports(village)
    found = tested.before_removing(GONE)
    tested.engine.change(GONE, DiscoveryOptions(), Selection())
    wish = replace(GONE, imposed=tested.gone(found, dry_run=False))
    (part,) = tested.take_out(wish, ())
    assert (part.scope, bool(part.problem)) == ("alice", True)
    tested.after_removing(wish, [part])
    assert tested.engine.ledger().claims[CORP.sha256].held == ()
    assert tested.engine.ledger().certificates == {CORP.sha256: CORP}


def test_no_policy_no_imports(village: Village) -> None:
    """Where the policy could not be written, nothing is taken for imported."""
    path = Path(village.where("/etc/firefox/policies/policies.json"))
    path.parent.mkdir(parents=True)
    path.write_text("{")
    tested = imports(replace(village, answer=json.dumps({CORP.sha256: []}).encode()))
    tested.before_adding(WISH, Selection())
    assert tested.engine.ledger().claims[CORP.sha256].held == ()
    tested.engine.change(WISH, DiscoveryOptions(), Selection())
    tested.after_adding(WISH)
    assert tested.engine.ledger().claims == {}


class Profiles(Shelf):
    """Shelves, of which those that are called after a profile import what policies name."""

    def discover(self, host: Host, places: DiscoveryOptions) -> list[Store]:
        """All of them."""
        return [
            replace(one, source=Source("", Relation.IMPORTS) if "/profile" in one.location else None)
            for one in super().discover(host, places)
        ]


def test_what_the_account_has_added_is_its_own(tmp_path: Path) -> None:
    """With the policy goes what it had imported, and nothing that the account itself has put anywhere."""
    world = World(tmp_path)
    world.shelves("mine", "profile-before")
    engine = Engine(world.host, [Profiles()], lambda _doing: None)
    engine.change(wish(0), DiscoveryOptions(), Selection())
    world.shelves("profile-after")
    engine.change(wish(1), DiscoveryOptions(), Selection(stores=("shelf:/stores/profile-after",)))
    shelf = tmp_path / "stores" / "profile-after"
    (shelf / "sources" / f"{ROOTS[0].sha256}.pem").write_bytes(ROOTS[0].pem)
    with (shelf / "bundle").open("a") as bundle:
        bundle.write(f"{ROOTS[0].sha256}\n")
    gone = replace(wish(0, 1, trusted=False), only_imposed=True, imposed={one.sha256: () for one in ROOTS[:2]})
    assert engine.change(gone, DiscoveryOptions(), Selection()).outcomes != ()
    assert [world.holds(name) for name in ("mine", "profile-before", "profile-after")] == [True, True, False]
    assert world.holds("profile-after", 1)
    assert {sha256 for _, sha256 in engine.ledger().placements} == {ROOTS[0].sha256, ROOTS[1].sha256}


def test_a_command_that_is_refused_leaves_no_note(village: Village) -> None:
    """With a store of an unknown name nothing is trusted, and nothing is listed as if it were."""
    installer = Installer(host=village, backends=[FirefoxPolicy()])
    root = replace(village.account, uid=0)
    installer.host = replace(village, account=root)
    with pytest.raises(UsageProblem, match="nosuch"):
        installer.add([CORP], stores=["firefox-policy", "nosuch"])
    assert installer.look().certificates == ()
    assert Engine(installer.host, [FirefoxPolicy()], lambda _doing: None).ledger().claims == {}


def test_a_note_alone_is_no_trust(village: Village) -> None:
    """While a command asks the accounts, or was killed then, no store holds the certificate, and none is listed."""
    imports(replace(village, answer=json.dumps({CORP.sha256: []}).encode())).before_adding(WISH, Selection())
    assert Installer(host=village, backends=[FirefoxPolicy()]).look().certificates == ()
