"""Where each scope's state is, as any account sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state import ledger_file
from trustinstall.state.directory import State
from trustinstall.state.ledger import Ledger

if TYPE_CHECKING:
    from trustinstall.host import Host


def state_of(host: Host, owner: int) -> State:
    """Return where the state of the scope of an account is; root's is the machine's."""
    machine = owner == host.machine_owner
    return State(host.machine_state_base() if machine else host.state_base(), owner, machine)


def machine_ledger(host: Host) -> tuple[Ledger, str]:
    """The ledger of the machine's scope, which every account may read, and what is wrong with it, or "".

    Raises StateError for root only: an ordinary account's own stores do not depend on it.
    """
    try:
        return ledger_file.load(host, state_of(host, host.machine_owner)), ""
    except StateError as error:
        if host.account.uid == host.machine_owner:
            raise
        return Ledger(), str(error)
