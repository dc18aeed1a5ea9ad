"""The ledger on disk: a snapshot, and for a large ledger a log of later changes.

A small ledger is written whole. For a large one each command appends one line with its changes to the log, so that the
cost depends on the change and not on the size; a log as large as its snapshot is merged into it. Both files are
appended to or replaced durably. A line that a kill or a power loss cut off has no line break, and is ignored. A line
names the snapshot that it belongs to, so that a kill between the two writes of a merge does no harm.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.errors import StateError, printable
from trustinstall.state.directory import check_owner, read_json
from trustinstall.state.ledger import Claim, Covered, Ledger, moment
from trustinstall.state.moved import homes
from trustinstall.state.terms import Terms
from trustinstall.stores.desired import Placement
from trustinstall.stores.steps import digest
from trustinstall.typed_json import flag, items, members, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

VERSION = 3
READS = (1, 2, VERSION)  # 1: before 0.2; accounts were names only, all in one file. 2: claims had no terms
SMALL = 64 * 1024  # bytes of a ledger that is written whole: no slower than an append
_LIMIT = 1 << 30  # bytes of a log


def load(host: Host, state: State) -> Ledger:
    """Return the ledger of a scope, or an empty one if it does not exist yet.

    Raises StateError if it cannot be read, may have been written by another account, or has an unknown version.
    """
    data = read_json(host, state.ledger, state.owner, READS)
    if data is None:
        return Ledger().moved(*homes(host, state))
    try:
        ledger = _from_json(data)
        for change in _log(host, state, data):
            _apply(ledger, change)
        _check(ledger)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(
            f"{state.ledger} is damaged ({printable(repr(error))}); nothing was changed: restore it from a backup, "
            "or move it away and run add again for each certificate"
        ) from None
    return ledger.moved(*homes(host, state))


def save(host: ActingHost, state: State, before: Ledger, ledger: Ledger) -> None:
    """Write the difference of two states of the ledger durably; `before` is the result of `load`.

    The machine's ledger is readable by every account, an account's by its owner alone.
    """
    mode = 0o644 if state.machine else 0o600
    snapshot = host.status(state.ledger)
    log = host.status(state.ledger_log)
    if snapshot is not None and snapshot.size > SMALL and (log.size if log else 0) < snapshot.size:
        data = read_json(host, state.ledger, state.owner, READS) or {}
        written = (data["home"], data.get("real_home", ""))
        if data["version"] == VERSION and written == (ledger.home, ledger.real_home) and _ends_well(host, state):
            change = {"of": data["serial"], **_difference(before, ledger)}
            host.append(state.ledger_log, json.dumps(change).encode() + b"\n", mode)
            return
    host.write(state.ledger, dump(ledger), mode, None, host.token())
    if log is not None:
        host.delete(state.ledger_log)


def next_transaction(ledger: Ledger) -> str:
    """Return the name of the journal that follows this state of the ledger.

    It is not random: two images that are built in the same way are identical.
    """
    return digest(f"after {ledger.transaction}".encode())


def dump(ledger: Ledger) -> bytes:
    """Return a snapshot: JSON in a fixed order, an item on each line."""
    body = _lines(ledger)
    serial = digest(body.encode())[:16]
    return f'{{"version": {VERSION}, "serial": "{serial}", {body}}}\n'.encode()


def _lines(ledger: Ledger) -> str:
    certificates = [
        f"{json.dumps(sha256)}: {json.dumps(_pem(one))}" for sha256, one in sorted(ledger.certificates.items())
    ]
    claims = [json.dumps(_claim_json(one), sort_keys=True) for _, one in sorted(ledger.claims.items())]
    placements = [json.dumps(_placement_json(one), sort_keys=True) for _, one in sorted(ledger.placements.items())]
    former = [json.dumps(_pem(one)) for one in ledger.former.values()]
    retired = [json.dumps(_placement_json(one), sort_keys=True) for _, one in sorted(ledger.retired.items())]
    real = f', "real_home": {json.dumps(ledger.real_home)}' if ledger.real_home else ""
    return (
        f'"transaction": {json.dumps(ledger.transaction)}, "home": {json.dumps(ledger.home)}{real},\n'
        f'"certificates": {{{_joined(certificates)}}},\n"claims": [{_joined(claims)}],\n'
        f'"placements": [{_joined(placements)}]'
        + (f',\n"former": [{_joined(former)}],\n"retired": [{_joined(retired)}]' if former or retired else "")
    )


def _joined(parts: list[str]) -> str:
    return ",".join(f"\n {one}" for one in parts)


def _difference(before: Ledger, after: Ledger) -> dict[str, Any]:
    """Return the difference of two states of the ledger; null stands for a deleted item."""
    return {
        "transaction": after.transaction,
        "certificates": {
            key: _pem(after.certificates[key]) if key in after.certificates else None
            for key in _changed(before.certificates, after.certificates)
        },
        "claims": {
            key: _claim_json(after.claims[key]) if key in after.claims else None
            for key in _changed(before.claims, after.claims)
        },
        "placements": [
            [*key, _placement_json(after.placements[key]) if key in after.placements else None]
            for key in _changed(before.placements, after.placements)
        ],
        **({"former": list(map(_pem, after.former.values()))} if before.former != after.former else {}),
        **({"retired": list(map(_placement_json, after.retired.values()))} if before.retired != after.retired else {}),
    }


def _changed(before: Mapping[Any, object], after: Mapping[Any, object]) -> list[Any]:
    changed = [key for key, one in after.items() if before.get(key) is not one and before.get(key) != one]
    return [*changed, *(key for key in before if key not in after)]


def _apply(ledger: Ledger, change: Mapping[str, Any]) -> None:
    ledger.transaction = str(change["transaction"])
    for sha256, pem in members(change["certificates"]).items():
        ledger.certificates.pop(sha256, None)
        if pem is not None:
            ledger.certificates[sha256] = _certificate(sha256, str(pem))
    for sha256, claim in members(change["claims"]).items():
        ledger.claims.pop(sha256, None)
        if claim is not None:
            ledger.claims[sha256] = _claim(claim)
    for store, sha256, placement in items(change["placements"]):
        ledger.placements.pop((str(store), str(sha256)), None)
        if placement is not None:
            ledger.placements[str(store), str(sha256)] = _placement(placement)
    if "former" in change:
        ledger.former = _former(change["former"])
    if "retired" in change:
        ledger.retired = _retired(change["retired"])


def _log(host: Host, state: State, data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the changes since a snapshot, oldest first."""
    content = host.read_or_none(state.ledger_log, limit=_LIMIT) if data["version"] in {2, VERSION} else None
    if content is None:
        return
    check_owner(host, state.ledger_log, state.owner)
    *lines, _cut_off = content.split(b"\n")
    for line in lines:
        change = members(json.loads(line))
        if change["of"] == data["serial"]:
            yield change


def _ends_well(host: Host, state: State) -> bool:
    """Whether a line may be appended to the log: the log does not exist yet, or its last line is complete."""
    content = host.read_or_none(state.ledger_log, limit=_LIMIT)
    return content is None or content.endswith(b"\n")


def _from_json(data: Mapping[str, Any]) -> Ledger:
    certificates = {sha256: _certificate(sha256, str(pem)) for sha256, pem in members(data["certificates"]).items()}
    claims = [_claim(one) for one in items(data["claims"])]
    placements = [_placement(one) for one in items(data["placements"])]
    return Ledger(
        certificates,
        {one.sha256: one for one in claims},
        {(one.store, one.sha256): one for one in placements},
        str(data["transaction"]),
        str(data.get("home", "")),
        _former(data.get("former", [])),
        _retired(data.get("retired", [])),
        str(data.get("real_home", "")),
    )


def _retired(data: object) -> dict[tuple[str, str], Placement]:
    placements = [_placement(one) for one in items(data)]
    return {(one.store, one.sha256): one for one in placements}


def _former(data: object) -> dict[str, Certificate]:
    found = (_one(pem) for pem in words(data))
    return {one.sha256: one for one in found}


def _check(ledger: Ledger) -> None:
    """Raise ValueError if a certificate is named but not kept."""
    named = {*ledger.claims, *(sha256 for _, sha256 in ledger.placements)}
    if missing := named - ledger.certificates.keys():
        raise ValueError(f"certificate {min(missing)} is named but not kept")


def _pem(certificate: Certificate) -> str:
    return certificate.pem.decode("ascii")


def _claim_json(claim: Claim) -> dict[str, Any]:
    accounts = [[one.name, one.uid] for one in claim.accounts]
    terms = claim.terms.to_json()
    return {
        "sha256": claim.sha256,
        "by": claim.by,
        "since": claim.since,
        "accounts": accounts,
        "held": claim.held,
        **({"terms": terms} if terms else {}),
    }


def _claim(data: Mapping[str, Any]) -> Claim:
    return Claim(
        str(data["sha256"]),
        str(data["by"]),
        str(data["since"]),
        tuple(map(_covered, items(data["accounts"]))),
        None if data.get("held") is None else words(data["held"]),
        _terms(data.get("terms", {})),
    )


def _terms(data: object) -> Terms:
    """Return the terms of a claim. Raises ValueError if the end is not a time."""
    terms = Terms.from_json(members(data))
    if terms.until:
        moment(terms.until)
    return terms


def _covered(item: object) -> Covered:
    if isinstance(item, str):
        return Covered(item)
    name, uid = items(item)
    return Covered(str(name), int(uid))


def _placement_json(placement: Placement) -> dict[str, Any]:
    return {
        "sha256": placement.sha256,
        "store": placement.store,
        "entries": placement.entries,
        "directories": placement.directories,
        "since": placement.since,
        "by": placement.by,
        "adopted": placement.adopted,
    }


def _placement(data: Mapping[str, Any]) -> Placement:
    return Placement(
        str(data["sha256"]),
        str(data["store"]),
        words(data["entries"]),
        words(data["directories"]),
        str(data["since"]),
        str(data["by"]),
        flag(data["adopted"]),
    )


def _certificate(sha256: str, pem: str) -> Certificate:
    found = _one(pem)
    if found.sha256 != sha256:
        raise ValueError(f"certificate {sha256} is not what its name says")
    return found


def _one(pem: str) -> Certificate:
    blocks = [block.der for block in pem_blocks(pem.encode("ascii"))]
    if len(blocks) != 1 or blocks[0] is None:
        raise ValueError("a text that should be one certificate is not")
    return Certificate.held(blocks[0])
