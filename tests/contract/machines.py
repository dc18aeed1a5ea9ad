"""Throw-away machines for the contract: Linux systems with their own tools, and a developer's Python environment."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.support.families import COUNT, Layout, lay_out
from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, PROGRAM, Throwaway
from trustinstall.testing.machine import Ran

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
_TOOL = "/usr/sbin/update-ca-certificates"
_KEYSTORE = "/etc/ssl/certs/java/cacerts"
_P11_KIT = b'[p11-kit-object-v1]\nclass: certificate\ncertificate-type: x-509\nlabel: "By hand"\ntrusted: true\n'
_SABOTAGE = {
    "fails": "exit 1",
    "lies": "exit 0",
    "fails afterwards": '"$0.real" "$@"; exit 3',
}


@dataclass
class Run:
    """One run of the program in a throw-away root."""

    process: subprocess.Popen[str]

    def kill(self) -> None:
        """Kill the program, and nothing that it has started."""
        self.process.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        self.process.wait()

    def wait(self) -> Ran:
        """Its end."""
        output, errors = self.process.communicate(timeout=600)
        return Ran(self.process.returncode, json.loads(output) if output.strip() else {}, errors)


@dataclass
class Base:
    """What both machines have in common."""

    throwaway: Throwaway
    user: str
    store: str
    bundle: str
    state: str
    arguments: tuple[str, ...] = ()
    tool: str = ""
    sabotages: Sequence[str] = ()
    kills: int = 100 if FULL else 3
    crowd: int = 20 if FULL else 3
    singly: bool = False
    one_place: str = ""
    nameless: bool = False
    openssl: str = "openssl"
    program: tuple[str, ...] = PROGRAM
    roots: dict[int, Root] = field(default_factory=dict[int, Root])

    def close(self) -> None:
        """End what a machine has beside its throw-away root."""

    def make(self, number: int) -> Root:
        """The root of a number; -1 is the stranger."""
        if number not in self.roots:
            self.roots[number] = make_root(common_name=f"Contract Root {number}")
        return self.roots[number]

    def root(self, number: int) -> tuple[str, str]:
        """See `Machine`. The file lies in a place that snapshots leave out."""
        root = self.make(number)
        path = f"/tmp/contract/{number}.crt"
        self.throwaway.write(path, root.pem)
        return path, hashlib.sha256(root.der).hexdigest()

    def start(self, command: str, *arguments: str) -> Run:
        """See `Machine`."""
        words = [command, "--json", *self.selected(command), *arguments]
        if self.program == PROGRAM:
            return Run(self.throwaway.start(*words, user=self.user))
        return Run(self.throwaway.popen([*self.program, *words], user=self.user))

    def selected(self, command: str) -> Sequence[str]:
        """Return the options that name the store, and where it is; "repair" knows from the ledger."""
        if command != "repair":
            return ["--store", self.store, *self.arguments]
        return self.arguments if "--sysroot" in self.arguments else ()

    def sound(self) -> int:
        """See `Machine`: OpenSSL loads the bundle, and holds as many as there are blocks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        content = self.throwaway.read(self.bundle)
        context.load_verify_locations(cafile=str(self.throwaway.path(self.bundle)))
        count = context.cert_store_stats()["x509"]
        assert content.count(b"-----BEGIN CERTIFICATE-----") == count
        assert content.count(b"-----END CERTIFICATE-----") == count
        return count

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`."""
        ignore = (*NOISE, self.state, "/tmp/contract", COUNT)
        return self.throwaway.changes(ignore=ignore, mtimes=times)

    def holds(self, content: bytes, sha256: str) -> bool:
        """Whether PEM text holds a certificate: by the standard library's eyes alone."""
        text = content.decode("latin-1").replace(" X509 CERTIFICATE", " CERTIFICATE")  # OpenSSL's old name
        blocks = text.split("-----BEGIN CERTIFICATE-----")[1:]
        ders = (base64.b64decode(block.split("-----END CERTIFICATE-----")[0]) for block in blocks)
        return any(hashlib.sha256(der).hexdigest() == sha256 for der in ders)

    def refreshes(self) -> int:
        """See `Machine`."""
        path = self.throwaway.path(COUNT)
        return len(path.read_bytes().splitlines()) if path.exists() else 0

    def sabotage(self, how: str) -> None:
        """Put a bad tool in the place of the good one."""
        if not self.throwaway.path(f"{self.tool}.real").exists():
            self.throwaway.write(f"{self.tool}.real", self.throwaway.read(self.tool), mode=0o755)
        self.throwaway.write(self.tool, f"#!/bin/sh\n{_SABOTAGE[how]}\n", mode=0o755)

    def bring_by_package(self, _number: int, /) -> bool:
        """See `Machine`: no package brings a single certificate into such a store."""
        return False

    def put_otherwise(self, _number: int, /) -> bool:
        """See `Machine`: its clients read one format."""
        return False

    def rewrite(self) -> bool:
        """See `Machine`: no program is known that would."""
        return False

    def distrust(self, _number: int, /) -> bool:
        """See `Machine`: there is no distrust in such a store."""
        return False

    def rename_marked(self, directory: str, number: int) -> None:
        """Give the file of trustinstall in a directory a name that says nothing."""
        (path,) = self.throwaway.path(directory).glob(f"*{self.root(number)[1][:12]}*")
        path.rename(path.with_name(f"renamed{number}{path.suffix}"))

    def verified(self, sha256: str, *places: Sequence[str]) -> bool:
        """Whether OpenSSL verifies a test root by each of these places; they must agree."""
        number = next(n for n, one in self.roots.items() if hashlib.sha256(one.der).hexdigest() == sha256)
        path, _ = self.root(number)
        codes = [self.throwaway.run([self.openssl, "verify", *each, path]).returncode for each in places]
        assert len({code == 0 for code in codes}) == 1, "file and directory disagree"
        return codes[0] == 0


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
            sabotages=tuple(_SABOTAGE),
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
                ["keytool", "-list", "-keystore", _KEYSTORE, "-storepass", "changeit"], check=True
            )
            if (entries := sorted(listed.stdout.splitlines())) != self._entries():
                found[_KEYSTORE] = entries
        return found

    @functools.cache  # noqa: B019  a machine lives as long as its test
    def _entries(self) -> list[str]:
        """The keystore's entries as they were delivered."""
        copy = "/tmp/contract/cacerts"
        self.throwaway.write(copy, self._delivered)
        listed = self.throwaway.run(["keytool", "-list", "-keystore", copy, "-storepass", "changeit"], check=True)
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
        meant = tuple(_SABOTAGE) if store in {"suse", "alpine", "flatcar"} else ("fails", "lies")
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


def bring_selected(throwaway: Throwaway, pem: bytes) -> None:
    """Do what a package does that brings a certificate of a company: a file, and a line that selects it."""
    throwaway.write("/usr/share/ca-certificates/company/root.crt", pem)
    selection = throwaway.read("/etc/ca-certificates.conf")
    throwaway.write("/etc/ca-certificates.conf", selection + b"company/root.crt\n")


def old_label(pem: bytes) -> bytes:
    """Return a certificate's PEM under OpenSSL's old name for it."""
    return pem.replace(b" CERTIFICATE-----", b" X509 CERTIFICATE-----")


def without_marks(content: bytes, sha256: str) -> bytes:
    """Return a bundle without the marker lines of one certificate."""
    lines = content.splitlines(keepends=True)
    return b"".join(one for one in lines if not (one.startswith(b"# trustinstall ") and sha256.encode() in one))


def jks_entries(keystore: bytes) -> list[tuple[bytes, bytes]]:
    """Alias and certificate of each trusted entry of a Java keystore (sun.security.provider.JavaKeyStore)."""
    entries: list[tuple[bytes, bytes]] = []
    count, at = int.from_bytes(keystore[8:12], "big"), 12
    for _ in range(count):
        alias, at = _counted(keystore, at + 4, 2)
        _, at = _counted(keystore, at + 8, 2)
        der, at = _counted(keystore, at, 4)
        entries.append((alias, der))
    assert at + 20 == len(keystore)  # SHA-1 of all of it
    return sorted(entries)


def _counted(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    end = at + width + int.from_bytes(data[at : at + width], "big")
    return data[at + width : end], end


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


def store_ids(throwaway: Throwaway, user: str) -> list[str]:
    """The ids of all stores that an account finds."""
    done = throwaway.trustinstall("stores", "--json", user=user, check=True)
    return [str(one["id"]) for one in json.loads(done.stdout)["stores"]]
