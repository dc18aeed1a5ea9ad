"""The bundles that variables of other authors name: certificates are added to them, because the variables have effect.

If such a bundle cannot be changed, its store is blocked, with the file and line of the variable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts import our_files, system_bundle, variables
from trustinstall.stores import bundle
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.tools import carrier, our_section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.reaching import Reach, Theirs


def named_in_files(host: Host, backend: str, reach: Reach, *, reached: bool) -> Iterator[Store]:
    """Yield a store of the backend `backend` for each bundle that the files of other authors name.

    `reached`: the machine's stores reach the account; then the system's bundle, and the bundles that the machine's
    files name, belong to the machine and are left out.
    """
    system = system_bundle.find(host) if reached else None
    for one in reach.theirs:
        if reached and not carrier.is_owned(host, one.setter.path):
            continue
        if system is not None and one.path == host.real(system.path):
            continue
        yield store(host, backend, one.path, one.name) if one.problem is None else _blocked(host, backend, one)


def named_in_session(host: Host, backend: str) -> Iterator[Store]:
    """Yield a store of the backend `backend` for each bundle that the caller's own variables name.

    Managed bundles, the machine's and the system's are left out. Do not call it for root, whose variables may be those
    of the account that called sudo.
    """
    named = {variables.file_in(name, host.environ.get(name, "")): name for name in sorted(our_section.NAMES)}
    system, own = system_bundle.find(host), our_files.directory(host)
    for path, name in named.items():
        if not path.startswith("/") or path.startswith((f"{own}/", f"{our_files.MACHINE}/")):
            continue
        if system_bundle.bundle(host, path) is not None and host.real(path) != (system.path if system else ""):
            yield store(host, backend, host.real(path), name)


def store(host: Host, backend: str, location: str, name: str = "") -> Store:
    """Return the store of the bundle at `location`, which the variable `name` names ("" if that is not known now)."""
    owner, unwritable = bundle.owner(host, location)
    clients = f"programs that read {name}" if name else "programs that read the variable that names it"
    return Store(backend, location, owner, f"{backend}:{location}", clients, blocked=blocked(unwritable))


def _blocked(host: Host, backend: str, one: Theirs) -> Store:
    """Return the blocked store of a variable whose bundle cannot be changed."""
    path, line = one.setter.path, one.setter.line
    is_own = host.account.is_root or carrier.is_owned(host, path)
    shown = printable(host.quoted(path), 4096)
    whole = "shorten it" if (one.problem or "").endswith(" read") else "make it a file of root's"
    mend = f"{f'take that line out (sed -i {line}d {shown})' if line else whole}, and add again"
    return Store(
        backend,
        one.location,
        host.account.uid,
        f"{backend}:{one.location}",
        f"programs that read {one.name}" if line else f"programs that read {shown}'s {one.name}",
        label=str(one),
        blocked=blocked(f"{one} {one.problem}; {mend if is_own else 'ask the administrator'}", permanent=not is_own),
    )
