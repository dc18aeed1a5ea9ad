"""Throw-away machines with a browser: its policies as they are read by nobody but the standard library."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tests.contract.machines import FULL, Base, store_ids
from tests.support.throwaway import Throwaway

_MANAGED = "/etc/chromium/policies/managed"
_KEY = "CACertificates"


class ChromiumPolicies(Base):
    """A Debian with Chromium, whose administrator has set policies of his own or not."""

    def __init__(self, throwaway: Throwaway, *, beside: bool = False) -> None:
        """Deliver it; `beside`: two files set the policy already, and a third one says something else."""
        super().__init__(
            throwaway,
            "root",
            f"chromium-policy:{_MANAGED}",
            _MANAGED,
            "/var/lib/trustinstall",
            kills=100 if FULL else 6,
        )
        if beside:
            hidden: dict[str, object] = {_KEY: [_base64(self.make(-5).der)]}
            counting: dict[str, object] = {_KEY: [_base64(self.make(-6).der)]}
            throwaway.write(f"{_MANAGED}/10-hidden.json", json.dumps(hidden))
            counting["HomepageLocation"] = "https://intranet.example/"
            throwaway.write(f"{_MANAGED}/50-corp", f"// kept by hand\n{json.dumps(counting, indent=4)}\n", mode=0o640)
            throwaway.write(f"{_MANAGED}/zz.json", '{"BookmarkBarEnabled": true}')
        throwaway.freeze()

    def _files(self) -> dict[str, dict[str, Any]]:
        directory = self.throwaway.path(_MANAGED)
        names = sorted(path.name for path in directory.iterdir()) if directory.exists() else []
        read = {name: self.throwaway.read(f"{_MANAGED}/{name}").decode() for name in names}
        return {name: json.loads(text.removeprefix("// kept by hand\n")) for name, text in read.items()}

    def _counting(self) -> tuple[str, list[str]]:
        """The last file that sets the policy, and what it says."""
        setting = [(name, content[_KEY]) for name, content in self._files().items() if _KEY in content]
        return setting[-1] if setting else ("", [])

    def trusts(self, sha256: str) -> bool:
        """By the file that counts."""
        return sha256 in {hashlib.sha256(base64.b64decode(one)).hexdigest() for one in self._counting()[1]}

    def sound(self) -> int:
        """How many the file that counts names, each once."""
        listed = self._counting()[1]
        assert len(listed) == len(set(listed))
        return len(listed)

    def put_stranger(self) -> str:
        """An administrator does it by hand."""
        self._by_hand(-1)
        return self.root(-1)[1]

    def take_own(self, _sha256: str) -> None:
        """An administrator adds another root by hand."""
        self._by_hand(-2)

    def _by_hand(self, number: int) -> None:
        name = self._counting()[0] or "corp.json"
        content = self._files().get(name, {_KEY: []})
        content[_KEY].append(_base64(self.make(number).der))
        self.throwaway.write(f"{_MANAGED}/{name}", json.dumps(content))

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """Somebody else may write there."""
        self.throwaway.run(["install", "-d", "-m", "0777", "/etc/chromium/policies"], check=True)
        return "other accounts may write"

    def elsewhere(self) -> Sequence[str]:
        """A machine without the browser."""
        self.throwaway.run(["rm", "-r", "/usr/bin/chromium", "/usr/lib/chromium"], check=True)
        return store_ids(self.throwaway, "root")


def _base64(der: bytes) -> str:
    return base64.b64encode(der).decode()
