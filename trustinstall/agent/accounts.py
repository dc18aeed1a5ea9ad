"""Agents of other accounts that start this program: found and removed with the rights of each account.

`self uninstall` by root deletes a program that accounts may have installed an agent of their own for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.agent import agent
from trustinstall.errors import TrustInstallError
from trustinstall.facts import homes
from trustinstall.installer.wire import encode, received

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.host import Account, ActingHost

_PATIENCE = 60.0  # seconds for one account


class Agents(NamedTuple):
    """The files of other accounts' agents, and accounts that could not be asked, each with the reason."""

    files: dict[Account, tuple[str, ...]]
    unknown: tuple[tuple[Account, str], ...]


def find(host: ActingHost, program: Sequence[str]) -> Agents:
    """Return agents that start what lies at one of these paths. Only root looks; on Windows no other account is asked."""
    files: dict[Account, tuple[str, ...]] = {}
    unknown: list[tuple[Account, str]] = []
    looks = host.account.is_root and host.platform != "win32"
    for account in homes.login_accounts(host) if looks else ():
        if account.uid == 0 or homes.has_none(host, account):
            continue
        why = homes.why_unreachable(host, account)
        try:
            found = () if why else _as(host, account, partial(_starting, tuple(program)))
        except (TrustInstallError, OSError) as error:
            found, why = (), str(error)
        if why:
            unknown.append((account, why))
        elif found:
            files[account] = found
    return Agents(files, tuple(unknown))


def remove(host: ActingHost, account: Account) -> None:
    """Remove an account's agent. Raises TrustInstallError or OSError."""
    _as(host, account, lambda theirs: agent.remove(theirs).files)


def _as(
    host: ActingHost, account: Account, job: Callable[[ActingHost], tuple[str, ...]]
) -> tuple[str, ...]:
    theirs = replace(host, account=account, dialogs=False)
    return received(tuple[str, ...], host.as_account(account, lambda: encode(job(theirs)), lambda: None, _PATIENCE))


def _starting(program: Sequence[str], host: ActingHost) -> tuple[str, ...]:
    """Return the files of the acting account's agent, if it starts this program."""
    there = agent.there(host)
    contents = [host.read_or_none(path) or b"" for path in there if host.link_target(path) is None]
    return there if any(one.encode() in content for one in program for content in contents) else ()
