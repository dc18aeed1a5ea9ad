"""Agents of other accounts that start this program: found and removed with the rights of each account.

`self uninstall` by root deletes a program that accounts may have installed an agent of their own for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.agent import agent
from trustinstall.errors import TrustInstallError, printable
from trustinstall.facts import homes
from trustinstall.installer.acting import answer_of
from trustinstall.installer.wire import encode, received
from trustinstall.typed_json import made_printable
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.host import Account, ActingHost

_PATIENCE = 60.0  # seconds for one account


class Agents(NamedTuple):
    """Other accounts' agents: their files, and homes that may hold an agent, each with the reason why it is unknown."""

    files: dict[Account, tuple[str, ...]]
    unknown: tuple[tuple[str, str], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """All of the files."""
        return tuple(path for files in self.files.values() for path in files)


def find(host: ActingHost, program: Sequence[str]) -> Agents:
    """Return agents that start a program at one of these paths; empty unless root calls it, and on Windows."""
    files: dict[Account, tuple[str, ...]] = {}
    unknown: list[tuple[str, str]] = []
    looks = host.account.is_root and host.platform != "win32"
    for account in homes.login_accounts(host) if looks else ():
        if account.uid == 0 or homes.has_none(host, account):
            continue
        why = homes.why_unreachable(host, account) or ""
        try:
            found = () if why else _as(host, account, partial(_starting, tuple(program)))
        except (TrustInstallError, OSError) as error:
            found, why = (), str(error)
        if why:
            unknown.append((account.home or "", f"{printable(account.name)} may have an agent there; {why}"))
        elif found:
            files[account] = found
    return Agents(files, tuple(unknown))


def remove(host: ActingHost, agents: Agents) -> list[str]:
    """Remove these agents; return a sentence for each that could not be removed. It raises no error."""
    problems: list[str] = []
    for account in agents.files:
        try:
            _as(host, account, lambda theirs: agent.remove(theirs).files)
        except (TrustInstallError, OSError) as error:
            problems.append(f"the agent of {printable(account.name)} stays: {error}")
    return problems


def _as(host: ActingHost, account: Account, job: Callable[[ActingHost], tuple[str, ...]]) -> tuple[str, ...]:
    """Return the result of a job that runs as an account. Raises TrustInstallError."""
    theirs = replace(host, account=account, dialogs=False)

    def work() -> bytes:
        try:
            return encode(job(theirs))
        except OSError as error:
            raise TrustInstallError(f"{error.filename}: {error.strerror}") from None

    return made_printable(received(tuple[str, ...], answer_of(host, account, work, lambda: None, _PATIENCE)))


def _starting(program: Sequence[str], host: ActingHost) -> tuple[str, ...]:
    """Return the files of the acting account's agent, if it starts this program."""
    there = agent.there(host)
    contents = [host.read_or_none(path) or b"" for path in there if host.link_target(path) is None]
    return there if any(one.encode() in content for one in program for content in contents) else ()
