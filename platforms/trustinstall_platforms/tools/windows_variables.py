"""Windows' environment variables: values of one registry key of the machine's, and of one of each account's.

Programs that are started from the desktop have them as soon as it has been told; so has every later login. Nothing that
replaces is set: Windows keeps no bundle of public roots (it fetches them one by one), and what follows its own store
needs none. Source: Microsoft, "Environment Variables" (Win32, System Services), and SetX's page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, system_bundle, variables
from trustinstall.stores import bundle as bundles
from trustinstall.stores import files
from trustinstall.stores.observation import Observation
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Native, SetVariables
from trustinstall.stores.store import Store, blocked, naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted

_MACHINE = ("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment")
_ACCOUNT = ("HKCU", "Environment")
_NAMING = variables.ADDS[0].name  # the variable that names our file: by it our values are known
_SET, _TAKE_BACK = "set", "take-back"
_REACHES = "programs that are started from now on: Node.js, uv, Deno"


def stores(host: Host, backend: str) -> Iterator[Store]:
    """The acting account's key; the bundle instead that somebody has the variable name there."""
    store, theirs = _store(host, backend), _read(host, _NAMING)
    if store is None:
        return
    path = (theirs or "").replace("\\", "/")
    if theirs is None or theirs == _values(host)[_NAMING]:
        yield store
    elif _is_theirs_to_change(host, path):
        yield bundle(host, backend, path)
    else:
        why = f"{_NAMING} is set to {printable(theirs)}, which is no bundle to add to; take it out there, or mend it"
        yield replace(store, blocked=blocked(why), source=None)


def at(host: Host, backend: str, location: str) -> Store | None:
    """The key, where it is the acting account's, or a bundle that a variable named."""
    store = _store(host, backend)
    if store is None or store.location == location:
        return store
    return bundle(host, backend, location) if _is_theirs_to_change(host, location) else None


def bundle(host: Host, backend: str, path: str) -> Store:
    """A bundle of somebody's that the variable names."""
    owner, unwritable = bundles.owner(host, path)
    return Store(backend, path, owner, f"{backend}:{path}", f"whoever reads {_NAMING}", blocked=blocked(unwritable))


def is_key(host: Host, location: str) -> bool:
    """Whether a location is the acting account's key, and no bundle."""
    return location == "\\".join(_key(host))


def named(host: Host) -> str | None:
    """The file of ours that the variable names, or None where it is not set to that."""
    return (
        f"{our_files.directory(host)}/{our_files.ANCHORS}" if _read(host, _NAMING) == _values(host)[_NAMING] else None
    )


def observe(host: Host) -> Observation:
    """See what programs are told to trust by our values."""
    path = named(host)
    if path is None:
        return Observation({})
    if host.status(path) is None:
        return Observation({}, problems=(f"it names {path}, which is missing",))
    return bundles.observe(host, path)


def plan(
    host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record, *, replacing: bool
) -> Plan:
    """Plan to set what is not set, or to take back with the last of ours what still is as we have set it.

    Raises StoreError where variables that replace are asked for.
    """
    new = [one.certificate.sha256 for one in wanted if one.trusted]
    go = {one.certificate.sha256 for one in wanted if not one.trusted}
    names, _ = files.carried(record)
    if new:
        if replacing:
            cause = "Windows keeps no bundle of public roots that variables could name"
            raise StoreError(store=store.id, cause=cause, advice="leave --env replace out")
        if named(host) is not None:
            return Plan(placed=tuple(Placed(one, names or (_NAMING,)) for one in new))
        names = tuple(name for name in _values(host) if _read(host, name) is None)
        placed = tuple(Placed(one, names) for one in new)
        return Plan(placed=placed, operations=(_operation(_SET, _TAKE_BACK, names),))
    holds = record.keys() | seen.ours
    if not go & holds or holds - go:
        return Plan()
    return Plan(operations=(_operation(_TAKE_BACK, _SET, names or (_NAMING,)),), withdraws=True)


def commands(host: Host, step: Native) -> Sequence[SetVariables]:
    """What is written for an operation: nothing over a value that is there, and nothing but our own is taken away."""
    verb, *names = step.operation.split()
    ours = _values(host)
    values: dict[str, str | None] = {}
    for name in names:
        there = _read(host, name)
        if verb == _SET and there is None:
            values[name] = ours[name]
        elif verb == _TAKE_BACK and there == ours[name]:
            values[name] = None
    return (SetVariables(*_key(host), tuple(values.items())),) if values else ()


def _operation(verb: str, inverse: str, names: tuple[str, ...]) -> Native:
    return Native(" ".join((verb, *names)), " ".join((inverse, *names)), b"")


def _key(host: Host) -> tuple[str, str]:
    return _MACHINE if host.account.is_root else _ACCOUNT


def _read(host: Host, name: str) -> str | None:
    return host.registry_text(*_key(host), name)


def _values(host: Host) -> dict[str, str]:
    """What we set. An account's store is part of what programs see as the system's, so that switches help it, too."""
    path = f"{our_files.directory(host)}/{our_files.ANCHORS}".replace("/", "\\")
    return variables.values(path, "", replacing=False, machine=True)


def _store(host: Host, backend: str) -> Store | None:
    own = our_files.location(host)
    if own is None:
        return None
    location = "\\".join(_key(host))
    return Store(
        backend, location, host.account.uid, f"{backend}:{location}", _REACHES, label=location, source=naming(own)
    )


def _is_theirs_to_change(host: Host, path: str) -> bool:
    """Whether a path is a bundle; an administrator's program reads none that others may change."""
    try:
        return (not host.account.is_root or host.path_owner(path) == 0) and system_bundle.bundle(host, path) is not None
    except (OSError, ValueError):
        return False
