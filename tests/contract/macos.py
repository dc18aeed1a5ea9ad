"""Throw-away Macs for the contract: the machine's keychain, and one account's; see `tests.support.macos`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.contract.machines import FULL, Base, Run
from tests.support.changes import Entry
from tests.support.macos.mac import LAUNCHER, SECURITY, SYSTEM_KEYCHAIN, Mac
from tests.support.macos.standin import machine
from tests.support.macos.standin import settings as records
from tests.support.throwaway import NOISE, PATH, PROGRAM, Throwaway
from trustinstall.testing.machine import SABOTAGE

_SUPPORT = "Library/Application Support/trustinstall"
_WORKPLACE = "/tmp/contract"


class Rights(NamedTuple):
    """What is compared of a keychain's file beside its certificates: a database may be packed in many ways."""

    mode: int
    uid: int
    gid: int
    held: tuple[str, ...]


class MacMachine(Base):
    """A Mac with alice at its screen, who says yes to every dialog."""

    def __init__(self, throwaway: Throwaway, store: str, version: str = "15.0") -> None:
        """Deliver it: a person has put an untrusted certificate into each keychain, and trusts another one."""
        self._own = store == "login-keychain"
        self.mac = Mac(throwaway, version)
        location = self.mac.login_keychain() if self._own else SYSTEM_KEYCHAIN
        state = f"/home/alice/{_SUPPORT}" if self._own else f"/{_SUPPORT}"
        user = "alice" if self._own else "root"
        store = f"{store}:{location}" if self._own else store
        super().__init__(throwaway, user, store, location, state, tool=SECURITY, sabotages=SABOTAGE)
        self.singly = True
        self.kills, self.crowd = (100, 20) if FULL else (3, 3)
        self._deliver()

    def _deliver(self) -> None:
        """Public roots aside, no Mac is empty."""
        path, _ = self.root(-4)
        self._security("add-certificates", "-k", self.bundle, path)
        self._trust(-3)
        self.throwaway.freeze()
        self.mac.start("alice")
        self._delivered = self._held()
        self._asked = len(self.mac.log("authorised"))

    def _security(self, *words: str) -> None:
        self.mac.security(*words, user=self.user, check=True)

    def _trust(self, number: int) -> str:
        """A person trusts a root by hand."""
        path, sha256 = self.root(number)
        domain = () if self._own else ("-d",)
        self._security("add-trusted-cert", *domain, "-r", "trustRoot", "-k", self.bundle, path)
        return sha256

    # --- the program ------------------------------------------------------------------------------

    def start(self, command: str, *arguments: str) -> Run:
        """See `Machine`: as alice, or as root by alice's sudo."""
        words = self.mac.program(command, "--json", *self.selected(command), *arguments)
        sudo = {"SUDO_UID": str(self.throwaway.user("alice").uid), "SUDO_USER": "alice", "PATH": PATH}
        return Run(self.throwaway.popen(words, user=self.user, env={} if self._own else sudo))

    # --- looking ----------------------------------------------------------------------------------

    def _records(self) -> Mapping[str, Any]:
        return self.mac.settings("alice" if self._own else "admin") or {}

    def _trusted(self) -> set[str]:
        """SHA-256 of what is in the keychain and trusted for TLS by the domain."""
        found = self._records()
        ders = {hashlib.sha1(der).hexdigest().upper(): der for der in self.mac.keychain(self.bundle)}  # noqa: S324
        positive = {records.TRUST_ROOT, records.TRUST_AS_ROOT}
        return {
            hashlib.sha256(der).hexdigest()
            for sha1, der in ders.items()
            if sha1 in found and records.result(found[sha1], "ssl") in positive
        }

    def trusts(self, sha256: str) -> bool:
        """By the stand-in's own state."""
        return sha256 in self._trusted()

    def sound(self) -> int:
        """See `Machine`: every trusted certificate is there, and once."""
        ders = self.mac.keychain(self.bundle)
        assert len(ders) == len(set(ders))
        return len(self._trusted())

    def _held(self) -> dict[str, object]:
        """What the databases hold: certificates by keychain, records without the times of writing by domain."""
        found: dict[str, object] = {}
        for path in (SYSTEM_KEYCHAIN, self.mac.login_keychain()):
            ders = sorted(hashlib.sha256(der).hexdigest() for der in self.mac.keychain(path))
            status = self.throwaway.path(path).stat()
            found[path] = Rights(status.st_mode & 0o7777, status.st_uid, status.st_gid, tuple(ders))
        for domain in ("admin", "alice", "root"):
            timeless = {
                sha1: {key: value for key, value in record.items() if key != "modDate"}
                for sha1, record in (self.mac.settings(domain) or {}).items()
            }
            found[f"trust settings of {domain}"] = timeless
        return found

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`: databases count by what they hold, but for times."""
        # By sudo, alice's own store is looked at as well, and remembered.
        ignore = (*NOISE, f"/{_SUPPORT}", f"/home/alice/{_SUPPORT}", _WORKPLACE, machine.HOME)
        changed: dict[str, Entry | None] = self.throwaway.changes(ignore=ignore, mtimes=times)
        if times:
            return changed
        files = (SYSTEM_KEYCHAIN, self.mac.login_keychain())
        left = {path: one for path, one in changed.items() if path not in files and machine.SETTINGS not in path}
        now = self._held()
        return {**left, **{name: held for name, held in now.items() if held != self._delivered[name]}}

    def refreshes(self) -> int:
        """See `Machine`: what a person is asked for, and what it costs time to write, is a change of trust settings."""
        return len(self.mac.log("authorised")) - self._asked

    # --- another program --------------------------------------------------------------------------

    def put_by_hand(self, number: int) -> str:
        """An administrator, or alice, does it by hand."""
        return self._trust(number)

    def lose_mark(self, _number: int, /) -> bool:
        """A keychain and trust settings have no names that could be changed: `security` finds both by SHA-1."""
        return False

    def put_beside(self, _number: int, /) -> bool:
        """A keychain holds a certificate once, and a domain has one record of trust for it."""
        return False

    def distrust(self, number: int, /) -> bool:
        """A person chooses `Never Trust`."""
        path, _ = self.root(number)
        domain = () if self._own else ("-d",)
        self._security("remove-trusted-cert", *domain, path)
        self._security("add-trusted-cert", *domain, "-r", "deny", "-k", self.bundle, path)
        return True

    def take_own(self, _sha256: str, /) -> None:
        """And another root."""
        self._trust(-2)

    def sabotage(self, how: str) -> None:
        """What changes something misbehaves; what looks does not."""
        self.mac.behave(sabotage=how)

    def spoil(self) -> str:
        """No person is at the screen, and the caller has come over ssh: no dialog can be shown."""
        self.mac.over_ssh()
        return "screen"

    def elsewhere(self) -> Sequence[str]:
        """A Linux, with the tools of a Mac lying about."""
        done = self.throwaway.run([*PROGRAM, "stores", "--json"], user=self.user, check=True)
        assert self.throwaway.path(LAUNCHER).exists()
        return [str(one["id"]) for one in json.loads(done.stdout)["stores"]]
