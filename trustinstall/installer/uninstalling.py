"""`self uninstall`: the program itself, and its records, once nothing is trusted through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem
from trustinstall.host import installation
from trustinstall.state import kept_keys, ledger_file, removal, scopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host import ActingHost, Host


@dataclass(frozen=True)
class Uninstalling:
    """What `self uninstall` does.

    Attributes:
        program: how the program was installed; the caller deletes it last.
        deleted: paths that are deleted.
        kept: directories that stay, each with the reason.
        records: whether the records of the scope are deleted.
    """

    program: installation.Installation
    deleted: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]
    records: bool


def plan(host: Host, *, keep_trust: bool) -> Uninstalling:
    """Decide what is deleted: the program, and the records of the acting account (root's are the machine's).

    Raises UsageProblem while certificates are recorded, unless `keep_trust`: the records then stay, so that a later
    installation can remove the certificates. Raises StateError if the records cannot be read.
    """
    program = installation.find()
    state = scopes.state_of(host, host.account.uid)
    claims = ledger_file.load(host, state).claims
    if claims and not keep_trust:
        raise UsageProblem(
            f"certificates that trustinstall added are still trusted ({len(claims)}); "
            f"run {host.command()} remove --all first, or give --keep-trust to leave them trusted"
        )
    kept_proxies = kept_keys.load(host, state)
    proxies = [*kept_proxies.rows, *kept_proxies.accounts]
    if proxies and not keep_trust:
        raise UsageProblem(
            f"proxies that trustinstall has set stand in files of programs ({len(proxies)}); apply the document "
            "without them, with --prune, or give --keep-trust to leave them there"
        )
    there = host.status(state.base) is not None
    records = there and not (claims or proxies)
    own = [path for path in (program.link, program.directory) if path]
    stays = "certificates that stay trusted" if claims else "proxies that stay set"
    kept = ((state.base, f"the records of {stays}"),) if claims or proxies else ()
    return Uninstalling(program, (*own, *([state.base] if records else [])), kept, records)


def starts(host: Host, decided: Uninstalling) -> tuple[str, ...]:
    """Return the paths by which this installation is started: its own, the link to it, and its directory."""
    program = decided.program
    found = (host.program()[0], program.link, f"{program.directory}/" if program.directory else "")
    return tuple(path for path in found if path)


def delete_records(host: ActingHost, decided: Uninstalling, first: Callable[[], None] = lambda: None) -> bool:
    """Delete the records, if that was decided; return False if their directory holds other files, and so stays.

    `first` is done once it is certain that the records may go. Raises StateError if another command has added a
    certificate since; nothing is done then.
    """
    if decided.records:
        return removal.delete_empty(host, scopes.state_of(host, host.account.uid), first)
    first()
    return True
