"""What an installer acts with: the engine of its own scope, its host as another account sees it, and that account."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from trustinstall.facts import homes, wsl
from trustinstall.host import state_paths
from trustinstall.host.watchdog import PATIENCE
from trustinstall.state.ledger import UNKNOWN_UID

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from trustinstall.engine.scope import Engine
    from trustinstall.host import Account, ActingHost, Host
    from trustinstall.installer.inspector import Inspector
    from trustinstall.state.ledger import Covered

#: Modules of trustinstall that jobs for an account import at their first use.
_MODULES = (
    "trustinstall.certificates.intake",
    "trustinstall.editing.jsonc",
    "trustinstall.editing.lines",
    "trustinstall.editing.maven",
    "trustinstall.editing.toml",
    "trustinstall.editing.yaml",
    "trustinstall.installer.company_roots",
    "trustinstall.installer.still_trusting",
    "trustinstall_platforms.browsers.chromium_policy_plan",
    "trustinstall_platforms.browsers.firefox_policy_plan",
    "trustinstall_platforms.containers.machines_plan",
    "trustinstall_platforms.keystores.check",
    "trustinstall_platforms.linux.anchor_directory_plan",
    "trustinstall_platforms.linux.debian_plan",
    "trustinstall_platforms.programs.android_reach",
    "trustinstall_platforms.tools.effective.condarc",
    "trustinstall_platforms.tools.effective.encoding",
)


def engine_of(installer: Inspector) -> Engine:
    """Return the engine of the acting account's scope."""
    from trustinstall.engine.scope import Engine  # loads the parts that change stores, which `list` does not need

    return Engine(installer.host, installer.backends, installer.on_progress)


def covered_account(host: Host, covered: Covered, beside: Collection[Covered] = ()) -> Account | None:
    """Return the account that a record means, or None: by its uid, which a rename keeps, or else by its name.

    `beside`: records of the same ledger. An account that has a record of its own got the uid, or the name, of a deleted
    account.
    """
    if covered.uid == UNKNOWN_UID:
        return host.account_named(covered.name)
    for found in (host.account_of(covered.uid), host.account_named(covered.name)):
        if found is not None and (found.name, found.uid) == (covered.name, covered.uid):
            return found
        recorded = found is not None and any((one.name, one.uid) == (found.name, found.uid) for one in beside)
        if found is not None and not recorded and _was_changed(host, found):
            return found
    return None


def _was_changed(host: Host, account: Account) -> bool:
    """Whether an account may be the recorded one, with another name or uid: one that was made later has no state."""
    if not account.home:
        return False
    path = state_paths.state(host.platform, account)
    status = host.status(path)
    return status.uid == account.uid if status is not None else not homes.certainly_lacks(host, account, path)


def seen_by(host: ActingHost, account: Account) -> ActingHost:
    """Return a host as another account sees it; it keeps only WSL's variables of the caller's environment."""
    return replace(host, account=account, environ=wsl.interop(host.environ))


def seen_as_machine(host: Host) -> Host:
    """Return a host for the machine's owner, with the acting account's rights, to find the machine's stores."""
    owner = host.account if host.is_image else host.account_of(host.machine_owner)
    return host if owner is None else replace(host, account=owner)


def answer_of(
    host: ActingHost,
    account: Account,
    job: Callable[[], bytes],
    on_progress: Callable[[], None],
    seconds: float = PATIENCE,
) -> bytes:
    """Return the answer of a job that is done as another account; see `worker.as_account`.

    What the job may import is loaded first: an installation that only root may read, that account cannot read.
    """
    for name in _MODULES:
        import_module(name)
    return host.as_account(account, job, on_progress, seconds)
