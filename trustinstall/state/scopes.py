"""The paths of each scope's state, as any account sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state import ledger_file
from trustinstall.state.directory import State
from trustinstall.state.ledger import Ledger

if TYPE_CHECKING:
    from trustinstall.host import Host


def state_of(host: Host, owner: int) -> State:
    """Return the paths of the state of an account's scope; root's is the machine's."""
    machine = owner == host.machine_owner
    return State(host.machine_state_base() if machine else host.state_base(), owner, machine)


def own_ledger(host: Host) -> Ledger:
    """Return the ledger of the acting account's scope, root's that of the machine. Raises StateError."""
    return ledger_file.load(host, state_of(host, host.account.uid))


def machine_ledger(host: Host) -> tuple[Ledger, str]:
    """Return the ledger of the machine's scope, which every account may read, and its fault, or "".

    Raises StateError for root only: an ordinary account's own stores do not depend on it.
    """
    try:
        return ledger_file.load(host, state_of(host, host.machine_owner)), ""
    except StateError as error:
        if host.account.uid == host.machine_owner:
            raise
        return Ledger(), str(error)
