"""The files of the stand-in in the fake root: keychains, trust settings, its behaviour, and a log of calls.

Real keychains are opaque, and only trustd may read real trust settings. So both have a form here that a program cannot
read by accident: a word, and compressed data.
"""

from __future__ import annotations

import json
import os
import plistlib
import pwd
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

HOME = "/var/standin"
STATE, LOG, RIGHTS, DISABLED = (f"{HOME}/{name}" for name in ("state.json", "log", "rights.json", "user-disabled"))
SYSTEM_KEYCHAIN = "/Library/Keychains/System.keychain"
SYSTEM_ROOTS = "/System/Library/Keychains/SystemRootCertificates.keychain"
LOGIN_KEYCHAIN = "Library/Keychains/login.keychain-db"
SETTINGS = "/private/var/protected/trustd/private"
SYSTEM_VERSION = "/System/Library/CoreServices/SystemVersion.plist"
_KEYCHAIN, _SETTINGS = b"keychain-of-the-stand-in\n", b"settings-of-the-stand-in\n"

Settings = dict[str, Any]  # a trust settings plist


@dataclass
class State:
    """How the stand-in is to behave; a test sets it with a JSON object at STATE.

    Attributes:
        session: "Aqua" where the caller's session may show dialogs, "Background" over ssh and in services.
        answer: what the user does with a dialog: "accept", "cancel", "refuse", or "none": it stays.
        language: "en", "de", "ja".
        sip: whether System Integrity Protection is on.
        locked: whether login keychains are locked.
        stalls: words of calls that never end, "remove-trusted-cert -d" for instance.
        sabotage: "", "fails", "lies" or "fails afterwards": what calls that change something do.
        reading: "notes" or "source": which one counts where this project's notes and Apple's source differ.
    """

    session: str = "Aqua"
    answer: str = "accept"
    language: str = "en"
    sip: bool = True
    locked: bool = False
    stalls: list[str] = field(default_factory=list[str])
    sabotage: str = ""
    reading: str = "notes"


def state() -> State:
    """What the test has set."""
    return State(**json.loads(Path(STATE).read_text()))


def version() -> tuple[int, ...]:
    """The version of macOS."""
    with Path(SYSTEM_VERSION).open("rb") as file:
        return tuple(int(part) for part in plistlib.load(file)["ProductVersion"].split("."))


def note(kind: str, **what: object) -> None:
    """Add a line to the log."""
    line = json.dumps({"kind": kind, "uid": os.getuid(), **what}) + "\n"
    descriptor = os.open(LOG, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def home() -> str:
    """The caller's home, as passwd says."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return "/var/empty"


def created() -> list[str]:
    """The keychains that the caller has created and that are still there."""
    path = Path(f"{HOME}/created-{os.geteuid()}")
    return [line for line in path.read_text().splitlines() if Path(line).exists()] if path.exists() else []


def create(keychain: str) -> None:
    """Note a new keychain."""
    Path(f"{HOME}/created-{os.geteuid()}").write_text("\n".join([*created(), keychain]) + "\n")


def pack_keychain(ders: list[bytes]) -> bytes:
    """A keychain's content."""
    return _KEYCHAIN + zlib.compress(plistlib.dumps(ders, fmt=plistlib.FMT_BINARY))


def unpack_keychain(content: bytes) -> list[bytes]:
    """The certificates of a keychain; raises ValueError for anything else."""
    found = _unpack(content, _KEYCHAIN)
    if not isinstance(found, list) or not all(isinstance(one, bytes) for one in cast("list[object]", found)):
        raise ValueError("not a keychain of the stand-in")
    return cast("list[bytes]", found)


def pack_settings(settings: Settings) -> bytes:
    """A domain's content."""
    return _SETTINGS + zlib.compress(plistlib.dumps(settings, fmt=plistlib.FMT_BINARY))


def unpack_settings(content: bytes) -> Settings:
    """The trust settings of a domain; raises ValueError for anything else."""
    found = _unpack(content, _SETTINGS)
    if not isinstance(found, dict):
        raise ValueError("not trust settings of the stand-in")  # noqa: TRY004 - one error for every fault
    return cast("Settings", found)


def _unpack(content: bytes, word: bytes) -> object:
    if not content.startswith(word):
        raise ValueError("not a file of the stand-in")
    try:
        found: object = plistlib.loads(zlib.decompress(content[len(word) :]))
    except Exception as error:  # plistlib's binary reader raises many kinds
        raise ValueError(str(error)) from error
    return found


def settings_path(domain: str) -> str:
    """Where a domain's settings are: "admin", "system", or the user's of a uid."""
    return f"{SETTINGS}/{os.getuid() if domain == 'user' else domain}"


def read_settings(domain: str) -> Settings | None:
    """A domain's settings; None where there is no file."""
    try:
        return unpack_settings(Path(settings_path(domain)).read_bytes())
    except FileNotFoundError:
        return None


def write_settings(domain: str, settings: Settings) -> None:
    """Replace a domain's settings; what is left of the last one depends on the version."""
    path = Path(settings_path(domain))
    if not settings["trustList"] and version() < (12,):
        path.unlink(missing_ok=True)
        return
    replace(path, pack_settings(settings), 0o666)


def replace(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replace a file atomically; it keeps its owner and mode where it has one. Raises OSError as a mere write would."""
    if path.exists():
        path.open("ab").close()  # a rename would not ask for the right to write the file itself
    new = path.with_name(f"{path.name}.sb-{os.getpid()}")
    new.write_bytes(content)
    found = path.stat() if path.exists() else None
    new.chmod(found.st_mode & 0o7777 if found else mode if mode is not None else 0o644)
    if found and os.geteuid() == 0:
        os.chown(new, found.st_uid, found.st_gid)
    new.rename(path)
