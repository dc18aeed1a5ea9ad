"""A throw-away root that runs under Windows, as far as it can see: WSL's kernel, its drive, and programs on the drive.

    with Throwaway(java=False) as root:
        wsl = Wsl(root)                     # alice's Linux, in a terminal of Windows that is not elevated
        wsl.behave(elevated=True)
        root.trustinstall("add", "--with-windows", "/tmp/corp.crt", user="alice")
        assert wsl.roots("HKLM") == {...}

What Windows keeps is read here from the stand-in's file, never through its programs.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.wsl import standin

SYSTEM32 = "/mnt/c/Windows/System32"
SOCKET = "/run/WSL/7_interop"
MOUNTS = "/opt/wsl/proc/self/mounts"
KERNEL = "/opt/wsl/proc/sys/kernel/osrelease"
INTEROP = "/opt/wsl/proc/sys/fs/binfmt_misc/WSLInterop"
MACHINE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Root"
ACCOUNT = r"HKCU\SOFTWARE\Microsoft\SystemCertificates\Root"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root"
ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\Root"
AUTHROOT = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot"
DISALLOWED = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Disallowed"
_DRIVE = "C:\\134 /mnt/c 9p rw,noatime,dirsync,aname=drvfs;path=C:\\;uid=1000;gid=1000 0 0\n"
# A /proc of which three files say what WSL's would say; the rest is the kernel's.
_PROC = """
mount --rbind /proc /opt/wsl/real
mount --rbind /opt/wsl/proc /proc
"""
_SELF = ("fd", "exe", "cmdline", "status", "stat", "maps")


class Wsl:
    """See the head of this module."""

    def __init__(self, throwaway: Throwaway) -> None:
        """Lay it out, and freeze it."""
        self.throwaway = throwaway
        self._lay_out()
        self.freeze()

    def _lay_out(self) -> None:
        throwaway = self.throwaway
        script = f"#!/usr/bin/python3 -I\n{Path(standin.__file__).read_text(encoding='utf-8')}"
        throwaway.write("/usr/bin/wslpath", script, mode=0o755)
        for name in ("reg.exe", "certutil.exe", "whoami.exe"):
            throwaway.write(f"{SYSTEM32}/{name}", script, mode=0o777, user="alice")
        throwaway.write(standin.STATE, json.dumps(standin.state()), mode=0o666, user="alice")
        throwaway.write(standin.LOG, "", mode=0o666, user="alice")
        throwaway.write(KERNEL, "5.15.153.1-microsoft-standard-WSL2\n")
        throwaway.write(INTEROP, "enabled\ninterpreter /init\n")
        throwaway.write(MOUNTS, f"/dev/sdc / ext4 rw,relatime 0 0\n{_DRIVE}")
        links = "; ".join(f"ln -s /opt/wsl/real/self/{name} /opt/wsl/proc/self/{name}" for name in _SELF)
        throwaway.run(
            ["sh", "-ec", f"mkdir -p /opt/wsl/real /run/WSL; : >{SOCKET}; {links}; chmod -R a+rwX /mnt/c"], check=True
        )

    def freeze(self) -> None:
        """Make what is there now the state that `reset` goes back to."""
        self.throwaway.freeze()
        self.start()

    def reset(self) -> None:
        """As it was delivered, or frozen."""
        self.throwaway.reset()
        self.start()

    def start(self) -> None:
        """What does not outlive a `reset` of the throw-away root."""
        self.throwaway.run(["sh", "-ec", _PROC], check=True)

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 - see `standin.state`
        """Change how Windows behaves."""
        assert changes.keys() <= standin.state().keys()
        self._put({**self._state(), **changes})

    def hold(self, place: str, der: bytes) -> None:
        """Put a certificate into a place of the registry, as another program would."""
        sha1 = hashlib.sha1(der).digest()  # noqa: S324
        blob = b"\x03\0\0\0\x01\0\0\0\x14\0\0\0" + sha1 + b"\x20\0\0\0\x01\0\0\0" + len(der).to_bytes(4, "little") + der
        now = self._state()
        standin.held(now["registry"], rf"{place}\Certificates")[sha1.hex().upper()] = {
            "Blob": ["REG_BINARY", blob.hex().upper()]
        }
        self._put(now)

    def policy(self, key: str, name: str, number: int) -> None:
        """Set a number in the registry, as another program would."""
        now = self._state()
        now["registry"][key] = {"": {name: ["REG_DWORD", hex(number)]}}
        self._put(now)

    def forget_log(self) -> None:
        """Nothing has happened yet."""
        self.throwaway.write(standin.LOG, "", mode=0o666, user="alice")

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.throwaway.read(standin.STATE))
        return found

    def _put(self, state: Mapping[str, Any]) -> None:
        new = self.throwaway.write(f"{standin.STATE}.put", json.dumps(state), mode=0o666, user="alice")
        self.throwaway.path(new).replace(self.throwaway.path(standin.STATE))

    # --- looking ----------------------------------------------------------------------------------

    def registry(self) -> Mapping[str, Any]:
        """All of it."""
        found: Mapping[str, Any] = {key: keys for key, keys in self._state()["registry"].items() if keys}
        return found

    def roots(self, place: str = MACHINE) -> dict[str, bytes]:
        """DER by SHA-256 of what a place of the registry holds."""
        found: dict[str, bytes] = {}
        for key, keys in self.registry().items():
            if key.lower() != rf"{place}\Certificates".lower():
                continue
            for name, values in keys.items():
                blob = bytes.fromhex(values["Blob"][1])
                der = blob[44:]  # a hash comes first, of 12 and 20 bytes, and then 12 before the certificate
                assert hashlib.sha1(der).hexdigest().upper() == name  # noqa: S324
                found[hashlib.sha256(der).hexdigest()] = der
        return found

    def held(self, place: str = MACHINE) -> set[str]:
        """SHA-256 of what a place of the registry holds."""
        return set(self.roots(place))

    def log(self, kind: str) -> list[Mapping[str, Any]]:
        """What the stand-ins have noted: "started", "certutil" or "dialog"."""
        lines = map(json.loads, self.throwaway.read(standin.LOG).splitlines())
        return [line for line in lines if line["kind"] == kind]

    # --- using it ---------------------------------------------------------------------------------

    def on_terminal(self, *words: str, answer: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the program under test as alice, at the screen."""
        command = ["script", "-qec", shlex.join([*PROGRAM, *words]), "/dev/null"]
        return self.throwaway.run(command, user="alice", input=answer, env={"TERM": "xterm", **environ})
