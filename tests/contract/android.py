"""A throw-away machine for the contract: an account's Android emulator, and the device in it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence

from tests.contract.machines import FULL, Base, store_ids
from tests.support.engines.android import ADDED, Emulator
from tests.support.throwaway import NOISE, Throwaway
from trustinstall.testing.machine import SABOTAGE

_OUTSIDE = ("/tmp/contract", "/home/alice/.local", "/opt/engines")
_BAD = {"fails": "exit 1", "lies": "exit 0", "fails afterwards": '"$0.real" "$@"; exit 3'}
_TEE = "/usr/bin/tee"


class AndroidMachine(Base):
    """alice's emulator, in which she has installed a certificate in the settings, as DER."""

    def __init__(self, throwaway: Throwaway, *, new: bool = False) -> None:
        """Deliver it; `new`: with a device in which nobody has installed a certificate yet."""
        self.emulator = Emulator(throwaway)
        self.emulator.__enter__()
        super().__init__(
            throwaway,
            "alice",
            f"android-emulator:{self.emulator.location}",
            "",
            "/home/alice/.local",
            sabotages=SABOTAGE,
            kills=40 if FULL else 2,
            crowd=6 if FULL else 2,
            singly=True,
        )
        if not new:
            self.install(-3)
        self.emulator.device.freeze()
        throwaway.freeze()

    def close(self) -> None:
        """See `Base`."""
        self.emulator.__exit__()

    def install(self, number: int) -> str:
        """A person does it in the settings (TrustedCertificateStore, installCertificate); return the SHA-256."""
        path, sha256 = self.root(number)
        device = self.emulator.device
        device.run(["mkdir", "-p", "-m", "755", ADDED], check=True)
        stem = f"{ADDED}/{self._hash(path)}"
        free = next(one for one in (f"{stem}.{index}" for index in range(9)) if not device.path(one).exists())
        device.write(free, self.make(number).der)
        device.run(["chown", "-R", "1000:1000", ADDED], check=True)
        return sha256

    def _hash(self, path: str) -> str:
        words = ["openssl", "x509", "-in", path, "-noout", "-subject_hash_old"]
        return self.throwaway.run(words, check=True).stdout.strip()

    def _found(self) -> list[bytes]:
        """The DER of each certificate that Conscrypt finds: by the hash of its subject, without a gap."""
        found: list[bytes] = []
        for number in self.roots:
            stem = f"{ADDED}/{self._hash(self.root(number)[0])}"
            for index in range(9):
                path = self.emulator.device.path(f"{stem}.{index}")
                if not path.is_file():
                    break
                if path.stat().st_mode & 0o004 and (content := path.read_bytes()):
                    found.append(_der(content))
        return sorted(set(found) - {b""})

    def trusts(self, sha256: str) -> bool:
        """By searching as Conscrypt does."""
        return any(hashlib.sha256(one).hexdigest() == sha256 for one in self._found())

    def sound(self) -> int:
        """As many as are found."""
        return len(self._found())

    def snapshot(self, *, times: bool = False) -> Mapping[str, object]:
        """See `Machine`: what is outside, and what is inside."""
        found: dict[str, object] = dict(self.throwaway.changes(ignore=(*NOISE, *_OUTSIDE), mtimes=times))
        inside = self.emulator.device.changes(ignore=(*NOISE, _TEE, f"{_TEE}.real"), mtimes=times)
        return found | {f"device: {path}": entry for path, entry in inside.items()}

    def put_by_hand(self, number: int) -> str:
        """She installs another one in the settings."""
        return self.install(number)

    def lose_mark(self, number: int, /) -> bool:
        """She takes it out and installs the same one in the settings, as DER."""
        (path,) = self.emulator.device.path(ADDED).glob(f"{self._hash(self.root(number)[0])}.*")
        path.write_bytes(self.make(number).der)
        return True

    def put_beside(self, number: int, /) -> bool:
        """A script of hers adds another file of the same hash."""
        self.install(number)
        return True

    def take_own(self, _sha256: str, /) -> None:
        """And another one."""
        self.install(-2)

    def sabotage(self, how: str) -> None:
        """Put a bad tool in the place of the good one, inside."""
        device = self.emulator.device
        if not device.path(f"{_TEE}.real").exists():
            device.write(f"{_TEE}.real", device.read(_TEE), mode=0o755)
        device.write(_TEE, f"#!/bin/sh\n{_BAD[how]}\n", mode=0o755)

    def spoil(self) -> str:
        """The device answers nothing."""
        self.emulator.behave(liar="tar")
        return "cannot read"

    def elsewhere(self) -> Sequence[str]:
        """Bob has no virtual device."""
        return store_ids(self.throwaway, "bob")


def _der(content: bytes) -> bytes:
    """What OpenSSL reads in a file: DER, or PEM."""
    form = "PEM" if content.startswith(b"-") else "DER"
    words = ["openssl", "x509", "-inform", form, "-outform", "DER"]
    return subprocess.run(words, input=content, capture_output=True, check=False).stdout
