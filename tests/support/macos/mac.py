"""A throw-away root that is laid out as a Mac, with a stand-in for /usr/bin/security.

    with Throwaway(java=False) as root:
        mac = Mac(root)                       # macOS 15, alice in a graphical session, who accepts every dialog
        mac.behave(answer="cancel")
        mac.security("add-trusted-cert", "-d", "-k", SYSTEM_KEYCHAIN, "/tmp/corp.crt")
        assert mac.dialogs() == 1

What the stand-in keeps is read here from its files, never through it. What it does is written from Apple's published
source and from what people report; nothing is taken from the backend that it is there to test.
"""

from __future__ import annotations

import base64
import json
import os
import plistlib
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tests.support.macos.standin import machine
from tests.support.macos.standin.machine import State
from tests.support.throwaway import Throwaway

SYSTEM_KEYCHAIN = machine.SYSTEM_KEYCHAIN
SECURITY = "/usr/bin/security"
LAUNCHER = "/opt/mac/trustinstall"
_HERE = Path(__file__).parent
_SECURITY = """#!/usr/bin/python3 -I
import sys
sys.path.insert(0, "/opt/mac")
from standin.main import main
sys.exit(main(sys.argv[1:]))
"""
_PUBLIC = 3  # roots that the machine is delivered with
# Version: (product name, build).
_BUILDS = {
    "10.15": ("Mac OS X", "19A583"),
    "11.0": ("macOS", "20A2411"),
    "12.0": ("macOS", "21A344"),
    "14.7.5": ("macOS", "23H527"),
    "15.0": ("macOS", "24A335"),
    "26.0": ("macOS", "25A354"),
}
_SW_VERS = """#!/usr/bin/python3 -I
import plistlib, sys
with open("/System/Library/CoreServices/SystemVersion.plist", "rb") as file:
    found = plistlib.load(file)
names = {"ProductName": "productName", "ProductVersion": "productVersion", "ProductBuildVersion": "buildVersion"}
wanted = [word.lstrip("-") for word in sys.argv[1:]]
for key, option in names.items():
    if not wanted:
        print(f"{key.replace('ProductBuild', 'Build')}:\\t\\t{found[key]}")
    elif option in wanted:
        print(found[key])
"""
_LAUNCHCTL = f"""#!/usr/bin/python3 -I
import json, sys
if sys.argv[1:] != ["managername"]:
    sys.exit("the stand-in plays launchctl managername alone")
print(json.load(open("{machine.STATE}"))["session"])
"""
# A device directory of its own, so that the console's owner can be changed without touching the machine's; no /proc.
_DEVICES = """
mount -t tmpfs -o mode=0755 devices /opt/mac/dev
for each in null zero full random urandom tty; do
    : >/opt/mac/dev/$each
    mount --bind /dev/$each /opt/mac/dev/$each
done
: >/opt/mac/dev/console
mount --rbind /opt/mac/dev /dev
mount -t tmpfs -o mode=0555 none /proc
"""


class Mac:
    """See the head of this module."""

    def __init__(self, throwaway: Throwaway, version: str = "15.0", *, user: str = "alice") -> None:
        """Lay it out, and freeze it; `user` sits in front of it."""
        self.throwaway = throwaway
        self._user = user
        self._lay_out(version)
        throwaway.freeze()
        self.start(user)

    # --- making it ------------------------------------------------------------------------------

    def _lay_out(self, version: str) -> None:
        throwaway, home = self.throwaway, self.throwaway.user(self._user).home
        throwaway.run(
            [
                "mkdir",
                "-p",
                "/Library/Application Support",
                "/opt/mac/dev",
                "/run/mount",
                machine.HOME,
                machine.SETTINGS,
            ],
            check=True,
        )
        throwaway.run(["chmod", "1777", machine.HOME, machine.SETTINGS], check=True)
        for path in (_HERE / "standin").glob("*.py"):
            throwaway.write(f"/opt/mac/standin/{path.name}", path.read_bytes())
        throwaway.run(["/usr/bin/python3", "-m", "compileall", "-q", "/opt/mac/standin"], check=True)
        throwaway.write(SECURITY, _SECURITY, mode=0o755)
        throwaway.write("/usr/bin/sw_vers", _SW_VERS, mode=0o755)
        throwaway.write("/bin/launchctl", _LAUNCHCTL, mode=0o755)
        throwaway.write(LAUNCHER, (_HERE / "launcher.py").read_bytes())
        self.version(version)
        throwaway.write(machine.LOG, "", mode=0o666)
        throwaway.write(machine.STATE, json.dumps(asdict(State())))
        throwaway.write(machine.RIGHTS, "{}")
        roots = _public(throwaway)
        throwaway.write(machine.SYSTEM_ROOTS, machine.pack_keychain(roots))
        throwaway.write(SYSTEM_KEYCHAIN, machine.pack_keychain([]))
        for directory in ("Library", "Library/Application Support", "Library/Keychains"):
            throwaway.run(["install", "-d", "-o", self._user, "-g", self._user, f"{home}/{directory}"], check=True)
        throwaway.write(f"{home}/{machine.LOGIN_KEYCHAIN}", machine.pack_keychain([]), mode=0o600, user=self._user)

    def start(self, console: str | None) -> None:
        """What does not outlive a `reset` of the throw-away root: devices, and who sits at the console."""
        self.throwaway.run(["sh", "-e", "-c", _DEVICES], check=True)
        self.console(console)

    def console(self, user: str | None) -> None:
        """Set the account that is logged in at the screen; None for no account."""
        uid = self.throwaway.user(user).uid if user else 0
        os.chown(self.throwaway.path("/dev/console"), uid, 0)

    def version(self, version: str) -> None:
        """Another version of macOS."""
        name, build = _BUILDS[version]
        found = {"ProductName": name, "ProductVersion": version, "ProductBuildVersion": build}
        self.throwaway.write(machine.SYSTEM_VERSION, plistlib.dumps(found))

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of State have many types
        """Change how the stand-in behaves; see `State`."""
        now = State(**json.loads(self.throwaway.read(machine.STATE)))
        new = self.throwaway.write(f"{machine.STATE}.new", json.dumps(asdict(replace(now, **changes))))
        self.throwaway.path(new).rename(self.throwaway.path(machine.STATE))

    def over_ssh(self) -> None:
        """Give the callers, and all others, no graphical session."""
        self.behave(session="Background")
        self.console(None)

    # --- using it -------------------------------------------------------------------------------

    def security(self, *words: str, user: str = "root", **more: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401
        """Run the stand-in; `more` is for `Throwaway.run`."""
        return self.throwaway.run([SECURITY, *words], user=user, **more)

    def program(self, *words: str) -> list[str]:
        """The command that runs the program under test as if on a Mac."""
        return ["/opt/trustinstall/bin/python", "-I", LAUNCHER, *words]

    # --- looking at it --------------------------------------------------------------------------

    def log(self, kind: str) -> list[Mapping[str, Any]]:
        """What the stand-in has noted: "call", "change", "dialog", "authorised" or "stalled"."""
        lines = map(json.loads, self.throwaway.read(machine.LOG).splitlines())
        return [line for line in lines if line["kind"] == kind]

    def dialogs(self) -> int:
        """How many dialogs were shown until now."""
        return len(self.log("dialog"))

    def keychain(self, path: str = SYSTEM_KEYCHAIN) -> list[bytes]:
        """The certificates in a keychain."""
        return machine.unpack_keychain(self.throwaway.read(path))

    def login_keychain(self) -> str:
        """The path of the user's own keychain."""
        return f"{self.throwaway.user(self._user).home}/{machine.LOGIN_KEYCHAIN}"

    def settings(self, domain: str = "admin") -> Mapping[str, Any] | None:
        """The records of a domain ("admin", or an account's name) by SHA-1; None where there is no file."""
        name = domain if domain == "admin" else str(self.throwaway.user(domain).uid)
        path = self.throwaway.path(f"{machine.SETTINGS}/{name}")
        if not path.exists():
            return None
        found: Mapping[str, Any] = machine.unpack_settings(path.read_bytes())["trustList"]
        return found


def _public(throwaway: Throwaway) -> list[bytes]:
    """A few public roots."""
    blocks = throwaway.read("/etc/ssl/certs/ca-certificates.crt").split(b"-----BEGIN CERTIFICATE-----")[1:]
    return [base64.b64decode(block.split(b"-----END")[0]) for block in blocks[:_PUBLIC]]
