"""Completion of values by the shell: store names, fingerprints and words.

It must be quick, so it does not search for stores: it offers well-known names and those in the ledgers. A failure
prints nothing, because the shell would show it in the middle of a command line.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.state.ledger import Ledger

_LONGEST = 60  # characters of a name
_SHORT = 12  # digits of a fingerprint, as reports have them


def stores(incomplete: str) -> list[str]:
    """Return names of stores that begin so; after a comma another name."""
    from trustinstall.stores.groups import NAMES

    typed, comma, last = incomplete.rpartition(",")
    names = dict.fromkeys(NAMES)
    for ledger in _ledgers():
        # For bash a colon ends a word, so an id with a path cannot be completed.
        names |= dict.fromkeys(_plain(store.partition(":")[0]) for store, _ in ledger.placements)
    return [f"{typed}{comma}{name}" for name in names if name.startswith(last)]


def certificates(incomplete: str) -> list[tuple[str, str]]:
    """Return the starts of fingerprints that were added, each with the name of its certificate."""
    return [(sha256[:_SHORT], name) for sha256, name in _added(incomplete)]


def fingerprints(incomplete: str) -> list[tuple[str, str]]:
    """Return whole fingerprints that were added, each with the name of its certificate."""
    return list(_added(incomplete))


def sources(incomplete: str) -> list[str]:
    """Return the values of `--from` that begin so."""
    return [word for word in ("system", "windows") if word.startswith(incomplete)]


def files() -> list[str]:
    """Return nothing: the shell then completes files."""
    return []


def _added(incomplete: str) -> Iterator[tuple[str, str]]:
    found = {sha256: one.name for ledger in _ledgers() for sha256, one in ledger.certificates.items()}
    for sha256, name in sorted(found.items(), key=lambda one: one[1]):
        if sha256.startswith(incomplete.lower()):
            yield sha256, _plain(name)


def _plain(name: str) -> str:
    """Return a certificate's name without characters that a shell could interpret.

    zsh evaluates the answer twice, and Typer's quoting lets a backslash before a dollar sign through.
    """
    return "".join(char if char.isalnum() or char in " .-_" else " " for char in name[:_LONGEST])


def _ledgers() -> Iterator[Ledger]:
    from trustinstall.host import Host
    from trustinstall.state import ledger_file, scopes

    with suppress(Exception):
        host = Host.current()
        for uid in dict.fromkeys((host.machine_owner, host.account.uid)):
            with suppress(Exception):
                yield ledger_file.load(host, scopes.state_of(host, uid))
