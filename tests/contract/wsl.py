"""Throw-away Linux systems in WSL for the contract: Windows' store of the machine, and that of one account."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.contract.machines import FULL, Base, Run, store_ids
from tests.support.throwaway import NOISE, Throwaway
from tests.support.wsl.linux import ACCOUNT, DISALLOWED, MACHINE, POLICY, Wsl
from trustinstall.testing.machine import SABOTAGE, Ran

_DRIVE, _LINUX = "/mnt/c/standin", "/opt/wsl"


@dataclass
class AtScreen(Run):
    """A run on a terminal: without one, Windows asks no question."""

    def kill(self) -> None:
        """Kill the program, whose parent the terminal is."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        for child in children.stdout.split():
            subprocess.run(["kill", "-9", child], check=False, capture_output=True)
        super().kill()

    def wait(self) -> Ran:
        """Its end; on a terminal, announcements stand before the report."""
        output, _ = self.process.communicate(timeout=600)
        at = re.search(r"^\{", output, re.MULTILINE)
        return Ran(self.process.returncode, json.loads(output[at.start() :]) if at else {}, output)


class WslMachine(Base):
    """Alice's Linux in a terminal of Windows: an administrator's, or one whose Windows asks and is told yes."""

    def __init__(self, throwaway: Throwaway, name: str) -> None:
        """Deliver it: a person has put a certificate into each place."""
        self._elevated = name == "windows-host"
        self._place = MACHINE if self._elevated else ACCOUNT
        self.wsl = Wsl(throwaway)
        super().__init__(
            throwaway,
            "alice",
            f"{name}:{self._place}",
            "",
            "/home/alice/.local",
            arguments=("--with-windows",),
            sabotages=SABOTAGE,
            kills=40 if FULL else 6,
        )
        self.singly = True
        for number, place in ((-3, MACHINE), (-4, ACCOUNT)):
            self.wsl.hold(place, self.make(number).der)
        self.wsl.behave(elevated=self._elevated)
        self.wsl.freeze()
        self._delivered = self.wsl.registry()

    def start(self, command: str, *arguments: str) -> Run:
        """See `Machine`."""
        if self._elevated:
            return super().start(command, *arguments)
        words = [*self.program, command, "--json", *self.selected(command), *arguments]
        on_terminal = ["script", "-qec", f"exec {shlex.join(words)}", "/dev/null"]
        return AtScreen(self.throwaway.popen(on_terminal, user="alice", env={"TERM": "xterm"}))

    def trusts(self, sha256: str) -> bool:
        """By the stand-in's own state."""
        return sha256 in self._held()

    def sound(self) -> int:
        """See `Machine`."""
        return len(self._held())

    def _held(self) -> set[str]:
        """What Windows trusts by this place, and by its policies, on top of it, and does not distrust."""
        return {*self.wsl.held(self._place), *self.wsl.held(POLICY)} - {*self.wsl.held(DISALLOWED)}

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`: Windows counts by its registry, whose file says more than that."""
        ignore = (*NOISE, self.state, "/tmp/contract", _DRIVE, _LINUX)
        now = self.wsl.registry()
        changed = {
            key: now.get(key) for key in now.keys() | self._delivered if now.get(key) != self._delivered.get(key)
        }
        return {**self.throwaway.changes(ignore=ignore, mtimes=times), **changed}

    def refreshes(self) -> int:
        """See `Machine`."""
        return len(self.wsl.log("certutil"))

    def put_by_hand(self, number: int) -> str:
        """A person does it by hand."""
        _, sha256 = self.root(number)
        self.wsl.hold(self._place, self.make(number).der)
        return sha256

    def lose_mark(self, _number: int, /) -> bool:
        """The key of a certificate is its thumbprint: it has no other name."""
        return False

    def put_beside(self, _number: int, /) -> bool:
        """A place of the registry holds a certificate once."""
        return False

    def bring_by_package(self, number: int, /) -> bool:
        """A policy of the company's brings it."""
        self.wsl.hold(POLICY, self.make(number).der)
        return True

    def distrust(self, number: int, /) -> bool:
        """An administrator puts it among the Untrusted Certificates."""
        self.wsl.hold(DISALLOWED, self.make(number).der)
        return True

    def take_own(self, _sha256: str, /) -> None:
        """And another root."""
        self.wsl.hold(self._place, self.make(-2).der)

    def sabotage(self, how: str) -> None:
        """What changes something misbehaves; what looks does not."""
        self.wsl.behave(tool=how)

    def spoil(self) -> str:
        """A policy refuses it; or no person has logged on to Windows to see the window."""
        if self._elevated:
            self.wsl.behave(tool="denied")
            return "access is denied"
        self.wsl.behave(desktop=False)
        return "no person can answer it"

    def elsewhere(self) -> Sequence[str]:
        """A Linux with such a drive, whose caller has not asked for Windows."""
        return store_ids(self.throwaway, "alice")
