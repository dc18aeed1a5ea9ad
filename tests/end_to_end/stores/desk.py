"""Alice's desk: a Firefox profile with an NSS database, and what certutil and our program do there."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from dataclasses import dataclass

from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

CORP, OTHER = make_root("Corp Root"), make_root("Corp Root")
SHA256 = hashlib.sha256(CORP.der).hexdigest()
CERTIFICATE, HOME = "/srv/corp.crt", "/home/alice"
PROFILE = f"{HOME}/.mozilla/firefox/x.default"


@dataclass(frozen=True)
class Desk:
    """Alice's home, and what happens in it."""

    root: Throwaway

    def profile(self, path: str, named: str = "", *, relative: bool = True) -> str:
        """A profile with an empty database, named in profiles.ini of the directory above it (or of another one)."""
        top, name = path.rsplit("/", 1)
        ini = f"[Profile0]\nName=x\nIsRelative={int(relative)}\nPath={name if relative else path}\n"
        self.root.write(f"{named or top}/profiles.ini", ini, user="alice")
        self.root.run(["mkdir", "-p", path], user="alice", check=True)
        self.certutil(path, "-N", "--empty-password")
        return path

    def certutil(self, database: str, *words: str, stdin: bytes = b"") -> str:
        """Run it for real."""
        command = ["certutil", *words, "-d", f"sql:{database}"]
        return self.root.run(command, user="alice", input=stdin, check=True).stdout

    def imported(self, nickname: str, trust: str, database: str = PROFILE, der: bytes = CORP.der) -> None:
        """An account imports a root."""
        self.certutil(database, "-A", "-n", nickname, "-t", trust, stdin=der)

    def stores(self) -> list[str]:
        """The databases that are found, below the home."""
        told = json.loads(self.root.trustinstall("stores", "--json", user="alice", check=True).stdout)
        return [one["location"].removeprefix(f"{HOME}/") for one in told["stores"] if one["backend"] == "nss"]

    def change(self, command: str, *options: str) -> tuple[str, str]:
        """How the profile's database ends, and what is said of it."""
        words = [command, "--json", "--store", f"nss:{PROFILE}", *options]
        told = json.loads(self.root.trustinstall(*words, user="alice").stdout)
        (one,) = (one for one in told["stores"] if one["id"] == f"nss:{PROFILE}")
        return one["result"], one["detail"]

    def listed(self, database: str = PROFILE) -> dict[str, str]:
        """What certutil lists: trust by nickname."""
        lines = [line.rsplit(maxsplit=1) for line in self.certutil(database, "-L").splitlines()[3:]]
        return {line[0]: line[1] for line in lines if line}

    def sql(self, statement: str, *values: bytes) -> list[tuple[object, ...]]:
        """Read the profile's database, or change it, without NSS."""
        path = f"{PROFILE}/cert9.db"
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(self.root.read(path))
            copy.flush()
            database = sqlite3.connect(copy.name)
            found = database.execute(statement, values).fetchall()
            database.commit()
            database.close()
            copy.seek(0)
            self.root.write(path, copy.read(), mode=0o600, user="alice")
            return found
