"""The roots that a company has already put into the machine's own store: for callers without a file of them.

The machine's store is read, because an administrator has filled it, and the files in which a product that inspects
connections keeps its root. The user's store is never read. Public roots are left out: the anchors of the system's
vendor, Mozilla's roots, and Microsoft's roots that Windows has from the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.engine import discovery
from trustinstall.errors import StoreError, UsageProblem, printable
from trustinstall.facts import inspection
from trustinstall.patterns import regex
from trustinstall.stores.observation import State as Trust
from trustinstall.stores.store import DiscoveryOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.certificates.intake import Held
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

# Subjects of the roots that Windows is installed with, beside the roots that it fetches (AuthRoot). Source: Microsoft's
# list of required trusted root certificates (KB 293781), and the list of its programme's participants.
_MICROSOFT = regex(
    "CN=(Microsoft (Root|Authenticode|ECC|Time Stamp|Identity Verification)|Thawte Timestamping|Symantec Enterprise)"
    "|OU=(Microsoft Corporation|Copyright \\(c\\) 1997 Microsoft|NO LIABILITY ACCEPTED)"
)


def company_roots(host: Host, backends: Sequence[Backend], match: str | None, sources: frozenset[str]) -> list[Held]:
    """Return the non-public roots of the machine's own stores and of products' files, each once, and where they are.

    `match` is a part of the subject, in any case; `sources` names backends, or is empty for the system's own stores.
    Raises UsageProblem if there are no such roots, and StoreError if a named source cannot be read.
    """
    found: dict[str, tuple[Certificate, str]] = {}
    host = host.remembering()
    looked = discovery.discover(host, backends, DiscoveryOptions())
    problems = {name: why for name, why in looked.failures.items() if name in sources}
    stores = [(backend, store) for backend, store in looked.stores.values() if _is_source(store, sources)]
    for backend, store in stores:
        try:
            for one in _private(host, backend, store):
                found.setdefault(one.sha256, (one, store.label or store.id))
        except OSError as error:
            problems[store.backend] = error.strerror or str(error)
    for name in sources & problems.keys():
        raise StoreError(store=name, cause=problems[name], advice="mend that, or name a file")
    products = _Products(() if sources else inspection.installed(host))
    for one, path in products.files(host):
        found.setdefault(one.sha256, (one, path))
    matching = [
        products.held(one, where)
        for one, where in found.values()
        if match is None or match.casefold() in one.subject.casefold()
    ]
    if not matching:
        raise UsageProblem(_nothing(stores, match))
    return matching


def left_over(host: Host, roots: Iterable[Certificate]) -> list[tuple[Certificate, str]]:
    """Return the roots of products that another one may have replaced on this machine, and the reason in words."""
    products = _Products(inspection.installed(host))
    found = [(one, products.idle(one)) for one in roots]
    return [(one, why) for one, why in found if why]


class _Products:
    """The installed products that inspect connections, and the product of each root."""

    def __init__(self, here: Sequence[inspection.Installed]) -> None:
        self._here = {one.product.name: one for one in here}
        self._made: dict[str, inspection.Product] = {}  # by SHA-256, from their own files

    def files(self, host: Host) -> Iterator[tuple[Certificate, str]]:
        """Yield the roots in the products' own files, and their paths."""
        for each in self._here.values():
            for one, path in inspection.roots(host, each.product):
                self._made.setdefault(one.sha256, each.product)
                yield one, path

    def held(self, root: Certificate, where: str) -> Held:
        """Return a root with where it is, its product, and why it may be idle."""
        from trustinstall.certificates.intake import Held  # loads the parsers of certificates

        product, idle = self._of(root), self.idle(root)
        if product is None:
            return Held(root, where)
        shown = self._here.get(product.name)
        name = f"{product.name}, which is installed here ({shown.where})" if shown else product.name
        return Held(root, where, name, f"{idle}; --sha256 {root.sha256} takes it all the same" if idle else "")

    def idle(self, root: Certificate) -> str:
        """Return why a root may be left over, in words, or "": its product is not installed, and another one is.

        A running process alone does not prove another product: any account may start a process of that name.
        """
        product = self._of(root)
        other = next((one for one in self._here.values() if one.by_file), None)
        if product is None or product.name in self._here or other is None:
            return ""
        shown = f"{other.product.name} is ({other.where})"
        return f"it may be left of {product.name}, which is not installed here, but {shown}"

    def _of(self, root: Certificate) -> inspection.Product | None:
        return self._made.get(root.sha256) or inspection.product_of(root)


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
