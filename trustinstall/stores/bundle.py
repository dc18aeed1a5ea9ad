"""What bundles of PEM have in common that we put marked blocks into: a Python package's, and those that are named."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked
from trustinstall.errors import StoreError
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Edit, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.store import Store


def observe(host: Host, path: str) -> Observation:
    """See which certificates are in a bundle, and which of them carry our marks."""
    try:
        data = host.read(path)
    except FileNotFoundError:
        return Observation({}, problems=("the bundle is missing",))
    blocks = list(pem_blocks(data))
    certificates = [one for one in blocks if one.label in CERTIFICATE_LABELS]
    damaged = sum(one.der is None for one in blocks)
    anchors = {_sha256(one.der): State.TRUSTED for one in certificates if one.der is not None}
    problems = [f"{damaged} of its PEM blocks are damaged"] if damaged else []
    if not certificates:
        problems.append("the bundle holds no certificate")
    return Observation(anchors, frozenset(marked(data)), tuple(problems))


def anchors(host: Host, path: str) -> Iterator[bytes]:
    """The DER of every certificate in a bundle."""
    for block in pem_blocks(host.read(path)):
        if block.label in CERTIFICATE_LABELS and block.der is not None:
            yield block.der


def plan(host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record, advice: str) -> Plan:
    """Plan one edit of the bundle for all certificates.

    Raises StoreError, with `advice`, where certificates would be added to a bundle that clients cannot load.
    """
    # A copy without our marks is ours to take out if that was asked for, or if its marks were lost.
    adopted = {sha256 for sha256, placement in record.items() if placement.adopted}
    known = {one.certificate.sha256 for one in wanted if one.foreign} | adopted
    there = seen.anchors.keys()
    add = [one.certificate for one in wanted if one.trusted and one.certificate.sha256 not in there]
    keep = [one.certificate.sha256 for one in wanted if one.trusted]
    go = [one.certificate.sha256 for one in wanted if not one.trusted]
    strangers = frozenset(one for one in keep if one in there and one not in seen.ours | known)
    placed = tuple(Placed(one, (store.location,)) for one in keep if one not in strangers)
    if not add and not any(one in there or one in seen.ours for one in go):
        return Plan(placed=placed, foreign=strangers)
    if add and seen.problems:
        raise StoreError(store=store.id, cause="; ".join(seen.problems), advice=advice)
    data = host.read(store.location)
    copies = {sha256 for sha256, _ in unmarked(data)} if go else set[str]()
    edit = Blocks(
        add=tuple(add),
        remove=tuple(one for one in go if one in seen.ours),
        foreign=tuple(one for one in go if one in copies & known),
    )
    left = frozenset(one for one in go if one in copies - known)
    steps = () if edit == Blocks() else (Edit(store.location, edit, digest(data)),)
    return Plan(steps, placed=placed, foreign=strangers | left)


def owner(host: Host, path: str, what: str = "bundle") -> tuple[int, str | None]:
    """Return whose a file is, and why it cannot be written; another account's rights are its own matter."""
    if host.platform == "win32":
        return host.account.uid, host.may_write(path)
    try:
        uid = host.path_owner(path)
    except PermissionError as error:
        status = host.status(path)
        reason = f"{error.strerror}; take that right away, so that the {what} is only its owner's"
        return (status.uid if status else 0), reason
    return uid, host.may_write(path) if uid == host.account.uid else None


def _sha256(der: bytes) -> str:
    return sys.intern(hashlib.sha256(der).hexdigest())  # many bundles hold the same roots
