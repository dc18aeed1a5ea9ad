"""The requests of documents: certificates with their terms, proxies, and the answer to switched-off verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.facts.proxies import Proxies
    from trustinstall.host import Account
    from trustinstall.state.terms import Terms


class Declared(NamedTuple):
    """One certificate that documents ask for, with its terms, the other accounts, and the place in the document."""

    certificate: Certificate
    terms: Terms
    accounts: tuple[Account, ...]
    where: str


class DeclaredProxies(NamedTuple):
    """The proxies that documents ask for, and the other accounts that they are for: these, or also all."""

    proxies: Proxies
    accounts: tuple[Account, ...] = ()
    all_users: bool = False


class Declaration(NamedTuple):
    """The requests of one command's documents.

    `origin` distinguishes them from other documents in the ledger. `stores`: each word that chooses or leaves out
    stores, with its place (file, line and key).
    """

    certificates: tuple[Declared, ...]
    origin: str
    notes: tuple[str, ...] = ()
    proxies: DeclaredProxies | None = None
    switched_off: str = ""
    stores: tuple[tuple[str, str], ...] = ()
