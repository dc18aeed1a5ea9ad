"""Windows' environment variables: values of one registry key of the machine's, and of one of each account's.

Programs started from the desktop have them as soon as the desktop was notified; so has every later login. No variable
that replaces is set: Windows keeps no bundle of public roots (it fetches them one by one), and programs that follow its
own store need none. Source: Microsoft, "Environment Variables" (Win32, System Services), and SetX's page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.facts import our_files, system_bundle, variables
from trustinstall.stores import bundle as bundles
from trustinstall.stores.plan import Plan
from trustinstall.stores.reference import By, Named
from trustinstall.stores.steps import SetVariables, ToolOperation
from trustinstall.stores.store import Store, blocked, naming

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host

_MACHINE = ("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment")
_ACCOUNT = ("HKCU", "Environment")
_NAMING = variables.ADDS[0].name  # the variable that names the managed file: the other values are recognised by it
_EVERY = frozenset(one.name for one in variables.EVERY)
_SET, _TAKE_BACK = "set", "take-back"
_REACHES = "programs that are started from now on: Node.js, uv, Deno"


def stores(host: Host, backend: str) -> Iterator[Store]:
    """Yield the acting account's key, or the bundle that another author's variable names there."""
    store, theirs = _store(host, backend), _read(host, _NAMING)
    if store is None:
        return
    path = (theirs or "").replace("\\", "/")
    if theirs is None or _is_ours(host, _NAMING, theirs):
        yield store
    elif _is_theirs_to_change(host, path):
        yield bundle(host, backend, path)
    else:
        why = f"{_NAMING} is set to {printable(theirs)}, which is no bundle to add to; take it out there, or mend it"
        yield replace(store, blocked=blocked(why), source=None)


def at(host: Host, backend: str, location: str) -> Store | None:
    """Return the key, if it is the acting account's, or a bundle that a variable named."""
    store = _store(host, backend)
    if store is None or store.location == location:
        return store
    return bundle(host, backend, location) if _is_theirs_to_change(host, location) else None


def bundle(host: Host, backend: str, path: str) -> Store:
    """Return another author's bundle that the variable names."""
    owner, unwritable = bundles.owner(host, path)
    return Store(backend, path, owner, f"{backend}:{path}", f"readers of {_NAMING}", blocked=blocked(unwritable))


def is_key(host: Host, location: str) -> bool:
    """Whether a location is the acting account's key, and not a bundle."""
    return location == "\\".join(_key(host))


def named(host: Host, *, replacing: bool) -> Named:
    """Read whether the variable names the managed file; with `replacing`, `enable` says why that is impossible."""
    value = _read(host, _NAMING)
    if value is None or not _is_ours(host, _NAMING, value):
        return Named(By.UNSET)
    outdated = replacing or _has_moved(host, value)
    return Named(By.US, f"{our_files.directory(host)}/{our_files.ANCHORS}", outdated=outdated)


def enable(host: Host, store: Store, *, replacing: bool) -> tuple[Plan, tuple[str, ...]]:
    """Plan to set the variables that are not set. Raises StoreError if variables that replace are asked for."""
    if replacing:
        cause = "Windows keeps no bundle of public roots that variables could name"
        raise StoreError(store=store.id, cause=cause, advice="leave --variables replace out")
    names = tuple(name for name in _values(host) if (there := _read(host, name)) is None or _has_moved(host, there))
    return Plan(operations=(_operation(_SET, _TAKE_BACK, names),)), names


def disable(noted: tuple[str, ...]) -> Plan:
    """Plan to remove the variables that still have trustinstall's values."""
    names = tuple(one for one in noted if one in _EVERY) or (_NAMING,)
    return Plan(operations=(_operation(_TAKE_BACK, _SET, names),), detaches=True)


def commands(host: Host, step: ToolOperation) -> Sequence[SetVariables]:
    """Return the changes of an operation: no existing value is overwritten, and only managed values are removed."""
    verb, *names = step.operation.split()
    ours = _values(host)
    values: dict[str, str | None] = {}
    for name in names:
        there = _read(host, name)
        if verb == _SET and (there is None or _has_moved(host, there)):
            values[name] = ours[name]
        elif verb == _TAKE_BACK and there is not None and _is_ours(host, name, there):
            values[name] = None
    return (SetVariables(*_key(host), tuple(values.items())),) if values else ()


def _operation(verb: str, inverse: str, names: tuple[str, ...]) -> ToolOperation:
    return ToolOperation(" ".join((verb, *names)), " ".join((inverse, *names)), b"")


def _key(host: Host) -> tuple[str, str]:
    return _MACHINE if host.account.is_root else _ACCOUNT


def _read(host: Host, name: str) -> str | None:
    return host.registry_text(*_key(host), name)


def _values(host: Host) -> dict[str, str]:
    """Return the managed values. Programs see an account's store as part of the system's, so switches help it, too."""
    path = f"{our_files.directory(host)}/{our_files.ANCHORS}".replace("/", "\\")
    return variables.values(path, "", replacing=False, machine=True)


def _is_ours(host: Host, name: str, value: str) -> bool:
    """Whether trustinstall has set a variable to this value, for the profile as it is called now or was before."""
    return value == _values(host)[name] or _has_moved(host, value)


def _has_moved(host: Host, value: str) -> bool:
    """Whether a value names a managed file that is missing: it was in a profile that has moved."""
    return our_files.is_one(value, our_files.ANCHORS) and host.status(value.replace("\\", "/")) is None


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
