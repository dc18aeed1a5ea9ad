"""Java's own keystores, one for each installation: which may be written, what they trust, and how that is changed."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, StoreLocked
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Edit, digest
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms import keystores
from trustinstall_platforms.java import homes, named
from trustinstall_platforms.java.passwords import candidates
from trustinstall_platforms.keystores import Locked, New, Unreadable, change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.store import Places
    from trustinstall_platforms.keystores import Trusted

NAME = "java"
_LEND = "start its programs with `trustinstall run --java`"
_OWN = "give it a copy of this keystore with the certificate in it: -Djavax.net.ssl.trustStore=FILE in"
#: Places that nobody but their owner's tool may change, and the way that works instead.
SEALED = (
    (re.compile(r"^/snap/|/lib/snapd/"), f"a snap cannot be changed; {_LEND}"),
    (re.compile(r"/flatpak/"), f"a flatpak cannot be changed; {_OWN} flatpak override --env=JAVA_TOOL_OPTIONS=…"),
    (re.compile(r"^/nix/store/|^/gnu/store/"), f"the store is never changed in place; {_LEND}"),
    (re.compile(r"/WindowsApps/"), "Windows seals Store apps; install that Java from its vendor's own package"),
    (
        re.compile(r"\.app/Contents/"),
        f"the app is signed, and would no longer start; {_OWN} its VM options (Help > Edit Custom VM Options)",
    ),
    (
        re.compile(r"^/var/lib/(?:docker|containers|containerd)/|/share/containers/storage/"),
        "it belongs to a container image; add the certificate where the image is built",
    ),
)
#: Where systems keep what their tools make of the anchors.
MADE = ("/etc/ssl/", "/etc/pki/", "/etc/ca-certificates/", "/var/lib/ca-certificates/", "/var/cache/ca-certs/")
_MADE = (
    "it lies where a tool of the system makes it anew; add the certificate to the system's own store, which feeds it"
)


def found(host: Host, places: Places, but: str | None) -> Iterator[Store]:
    """Every keystore of an installation, or that somebody has named, once and without the one at `but`.

    Raises OSError as `java_homes.keystores`.
    """
    seen = {but}
    for home, location in homes.keystores(host, places.searches):
        if location not in seen and (store := at(host, location, home)) is not None:
            seen.add(location)
            yield store
    for location in named.keystores(host):
        if location not in seen and (store := at(host, location)) is not None:
            seen.add(location)
            yield store


def at(host: Host, location: str, home: str = "") -> Store | None:
    """The keystore at a location (links resolved), or None where no file is there."""
    status = host.status(location)
    if status is None or status.kind is not Kind.FILE:
        return None
    owner, unwritable = bundle.owner(host, location, "keystore")
    sealed = next((reason for place, reason in SEALED if place.search(location)), None)
    made = _MADE if location.startswith(MADE) else None
    label = home or homes.home_of(location)
    return Store(
        NAME,
        location,
        owner,
        f"{NAME}:{location}",
        "programs on this Java" if label != location else "programs that are told to trust it",
        label=label,
        blocked=blocked(sealed or made or unwritable, permanent=sealed is not None),
    )


def observe(host: Host, store: Store) -> Observation:
    """See what the installation trusts; one that nobody here can open is a problem."""
    try:
        entries = _trusted(host, store)
    except FileNotFoundError:
        return Observation({}, problems=("the keystore is missing",))
    except Unreadable as error:
        return Observation({}, problems=(str(error),))
    found = {change.sha256_of(one.der): change.is_ours(one) for one in entries}
    return Observation(dict.fromkeys(found, State.TRUSTED), frozenset(sha256 for sha256, ours in found.items() if ours))


def anchors(host: Host, store: Store) -> Iterator[bytes]:
    """The DER of every certificate that the installation trusts; none of a keystore that cannot be opened."""
    try:
        yield from dict.fromkeys(one.der for one in _trusted(host, store))
    except Unreadable:
        return


def plan(host: Host, store: Store, wanted: Sequence[Wanted], record: Record) -> Plan:
    """Plan one change of the keystore for all certificates.

    Raises StoreLocked where no password opens it, and StoreError where it cannot be understood, unless nothing of
    ours can be in it and nothing is to be added.
    """
    content = host.read(store.location, keystores.LIMIT)
    try:
        entries = _opened(content, tuple(candidates(host)))
    except Unreadable as error:
        if not any(one.trusted or one.certificate.sha256 in record for one in wanted):
            return Plan()
        if isinstance(error, Locked):
            raise StoreLocked(store=store.id, cause=str(error), advice=change.UNLOCK) from None
        raise StoreError(store=store.id, cause=str(error), advice=change.ADVICE) from None
    ours = {change.sha256_of(one.der) for one in entries if change.is_ours(one)}
    others = {change.sha256_of(one.der) for one in entries if not change.is_ours(one)}
    # A copy under another alias is ours to take out if that was asked for, now or when it was taken over.
    known = {one.certificate.sha256 for one in wanted if one.foreign}
    known |= {sha256 for sha256, placement in record.items() if placement.adopted}
    keep = [one.certificate for one in wanted if one.trusted]
    go = {one.certificate.sha256 for one in wanted if not one.trusted}
    strangers = {one.sha256 for one in keep if one.sha256 in others - ours - known}
    edit = change.Change(
        store.id,
        tuple(New(change.alias(one.sha256), one.der, _now(host)) for one in keep if one.sha256 not in ours | others),
        frozenset(go & ours),
        frozenset(go & others & known),
        host.token().encode(),
        partial(candidates, host),
    )
    placed = tuple(Placed(one.sha256, (change.alias(one.sha256),)) for one in keep if one.sha256 not in strangers)
    steps = (Edit(store.location, edit, digest(content)),) if edit.add or edit.ours or edit.foreign else ()
    return Plan(steps, placed=placed, foreign=frozenset(strangers | (go & others - known)))


def _trusted(host: Host, store: Store) -> tuple[Trusted, ...]:
    return _opened(host.read(store.location, keystores.LIMIT), tuple(candidates(host)))


@lru_cache(maxsize=8)  # one change looks at what stands there three times, and at what it has made twice
def _opened(content: bytes, passwords: tuple[str, ...]) -> tuple[Trusted, ...]:
    return tuple(keystores.parse(content).trusted(passwords))


def _now(host: Host) -> int:
    return int(datetime.fromisoformat(host.stamp().removesuffix("Z")).replace(tzinfo=timezone.utc).timestamp())
