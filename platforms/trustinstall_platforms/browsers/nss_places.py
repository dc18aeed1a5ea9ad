"""The paths of an account's NSS databases: in the profiles of Firefox and its relatives, and Chromium's own.

Facts:

- A profile is named in `profiles.ini` (`[Profile0] Path=`, `IsRelative=`) or, as an installation's own, in
  `installs.ini` or `[Install…]` (`Default=`); support.mozilla.org, "Profiles - Where Firefox stores your bookmarks".
- Since 147 Firefox makes new profiles in `~/.config/mozilla/firefox`; real: 153.
- Chromium's database is `~/.pki/nssdb` if that exists, and `~/.local/share/pki/nssdb` otherwise (since 146; real: 156;
  docs/linux/cert_management.md). If the old one were made beside the new one, Chromium would ignore the new one.
- A snap's home is `~/snap/NAME/common` or `~/snap/NAME/current`, a flatpak's data are in `~/.var/app/ID`.

A home belongs to its owner: only the owner's process calls these functions.
"""

from __future__ import annotations

import errno
import posixpath
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts.installed import is_backup, program_of
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.browsers import chromium_browsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

#: Directories with a profiles.ini, below the home; "{config}" is XDG's directory of configurations.
MOZILLA = (
    ("Firefox", ".mozilla/firefox"),
    ("Firefox", "{config}/mozilla/firefox"),
    ("Firefox (snap)", "snap/firefox/common/.mozilla/firefox"),
    ("Firefox (snap)", "snap/firefox/common/.config/mozilla/firefox"),
    ("Firefox (flatpak)", ".var/app/org.mozilla.firefox/.mozilla/firefox"),
    ("Firefox (flatpak)", ".var/app/org.mozilla.firefox/config/mozilla/firefox"),
    ("Thunderbird", ".thunderbird"),
    ("Thunderbird", "{config}/thunderbird"),
    ("Thunderbird (snap)", "snap/thunderbird/common/.thunderbird"),
    ("Thunderbird (flatpak)", ".var/app/org.mozilla.Thunderbird/.thunderbird"),
    ("LibreWolf", ".librewolf"),
    ("LibreWolf", "{config}/librewolf/librewolf"),
    ("LibreWolf (flatpak)", ".var/app/io.gitlab.librewolf-community/.librewolf"),
    ("Waterfox", ".waterfox"),
    ("Waterfox", "{config}/waterfox"),
    ("Waterfox (flatpak)", ".var/app/net.waterfox.waterfox/.waterfox"),
    ("Zen", ".zen"),
    ("Zen", "{config}/zen"),
    ("Zen (flatpak)", ".var/app/app.zen_browser.zen/.zen"),
)

_OLD, _NEW = ".pki/nssdb", ".local/share/pki/nssdb"
#: Homes of confined Chromiums, and the path of a new database in them.
_CONFINED = (
    ("Chromium (snap)", "snap/chromium/current", _NEW),
    ("Brave (snap)", "snap/brave/current", _NEW),
    *(
        (f"{name} (flatpak)", f".var/app/{identity}", "data/pki/nssdb")
        for name, identity in (
            ("Chromium", "org.chromium.Chromium"),
            ("Chrome", "com.google.Chrome"),
            ("Edge", "com.microsoft.Edge"),
            ("Brave", "com.brave.Browser"),
            ("Vivaldi", "com.vivaldi.Vivaldi"),
            ("Opera", "com.opera.Opera"),
        )
    ),
)
#: Without all of these, NSS makes a new database.
_WHOLE = ("cert9.db", "key4.db", "pkcs11.txt")
#: Tor's browser and Mullvad's: no company inspects their connections, and their makers want all copies to be alike.
_ONION = regex(r"/TorBrowser/|/tor-browser|/mullvad-?browser", re.IGNORECASE)
_INI_LIMIT = 1024 * 1024  # bytes
_MOST_PROFILES = 200  # of an account
_MOST_NAMED = 2000  # lines that name a profile, in one file; each is looked up


class Database(NamedTuple):
    """The directory of a database, existing or not; `profile`: whether it is a profile of Firefox or a relative."""

    name: str
    path: str
    profile: bool


def recognised(host: Host, path: str) -> Database | None:
    """Return the database of a `cert9.db` that a walk has found; None if no program reads it.

    A program reads a profile that a `profiles.ini` above it names, a directory with the name of Chromium's, and the
    database in its own directory. A service's database elsewhere, with its keys, is left out.
    """
    directory = posixpath.dirname(path)
    if any(host.status(f"{directory}/{name}") is None for name in _WHOLE) or is_backup(host, path):
        return None
    if _ONION.search(path) or (host.account.is_root and not _is_roots(host, directory)):
        return None
    above, name = posixpath.split(directory)
    for top in (above, posixpath.dirname(above)):
        if directory in map(host.real, islice(_named(host, top, "profiles.ini"), _MOST_NAMED)):
            return Database(f"{posixpath.basename(top).lstrip('.')}: {name}", directory, profile=False)
    program = program_of(host, path)
    if program is None and name != posixpath.basename(_NEW):
        return None
    return Database(posixpath.basename(program or above), directory, profile=False)


def databases(host: Host) -> Iterator[Database]:
    """Yield every database of the acting account, links resolved, each once.

    Raises OSError after all those before it if there are more than any account needs, or one cannot be named.
    """
    home = (host.account.home or "").rstrip("/")
    seen: set[str] = set()
    if not home or (host.account.is_root and not _is_roots(host, home)):
        return
    unprintable: list[str] = []
    for one in chain(_chromiums(host, home), _profiles(host, home)):
        real = host.real(one.path)
        if real in seen or (host.account.is_root and not _is_roots(host, real)):
            continue
        seen.add(real)
        if len(seen) > _MOST_PROFILES:
            raise OSError(errno.EFBIG, f"there are more than {_MOST_PROFILES} profiles; delete some: others are left")
        if real.isprintable():
            yield Database(one.name, real, one.profile)
        else:
            unprintable.append(real)
    if unprintable:
        raise OSError(
            errno.EINVAL, f"the name of a profile cannot be printed ({printable(unprintable[0])}); rename the profile"
        )


def _chromiums(host: Host, home: str) -> Iterator[Database]:
    """Yield Chromium's databases: the existing ones, else the new one if a browser would make it."""
    name = "Chromium and its relatives"
    data = _variable(host, "XDG_DATA_HOME", f"{home}/.local/share")
    # Without a database, root has the machine's policies; root should not start these browsers.
    made = not host.account.is_root
    places = [(name, home, f"{home}/{_OLD}", f"{data}/pki/nssdb", made and chromium_browsers.installed(host))]
    for title, below, new in _CONFINED:
        top = f"{home}/{below}"
        places.append((title, top, f"{top}/{_OLD}", f"{top}/{new}", made and host.is_directory(top)))
    for title, _, old, new, wanted in places:
        there = [path for path in (old, new) if host.is_directory(path)]
        yield from (Database(title, path, profile=False) for path in there)
        if wanted and not there:
            yield Database(title, new, profile=False)


def _profiles(host: Host, home: str) -> Iterator[Database]:
    config = _variable(host, "XDG_CONFIG_HOME", f"{home}/.config")
    for name, place in MOZILLA:
        top = place.replace("{config}", config) if place.startswith("{") else f"{home}/{place}"
        named = (islice(_named(host, top, file), _MOST_NAMED) for file in ("profiles.ini", "installs.ini"))
        paths = dict.fromkeys(chain.from_iterable(named))
        for path in (path for path in paths if host.is_directory(path)):
            yield Database(f"{name}: {posixpath.basename(path)}", path, profile=True)


def _named(host: Host, top: str, file: str) -> Iterator[str]:
    """Yield the profiles that a file of Firefox names, as absolute paths."""
    try:
        content = host.read_or_none(host.real(f"{top}/{file}"), _INI_LIMIT)
    except OSError:
        return
    for line in (content or b"").decode("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() in {"Path", "Default"} and value.strip() not in {"", "0", "1"} and "\0" not in value:
            yield posixpath.normpath(posixpath.join(top, value.strip()))


def _is_roots(host: Host, path: str) -> bool:
    """Whether no other account could redirect root on the way to a directory."""
    try:
        return host.path_owner(path) == 0
    except OSError:
        return False


def _variable(host: Host, name: str, default: str) -> str:
    value = "" if host.account.is_root else host.environ.get(name, "").rstrip("/")  # sudo's caller may have set it
    return value if value.startswith("/") else default
