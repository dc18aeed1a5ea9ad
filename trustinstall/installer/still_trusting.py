"""Who goes on to trust certificates after a removal, and whether the command for another copy would take that out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.catalog import SYSTEM_STORES
from trustinstall.engine import discovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.task import StoreTask
from trustinstall.errors import printable
from trustinstall.installer import tool_views
from trustinstall.stores.desired import Desired
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools import client_verdicts
from trustinstall_platforms.tools.effective.clients import OF_OTHERS
from trustinstall_platforms.tools.effective.model import Form, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.engine.outcome import Outcome
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend

_TOLD = frozenset({Result.FOREIGN, Result.FAILED})


class StillTrusted(NamedTuple):
    """Programs that trust a certificate because of a setting or a variable that this command left alone.

    Attributes:
        sha256: the certificate.
        clients: the programs; none if the outcome of a store tells it.
        said: the file and line that name a bundle with the certificate, and what to do; for people.
        movable: whether `remove --not-ours` of the bundle's owner takes the certificate out of that bundle.
    """

    sha256: str
    clients: tuple[str, ...]
    said: str
    movable: bool


def readers(host: Host, sha256s: frozenset[str], outcomes: Collection[Outcome]) -> list[StillTrusted]:
    """Return the programs of an account that trust certificates by what other authors have set."""
    told = {one.store.location.partition("#")[0] for one in outcomes if one.result in _TOLD}
    found: dict[StillTrusted, list[str]] = {}
    for client, one in _found(host.remembering(), sha256s, told):
        found.setdefault(one, []).append(client)
    return [one._replace(clients=tuple(dict.fromkeys(clients)) if one.said else ()) for one, clients in found.items()]


def _found(host: Host, sha256s: frozenset[str], told: Collection[str]) -> Iterator[tuple[str, StillTrusted]]:
    """Yield each program, and what it reads; `told` are the files that outcomes name."""
    here = tool_views.names(host)
    named = {client for tool, client in OF_OTHERS.items() if tool in here}
    for client, bundle, held in client_verdicts.trusting(host, sha256s):
        real, setter = host.real(bundle.path), bundle.setter
        if not (setter.kind is Kind.VARIABLE or client.tool in here or client.name in named):
            continue
        what = "has it" if bundle.form is Form.INLINE else f"names {printable(bundle.path, 4096)}"
        mend = "; take it out of that setting" if bundle.single or bundle.form is not Form.FILE else ""
        movable = not mend and _is_of_another(host, real)
        said = "" if {real, host.real(setter.path or "/")} & set(told) else f"{setter} {what}{mend}"
        for sha256 in sorted(held):
            yield client.name, StillTrusted(sha256, (), said, movable)


def _is_of_another(host: Host, path: str) -> bool:
    """Whether a file belongs to another account, which has a store of it."""
    try:
        return host.account.uid != host.path_owner(path)
    except OSError:  # several accounts may change it: `remove` of none of them would
        return False


def why_kept(host: Host, backends: Sequence[Backend], certificate: Certificate) -> str:
    """Return why `remove --not-ours` of an administrator cannot take a certificate out of the system's store; or "".

    `host`: as the machine's owner sees it.
    """
    kinds = [one for one in backends if one.name in SYSTEM_STORES]
    for backend, store in discovery.discover(host, kinds, DiscoveryOptions()).stores.values():
        task = StoreTask(backend, store, (Desired(certificate, trusted=False),), {}, take_foreign=True)
        seen = discovery.observe(host, backend, store, task.names)
        if isinstance(seen, Observation) and (why := task.why_not_taken(host, seen)):
            return why
    return ""
