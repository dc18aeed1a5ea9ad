"""What an installer acts with: the engine of its own scope, and its host as another account sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.facts import wsl

if TYPE_CHECKING:
    from trustinstall.engine.scope import Engine
    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.inspector import Inspector


def engine_of(installer: Inspector) -> Engine:
    """Return the engine of the acting account's scope."""
    from trustinstall.engine.scope import Engine  # loads the parts that change stores, which `list` does not need

    return Engine(installer.host, installer.backends, installer.on_progress)


def seen_by(host: ActingHost, account: Account) -> ActingHost:
    """Return a host as another account sees it; of the caller's environment it keeps the access to Windows."""
    return replace(host, account=account, environ=wsl.interop(host.environ))
