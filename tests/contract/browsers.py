"""Throw-away machines with a browser: policies as the standard library reads them, databases as certutil lists them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.contract.machines import FULL, Base, store_ids
from tests.support.changes import Entry
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
        """By the file that counts, and what none distrusts: Chromium asks for that first."""
        listed = {hashlib.sha256(base64.b64decode(one)).hexdigest() for one in self._counting()[1]}
        distrusted = [one for content in self._files().values() for one in content.get("CADistrustedCertificates", [])]
        return sha256 in listed - {hashlib.sha256(base64.b64decode(one)).hexdigest() for one in distrusted}

    def sound(self) -> int:
        """How many the file that counts names, each once."""
        listed = self._counting()[1]
        assert len(listed) == len(set(listed))
        return len(listed)

    def put_by_hand(self, number: int) -> str:
        """An administrator does it by hand."""
        self._by_hand(number)
        return self.root(number)[1]

    def lose_mark(self, _number: int, /) -> bool:
        """An administrator renames the file that counts."""
        path = self.throwaway.path(f"{_MANAGED}/{self._counting()[0]}")
        path.rename(path.with_name("70-corp.json"))
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator says the same in a file of his own, which counts."""
        assert _base64(self.make(number).der) in self._counting()[1]
        self.throwaway.write(f"{_MANAGED}/90-corp.json", json.dumps({_KEY: self._counting()[1]}))
        return True

    def distrust(self, number: int, /) -> bool:
        """An administrator distrusts it, in a file of his own."""
        content = {"CADistrustedCertificates": [_base64(self.make(number).der)]}
        self.throwaway.write(f"{_MANAGED}/distrusted.json", json.dumps(content))
        return True

    def rewrite(self) -> bool:
        """An administrator's tool formats every file anew."""
        for name, content in self._files().items():
            self.throwaway.write(f"{_MANAGED}/{name}", json.dumps(content, indent=3, sort_keys=True))
        return True

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
        """Another account may write there."""
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

    def put_by_hand(self, number: int) -> str:
        """An administrator does it by hand."""
        self._by_hand(number)
        return self.root(number)[1]

    def lose_mark(self, number: int, /) -> bool:
        """An administrator moves the file, and lists its new path."""
        name = f"trustinstall-{self.root(number)[1][:12]}.crt"
        (word,) = (one for one in self._listed() if one.endswith(f"/{name}"))
        self.throwaway.path(word).rename(self.throwaway.path("/etc/firefox/corp.crt"))
        content = self.throwaway.read(self.bundle).replace(word.encode(), b"/etc/firefox/corp.crt")
        self.throwaway.write(self.bundle, content, mode=0o640)
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator lists a file of his own."""
        self._by_hand(number)
        return True

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
        """An administrator has forgotten a bracket."""
        self.throwaway.write(self.bundle, '{"policies": {')
        return "is not JSON"

    def elsewhere(self) -> Sequence[str]:
        """A machine without the browser."""
        self.throwaway.run(["rm", "-r", "/usr/bin/firefox-esr", "/usr/lib/firefox-esr"], check=True)
        return store_ids(self.throwaway, "root")


class Rights(NamedTuple):
    """What is compared of a database beside its certificates: its pages may be arranged in many ways."""

    mode: int
    uid: int
    gid: int
    held: tuple[str, ...]


class Nss(Base):
    """Alice's database: of a profile of Firefox with a root of hers in it, or Chromium's, which is not there yet."""

    def __init__(self, throwaway: Throwaway, *, new: bool = False) -> None:
        """Deliver it."""
        self._new = new
        place = "/home/alice/.local/share/pki/nssdb" if new else "/home/alice/.mozilla/firefox/x1.default-esr"
        super().__init__(
            throwaway,
            "alice",
            f"nss:{place}",
            place,
            "/home/alice/.local/state",
            tool="/usr/bin/certutil",
            sabotages=("fails", "lies"),
            kills=100 if FULL else 6,
        )
        if not new:
            ini = "[Profile0]\nName=default-esr\nIsRelative=1\nPath=x1.default-esr\n"
            throwaway.write("/home/alice/.mozilla/firefox/profiles.ini", ini, user="alice")
            self._by_hand(-5, "Hers: by hand", "CT,C,C")
            self._by_hand(-6, "Unrelated", ",,")
        throwaway.run(["mkdir", "-p", "/home/alice/.local/state"], user="alice", check=True)
        throwaway.freeze()
        self._delivered = self._listed()

    def _certutil(self, *words: str, stdin: bytes = b"", check: bool = True) -> str:
        """Run the real tool; return what it prints, or "" where it refuses and `check` is false."""
        real = self.throwaway.path(f"{self.tool}.real").exists()
        command = [f"{self.tool}.real" if real else self.tool, *words, "-d", f"sql:{self.bundle}"]
        return self.throwaway.run(command, user="alice", input=stdin, check=check).stdout

    def _listed(self) -> dict[str, tuple[str, str]]:
        """Nickname and trust of each certificate, by SHA-256."""
        if not self.throwaway.path(f"{self.bundle}/cert9.db").exists():
            return {}
        found: dict[str, tuple[str, str]] = {}
        for line in self._certutil("-L").splitlines():
            match = re.fullmatch(r"(.*?) +([a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]*) *", line)
            if match and match[2] != "SSL,S/MIME,JAR":
                shown = self._certutil("-L", "-n", match[1], "-a", check=False)
                if not shown:  # the tool of a killed command works on, and has taken it out
                    assert match[1] not in self._certutil("-L")
                    continue
                pem = shown.split("-----")[2]
                found[hashlib.sha256(base64.b64decode(pem)).hexdigest()] = (match[1], match[2])
        return found

    def trusts(self, sha256: str) -> bool:
        """As certutil lists it: trusted for TLS servers, and for nothing else if it is managed."""
        return "C" in self._listed().get(sha256, ("", ""))[1].split(",")[0]

    def sound(self) -> int:
        """How many are trusted."""
        return sum("C" in trust for _, trust in self._listed().values())

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """A database counts by what it holds."""
        found: dict[str, object] = dict(super().snapshot(times=times))
        for name in ("cert9.db", "key4.db"):
            path = f"{self.bundle}/{name}"
            entry = found.get(path)
            if isinstance(entry, Entry) and not times:
                held = self._listed() if name == "cert9.db" else {}
                assert name == "cert9.db" or self._keys() == []
                rights = Rights(entry.mode, entry.uid, entry.gid, tuple(sorted(map(str, held.items()))))
                found[path] = rights
                if not self._new and held == (self._delivered if name == "cert9.db" else {}):
                    del found[path]
        return found

    def _keys(self) -> list[object]:
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(self.throwaway.read(f"{self.bundle}/key4.db"))
            copy.flush()
            return [*sqlite3.connect(copy.name).execute("SELECT id FROM nssPrivate")]

    def put_by_hand(self, number: int) -> str:
        """An account imports it."""
        self._by_hand(number, f"Stranger {number}: by hand", "C,,")
        return self.root(number)[1]

    def lose_mark(self, number: int, /) -> bool:
        """An account gives it another nickname."""
        nickname, _ = self._listed()[self.root(number)[1]]
        self._certutil("--rename", "-n", nickname, "--new-n", "Renamed by hand")
        return True

    def put_beside(self, _number: int, /) -> bool:
        """A database holds a certificate once, under one nickname: an import of it again changes nothing."""
        return False

    def distrust(self, number: int, /) -> bool:
        """An account distrusts it in the browser's settings."""
        nickname, _ = self._listed()[self.root(number)[1]]
        self._certutil("-M", "-n", nickname, "-t", "p,,")
        return True

    def rewrite(self) -> bool:
        """A profile comes back from a copy: a dump of the table, in which every row has another place."""
        if self._new:
            return False
        path = f"{self.bundle}/cert9.db"
        with tempfile.TemporaryDirectory() as directory:
            Path(directory, "old").write_bytes(self.throwaway.read(path))
            with sqlite3.connect(f"{directory}/old") as old, sqlite3.connect(f"{directory}/new") as new:
                new.executescript("\n".join(old.iterdump()))
            self.throwaway.write(path, Path(directory, "new").read_bytes(), mode=0o600, user="alice")
        return True

    def take_own(self, _sha256: str) -> None:
        """An account imports another root."""
        self._by_hand(-2, "Another", "C,C,")

    def _by_hand(self, number: int, nickname: str, trust: str) -> None:
        if not self.throwaway.path(f"{self.bundle}/cert9.db").exists():
            self.throwaway.run(["mkdir", "-p", self.bundle], user="alice", check=True)
            self._certutil("-N", "--empty-password")
        path, _ = self.root(number)
        self._certutil("-A", "-n", nickname, "-t", trust, "-i", path)

    def spoil(self) -> str:
        """She has set a primary password, or what the directory would be made in is not hers."""
        if self._new:
            self.throwaway.run(["install", "-d", "/home/alice/.local/share"], check=True)
            return "another account"
        self.throwaway.write("/tmp/contract/password", "secret\n")
        self.throwaway.write("/tmp/contract/none", "\n")
        self._certutil("-W", "-f", "/tmp/contract/none", "-@", "/tmp/contract/password")
        return "primary password"

    def elsewhere(self) -> Sequence[str]:
        """Another account has no such database."""
        return store_ids(self.throwaway, "bob")
