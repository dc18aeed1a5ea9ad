"""The proxy of a Java installation: its `net.properties`, which every program on it reads; options of a program win.

Sources: "Networking Properties" of java.net; the head of `net.properties`; sun.net.NetProperties. The file is written
where a vendor's JDK lies, because it is a part of that JDK as its keystore is. A distribution's is a configuration file
below /etc, to which a link leads: dpkg asks about a changed one at an upgrade, and unattended-upgrades then holds the
JDK back with its security fixes (its README); rpm keeps a changed one, and a newer one of the vendor is never used.
A login is not written: HttpURLConnection and HttpClient ask an Authenticator of the program, and no property.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.section import PROXIES
from trustinstall.patterns import regex
from trustinstall.stores.keys import FileKeys
from trustinstall_platforms.java import homes, installations
from trustinstall_platforms.tools import proxy_file, proxy_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.facts.proxies import Proxies
    from trustinstall.host import Host

_NAMES = ("conf", "jre/lib", "lib")  # Java 9 and later; the runtime within a Java 8, and one without a JDK
#: What a person has set. Each delivered file has a line of the names without a proxy, and one of the system's proxies.
_SAID = regex(
    r"^[ \t\f]*(?:https?\.proxy(?:Host|Port)|socksProxyHost|java\.net\.useSystemProxies[=: \t\f]+true\b"
    r"|http\.nonProxyHosts(?![ \t]*=[ \t]*localhost\|127\.\*\|\[::1\][ \t]*$))"
)
_OF_A_PACKAGE = (
    "it is a configuration file of a package, whose upgrades would stop to ask about a changed one; start its programs "
    "with -Dhttps.proxyHost=… -Dhttps.proxyPort=…"
)
_LOGIN = "a proxy's address has a login or is reached by https, and Java takes neither from this file"
_AS_OLD = 60 * 10**9  # nanoseconds: the files of one delivery may be written one after the other


def wanted(host: Host, proxies: Proxies) -> list[FileKeys]:
    """Return the desired content of the files of the acting account's installations (root's are the machine's)."""
    if host.is_image or host.platform == "win32":
        return []
    found = {one.location: one for home, path in _files(host) if (one := _keys(host, home, path, proxies))}
    return list(found.values())


def _files(host: Host) -> Iterator[tuple[str, str]]:
    """Yield each installation with its file."""
    seen: set[str] = set()
    with suppress(OSError):  # the store of keystores reports it
        for home, _ in homes.keystores(host):
            paths = (f"{home}/{name}/net.properties" for name in _NAMES)
            path = next((one for one in paths if host.status(one) is not None), None)
            if path is not None and home not in seen:
                yield home, path
            seen.add(home)


def _keys(host: Host, home: str, path: str, proxies: Proxies) -> FileKeys | None:
    what = FileKeys(f"Java in {home}", "programs on this Java", path, "proxy-section-last")
    found = proxy_file.standing(host, what)
    if found is None:
        return None
    value = proxy_values.java(proxies)
    left = next(_why_left(host, home, found), "" if value else _LOGIN)
    keys = ((PROXIES, value),) if not left else ()
    return replace(found, keys=keys, left=left, wrong="", delivered=_is_as_delivered(host, home, found.location))


def _why_left(host: Host, home: str, file: FileKeys) -> Iterator[str]:
    """Yield the reasons to leave a file as it is."""
    if not file.location.startswith(f"{home}/"):
        yield _OF_A_PACKAGE
    yield from (reason for place, reason in installations.SEALED if place.search(file.location))
    yield from filter(None, (file.wrong, "; ".join(proxy_file.said(host, _SAID, file.location))))


def _is_as_delivered(host: Host, home: str, location: str) -> bool:
    """Whether a file is no younger than the one that names the installation's version: no person has changed it."""
    file, release = host.status(location), host.status(f"{home}/release")
    return bool(file and release and file.mtime_ns <= release.mtime_ns + _AS_OLD)
