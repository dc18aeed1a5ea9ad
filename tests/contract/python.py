"""A developer's Python environment, for the contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from tests.contract.machines import Base, old_label, store_ids, without_marks
from tests.support.throwaway import Throwaway


class Environment(Base):
    """A developer's virtual environment with certifi, found because it is named."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it: an environment like any other, whose bundle is Debian's."""
        home = "/home/alice/app"
        bundle = f"{home}/lib/python3.11/site-packages/certifi/cacert.pem"
        throwaway.write(f"{home}/pyvenv.cfg", "home = /usr/bin\n", user="alice")
        self.deliver(throwaway, "certifi", bundle, ("--search", home))
        self.nameless = True

    def deliver(self, throwaway: Throwaway, backend: str, bundle: str, arguments: tuple[str, ...]) -> None:
        """Put Debian's roots there for alice, and begin with that."""
        roots = throwaway.read("/etc/ssl/certs/ca-certificates.crt")
        throwaway.write(bundle, roots, user="alice", mode=0o640)
        super().__init__(throwaway, "alice", f"{backend}:{bundle}", bundle, "/home/alice/.local", arguments=arguments)
        throwaway.freeze()

    def trusts(self, sha256: str) -> bool:
        """By looking at the bundle."""
        return self.holds(self.throwaway.read(self.bundle), sha256)

    def put_by_hand(self, number: int) -> str:
        """An administrator appends it by hand."""
        path, sha256 = self.root(number)
        self._append(self.throwaway.read(path))
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """An administrator deletes the comments."""
        new = without_marks(self.throwaway.read(self.bundle), self.root(number)[1])
        self.throwaway.write(self.bundle, new, mode=0o640, user="alice")
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator appends it by hand."""
        self.put_by_hand(number)
        return True

    def put_otherwise(self, number: int, /) -> bool:
        """An administrator appends it under OpenSSL's old name for a certificate, which its readers take."""
        self._append(old_label(self.make(number).pem))
        return True

    def rewrite(self) -> bool:
        """An editor saves it with the line breaks of Windows."""
        content = self.throwaway.read(self.bundle).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.throwaway.write(self.bundle, content, mode=0o640, user="alice")
        return True

    def take_own(self, _sha256: str) -> None:
        """An administrator appends another root by hand."""
        self._append(b"\n# another\n" + self.make(-2).pem)

    def _append(self, text: bytes) -> None:
        self.throwaway.write(self.bundle, self.throwaway.read(self.bundle) + text, mode=0o640, user="alice")

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """The package's directory is root's."""
        directory = str(PurePosixPath(self.bundle).parent)
        self.throwaway.run(["chown", "root:root", directory], check=True)
        return "not writable"

    def elsewhere(self) -> Sequence[str]:
        """Another account has no such environment."""
        return store_ids(self.throwaway, "bob")
