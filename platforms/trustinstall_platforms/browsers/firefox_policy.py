"""Firefox and its relatives on Linux: the policy that makes every profile of every account import a root.

Facts (which file is read, and where it is, says `firefox_places`):

- `policies.Certificates.Install` in `policies.json` names certificate files (PEM or DER); a profile imports them when
  it is started, unless it trusts them already. Tried with Firefox 153: in existing and in new profiles.
- Taking the policy away takes nothing out of a profile that has been started since; see `nss`.
- It must be strict JSON, or all of it is ignored.
- A bare name is looked for in `/usr/lib/mozilla/certificates` and `/usr/lib64/mozilla/certificates`, too.
- Where the `libnssckbi.so` that is loaded is p11-kit's module, the system's store is asked; see `policy_places`.

On macOS and Windows these browsers take what the system's store trusts (since 120; security.enterprise_roots.enabled),
and a file inside a signed application would break its seal.
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.json_document import Document
from trustinstall.errors import StoreError
from trustinstall.stores import bundle
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import (
    ABSENT,
    Content,
    Delete,
    Edit,
    MakeDirectory,
    RemoveDirectory,
    digest,
)
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall.typed_json import is_array
from trustinstall_platforms.browsers import firefox_places, policy_places
from trustinstall_platforms.linux.families import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places

_KEYS = ("policies", "Certificates", "Install")
_SHARED = ("/usr/lib/mozilla/certificates", "/usr/lib64/mozilla/certificates")
_LIMIT = 16 * 1024 * 1024  # bytes


class FirefoxPolicy:
    """The backend of policy files that Firefox and its relatives read."""

    name = "firefox-policy"
    imposes = True

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """Find the files that applications which are installed read, or would read if they were there."""
        return [self._store(host, one) for one in firefox_places.found(host)] if host.platform == "linux" else []

    def at(self, host: Host, location: str) -> Store | None:
        """The policy file that the ledger remembers, if it is there; its application may be gone."""
        if (
            host.platform != "linux"
            or host.status(location) is None
            or posixpath.basename(location) != firefox_places.FILE
        ):
            return None
        return self._store(host, firefox_places.Place(firefox_places.name_of(location), location))

    def observe(self, host: Host, store: Store) -> Observation:
        """See which roots profiles are told to import, from files that are there."""
        if store.fed_by:
            return bundle.observe(host, host.real(store.fed_by))
        look = _Look(host, store)
        anchors = dict.fromkeys(look.named, State.TRUSTED)
        return Observation(anchors, frozenset(look.ours), (look.problem,) if look.problem else ())

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that `observe` counts."""
        if store.fed_by:
            yield from bundle.anchors(host, host.real(store.fed_by))
        else:
            yield from (der for _, der in _Look(host, store).named.values())

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one edit of the file, and certificates beside it. Raises StoreError where it is no policy."""
        if store.fed_by:
            return Plan()
        change = _Change(host, store, seen, record)
        for one in wanted:
            (change.put if one.trusted else change.take)(one)
        return change.plan()

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: what profiles have imported is in stores of their own."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: what was observed is what the application reads."""
        return None

    def _store(self, host: Host, place: firefox_places.Place) -> Store:
        reason = place.unwritable or policy_places.unwritable(host, place.path)
        return Store(
            self.name,
            place.path,
            host.machine_owner,
            f"{self.name}:{place.path}",
            f"{place.name}, once it is started again",
            label=place.name,
            source=fed_by(policy_places.system_bundle(host) if place.module else None),
            blocked=blocked(reason),
        )


class _Look:
    """What a policy file says."""

    def __init__(self, host: Host, store: Store) -> None:
        """Read it; one that is not there says nothing. Raises OSError where it cannot be read."""
        self.path = host.real(store.location)
        self.content = host.read_or_none(self.path, _LIMIT)
        self.document = Document(b"{}\n")
        self.problem = ""
        try:
            if self.content is not None:
                self.document = Document(self.content)
        except ValueError as error:
            self.problem = f"{store.location} is no JSON ({error}), so that all of it is ignored"
        self.inside = firefox_places.inside(store.location)
        listed = self.document.get(*_KEYS)
        self.listed = [one for one in listed if isinstance(one, str)] if is_array(listed) else []
        self.named: dict[str, tuple[str, bytes]] = {}  # by SHA-256: how it is listed, and its DER
        for word in self.listed:
            der = _certificate(host, [path for path in self.where(word) if _is_machines(host, path)])
            if der is not None:
                self.named.setdefault(hashlib.sha256(der).hexdigest(), (word, der))
        self.ours = {sha256: word for sha256, (word, _) in self.named.items() if self._is_ours(word)}

    def where(self, word: str) -> tuple[str, ...]:
        """The paths, on the machine, at which a listed name is looked for."""
        if word.startswith(f"{self.inside}/"):
            return (f"{posixpath.dirname(self.path)}/{word[len(self.inside) + 1 :]}",)
        return (word,) if word.startswith("/") else tuple(f"{one}/{word}" for one in _SHARED)

    def _is_ours(self, word: str) -> bool:
        return (
            posixpath.dirname(word) == self.inside
            and firefox_places.OURS.fullmatch(posixpath.basename(word)) is not None
        )


@dataclass
class _Change:
    """One change of a policy file in the making."""

    host: Host
    store: Store
    seen: Observation
    record: Record
    placed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    foreign: set[str] = field(default_factory=set[str])
    emptied: list[str] = field(default_factory=list[str])
    before: list[Step] = field(default_factory=list["Step"])
    after: list[Step] = field(default_factory=list["Step"])

    def __post_init__(self) -> None:
        self._look = _Look(self.host, self.store)
        self._document = self._look.document
        self._directory = posixpath.dirname(self._look.path)
        # Whoever goes last takes along what any of ours has made: directories, the file, keys in it.
        self._made = [path for known in self.record.values() for path in known.directories]
        self._keys = {
            word for known in self.record.values() for word in known.entries if word.startswith(self._key(""))
        }

    def put(self, one: Wanted) -> None:
        """Have profiles import a certificate."""
        certificate, sha256 = one.certificate, one.certificate.sha256
        name = f"trustinstall-{sha256[:12]}.crt"
        if sha256 not in self.seen.anchors:
            if self._look.problem:
                self._refuse(self._look.problem, "mend it")
            self._add(certificate, name)
        elif sha256 not in self.record and sha256 not in self._look.ours:
            self.foreign.add(sha256)
            return
        self.placed.append((sha256, f"{self._directory}/{name}"))

    def take(self, one: Wanted) -> None:
        """Have profiles import a certificate no longer, as far as that is ours or `foreign` says so."""
        sha256, placement = one.certificate.sha256, self.record.get(one.certificate.sha256)
        if placement and self._look.problem:
            self._refuse(self._look.problem, "mend it")
        name = f"trustinstall-{sha256[:12]}.crt"
        word, _ = self._look.named.get(sha256, ("", b""))
        mine = sha256 in self._look.ours or placement is not None
        if word and not (mine or one.foreign):
            self.foreign.add(sha256)
            return
        listed = {word, f"{self._look.inside}/{name}"} if mine else {word}
        self._document = self._document.without_items(_KEYS, lambda item: item in listed)
        content = self.host.read_or_none(f"{self._directory}/{name}", _LIMIT) if mine else None
        if content is not None and _sha256(content) == sha256:
            self.after.append(Delete(f"{self._directory}/{name}", digest(content)))
        if placement:
            self.emptied += [path for path in reversed(placement.directories) if path not in self.emptied]

    def plan(self) -> Plan:
        """Make the plan."""
        steps = (*self.before, *self._edits(), *self.after, *map(RemoveDirectory, self.emptied))
        keys, made = sorted(self._keys), tuple(dict.fromkeys(self._made))
        placed = tuple(Placed(sha256, (self._look.path, path, *keys), made) for sha256, path in self.placed)
        return Plan(steps, placed=placed, foreign=frozenset(self.foreign))

    def _add(self, certificate: Certificate, name: str) -> None:
        path = f"{self._directory}/{name}"
        if not self.before:
            new = missing(self.host, self._directory)
            self.before += map(MakeDirectory, new)
            self._made += new
        standing = self.host.read_or_none(path, _LIMIT)
        if standing is not None and _sha256(standing) != certificate.sha256:
            self._refuse(f"{path} holds something else than its name says", "look at it and move it away")
        if standing is None:
            self.before.append(Edit(path, Content(certificate.pem), ABSENT))
        word = f"{self._look.inside}/{name}"
        if word in self._look.listed:
            return
        self._keys |= {
            self._key("/".join(_KEYS[:depth]))
            for depth in range(1, len(_KEYS) + 1)
            if self._look.document.get(*_KEYS[:depth]) is None
        }
        if self._look.content is None:
            self._keys.add(self._key(""))
        try:
            self._document = self._document.with_item(_KEYS, word)
        except ValueError as error:
            self._refuse(f"{self.store.location}: {error}", "mend it")

    def _edits(self) -> Iterator[Step]:
        """Change the file, or let go of it where it was ours and nothing is left in it."""
        path, was = self._look.path, self._look.content
        document = self._document
        if document.data == self._look.document.data:
            return
        for depth in range(len(_KEYS), 0, -1):
            if self._key("/".join(_KEYS[:depth])) in self._keys:
                document = document.without_empty(_KEYS[:depth])
        if was is not None and self._key("") in self._keys and document.get() == {}:
            yield Delete(path, digest(was))
        else:
            yield Edit(path, Content(document.data), ABSENT if was is None else digest(was))

    def _key(self, keys: str) -> str:
        """How the ledger names a key that we have made in the file; the file itself has no key."""
        return f"{self._look.path}: /{keys}"

    def _refuse(self, cause: str, advice: str) -> None:
        raise StoreError(store=self.store.id, cause=cause, advice=f"{advice}, and try again")


def _is_machines(host: Host, path: str) -> bool:
    """Whether a listed file is the machine's own: what others could put there is none of our business."""
    try:
        return host.path_owner(host.real(path)) in {0, host.machine_owner}
    except OSError:
        return False


def _certificate(host: Host, paths: Sequence[str]) -> bytes | None:
    """The DER of the first certificate in the first of these files that is there."""
    for path in paths:
        try:
            content = host.read(host.real(path), _LIMIT)
        except OSError:
            continue
        return _first(content)
    return None


def _first(content: bytes) -> bytes | None:
    blocks = (one.der for one in pem_blocks(content) if one.label in CERTIFICATE_LABELS)
    return next(blocks, content if content.startswith(b"\x30") else None)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(_first(content) or b"").hexdigest()
