"""A throw-away root with `adb` in it, whose emulator is another throw-away root with a device's directories.

The stand-in for `adb` is `standin.adb`; Debian's own tools stand in for toybox's inside, and run for real. An account
`shell` is alice there, and `su 0 COMMAND` makes it root, in the grammar of AOSP's su.cpp.
"""

from __future__ import annotations

import io
import subprocess
from typing import Any, cast

from tests.support.engines.engines import Engine
from tests.support.throwaway import Throwaway

USER = "/data/misc/user/0"
ADDED = f"{USER}/cacerts-added"
SYSTEM = "/system/etc/security/cacerts"
MODULE = "/apex/com.android.conscrypt/cacerts"
_SU = "su 0 "


class Emulator(Engine):
    """alice's virtual device Pixel_9, in which no certificate of a user has been installed."""

    def __init__(self, outside: Throwaway) -> None:
        """Deliver it when it is entered."""
        super().__init__(outside, "android", lay_out=_lay_out)

    @property
    def device(self) -> Throwaway:
        """The inside of the emulator."""
        return self.nodes[0]

    def run(self, head: dict[str, Any], given: bytes) -> tuple[int, bytes, bytes]:
        """Run a line inside; every byte stays, because certificates and archives are no text."""
        line = str(head["line"])
        root = line.startswith(_SU)
        words, user = ["/bin/sh", "-c", line.removeprefix(_SU)], "root" if root else "alice"
        with self.device.popen(words, user=user, stdin=subprocess.PIPE) as process:
            stdin, stdout, stderr = (
                cast("io.TextIOWrapper", stream).buffer for stream in (process.stdin, process.stdout, process.stderr)
            )
            stdin.write(given)
            stdin.close()
            out, err = bytes(stdout.read()), bytes(stderr.read())
        return process.returncode, out, err


def _lay_out(device: Throwaway) -> None:
    """Make the directories of a new device: those of users are made at need (Conscrypt, writeCertificate)."""
    for directory in (USER, SYSTEM):
        device.run(["mkdir", "-p", "-m", "755", directory], check=True)
    device.run(["chmod", "771", USER], check=True)
