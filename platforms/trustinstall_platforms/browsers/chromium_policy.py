"""Chromium and its relatives on Linux: the policies that a machine sets for every account and every profile.

Facts, each tried with Debian's Chromium 156 where nothing else is said:

- Every file in the directory is read, whatever its name and hidden ones too, in the order of their names' bytes. Of a
  policy that several set the last one counts, as a whole: lists are not joined. So what is new goes into the file that
  counts, or, where none sets the policy, into one of our own that sorts first: whoever comes later hides us, and we
  hide nobody.
- A file may hold comments and a comma too many; one that is no JSON is left out.
- `CACertificates` is a list of certificates in base64 DER; it holds at the browser's next start. Chrome and Edge have
  it since 131 (chromeenterprise.google/policies, "CACertificates"; Microsoft's policy reference of Edge).
- `CACertificatesWithConstraints` is a list of objects: a certificate, and constraints. Names that are permitted say
  nothing of addresses, and networks nothing of names: so both are always given, with something that nobody has where
  nothing was asked for. Then every name and address in a server's certificate must be permitted; sub-domains are.
- `CADistrustedCertificates` beats both.
- Where the machine's `libnssckbi.so` is p11-kit's module, the system's store is asked; see `policy_places`.

On macOS and Windows these browsers ask the keychain and the system's own store.

Vivaldi and Opera are reached by the accounts' NSS databases only: neither says where it looks for policies on Linux.
Vivaldi's published source (of 2018, chrome_paths.cc) leaves Chromium's directory as it is, users of version 8 found
`/etc/vivaldi`, others write of `/etc/opt/vivaldi`, and of Opera `/etc/opera` and `/etc/opt/opera`. A policy that nobody
reads would be reported as trust.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.name_constraints import names, networks
from trustinstall.editing.json_document import Document
from trustinstall.errors import StoreError, printable
from trustinstall.host import Kind
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
from trustinstall.typed_json import is_array, is_object
from trustinstall_platforms.browsers import policy_places
from trustinstall_platforms.browsers.chromium_browsers import BROWSERS
from trustinstall_platforms.linux.families import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places
    from trustinstall_platforms.browsers.chromium_browsers import Browser

_TRUSTED, _DISTRUSTED = "CACertificates", "CADistrustedCertificates"
_LIMITED = "CACertificatesWithConstraints"
_POLICIES = {_TRUSTED: State.TRUSTED, _LIMITED: State.LIMITED}
_CERTIFICATE, _CONSTRAINTS = "certificate", "constraints"
_NO_NAME, _NO_NETWORK = "invalid", "255.255.255.255/32"  # RFC 6761 section 6.4; RFC 919 section 7
_OURS = "00-trustinstall.json"
_EMPTY = b"{}\n"
_LIMIT = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class _File:
    """One file of policies: its text as it stands, and what it says."""

    path: str
    content: bytes
    document: Document

    def certificates(self, policy: str) -> dict[str, bytes]:
        """The DER of each certificate in a list, by SHA-256."""
        ders = [der for der in map(_der, self._list(policy)) if der]
        return {hashlib.sha256(der).hexdigest(): der for der in ders}

    def _list(self, policy: str) -> list[Any]:
        value = self.document.get(policy)
        return value if is_array(value) else []

    def items(self, policy: str, sha256: str) -> list[Any]:
        """What a list says of one certificate."""
        return [one for one in self._list(policy) if _is(one, sha256)]


@dataclass(frozen=True)
class _Look:
    """What a directory of policies says."""

    files: tuple[_File, ...] = ()
    problems: tuple[str, ...] = ()

    def counts(self, policy: str) -> _File | None:
        """The file whose word on a policy counts."""
        return next((one for one in reversed(self.files) if one.document.get(policy) is not None), None)

    def certificates(self, policy: str) -> dict[str, bytes]:
        """The DER of each certificate that a policy names, by SHA-256."""
        file = self.counts(policy)
        return file.certificates(policy) if file else {}


class ChromiumPolicy:
    """The backend of directories of managed policies."""

    name = "chromium-policy"
    constrains = True

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """Find the directories of browsers that are installed, whether they are there or not."""
        if host.platform != "linux":
            return []
        there = [one for one in BROWSERS if any(host.status(path) is not None for path in one.programs)]
        return [self._store(host, one) for one in there]

    def at(self, host: Host, location: str) -> Store | None:
        """The directory that the ledger remembers, if it is there; its browser may be gone."""
        if host.platform != "linux" or not host.is_directory(location):
            return None
        return next((self._store(host, one) for one in BROWSERS if one.directory == location), None)

    def observe(self, host: Host, store: Store) -> Observation:
        """See which roots the browser is told to trust, in the files that count."""
        if store.fed_by:
            return bundle.observe(host, host.real(store.fed_by))
        look = _look(host, store.location)
        anchors = dict.fromkeys(look.certificates(_LIMITED), State.LIMITED)
        anchors |= dict.fromkeys(look.certificates(_TRUSTED), State.TRUSTED)
        anchors |= dict.fromkeys(look.certificates(_DISTRUSTED), State.DISTRUSTED)
        ours = next((one for one in look.files if one.path.endswith(f"/{_OURS}")), None)
        held = (sha256 for policy in _POLICIES for sha256 in (ours.certificates(policy) if ours else ()))
        return Observation(anchors, frozenset(held), look.problems)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that `observe` counts."""
        if store.fed_by:
            yield from bundle.anchors(host, host.real(store.fed_by))
            return
        look = _look(host, store.location)
        policies = (*_POLICIES, _DISTRUSTED)
        yield from {sha256: der for one in policies for sha256, der in look.certificates(one).items()}.values()

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one edit of each file that changes. Raises StoreError where a file is in the way."""
        change = _Change(host, store, seen, record)
        for one in wanted:
            (change.put if one.trusted else change.take)(one)
        return change.plan()

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from policies."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: what was observed is what the browser reads."""
        return None

    def _store(self, host: Host, browser: Browser) -> Store:
        snap = any(path.startswith("/snap/") and host.status(path) is not None for path in browser.programs)
        ours = host.status(f"{browser.directory}/{_OURS}") is not None  # from before the module came
        follows = policy_places.asks_the_system(host) and not snap and not ours
        return Store(
            self.name,
            browser.directory,
            host.machine_owner,
            f"{self.name}:{browser.directory}",
            f"{browser.name}, once it is started again",
            label=browser.name,
            source=fed_by(policy_places.system_bundle(host) if follows else None),
            blocked=blocked(policy_places.unwritable(host, f"{browser.directory}/{_OURS}")),
        )


@dataclass
class _Change:
    """One change of a directory in the making."""

    host: Host
    store: Store
    seen: Observation
    record: Record
    placed: list[Placed] = field(default_factory=list[Placed])
    foreign: set[str] = field(default_factory=set[str])
    emptied: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._look = _look(self.host, self.store.location)
        self._ours = f"{self.host.real(self.store.location)}/{_OURS}"
        self._after = {one.path: one.document for one in self._look.files}
        self._new: list[str] = []

    def put(self, one: Wanted) -> None:
        """Have the browser trust a certificate."""
        certificate, sha256 = one.certificate, one.certificate.sha256
        state, placement = self.seen.anchors.get(sha256), self.record.get(sha256)
        if state is State.DISTRUSTED:
            self._refuse(f"{certificate.name} is distrusted by policy ({_DISTRUSTED})", "take it out of that list")
        policy = _LIMITED if one.domains else _TRUSTED
        counts = self._look.counts(policy)
        target = counts.path if counts else self._ours
        item = _item(certificate, one.domains)
        # Whoever goes last takes a directory along that any of ours has brought.
        directories = [path for known in self.record.values() for path in known.directories]
        there = counts.items(policy, sha256) if counts else []
        if state is one.goal and (placement is None or not one.domains or there == [item]):
            if placement is None and sha256 not in self.seen.ours:
                if one.domains and there != [item]:
                    self._refuse(f"somebody has kept {certificate.name} to other names", "take that out, or leave it")
                self.foreign.add(sha256)
                return
        else:
            if self._look.problems:
                self._refuse(self._look.problems[0], "mend it, or take it away")
            if one.domains and state is State.TRUSTED and placement is None and sha256 not in self.seen.ours:
                self._refuse(f"somebody trusts {certificate.name} for every name", "take that out first")
            self._drop(sha256, foreign=False)
            self._add(target, policy, item)
            directories += self._new
        self.placed.append(Placed(sha256, (target,), tuple(dict.fromkeys(directories))))

    def take(self, one: Wanted) -> None:
        """Have the browser trust a certificate no longer, as far as it is ours or `foreign` says so."""
        sha256, placement = one.certificate.sha256, self.record.get(one.certificate.sha256)
        self._drop(sha256, foreign=one.foreign)
        if self.seen.anchors.get(sha256) is State.DISTRUSTED:
            self.foreign.add(sha256)
        if placement:
            self.emptied += [path for path in reversed(placement.directories) if path not in self.emptied]

    def _drop(self, sha256: str, *, foreign: bool) -> None:
        """Take a certificate out of the lists in which it is ours, or out of all."""
        placement = self.record.get(sha256)
        for file in self._look.files:
            for policy in _POLICIES:
                if not file.items(policy, sha256):
                    continue
                if foreign or file.path == self._ours or (placement and file.path in placement.entries):
                    now = self._after[file.path]
                    self._after[file.path] = now.without_items([policy], lambda item: _is(item, sha256))
                else:
                    self.foreign.add(sha256)

    def plan(self) -> Plan:
        """Make the plan."""
        steps = [*self._steps(), *map(RemoveDirectory, self.emptied)]
        return Plan(tuple(steps), placed=tuple(self.placed), foreign=frozenset(self.foreign))

    def _steps(self) -> Iterator[Step]:
        yield from map(MakeDirectory, self._new)
        before = {one.path: one.content for one in self._look.files}
        for path, document in self._after.items():
            was = before.get(path)
            reason = policy_places.unwritable(self.host, path) if document.data != was else None
            if reason is not None:  # a link may lead to a file of somebody's who could lead us on
                self._refuse(f"{printable(path)} is where that policy stands: {reason}", "make it the machine's own")
            if path == self._ours and was is not None:
                for policy in _POLICIES:
                    document = document.without_empty([policy])  # noqa: PLW2901  what is left of our own file
                if document.get() == {}:
                    yield Delete(path, digest(was))
                    continue
            if document.data != was:
                yield Edit(path, Content(document.data), ABSENT if was is None else digest(was))

    def _add(self, path: str, policy: str, item: object) -> None:
        if path not in self._after:
            if self.host.status(path) is not None:
                self._refuse(f"{path} is not a file of policies", "look at it, and move it away")
            self._new = missing(self.host, self.store.location)
            self._after[path] = Document(_EMPTY)
        try:
            self._after[path] = self._after[path].with_item([policy], item)
        except ValueError as error:
            self._refuse(f"{printable(path)}: {error}", "mend it, or take it away")

    def _refuse(self, cause: str, advice: str) -> None:
        raise StoreError(store=self.store.id, cause=cause, advice=f"{advice}, and try again")


def _look(host: Host, directory: str) -> _Look:
    """Read a directory as the browser does. Raises OSError where one of its files cannot be read."""
    files: list[_File] = []
    problems: list[str] = []
    for name in sorted(host.names(directory), key=lambda name: name.encode("utf-8", "surrogateescape")):
        path = f"{directory}/{name}"
        status = host.status(host.real(path))
        if status is None or status.kind is not Kind.FILE or name.startswith(host.temporary_name("")):
            continue
        content = host.read(host.real(path), _LIMIT)
        try:
            files.append(_File(host.real(path), content, Document(content, lenient=True)))
        except ValueError as error:
            problems.append(f"{printable(path)} is no policy ({error}), so that the browser leaves it out")
    return _Look(tuple(files), tuple(problems))


def _item(certificate: Certificate, domains: tuple[str, ...]) -> object:
    """What stands in a list for a certificate."""
    der = base64.b64encode(certificate.der).decode()
    if not domains:
        return der
    constraints = {
        "permitted_dns_names": names(domains) or [_NO_NAME],
        "permitted_cidrs": networks(domains) or [_NO_NETWORK],
    }
    return {_CERTIFICATE: der, _CONSTRAINTS: constraints}


def _der(item: object) -> bytes | None:
    """The certificate of an item of either list."""
    item = item.get(_CERTIFICATE) if is_object(item) else item
    try:
        return base64.b64decode(item, validate=True) if isinstance(item, str) else None
    except (binascii.Error, ValueError):
        return None


def _is(item: object, sha256: str) -> bool:
    der = _der(item)
    return der is not None and hashlib.sha256(der).hexdigest() == sha256
