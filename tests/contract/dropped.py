"""Throw-away machines for the contract whose store is a directory that programs read."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence

from tests.contract.machines import Base, store_ids, without_marks
from tests.support.throwaway import Throwaway


class _Directory(Base):
    """alice's directory, whose files are looked at; `place` and `names` say where, and which of them are read."""

    place: str
    names: str

    def _files(self) -> list[bytes]:
        paths = sorted(self.throwaway.path(self.place).glob(self.names))
        return [path.read_bytes() for path in paths if b"CERTIFICATE" in path.read_bytes()]

    def trusts(self, sha256: str) -> bool:
        """By looking at the files."""
        return any(self.holds(content, sha256) for content in self._files())

    def sound(self) -> int:
        """OpenSSL loads them together."""
        self.bundle = "/tmp/contract/joined.pem"
        self.throwaway.write(self.bundle, b"".join(self._files()))
        return super().sound()

    def put_beside(self, number: int, /) -> bool:
        """She copies it there under another name."""
        self.put_by_hand(number)
        return True

    def put_by_hand(self, number: int) -> str:
        """See `Machine`."""
        raise NotImplementedError

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """The directory is root's."""
        self.throwaway.run(["chown", "root:root", self.place], check=True)
        return "not writable"


class Minikube(_Directory):
    """alice's minikube, which gives every PEM file in a directory to its machines; with one of its own in it."""

    place, names = "/home/alice/.minikube/certs", "*.pem"

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it, its own certificate and key among the files."""
        super().__init__(throwaway, "alice", f"drop-directory:{self.place}", "", "/home/alice/.local")
        for name, content in (("ca.pem", self.make(-3).pem), ("key.pem", b"-----BEGIN PRIVATE KEY-----\n")):
            throwaway.write(f"{self.place}/{name}", content, user="alice", mode=0o600)
        throwaway.freeze()

    def put_by_hand(self, number: int) -> str:
        """Alice copies a file there."""
        path, sha256 = self.root(number)
        self.throwaway.write(f"{self.place}/mine{number}.pem", self.throwaway.read(path), user="alice")
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """She renames the file."""
        self.rename_marked(self.place, number)
        return True

    def take_own(self, _sha256: str) -> None:
        """She copies another one."""
        self.throwaway.write(f"{self.place}/other.pem", self.make(-2).pem, user="alice")

    def elsewhere(self) -> Sequence[str]:
        """Bob has no minikube."""
        return store_ids(self.throwaway, "bob")


class Mono(_Directory):
    """alice's Mono, with a root that she has put into its store herself; tests/end_to_end asks Mono itself."""

    place, names = "/home/alice/.config/.mono/new-certs/Trust", "*.[0-9]"

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, "alice", f"mono:{self.place}", "", "/home/alice/.local")
        throwaway.run(["ln", "-s", "mono-sgen", "/usr/bin/mono"], check=True)
        self._sync(-3)
        throwaway.freeze()

    def _sync(self, number: int) -> str:
        """As Mono's own cert-sync does it for alice: by the newer hash of the subject."""
        path, sha256 = self.root(number)
        script = f'mkdir -p {self.place}; cp "$1" {self.place}/$(openssl x509 -in "$1" -noout -subject_hash).0'
        self.throwaway.run(["sh", "-ec", script, "sh", path], user="alice", check=True)
        return sha256

    def put_by_hand(self, number: int) -> str:
        """Alice trusts another one."""
        return self._sync(number)

    def lose_mark(self, number: int, /) -> bool:
        """She deletes the comments."""
        sha256 = self.root(number)[1]
        for path in self.throwaway.path(self.place).glob(self.names):
            path.write_bytes(without_marks(path.read_bytes(), sha256))
        return True

    def take_own(self, _sha256: str) -> None:
        """And another one."""
        self._sync(-2)

    def elsewhere(self) -> Sequence[str]:
        """Where Mono is not installed, no account has its store."""
        self.throwaway.run(["rm", "/usr/bin/mono"], check=True)
        return [one for one in store_ids(self.throwaway, "bob") if one.startswith("mono")]


class DotNet(_Directory):
    """alice's .NET, with a root that a program of hers has put into its store."""

    place, names = "/home/alice/.dotnet/corefx/cryptography/x509stores/root", "*.pfx"

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, "alice", f"dotnet:{self.place}", "", "/home/alice/.local")
        self.put_by_hand(-3)
        throwaway.freeze()

    def _files(self) -> list[bytes]:
        """As OpenSSL reads them without a password."""
        paths = sorted(self.throwaway.path(self.place).glob(self.names))
        read = ("openssl", "pkcs12", "-nokeys", "-passin", "pass:", "-in")
        return [subprocess.run((*read, path), capture_output=True, check=True).stdout for path in paths]

    def put_by_hand(self, number: int) -> str:
        """She adds another one, in the file that .NET writes for it: encrypted under no password."""
        path, sha256 = self.root(number)
        script = f"""mkdir -p {self.place}
            name=$(openssl x509 -in "$1" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')
            openssl pkcs12 -export -nokeys -passout pass: -in "$1" -out {self.place}/$name.pfx"""
        self.throwaway.run(["sh", "-ec", script, "sh", path], user="alice", check=True)
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """She renames the file."""
        thumbprint = hashlib.sha1(self.make(number).der, usedforsecurity=False).hexdigest().upper()
        path = self.throwaway.path(f"{self.place}/{thumbprint}.trustinstall.pfx")
        path.rename(path.with_name(f"{thumbprint}.pfx"))
        return True

    def take_own(self, _sha256: str) -> None:
        """And another one."""
        self.put_by_hand(-2)

    def elsewhere(self) -> Sequence[str]:
        """Bob has no .NET."""
        return store_ids(self.throwaway, "bob")
