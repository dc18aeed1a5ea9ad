"""Access to a running Android emulator: the commands that read what is in it, and those that change it.

`adb shell` joins its words to one line for a shell in the device, so each word is of letters, digits and `-_./` only;
a certificate goes in by standard input. `-T` keeps the streams apart and the bytes as they are, and hands on the exit
status (Android 7 and later). Root is had by the image's own `su`, whose grammar is `su 0 COMMAND…`: no daemon is
restarted for that, as `adb root` would do, and nothing has to be undone.

Sources: adb's manual (docs/user/adb.1.md); AOSP's system/extras/su/su.cpp; Android Studio's documentation, "Send
emulator console commands" (avd name).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import OutOfReach, ToolFailed, printable
from trustinstall.host.commands import Run
from trustinstall_platforms.programs import android_devices as android
from trustinstall_platforms.programs import android_inside
from trustinstall_platforms.programs.android_inside import ADDED

if TYPE_CHECKING:
    from trustinstall.host import Host, ToolResult
    from trustinstall.stores.steps import ToolOperation
    from trustinstall.stores.store import Store
    from trustinstall_platforms.programs.android_devices import Device
    from trustinstall_platforms.programs.android_inside import Inside

_ASKING, _WRITING = 30.0, 60.0  # seconds
_MOST_SAID = 4096  # bytes of an answer that are searched for the reason of a failure
_SYSTEMS = "1000:1000"  # `system`, to whom the device's settings belong: a person can take the certificate out there

# The operations, each with its inverse: the directory for files is made first, and goes when it is empty.
ROOM, TIDY = "make room in the emulator for", "take away the room in the emulator for"
PUT, TAKE = "put into the emulator", "take out of the emulator"
TAKE_ALL, NOTHING = "take all copies out of the emulator:", "leave the emulator without room for"

PRODUCTION = (
    "its image is one with Google Play, in which nobody is root; install the certificate in its settings, or use an "
    "image without Google Play"
)


class Access:
    """Access to the emulator that runs a virtual device."""

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        found = next((one for one in android.devices(host) if one.location == store.location), None)
        program = android.adb(host)
        if found is None or program is None:
            raise OutOfReach(f"{store.label or store.location} is no longer there, or adb is not")
        self._device, self._program = found, program

    def inside(self) -> Inside:
        """Return what is in it. Raises OutOfReach if it does not run or nobody is root in it; ToolFailed."""
        if self._device.production:
            raise OutOfReach(PRODUCTION)
        serial = self._serial()
        found = self._host.query(self._shell(serial, android_inside.LOOK, _ASKING))
        if (inside := android_inside.parse(found.answer)) is None:
            raise self._failure(found)
        if android_inside.USER not in inside.rooms:
            raise OutOfReach("it has not started up yet; wait until it has, and run the command again")
        return inside

    def commands(self, step: ToolOperation) -> list[Run]:
        """Return the commands of an operation, by the present content. Raises as `inside` does."""
        certificate, inside = Certificate.held(step.der), self.inside()
        if step.operation == PUT:
            words = self._putting(inside, certificate)
        elif step.operation in {TAKE, TAKE_ALL}:
            paths = inside.going(certificate, everything=step.operation == TAKE_ALL)
            words = removing(inside, paths)
        elif step.operation == ROOM:
            words = [] if ADDED in inside.rooms else [(("mkdir", ADDED), b""), *_handing_over(ADDED, "755")]
        elif step.operation == TIDY:
            empty = ADDED in inside.rooms and not any(path.startswith(f"{ADDED}/") for path in inside.files)
            words = [(("rmdir", ADDED), b"")] if empty else []
        elif step.operation == NOTHING:
            words = []
        else:
            raise ValueError(f"no operation of an emulator: {step.operation!r}")
        counts = step.operation in {PUT, ROOM}
        serial = self._serial() if words else ""
        return [self._shell(serial, each, _WRITING, stdin=given, must_succeed=counts) for each, given in words]

    def _putting(self, inside: Inside, certificate: Certificate) -> list[tuple[tuple[str, ...], bytes]]:
        if inside.trusted.get(certificate.sha256) and certificate.sha256 in inside.marked():
            return []
        path = inside.path_for(certificate)
        return [(("tee", path), android_inside.content_of(certificate)), *_handing_over(path, "644")]

    def _serial(self) -> str:
        """Return the serial number of the emulator that runs the device, which is sought once in a run."""
        return self._host.remembered(("Android emulator", self._device.location), self._sought)

    def _sought(self) -> str:
        """Return that serial number: the emulator's console tells the device's name, to its own account alone."""
        listed = self._ask(("devices",))
        if listed.status:
            raise self._failure(listed)
        for serial in android.serials(listed.answer):
            if android.console_name(self._ask(("-s", serial, "emu", "avd", "name")).answer) == self._device.name:
                return serial
        raise OutOfReach(resting(self._device))

    def _failure(self, found: ToolResult) -> OutOfReach | ToolFailed:
        said = f"{found.answer[-_MOST_SAID:].decode('utf-8', 'replace')}\n{found.output}"
        if "device" in said and any(word in said for word in ("not found", "offline")):
            return OutOfReach(resting(self._device))
        if "su: " in said and "not found" in said:
            return OutOfReach(PRODUCTION)
        if "PTY args" in said:  # adb's words for a device whose shell does not keep the streams apart
            return OutOfReach("its Android is older than 7; install the certificate in its settings")
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        why = printable(lines[-1]) if lines else "it said nothing"
        return ToolFailed(f"adb cannot read {self._device.name} (status {found.status}): {why}; see why by hand")

    def _ask(self, words: tuple[str, ...]) -> ToolResult:
        return self._host.query(self._run(words, _ASKING, must_succeed=False))

    def _shell(
        self, serial: str, words: tuple[str, ...], seconds: float, *, stdin: bytes = b"", must_succeed: bool = False
    ) -> Run:
        """Return a command in the device, as its root."""
        words = ("-s", serial, "shell", "-T", *(() if stdin else ("-n",)), "su", "0", *words)
        return self._run(words, seconds, stdin=stdin, must_succeed=must_succeed)

    def _run(self, words: tuple[str, ...], seconds: float, *, must_succeed: bool, stdin: bytes = b"") -> Run:
        return Run(
            (self._program, *words),
            stdin=stdin,
            env=(("PATH", ":".join(android.directories(self._host))),),
            seconds=seconds,
            must_succeed=must_succeed,
            timeout_advice=f"see whether the emulator of {self._device.name} answers, and try again",
        )


def removing(inside: Inside, paths: tuple[str, ...]) -> list[tuple[tuple[str, ...], bytes]]:
    """Return the words that take files out as the device's own settings do, and what each command reads.

    A file that others of the same hash follow becomes a tombstone; the last one goes with the tombstones before it.
    """
    gone: list[str] = []
    empty: list[str] = []
    for path in sorted(paths, key=_number, reverse=True):
        if inside.following(path, frozenset(gone)):
            empty.append(path)
        else:
            gone += [path, *inside.needless(path)]
    truncated = [(("truncate", "-s", "0", *sorted(empty)), b"")] if empty else []
    return [*truncated, *([(("rm", "-f", *sorted(gone)), b"")] if gone else [])]


def resting(one: Device) -> str:
    """Return the sentence that a device does not run, and how to start it."""
    return f"it does not run; start it (emulator -avd {one.name}), and run the command again"


def _handing_over(path: str, mode: str) -> list[tuple[tuple[str, ...], bytes]]:
    return [(("chown", _SYSTEMS, path), b""), (("chmod", mode, path), b"")]


def _number(path: str) -> int:
    return int(path.rpartition(".")[2])
