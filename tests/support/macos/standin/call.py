"""One call of the tool, and what it may do: the right to change trust settings, and the dialog that it may take."""

from __future__ import annotations

import getopt
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from . import machine, status

_POLL = 0.05  # seconds


@dataclass(frozen=True)
class Call:
    """A sub-command's full name, what follows it, and how the stand-in is to behave."""

    name: str
    words: list[str]
    state: machine.State
    quiet: bool = False

    def options(self, known: str) -> tuple[list[tuple[str, str]], list[str]]:
        """Options and the rest, as BSD's getopt(3) takes them: options end at the first word that is none."""
        try:
            found, rest = getopt.getopt(self.words, known)
        except getopt.GetoptError as error:
            status.sec_error(f"illegal option -- {error.opt}")
            raise status.Ended(status.USAGE) from None
        if ("-h", "") in found:
            raise status.Ended(status.USAGE)
        return found, rest

    def cssm_perror(self, function: str, code: int) -> None:
        """A message without the tool's name."""
        status.cssm_perror(function, code, self.state.language)

    def sec_perror(self, function: str, code: int) -> None:
        """A message with the tool's name."""
        status.sec_perror(function, code, self.state.language)

    def stall(self) -> None:
        """Never return, where such calls hang here."""
        stalls = [*self.state.stalls, *(["remove-trusted-cert -d"] if machine.version() == (14, 7, 5) else [])]
        if any(set(one.split()) <= {self.name, *self.words} for one in stalls):
            machine.note("stalled", words=[self.name, *self.words])
            while True:
                time.sleep(3600)


def authorise(call: Call, domain: str, settings: machine.Settings) -> None:
    """Get the right to write a domain's trust settings, or raise OSStatusError."""
    call.stall()
    right = f"com.apple.trust-settings.{domain}"
    silent = rights().get(right) == "allow" or (domain == "admin" and os.geteuid() == 0 and _root_is_enough(settings))
    if not silent:
        dialog(call, right)
    machine.note("authorised", right=right, silent=silent)


def dialog(call: Call, right: str) -> None:
    """Ask the user; raises OSStatusError unless the answer is yes."""
    if call.state.session != "Aqua":
        old = machine.version()[0] == 11
        raise status.OSStatusError(status.INTERNAL_COMPONENT if old else status.AUTH_NO_INTERACTION)
    machine.note("dialog", right=right)
    while (answer := machine.state().answer) == "none":
        time.sleep(_POLL)
    if answer != "accept":
        raise status.OSStatusError({"cancel": status.AUTH_CANCELLED, "refuse": status.AUTH_DENIED}[answer])


def rights() -> dict[str, str]:
    """What `authorizationdb write` has changed."""
    path = Path(machine.RIGHTS)
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _root_is_enough(settings: machine.Settings) -> bool:
    version = machine.version()
    if version < (11,):
        return True
    return version >= (12,) and not machine.state().sip and bool(settings["trustList"])
