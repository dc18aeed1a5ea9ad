"""Android's virtual devices of an account, and its `adb`: facts, found from files alone.

Sources, read in November 2026, none tried on a real device: Android Studio's documentation (adb; avdmanager: names are
of a-z A-Z 0-9 . _ -; Run the emulator from the command line: AVD data directory, console ports 5554 to 5682);
AvdManager.java of sdklib (config.ini, hardware-qemu.ini.lock).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.facts.programs import BINARIES
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

_NAME = regex("[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")  # of a device; never an option
_SERIAL = regex("(emulator-[0-9]{4,5})[ \t]+device[ \t]*")
_GOOGLE_PLAY = regex(rb"^tag\.id[ \t]*=[ \t]*google_apis_playstore[ \t\r]*$", re.MULTILINE)
_MOST, _MOST_RUNNING = 100, 64  # devices of one account; the emulator has 64 pairs of ports
_LARGEST = 64 * 1024  # bytes of a file of settings

#: Where `adb` lies: in the SDK's own places for one account, in those of packages, and in the system's.
PLACES = (
    "~/Android/Sdk/platform-tools",  # Android Studio's default on Linux
    "~/Library/Android/sdk/platform-tools",  # and on macOS
    *reversed(BINARIES),
    "/opt/homebrew/bin",
    "/usr/lib/android-sdk/platform-tools",  # Debian
    "/opt/android-sdk/platform-tools",  # Arch
)


class Device(NamedTuple):
    """One virtual device.

    Attributes:
        name: its name.
        location: the directory of its data.
        stopped: whether it does not run: the emulator's lock is not there. A lock may be left from a killed emulator.
        production: whether its image is one with Google Play, a production build, in which nobody is root.
    """

    name: str
    location: str
    stopped: bool
    production: bool


def devices(host: Host) -> Iterator[Device]:
    """Yield the virtual devices of the acting account, where it has `adb`. Only files are read.

    Not root's, who would work in a home of another account; not on Windows, where nothing of this was read.
    """
    home = (host.account.home or "").rstrip("/")
    if not home or host.is_image or host.account.is_root or host.platform not in {"linux", "darwin"}:
        return
    if adb(host) is None:
        return
    top = f"{home}/.android/avd"
    for found in host.names(top)[:_MOST]:
        name, place = found.removesuffix(".avd"), f"{top}/{found}"
        status = host.status(place)
        if name != found and _NAME.fullmatch(name) and status is not None and status.kind is Kind.DIRECTORY:
            stopped = host.status(f"{place}/hardware-qemu.ini.lock") is None
            yield Device(name, place, stopped, _is_production(host, place))


def adb(host: Host) -> str | None:
    """Return the path of the acting account's `adb`, or None."""
    return next((f"{place}/adb" for place in directories(host) if host.executable(f"{place}/adb")), None)


def directories(host: Host) -> tuple[str, ...]:
    """Return the directories of PLACES for the acting account."""
    home = (host.account.home or "").rstrip("/")
    return tuple(home + place[1:] if place.startswith("~") else place for place in PLACES)


def serials(answer: bytes) -> tuple[str, ...]:
    """Return the serial numbers of running emulators in the output of `adb devices`; other lines are passed over."""
    found = map(_SERIAL.fullmatch, answer.decode("ascii", "replace").splitlines())
    return tuple(dict.fromkeys(one[1] for one in found if one))[:_MOST_RUNNING]


def console_name(answer: bytes) -> str:
    """Return the name in the answer of the emulator's console to `avd name`: its first line, before the line `OK`."""
    lines = [line.strip() for line in answer.decode("ascii", "replace").splitlines()]
    return lines[0] if lines[1:2] == ["OK"] else ""


def _is_production(host: Host, place: str) -> bool:
    try:
        content = host.read_or_none(f"{place}/config.ini", _LARGEST) or b""
    except OSError:
        return False
    return _GOOGLE_PLAY.search(content) is not None
