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


class FirefoxPolicies(Base):
    """A Debian with Firefox, whose administrator has set policies of his own or not."""

    def __init__(self, throwaway: Throwaway, *, beside: bool = False) -> None:
        """Deliver it; `beside`: there are policies, among them to import a certificate."""
        path = "/etc/firefox/policies/policies.json"
        super().__init__(
            throwaway, "root", f"firefox-policy:{path}", path, "/var/lib/trustinstall", kills=100 if FULL else 6
        )
        if beside:
            throwaway.write("/usr/lib/mozilla/certificates/bare.pem", self.make(-5).pem)
            certificates = {"Install": ["bare.pem"], "ImportEnterpriseRoots": True}
            policies = {"policies": {"DisableTelemetry": True, "Certificates": certificates}}
            throwaway.write(path, json.dumps(policies, indent="\t"), mode=0o640)
        throwaway.freeze()

    def _listed(self) -> list[str]:
        path = self.throwaway.path(self.bundle)
        return list(json.loads(path.read_bytes())["policies"]["Certificates"]["Install"]) if path.exists() else []

    def trusts(self, sha256: str) -> bool:
        """By the files that are named."""
        paths = [name if name.startswith("/") else f"/usr/lib/mozilla/certificates/{name}" for name in self._listed()]
        return any(self.holds(self.throwaway.read(path), sha256) for path in paths)

    def sound(self) -> int:
        """How many are named, each once."""
        assert len(self._listed()) == len(set(self._listed()))
        return len(self._listed())

    def put_stranger(self) -> str:
        """An administrator does it by hand."""
        self._by_hand(-1)
        return self.root(-1)[1]

    def take_own(self, _sha256: str) -> None:
        """An administrator adds another root by hand."""
        self._by_hand(-2)

    def _by_hand(self, number: int) -> None:
        certificate = self.throwaway.write(f"/etc/firefox/by-hand{number}.pem", self.make(number).pem)
        path = self.throwaway.path(self.bundle)
        text = path.read_text() if path.exists() else '{"policies": {"Certificates": {"Install": []}}}'
        content: dict[str, Any] = json.loads(text)
        content["policies"]["Certificates"]["Install"].append(certificate)
        self.throwaway.write(self.bundle, json.dumps(content))

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """Somebody has forgotten a bracket."""
        self.throwaway.write(self.bundle, '{"policies": {')
        return "is no JSON"

    def elsewhere(self) -> Sequence[str]:
        """A machine without the browser."""
        self.throwaway.run(["rm", "-r", "/usr/bin/firefox-esr", "/usr/lib/firefox-esr"], check=True)
        return store_ids(self.throwaway, "root")
