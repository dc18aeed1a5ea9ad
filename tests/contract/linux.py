"""Throw-away machines of the systems in `tests.support.other_families` and `tests.support.freebsd`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.contract.machines import FULL, Base, store_ids
from tests.contract.systems import Anchored
from tests.support import freebsd
from tests.support.other_families import OPENSSL, OTHERS, PHOTON_UPGRADE
from tests.support.throwaway import Throwaway


class Photon(Anchored):
    """A Photon: its "tool" is OpenSSL, and nothing but an upgrade of the package makes the bundle."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, OTHERS["photon"], "photon", "tdnf install ca-certificates openssl")
        self.openssl = OPENSSL

    def rename_marked(self, directory: str, number: int) -> None:
        """Take the hash links away that lead nowhere then: OpenSSL keeps them where there is another one."""
        super().rename_marked(directory, number)
        self.throwaway.run(["find", "-L", directory, "-type", "l", "-delete"], check=True)

    def by_hand(self, name: str, pem: bytes) -> None:
        """As an upgrade of the package does it."""
        self.throwaway.write(f"/etc/ssl/certs/{name}", pem)
        self.throwaway.run(["sh", "-e", "-c", PHOTON_UPGRADE], check=True)


class Clear(Anchored):
    """A Clear Linux."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, OTHERS["clear"], "clear", "swupd bundle-add")
        self.kills = 100 if FULL else 6

    def sound(self) -> int:
        """After every clrtrust has ended, also another process's: until then, by its design, there is no bundle."""
        self.throwaway.settle()
        return super().sound()


class FreeBSD(Base):
    """A FreeBSD whose certctl is the script, or the program."""

    def __init__(self, throwaway: Throwaway, *, script: bool) -> None:
        """Deliver it."""
        freebsd.lay_out(throwaway, script=script)
        super().__init__(
            throwaway,
            "root",
            "freebsd",
            freebsd.BUNDLE,
            "/var/lib/trustinstall",
            tool=freebsd.TOOL,
            sabotages=("fails", "lies"),
            kills=100 if FULL else 6,
            program=freebsd.PROGRAM,
        )
        self._script = script
        throwaway.freeze()

    def trusts(self, sha256: str) -> bool:
        """By hash links, and by the bundle where there is one."""
        by_file = [] if self._script else [["-no-CApath", "-CAfile", self.bundle]]
        return self.verified(sha256, ["-no-CAfile", "-CApath", freebsd.HASHED], *by_file)

    def sound(self) -> int:
        """After every certctl has ended, also another process's: until then, by its design, hash links are missing.

        Where the program keeps its copies, the root's copy is put among the links, or taken out, before the program
        makes the bundle again: after a kill between the two, one of them is old and the other is new.
        """
        self.throwaway.settle()
        names = [path.name for path in self.throwaway.path(freebsd.HASHED).iterdir()]
        assert len({self.throwaway.read(f"{freebsd.HASHED}/{name}") for name in names}) == len(names)
        assert self._script or abs(super().sound() - len(names)) <= 1
        return len(names)

    def put_by_hand(self, number: int) -> str:
        """An administrator does it by hand."""
        path, sha256 = self.root(number)
        self._by_hand(f"/usr/local/share/certs/by-hand{number}.pem", self.throwaway.read(path))
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """An administrator renames the file."""
        self.rename_marked("/usr/local/share/certs", number)
        self.throwaway.run([self.tool, "rehash"], cwd="/", check=True)
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator adds a file of another name."""
        self.put_by_hand(number)
        return True

    def bring_by_package(self, number: int, /) -> bool:
        """The base system brings it."""
        self._by_hand("/usr/share/certs/trusted/company.pem", self.make(number).pem)
        return True

    def take_own(self, _sha256: str) -> None:
        """An administrator adds another root by hand."""
        self._by_hand("/usr/local/share/certs/another.pem", self.make(-2).pem)

    def _by_hand(self, path: str, pem: bytes) -> None:
        self.throwaway.write(path, b"Certificate:\n" + pem)
        self.throwaway.run([self.tool, "rehash"], cwd="/", check=True)

    def spoil(self) -> str:
        """The tool is not there."""
        self.throwaway.run(["rm", self.tool], check=True)
        return "FreeBSD-caroot"

    def elsewhere(self) -> Sequence[str]:
        """A Linux, on which everything else is the same."""
        return store_ids(self.throwaway, "root")
