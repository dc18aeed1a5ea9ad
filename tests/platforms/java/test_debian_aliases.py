"""Aliases in Debian's Java keystore that an earlier installation by hand has left behind, beside managed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import make, program, write
from tests.support.jks import jks
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.perform import perform
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import ActingHost, Host, Tools
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.desired import Change
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.keystores import debian
from trustinstall_platforms.keystores.distribution import trusted

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
BUNDLE, KEYSTORE = "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/java/cacerts"
LINK = f"/etc/ssl/certs/corp-root-{CORP.sha256[:12]}.pem"
OURS, BY_HAND = debian.alias(LINK), "debian:byhand.pem"


class Source(PemBundles):
    """The store that feeds the keystore: a bundle, and the hook's work on the keystore as steps."""

    name = "debian"

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the bundle."""
        yield Store(self.name, BUNDLE, host.machine_owner, self.name, "OpenSSL")

    def at(self, host: Host, _location: str) -> Store | None:
        """Find it again."""
        return next(self.discover(host, DiscoveryOptions()))

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Edit the bundle, and have the hook's change of the keystore made by hand."""
        plan = super().plan(host, store, seen, change)
        added = [(LINK, one.certificate) for one in change.add]
        return replace(plan, steps=(*plan.steps, *debian.steps(host, added, change.drop, ())))


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """An image of a Debian with Java, whose keystore has another root."""
    host = replace(make(tmp_path, "root", "/root"), tools=Tools.NEVER)
    write(host, BUNDLE, OTHER.pem)
    write(host, "/etc/default/cacerts", b"cacerts_updates=yes\n")
    for path in ("/etc/ca-certificates/update.d/jks-keystore", "/usr/bin/java"):
        program(host, path)
    write(host, KEYSTORE, jks(("debian:other.pem", OTHER.der)))
    return host


def change(host: ActingHost, *, trusted: bool, foreign: bool = False) -> Sequence[Outcome]:
    """Run the engine to add the corporate root, or to remove it; returns the outcome of each store."""
    wish = Request((Certificate(CORP.der),), trusted, by="root", adopt=foreign)
    return Engine(host, [Source(), Java()], lambda _doing: None).change(wish, DiscoveryOptions(), Selection()).outcomes


def left_by_hand(host: ActingHost) -> None:
    """Put the alias of a file that was deleted by hand into the keystore, beside what is there."""
    entries = [(one.alias, one.der) for one in trusted(host.read(KEYSTORE))]
    write(host, KEYSTORE, jks((BY_HAND, CORP.der), *entries))


def aliases(host: ActingHost) -> list[str]:
    """The aliases in the keystore."""
    return [one.alias for one in trusted(host.read(KEYSTORE))]


def test_an_alias_that_is_not_ours_is_left_and_named(host: ActingHost) -> None:
    """`remove` takes our alias, leaves the other one and says so; nothing failed, however often it is run."""
    change(host, trusted=True)
    left_by_hand(host)
    assert aliases(host) == [BY_HAND, "debian:other.pem", OURS]
    source, java = change(host, trusted=False)
    assert (source.result, java.result, java.foreign) == (Result.REMOVED, Result.FOREIGN, (CORP.sha256,))
    assert aliases(host) == [BY_HAND, "debian:other.pem"]
    source, java = change(host, trusted=False)
    assert (source.result, java.result, java.foreign) == (Result.ABSENT, Result.FOREIGN, (CORP.sha256,))


def test_it_goes_when_it_is_asked_for(host: ActingHost) -> None:
    """`remove --not-ours` takes the alias out of the keystore, and leaves all others as they were."""
    before = host.read(KEYSTORE)
    left_by_hand(host)
    _, java = change(host, trusted=False, foreign=True)
    assert (java.result, java.changed) == (Result.REMOVED, (CORP.sha256,))
    assert host.read(KEYSTORE) == before


def test_ours_and_the_other_one_go_in_one_command(host: ActingHost) -> None:
    """`remove --not-ours` of a certificate that trustinstall added, too: the source's and the keystore's copies go."""
    before = host.read(KEYSTORE)
    change(host, trusted=True)
    left_by_hand(host)
    source, java = change(host, trusted=False, foreign=True)
    assert (source.result, java.result) == (Result.REMOVED, Result.REMOVED)
    assert host.read(KEYSTORE) == before


def test_a_dry_run_takes_nothing_out(host: ActingHost) -> None:
    """A dry run of `remove --not-ours` leaves the keystore as it is."""
    left_by_hand(host)
    before = host.read(KEYSTORE)
    wish = Request((Certificate(CORP.der),), trusted=False, by="root", adopt=True, dry_run=True)
    Engine(host, [Source(), Java()], lambda _doing: None).change(wish, DiscoveryOptions(), Selection())
    assert host.read(KEYSTORE) == before


def test_our_alias_that_the_hook_forgot_is_no_copy_of_others(host: ActingHost) -> None:
    """The hook fails to take our alias out: that is a failure of the hook, and is said."""
    write(host, KEYSTORE, jks((OURS, CORP.der), ("debian:other.pem", OTHER.der)))

    class Broken(Source):
        """A source whose hook does nothing."""

        def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
            """Edit the bundle alone."""
            return PemBundles.plan(self, host, store, seen, change)

    wish = Request((Certificate(CORP.der),), trusted=True, by="root")
    engine = Engine(host, [Broken(), Java()], lambda _doing: None)
    engine.change(wish, DiscoveryOptions(), Selection())
    _, java = engine.change(replace(wish, trusted=False), DiscoveryOptions(), Selection()).outcomes
    assert java.result is Result.FAILED
    assert "hooks" in java.detail


def test_an_image_loses_the_aliases_of_the_files_that_go(host: ActingHost) -> None:
    """A file that was added by hand and is taken out goes with its alias, as the hook does it; another alias stays."""
    write(host, KEYSTORE, jks((BY_HAND, CORP.der), ("company", CORP.der), (OURS, CORP.der)))
    for step in debian.steps(host, (), [Certificate(CORP.der)], ["/etc/ssl/certs/byhand.pem"]):
        perform(host, step, "token")
    assert aliases(host) == ["company"]
