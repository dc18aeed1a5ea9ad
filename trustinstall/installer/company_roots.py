"""The roots that a company has already put into the machine's own store: for callers without a file of them.

Only the machine's store is read, which an administrator has filled, and never the user's. Public roots are left out:
the anchors of the system's vendor, Mozilla's roots, and Microsoft's roots that Windows has from the start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.engine import discovery
from trustinstall.errors import StoreError, UsageProblem, printable
from trustinstall.stores.observation import State as Trust
from trustinstall.stores.store import DiscoveryOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

# Subjects of the roots that Windows is installed with, beside the roots that it fetches (AuthRoot). Source: Microsoft's
# list of required trusted root certificates (KB 293781), and the list of its programme's participants.
_MICROSOFT = re.compile(
    "CN=(Microsoft (Root|Authenticode|ECC|Time Stamp|Identity Verification)|Thawte Timestamping|Symantec Enterprise)"
    "|OU=(Microsoft Corporation|Copyright \\(c\\) 1997 Microsoft|NO LIABILITY ACCEPTED)"
)
Held = tuple[Certificate, str]  # a certificate, and the id of the store that holds it


def company_roots(host: Host, backends: Sequence[Backend], match: str | None, sources: frozenset[str]) -> list[Held]:
    """Return the non-public roots of the machine's own stores, each once, and the stores' name for people.

    `match` is a part of the subject, in any case; `sources` names backends, or is empty for the system's own stores.
    Raises UsageProblem if there are no such roots, and StoreError if a named source cannot be read.
    """
    found: dict[str, Held] = {}
    looked = discovery.discover(host, backends, DiscoveryOptions())
    problems = {name: why for name, why in looked.failures.items() if name in sources}
    stores = [(backend, store) for backend, store in looked.stores.values() if _is_source(store, sources)]
    for backend, store in stores:
        try:
            for one in _private(host, backend, store):
                if match is None or match.casefold() in one.subject.casefold():
                    found.setdefault(one.sha256, (one, store.label or store.id))
        except OSError as error:
            problems[store.backend] = error.strerror or str(error)
    for name in sources & problems.keys():
        raise StoreError(store=name, cause=problems[name], advice="mend that, or name a file")
    if not found:
        raise UsageProblem(_nothing(stores, match))
    return list(found.values())


def _is_source(store: Store, sources: frozenset[str]) -> bool:
    return store.backend in sources if sources else store.system and store.owner == 0


def _private(host: Host, backend: Backend, store: Store) -> Iterator[Certificate]:
    seen = backend.observe(host, store, frozenset()).anchors
    delivered = backend.delivered(host, store)
    for der in backend.anchors(host, store):
        one = Certificate.held(der)
        public = one.sha256 in FINGERPRINTS or one.sha256 in delivered
        if seen.get(one.sha256) is Trust.TRUSTED and not public and not _MICROSOFT.search(one.subject):
            yield one


def _nothing(stores: Sequence[tuple[Backend, Store]], match: str | None) -> str:
    if not stores:
        return "no store of this system is known here that a company's root could be taken from; name a file"
    names = ", ".join(store.label or store.id for _, store in stores)
    which = f"whose subject has {printable(match)} in it" if match else "but public ones"
    return f"{names}: there are no roots {which}; ask for the certificate's file, and name that"
