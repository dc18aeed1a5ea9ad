"""The directories of trustinstall's own state."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trustinstall.errors import StateError

if TYPE_CHECKING:
    from trustinstall.host.accounts import Account

MACHINE = {
    "linux": "/var/lib/trustinstall",
    "darwin": "/Library/Application Support/trustinstall",
    "win32": "C:/ProgramData/trustinstall",
}

#: The XDG base directory specification's default; platformdirs' directory on a Mac (user_state_dir).
_BELOW_HOME = {
    "linux": ".local/state/trustinstall",
    "darwin": "Library/Application Support/trustinstall",
}


def machine(platform: str) -> str:
    """Return the directory of the machine's ledger; on Windows the system names the place."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return f"{api.known_folder(api.PROGRAM_DATA)}/trustinstall"
    return MACHINE.get(platform, MACHINE["linux"])


def state(platform: str, account: Account) -> str:
    """Return the directory of the ledger and the journal: the machine's for root, else the account's own.

    It depends on the account alone, and on no variable (XDG_STATE_HOME, HOME): when root works for this account there
    are no variables, and both must find the same ledger.
    """
    if account.is_root:
        return machine(platform)
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return f"{api.known_folder(api.LOCAL_APP_DATA)}/trustinstall"
    if platform == "win32":
        import platformdirs  # 13 ms that only Windows needs

        return platformdirs.user_state_dir("trustinstall", appauthor=False)
    if account.home is None:
        raise StateError(f"{account.name} has no home directory to keep a ledger in; run it as an account that has one")
    return f"{account.home.rstrip('/')}/{_BELOW_HOME.get(platform, _BELOW_HOME['linux'])}"
