"""Java's own keystores, one for each installation: which may be written, which roots they trust, and their changes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import printable
from trustinstall.facts.installed import program_of
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.stores import bundle
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.public_bundles import are_many
from trustinstall.stores.store import Store, blocked
from trustinstall.values import NamedTuple
from trustinstall_platforms import keystores
from trustinstall_platforms.java import homes, named
from trustinstall_platforms.java.editing import edit
from trustinstall_platforms.java.options import STORE
from trustinstall_platforms.java.passwords import USUAL, candidates
from trustinstall_platforms.keystores import Locked, Unreadable, change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall_platforms.java.options import Option
    from trustinstall_platforms.keystores import Trusted

NAME = "java"
_LEND = "start its programs with `trustinstall run --java`"
_OWN = "give it a copy of this keystore with the certificate in it: -Djavax.net.ssl.trustStore=FILE in"
#: Places that only their owner's tool may change, and the advice that works instead.
SEALED = (
    (regex(r"^/snap/|/lib/snapd/"), f"a snap cannot be changed; {_LEND}"),
    (regex(r"/flatpak/"), f"a flatpak cannot be changed; {_OWN} flatpak override --env=JAVA_TOOL_OPTIONS=…"),
    (regex(r"^/nix/store/|^/gnu/store/"), f"the store is never changed in place; {_LEND}"),
    (regex(r"/WindowsApps/"), "Windows seals Store apps; install that Java from its vendor's own package"),
    (
        regex(r"\.app/Contents/"),
        f"the app is signed, and would no longer start; {_OWN} its VM options (Help > Edit Custom VM Options)",
    ),
    (
        regex(r"^/var/lib/(?:docker|containers|containerd)/|/share/containers/storage/"),
        "it belongs to a container image; add the certificate where the image is built",
    ),
)
#: Directories of the systems' tools for files made of the anchors.
MADE = ("/etc/ssl/", "/etc/pki/", "/etc/ca-certificates/", "/var/lib/ca-certificates/", "/var/cache/ca-certs/")
_MADE = (
    "it lies where a tool of the system makes it anew; add the certificate to the system's own store, which feeds it"
)


def found(host: Host, but: str | None) -> Iterator[Store]:
    """Yield every keystore that an installation or a setting names, once each and without the one at `but`.

    Raises OSError as `homes.keystores`.
    """
    seen = {but}
    for home, location in homes.keystores(host):
        if location not in seen and (store := at(host, location, home)) is not None:
            seen.add(location)
            yield store
    for one in named.options(host):
        path = named.location(host, one)
        if path is None and named.is_unknown(host, one):
            yield _unknown(host, one)
        elif path is not None and path not in seen and (store := at(host, path)) is not None:
            seen.add(path)
            yield store


def recognise(host: Host, path: str, but: str | None) -> Store | None:
    """Return the keystore of a file: an installation's, a project's, or one of public roots that a program has.

    None for the one at `but`, and for any that no program reads.
    """
    if path.rpartition("/")[2].lower() in named.PROJECTS:
        return _of_project(host, path, but)
    installation = homes.recognise(host, path)
    if installation is not None:
        home, location = installation
        return at(host, location, home) if location != but else None
    real = host.real(path)
    program = program_of(host, path) if homes.home_of(path) == path and not real.startswith(MADE) else None
    return at(host, real, program) if program is not None and _holds_many(host, real) else None


def _of_project(host: Host, path: str, but: str | None) -> Store | None:
    """Return the keystore that a file of a project names last, or a store that says that it is not known."""
    said = [one for one in named.of_project(host, path) if one.name == STORE]
    location = named.location(host, said[-1]) if said else None
    if location is not None:
        return at(host, location) if location != but else None
    return _unknown(host, said[-1]) if said and named.is_unknown(host, said[-1]) else None


def _unknown(host: Host, one: Option) -> Store:
    """Return the store of an option whose keystore cannot be known."""
    location = f"{one.path}#{STORE}"
    said, where = printable(one.value, 4096), printable(str(one), 4096)
    why = f"{where} says {said}, and which keystore that is cannot be known; write its whole path, and add again"
    return Store(
        NAME,
        location,
        host.account.uid,
        f"{NAME}:{location}",
        f"Java programs, by {where}",
        label=printable(one.path, 4096),
        blocked=blocked(why, permanent=True),
    )


def _holds_many(host: Host, location: str) -> bool:
    """Whether a keystore opens with a known password and is one of public roots; another one may be a server's own."""
    try:
        return are_many(_observed(host, location).sha256)
    except (OSError, Unreadable):
        return False


def at(host: Host, location: str, home: str = "") -> Store | None:
    """Return the keystore at a location (links resolved), or None if it is not a file."""
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


def observe(host: Host, store: Store, names: frozenset[str]) -> Observation:
    """Observe the certificates that the installation trusts; a problem if no known password opens the keystore."""
    try:
        held = _observed(host, store.location)
    except FileNotFoundError:
        return Observation({}, problems=("the keystore is missing",))
    except Unreadable as error:
        return Observation({}, problems=(str(error),))
    marked = frozenset(sha256 for sha256, told in zip(held.sha256, held.marked, strict=True) if told)
    copies = (Copy(sha256, alias, bool(told)) for sha256, alias, told in zip(*held, strict=True) if sha256 in names)
    return Observation(dict.fromkeys(held.sha256, State.TRUSTED), marked, copies=tuple(copies))


class _Held(NamedTuple):
    """The trusted entries of a keystore: fingerprints, aliases, and for each whether it is marked as managed, or ""."""

    sha256: tuple[str, ...]
    aliases: tuple[str, ...]
    marked: tuple[str, ...]


def _held(entries: tuple[Trusted, ...]) -> _Held:
    return _Held(
        tuple(sha256_of(one.der) for one in entries),
        tuple(one.alias for one in entries),
        tuple("marked" if change.is_marked(one) else "" for one in entries),
    )


def anchors(host: Host, store: Store) -> Iterator[bytes]:
    """Yield the DER of every certificate that the installation trusts; none of a keystore that cannot be opened."""
    try:
        yield from dict.fromkeys(one.der for one in _trusted(host, store.location))
    except Unreadable:
        return


def plan(host: Host, store: Store, wanted: Change) -> Plan:
    """Plan one edit of the keystore for all certificates.

    Raises StoreLocked if no password opens it, and StoreError if it cannot be understood.
    """
    try:
        _trusted(host, store.location)
    except Unreadable as error:
        raise change.refused(store.id, error) from None
    placed = tuple(Placed(one.sha256, (change.alias(one.sha256),)) for one in wanted.add)
    return Plan(edit(host, store, store.location, wanted.add, wanted.remove), placed=placed)


def _observed(host: Host, location: str) -> _Held:
    """Return the trusted entries. Only those that a usual password shows depend on the file alone."""
    try:
        return _Held(*host.learned("keystore", (location,), len(_Held._fields), lambda: _usual(host, location)))
    except Locked:
        return _held(_trusted(host, location))


def _usual(host: Host, location: str) -> _Held:
    return _held(_opened(_read(host, location), USUAL))


def _trusted(host: Host, location: str) -> tuple[Trusted, ...]:
    content = _read(host, location)
    try:
        return _opened(content, USUAL)
    except Locked:
        return _opened(content, tuple(candidates(host)))


def _read(host: Host, location: str) -> bytes:
    return host.read(location, keystores.LIMIT)


@lru_cache(maxsize=8)  # one change reads the former content three times, and the new content twice
def _opened(content: bytes, passwords: tuple[str, ...]) -> tuple[Trusted, ...]:
    return tuple(keystores.parse(content).trusted(passwords))
