"""The version of macOS, and whether a person could answer the window that it opens before trust settings change.

Sources: authorization.plist of Apple's Security project (the rights com.apple.trust-settings.admin and .user);
release notes of macOS 11; TrustSettingsSchema.h (DisableUserTrustSettings).

| macOS          | the machine's trust settings             | an account's own                                    |
| -------------- | ---------------------------------------- | --------------------------------------------------- |
| 10.14, 10.15   | root is enough                           | the account's password, in a window on its screen   |
| 11 and later   | also an administrator's, in a window     | the same                                            |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import plists
from trustinstall.patterns import regex
from trustinstall.typed_json import is_object

if TYPE_CHECKING:
    from trustinstall.host import Host

_VERSION_FILE = "/System/Library/CoreServices/SystemVersion.plist"
_PREFERENCES = "/Library/Preferences/com.apple.security.plist"
_CONSOLE = "/dev/console"  # belongs to the account that is logged in at the screen, or to root
_LIMIT = 64 * 1024  # bytes
_VERSION = regex(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.|\Z)")
_BOTH_HASHES = (10, 15)
_ASKS_ROOT = (10, 16)  # the version that macOS 11 reports to programs that were built before it
_UID_DIGITS = 10

NEWEST = (99, 0)  # if no version can be read, the newest is assumed


def version(host: Host) -> tuple[int, int]:
    """Return the system's version, major and minor; NEWEST if it cannot be read."""
    said = str(_dictionary(host, _VERSION_FILE).get("ProductVersion"))
    found = _VERSION.match(said)
    return (int(found[1]), int(found[2] or 0)) if found else NEWEST


def knows_sha256(host: Host) -> bool:
    """Whether `security delete-certificate -Z` accepts a SHA-256."""
    return version(host) >= _BOTH_HASHES


def asks(host: Host, *, machine: bool) -> bool:
    """Whether a window opens before trust settings change."""
    return not machine or version(host) >= _ASKS_ROOT


def ignores_accounts(host: Host) -> bool:
    """Whether this machine ignores the trust settings of single accounts."""
    return _dictionary(host, _PREFERENCES).get("DisableUserTrustSettings") in (True, 1)


def why_unanswered(host: Host) -> str | None:
    """Return why no person would answer a window that opens here, in words; None if a person sits at the screen."""
    if not host.dialogs:
        return "macOS asks in a window first, and no person can answer it here (ssh, CI, a service, or --no-input)"
    console = host.status(_CONSOLE)
    person = _person(host)
    if console is None or console.uid == 0:
        return "macOS asks in a window first, and no person is logged in at this Mac's screen"
    if person == 0:
        return "macOS asks in a window first, and root has no screen"
    if console.uid != person:
        return "macOS asks in a window first, and another account is logged in at this Mac's screen"
    return None


def _person(host: Host) -> int:
    """Return the uid of the account that acts, behind sudo too."""
    if not host.account.is_root:
        return host.account.uid
    said = host.environ.get("SUDO_UID", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _UID_DIGITS else 0


def _dictionary(host: Host, path: str) -> dict[str, object]:
    try:
        found = plists.read(host.read_or_none(path, _LIMIT) or b"", _LIMIT)
    except (OSError, ValueError):
        return {}
    return found if is_object(found) else {}
