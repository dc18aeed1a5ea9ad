"""`self uninstall`: deletes the program and its records, once it manages no certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem
from trustinstall.host import installation
from trustinstall.state import kept_keys, ledger_file, memory_file, removal, scopes
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host import ActingHost, Host


@dataclass(frozen=True)
class Uninstalling:
    """The plan of `self uninstall`.

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
    """Plan the deletion of the program, and of the records of the acting account (root's are the machine's).

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
    """Delete the records, if the plan says so; return False if their directory stays because it holds other files.

    `first` is called when it is certain that the records may be deleted. Raises StateError, and does nothing, if
    another command has added a certificate since.
    """
    state = scopes.state_of(host, host.account.uid)
    if decided.records:
        return removal.delete_empty(host, state, first)
    first()
    memory_file.forget(host, state)
    return True
