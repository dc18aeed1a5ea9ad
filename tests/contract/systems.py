"""Throw-away Linux systems with their own tools, for the contract: Debian, and families with anchors."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from tests.contract.machines import FULL, SABOTAGE, Base, bring_selected, jks_entries, old_label, store_ids
from tests.support.families import COUNT, Layout, lay_out
from tests.support.keytool import KEYTOOL
from tests.support.throwaway import Throwaway

_TOOL = "/usr/sbin/update-ca-certificates"
_P11_KIT = b'[p11-kit-object-v1]\nclass: certificate\ncertificate-type: x-509\nlabel: "By hand"\ntrusted: true\n'
_KEYSTORE = "/etc/ssl/certs/java/cacerts"


class Debian(Base):
    """A Debian with its real update-ca-certificates, Java's keystore among its hooks or not."""

    def __init__(self, throwaway: Throwaway, store: str = "debian") -> None:
        """Deliver it: a hook counts the runs of the tool."""
        super().__init__(
            throwaway,
            "root",
            store,
            "/etc/ssl/certs/ca-certificates.crt",
            "/var/lib/trustinstall",
            tool=_TOOL,
            sabotages=tuple(SABOTAGE),
        )
        throwaway.write(
            "/etc/ca-certificates/update.d/zz-count",
            f"#!/bin/sh\necho run >>{COUNT}\n",
            mode=0o755,
        )
        keystore = throwaway.path(_KEYSTORE)
        self._delivered = keystore.read_bytes() if keystore.exists() else b""
        if self._delivered and not FULL:
            self.kills, self.crowd = 2, 2  # each run waits for Java, and the tool is the other machine's
        throwaway.freeze()

    def __hash__(self) -> int:
        """One machine is no other."""
        return id(self)

    def trusts(self, sha256: str) -> bool:
        """By file and by directory, as OpenSSL looks; both must agree."""
        return self.verified(
            sha256,
            ["-no-CApath", "-CAfile", self.bundle],
            ["-no-CAfile", "-CApath", "/etc/ssl/certs"],
        )

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """Java's keystore is a database: it counts by its entries, as keytool lists them."""
        found = dict(super().snapshot(times=times))
        if self.throwaway.path(_KEYSTORE).exists() and found.pop(_KEYSTORE, None):
            listed = self.throwaway.run(
                [*KEYTOOL, "-list", "-keystore", _KEYSTORE, "-storepass", "changeit"], check=True
            )
            if (entries := sorted(listed.stdout.splitlines())) != self._entries():
                found[_KEYSTORE] = entries
        return found

    @functools.cache  # noqa: B019  a machine lives as long as its test
    def _entries(self) -> list[str]:
        """The keystore's entries as they were delivered."""
        copy = "/tmp/contract/cacerts"
        self.throwaway.write(copy, self._delivered)
        listed = self.throwaway.run([*KEYTOOL, "-list", "-keystore", copy, "-storepass", "changeit"], check=True)
        return sorted(listed.stdout.splitlines())

    def put_by_hand(self, number: int) -> str:
        """An administrator does it by hand."""
        path, sha256 = self.root(number)
        self._by_hand(f"/usr/local/share/ca-certificates/by-hand{number}.crt", self.throwaway.read(path))
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """An administrator renames the file."""
        self.rename_marked("/usr/local/share/ca-certificates", number)
        self.throwaway.run([_TOOL], check=True)
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator adds a file of another name."""
        self.put_by_hand(number)
        return True

    def put_otherwise(self, number: int, /) -> bool:
        """An administrator adds a file under OpenSSL's old name for a certificate."""
        self._by_hand(f"/usr/local/share/ca-certificates/other{number}.crt", old_label(self.make(number).pem))
        return True

    def bring_by_package(self, number: int, /) -> bool:
        """A package of the company's brings a file, and selects it."""
        bring_selected(self.throwaway, self.make(number).pem)
        self.throwaway.run([_TOOL], check=True)
        return True

    def take_own(self, _sha256: str) -> None:
        """An administrator adds another root by hand."""
        self._by_hand("/usr/local/share/ca-certificates/another.crt", self.make(-2).pem)

    def _by_hand(self, path: str, pem: bytes) -> None:
        self.throwaway.write(path, pem)
        self.throwaway.run([_TOOL], check=True)

    def spoil(self) -> str:
        """The package that brings the tool is not there."""
        self.throwaway.run(["rm", _TOOL], check=True)
        return "apt-get install ca-certificates"

    def elsewhere(self) -> Sequence[str]:
        """A Fedora, by its os-release."""
        self.throwaway.write("/etc/os-release", "ID=fedora\n")
        return store_ids(self.throwaway, "root")


class Copy(Debian):
    """A distribution that ships Debian's script, and neither dpkg nor its lock."""

    def __init__(self, throwaway: Throwaway, store: str, package: str) -> None:
        """Deliver it."""
        throwaway.write("/etc/os-release", f"ID={store}\n")
        throwaway.run(["rm", "-rf", "/var/lib/dpkg", "/usr/bin/dpkg"], check=True)
        super().__init__(throwaway, store)
        self.kills = 100 if FULL else 4  # the tool is Debian's, where it is killed more often
        self._package = package

    def spoil(self) -> str:
        """The package is not there, and is named as it is called here."""
        super().spoil()
        return self._package


class Anchored(Base):
    """A RHEL, SUSE, Arch, Alpine or another one: see `tests.support.families`."""

    def __init__(self, throwaway: Throwaway, layout: Layout, store: str, package: str) -> None:
        """Deliver it."""
        self._layout, self._package = lay_out(throwaway, layout), package
        # Where a status says nothing (EL9: it is that of the last of six steps) one that fails afterwards has worked.
        meant = tuple(SABOTAGE) if store in {"suse", "alpine", "flatcar"} else ("fails", "lies")
        super().__init__(
            throwaway,
            "root",
            store,
            self._layout.bundle,
            "/var/lib/trustinstall",
            tool=self._layout.tool,
            sabotages=meant,
        )
        self._delivered = self._entries()
        throwaway.freeze()

    def trusts(self, sha256: str) -> bool:
        """By file, and by directory where clients have one."""
        by_directory = [["-no-CAfile", "-CApath", self._layout.directory]] if self._layout.directory else []
        return self.verified(sha256, ["-no-CApath", "-CAfile", self.bundle], *by_directory)

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """A keystore holds the time at which it was written: it counts by its entries."""
        found = dict(super().snapshot(times=times))
        if found.pop(self._layout.java, None) and (entries := self._entries()) != self._delivered:
            found[self._layout.java] = entries
        return found

    def _entries(self) -> list[tuple[bytes, bytes]]:
        return jks_entries(self.throwaway.read(self._layout.java)) if self._layout.java else []

    def put_by_hand(self, number: int) -> str:
        """An administrator does it by hand."""
        path, sha256 = self.root(number)
        self.by_hand(f"by-hand{number}.pem", self.throwaway.read(path))
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """An administrator renames the file, and runs the tool for another one."""
        self.rename_marked(self._layout.anchors, number)
        self.by_hand("another.pem", self.make(-2).pem)
        return True

    def put_beside(self, number: int, /) -> bool:
        """An administrator adds a file of another name."""
        self.put_by_hand(number)
        return True

    def bring_by_package(self, number: int, /) -> bool:
        """A package of the company's brings a file, where the distribution has a place for that."""
        pem, layout = self.make(number).pem, self._layout
        if self.store == "alpine":
            bring_selected(self.throwaway, pem)
        elif layout.shipped:
            self.throwaway.write(f"{PurePosixPath(layout.shipped).parent}/anchors/company.pem", pem)
        else:
            return False
        self.throwaway.run([self.tool, *layout.arguments], check=True)
        return True

    def put_otherwise(self, number: int, /) -> bool:
        """An administrator adds it in p11-kit's own format, where p11-kit makes the bundle."""
        if self.distrusted:
            self.by_hand("other.p11-kit", _P11_KIT + self.make(number).pem)
        return bool(self.distrusted)

    def distrust(self, number: int, /) -> bool:
        """An administrator puts it on the blocklist."""
        if self.distrusted:
            path = self.throwaway.write(f"{self.distrusted}/bad.pem", self.make(number).pem)
            self.by_hand("another.pem", self.make(-2).pem)
            assert self.throwaway.path(path).exists()
        return bool(self.distrusted)

    @property
    def distrusted(self) -> str:
        """The blocklist of a system whose bundle p11-kit makes; "" on others."""
        return self._layout.blocklist if self._layout.shipped and self.store != "alpine" else ""

    def take_own(self, _sha256: str) -> None:
        """An administrator adds another root by hand."""
        self.by_hand("another.pem", self.make(-2).pem)

    def by_hand(self, name: str, pem: bytes) -> None:
        """Put a file among the anchors and run the tool."""
        self.throwaway.write(f"{self._layout.anchors}/{name}", pem)
        self.throwaway.run([self.tool, *self._layout.arguments], check=True)

    def spoil(self) -> str:
        """The package that brings the tool is not there."""
        self.throwaway.run(["rm", self.tool], check=True)
        return self._package

    def elsewhere(self) -> Sequence[str]:
        """A Debian, by its os-release: directories and tool alone prove nothing."""
        self.throwaway.write("/etc/os-release", "ID=debian\n")
        return store_ids(self.throwaway, "root")
