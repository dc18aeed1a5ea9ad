"""Notes on what a document asks for and this machine does not have: words that name no store, and roots in no store.

A document may be for many machines, so neither is a mistake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import catalog
from trustinstall.engine.request import Selection
from trustinstall.engine.scope import Engine
from trustinstall.errors import UsageProblem, printable
from trustinstall.installer.situation import ScopeOptions
from trustinstall.state.ledger import moment
from trustinstall.stores.groups import NAMES
from trustinstall.stores.store import Store

if TYPE_CHECKING:
    from trustinstall.declared.declaration import Declaration, Declared
    from trustinstall.installer.installer import Installer


def notes(installer: Installer, declaration: Declaration, *, dry_run: bool) -> tuple[str, ...]:
    """Return a sentence for each word that names no store here, and, after an act, for each root in no store."""
    return (*unknown_words(installer, declaration).values(), *(() if dry_run else _nowhere(installer, declaration)))


def unknown_words(installer: Installer, declaration: Declaration) -> dict[tuple[str, str], str]:
    """Return each word, with its place, that begins with no kind of store and names no store in scope; and why."""
    known = {*NAMES, *(one.name for one in catalog.every())}
    kinds = ((word.partition(":")[0], word, place) for word, place in declaration.stores)
    doubted = [(word, place) for kind, word, place in kinds if not ({kind, f"{kind}-policy"} & known)]
    if not doubted:
        return {}
    root, everybody = installer.host.account.is_root, any(_is_for_accounts(one) for one in declaration.certificates)
    ask = ScopeOptions(scope="machine" if root and not everybody else None, all_users=root and everybody, no_input=True)
    views = installer.look(ask).stores
    here = [Store(one.backend, one.location, 0, one.store, one.clients, label=one.label) for one in views]
    found: dict[tuple[str, str], str] = {}
    for word, place in doubted:
        try:
            Selection(skip=(word,)).check(here)
        except UsageProblem as problem:
            found[word, place] = f"{place}: {problem}"
    return found


def _nowhere(installer: Installer, declaration: Declaration) -> list[str]:
    """Return a sentence for each root that is in none of the stores that its document chooses."""
    ledger = Engine(installer.host, installer.backends, installer.on_progress).ledger()
    now = installer.host.now()
    return [
        f"{one.where}: {printable(one.certificate.name)} is in no store: {printable(', '.join(one.terms.stores), 200)} "
        "names none here that can hold it"
        for one in declaration.certificates
        if one.terms.stores and not (_is_for_accounts(one) or ledger.stores_of(one.certificate.sha256))
        if not one.terms.until or moment(one.terms.until) > now
    ]


def _is_for_accounts(one: Declared) -> bool:
    return bool(one.accounts) or one.terms.all_users
