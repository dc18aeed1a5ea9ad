"""Bundles: files of many roots in PEM, which get blocks with marker lines."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, blocks_of, ders_of
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked
from trustinstall.errors import StoreError
from trustinstall.stores.backend import Backend
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Edit, digest
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.store import Store

#: Directories of package caches. uv, pip, pnpm and others make hard links from them.
_PACKAGES = ("/site-packages/", "/dist-packages/", "/node_modules/")


class PemBundles(Backend):
    """Base class of backends whose stores are files of many roots, which get marked blocks.

    A subclass finds the files. A copy without marker lines is never managed by its place: others write there, too.
    """

    mend = "get it anew from where it came"  # the advice for a bundle that clients cannot load
    separates = False  # see `Edit`

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors that readers of the bundle trust."""
        return observe(host, store.fed_by or store.location, names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in it."""
        return anchors(host, store.fed_by or store.location)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan one edit for all certificates. Raises StoreError if the bundle is damaged."""
        return plan(host, store, seen, change, self.mend, separates=self.separates)

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load the bundle; it refuses the whole file for one bad block."""
        return host.openssl_refuses(store.fed_by or store.location)


def observe(
    host: Host, path: str, names: frozenset[str] = frozenset(), labels: frozenset[str] = CERTIFICATE_LABELS
) -> Observation:
    """Observe which certificates are in a bundle, and which of them carry the mark of trustinstall.

    Anchors are those whose PEM has one of the `labels`, which all readers of the bundle accept.
    """
    question = " ".join(("bundle", *sorted(labels)))
    try:
        held = _Held(*host.learned(question, (path,), len(_Held._fields), lambda: _read(host, path, labels)))
    except FileNotFoundError:
        return Observation({}, problems=("the bundle is missing",))
    found = [Copy(sha256, path, marked=True) for sha256 in held.ours if sha256 in names]
    found += [Copy(sha256) for sha256 in held.unmarked if sha256 in names]
    anchors = dict.fromkeys(held.anchors, State.TRUSTED)
    return Observation(anchors, frozenset(held.ours), held.problems, copies=tuple(found))


class _Held(NamedTuple):
    """The content of a bundle: its anchors, its faults, the managed blocks, and the certificates outside of them."""

    anchors: tuple[str, ...]
    problems: tuple[str, ...]
    ours: tuple[str, ...]
    unmarked: tuple[str, ...]


def _read(host: Host, path: str, labels: frozenset[str]) -> _Held:
    """Read and parse a bundle. Many environments hold the same one: the same bytes are parsed once."""
    data = host.read(path)
    return host.remembered(("bundle", hashlib.sha256(data).digest(), labels), lambda: _held(data, labels))


def _held(data: bytes, labels: frozenset[str]) -> _Held:
    blocks = blocks_of(data)
    certificates = [one for one in blocks if one.label in CERTIFICATE_LABELS]
    damaged = sum(one.der is None for one in blocks)
    anchors = tuple(sha256_of(one.der) for one in certificates if one.der is not None and one.label in labels)
    problems = [f"{damaged} of its PEM blocks are damaged"] if damaged else []
    if not certificates:
        problems.append("the bundle holds no certificate")
    others = tuple(sha256 for sha256, _ in unmarked(data, blocks))
    return _Held(tuple(dict.fromkeys(anchors)), tuple(problems), tuple(marked(data)), others)


def copies(data: bytes, path: str, names: frozenset[str]) -> Iterator[Copy]:
    """Yield the copies of certificates in a bundle: their managed blocks, and every PEM outside of managed blocks."""
    if not names:
        return
    yield from (Copy(sha256, path, marked=True) for sha256 in marked(data) if sha256 in names)
    yield from (Copy(sha256) for sha256, _ in unmarked(data) if sha256 in names)


def anchors(host: Host, path: str, labels: frozenset[str] = CERTIFICATE_LABELS) -> Iterator[bytes]:
    """Yield the DER of every certificate in a bundle whose PEM has one of the labels."""
    return iter(ders_of(host.read(path), labels))


def plan(host: Host, store: Store, seen: Observation, change: Change, mend: str, *, separates: bool = False) -> Plan:
    """Plan one edit of the bundle for all certificates; `separates` as in `Edit`, and for a package's files always.

    Raises StoreError, with the advice `mend`, if certificates would be added to a bundle that clients cannot load.
    """
    if store.fed_by is not None:
        return Plan()
    if change.add and seen.problems:
        raise StoreError(store=store.id, cause="; ".join(seen.problems), advice=mend)
    edit = Blocks(
        add=tuple(one.certificate for one in change.add),
        remove=tuple(dict.fromkeys(one.sha256 for one in change.remove if one.marked)),
        foreign=tuple(dict.fromkeys(one.sha256 for one in change.remove if not one.marked)),
    )
    placed = tuple(Placed(one.sha256, (store.location,)) for one in change.add)
    if edit == Blocks():
        return Plan(placed=placed)
    separates = separates or any(part in store.location for part in _PACKAGES)
    return Plan((Edit(store.location, edit, digest(host.read(store.location)), separates=separates),), placed=placed)


def owner(host: Host, path: str, what: str = "bundle") -> tuple[int, str | None]:
    """Return the owner of a file, and why it cannot be written; rights of another account are not checked."""
    if host.platform == "win32":
        return host.account.uid, host.may_write(path)
    try:
        uid = host.path_owner(path)
    except PermissionError as error:
        status = host.status(path)
        reason = f"{error.strerror}; take that right away, so that the {what} is only its owner's"
        return (status.uid if status else 0), reason
    return uid, host.may_write(path) if uid == host.account.uid else None
