"""Where our own state lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError

if TYPE_CHECKING:
    from trustinstall.host.accounts import Account

MACHINE = {
    "linux": "/var/lib/trustinstall",
    "darwin": "/Library/Application Support/trustinstall",
    "win32": r"C:\ProgramData\trustinstall",
}


def state(platform: str, account: Account) -> str:
    """The directory of the ledger and the journal: the machine's for root, else the account's own.

    On Linux it is the default of the XDG base directory specification, whatever XDG_STATE_HOME says: when root
    works for this account there is no such variable, and both must find the same ledger.
    """
    if account.is_root:
        return MACHINE.get(platform, MACHINE["linux"])
    if platform in {"darwin", "win32"}:
        import platformdirs  # 13 ms that Linux does not need

        return platformdirs.user_state_dir("trustinstall", appauthor=False)
    if account.home is None:
        raise StateError(f"{account.name} has no home directory to keep a ledger in; run it as an account that has one")
    return f"{account.home.rstrip('/')}/.local/state/trustinstall"
