"""Throw-away machines for the contract whose store is a tool's settings file, and the managed file that it names."""

from __future__ import annotations

import configparser
import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from tests.contract.machines import Base, store_ids
from tests.support.throwaway import Throwaway

_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
_THEIRS = "/home/alice/company.pem"


class _Settings(Base):
    """A tool of alice's; it trusts the content of the bundle that its settings name, read by another reader."""

    def __init__(self, throwaway: Throwaway, location: str, content: str, own: str) -> None:
        """Deliver it: our own state is left out of snapshots, and our own files are not."""
        throwaway.write(location, content, user="alice", mode=0o600)
        super().__init__(throwaway, "alice", f"settings:{location}", "", "/home/alice/.local/state")
        throwaway.write("/home/alice/.local/state/.keep", "", user="alice")
        self.location, self._own = location, f"/home/alice/.local/share/trustinstall/{own}"
        throwaway.freeze()

    def named(self) -> str | None:
        """The bundle that the tool reads, or None where it is told of none."""
        raise NotImplementedError

    def name(self, path: str) -> None:
        """A person sets the key by hand."""
        raise NotImplementedError

    def trusts(self, sha256: str) -> bool:
        """By looking at the bundle that is named."""
        named = self.named()
        return named is not None and self.holds(self.throwaway.read(named), sha256)

    def sound(self) -> int:
        """How many anchors OpenSSL loads; a tool that is told of none has its own."""
        self.bundle = self.named() or _ROOTS
        return super().sound()

    def lose_mark(self, number: int, /) -> bool:
        """Alice has the tool read a bundle of her own, which holds the same certificate."""
        self.put_by_hand(number)
        return True

    def put_beside(self, _number: int, /) -> bool:
        """A key has one value, and only trustinstall writes the managed bundle that it names."""
        return False

    def put_by_hand(self, number: int) -> str:
        """Alice has a bundle of her own, and the tool's settings name it."""
        path, sha256 = self.root(number)
        self.throwaway.write(_THEIRS, self.throwaway.read(_ROOTS) + self.throwaway.read(path), user="alice")
        self.name(_THEIRS)
        return sha256

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """The directory of the settings is root's."""
        self.throwaway.run(["chown", "root:root", str(PurePosixPath(self.location).parent)], check=True)
        return "not writable"

    def elsewhere(self) -> Sequence[str]:
        """Another account has no such file."""
        return store_ids(self.throwaway, "bob")


class PipSettings(_Settings):
    """pip.conf, full of what people write; a bundle replaces what pip has built in."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        content = "# mine\r\n[install]\r\nuser = no\r\n\r\n[global]\r\ntimeout: 60\r\ntrusted-host =\r\n\tone\r\n\ttwo"
        super().__init__(throwaway, "/home/alice/.config/pip/pip.conf", content, "bundle.pem")

    def named(self) -> str | None:
        """As pip reads it."""
        parser = configparser.RawConfigParser()
        parser.read_string(self.throwaway.read(self.location).decode())
        return parser.get("global", "cert", fallback=None)

    def name(self, path: str) -> None:
        """As `pip config set` does."""
        self._append(f"\n[global]\ncert = {path}\n", whole="[install]\nuser = no\n")

    def take_own(self, _sha256: str) -> None:
        """Another setting, in the very section."""
        self._append("\n[list]\nformat = columns\n")

    def _append(self, text: str, whole: str | None = None) -> None:
        old = self.throwaway.read(self.location).decode() if whole is None else whole
        self.throwaway.write(self.location, old + text, user="alice", mode=0o600)


class AddingSettings(_Settings):
    """Claude Code's settings; a file of managed roots is added to its built-in roots."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        content = '{\n    "model": "x",\n    "env": {"A": "1"}\n}\n'
        super().__init__(throwaway, "/home/alice/.claude/settings.json", content, "anchors.pem")

    def named(self) -> str | None:
        """As any JSON parser reads it."""
        env = self._data().get("env", {})
        return str(env["NODE_EXTRA_CA_CERTS"]) if "NODE_EXTRA_CA_CERTS" in env else None

    def name(self, path: str) -> None:
        """As a person does."""
        data = self._data()
        data["env"]["NODE_EXTRA_CA_CERTS"] = path
        self._write(data)

    def take_own(self, _sha256: str) -> None:
        """Another setting, and everything is formatted anew."""
        data = self._data()
        data["theme"] = "dark"
        self._write(data)

    def sound(self) -> int:
        """What is named comes on top of what it has built in."""
        named = self.named()
        if named is None or named == _THEIRS:
            return super().sound()
        self.bundle = named
        own = Base.sound(self)
        self.bundle = _ROOTS
        return own + Base.sound(self)

    def _data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.throwaway.read(self.location))
        return found

    def _write(self, data: object) -> None:
        self.throwaway.write(self.location, json.dumps(data, indent=1), user="alice", mode=0o600)
