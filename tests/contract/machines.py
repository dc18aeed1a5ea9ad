"""Throw-away machines for the contract: what all of them have in common, and what several ask for."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.families import COUNT
from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, PROGRAM, Throwaway
from trustinstall.testing.machine import Ran

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
SABOTAGE = {
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
        self.throwaway.write(self.tool, f"#!/bin/sh\n{SABOTAGE[how]}\n", mode=0o755)

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


def store_ids(throwaway: Throwaway, user: str) -> list[str]:
    """The ids of all stores that an account finds."""
    done = throwaway.trustinstall("stores", "--json", user=user, check=True)
    return [str(one["id"]) for one in json.loads(done.stdout)["stores"]]
