"""The leftovers of Debian's update-ca-certificates, and how all derived files are made again of its files.

Sources: those of `debian_files`, and the hook of ca-certificates-java 20230710.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import printable
from trustinstall.host.commands import Guard, Run
from trustinstall.patterns import regex
from trustinstall.stores.plan import Refresh
from trustinstall_platforms.linux.debian_files import BUNDLE, HASHED, LOCAL, TOOL
from trustinstall_platforms.linux.hash_links import HASH_LINK, LINK_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.linux.debian_files import Contents

_JAVA_HOOK = "/etc/ca-certificates/update.d/jks-keystore"  # reads "+PEM" and "-PEM" lines
_KEYSTORE = "/etc/ssl/certs/java/cacerts"  # the hook keeps it up to date
_JAVA_ALIAS = regex(r"debian:([^/\0\n]+)\.pem")
_DPKG_LOCK = "/var/lib/dpkg/lock-frontend"
_MAINTAINER = "DPKG_MAINTSCRIPT_PACKAGE"  # set while dpkg runs a package's own script: dpkg(1)
_OPENSSL = "/usr/bin/openssl"
_TOOL_NAME = posixpath.basename(TOOL)
_OUR_LINK = regex(r".*-[0-9a-f]{12}\.pem")


def _certificates(number: int) -> str:
    return "1 certificate" if number == 1 else f"{number} certificates"


def problems(host: Host, contents: Contents) -> Iterator[str]:
    """Yield a sentence for each fault of the bundle and of links to managed files."""
    fed = contents.fed
    if contents.damaged is None:
        yield f"{BUNDLE} is missing"
    elif contents.damaged:
        yield f"{BUNDLE} has {contents.damaged} damaged blocks"
    if lacking := len(fed.keys() - contents.bundle.keys()):
        yield f"{BUNDLE} lacks {_certificates(lacking)} that its files hold"
    if twice := sum(contents.bundle[sha256] > times for sha256, times in fed.items()):
        yield f"{BUNDLE} has {_certificates(twice)} more often than its files do"
    if host.status(f"{BUNDLE}.new") is not None:
        yield f"{BUNDLE}.new is there: {_TOOL_NAME} is running, or was killed"
    for name in filter(_OUR_LINK.fullmatch, host.names(HASHED)):
        target = host.link_target(f"{HASHED}/{name}") or ""
        if posixpath.dirname(target) == LOCAL and host.status(target) is None:
            yield f"{HASHED}/{printable(name)} leads nowhere"


def refresh(host: Host, gone: Sequence[str], *, rehash: bool, kept: Sequence[str] = ()) -> Refresh:
    """Remove links to files that are gone, repair hash links, make the bundle, and tell Java.

    The tool by itself leaves dangling links after a local file is gone, and never tells Java. Hash links come first:
    while HASH.0 is missing, OpenSSL does not try HASH.1, which leads to another certificate; and openssl-rehash(1)
    keeps a dangling HASH.0 if HASH.1 is good. Only the files' names are needed, because everything else may be gone
    already when a killed command is undone. `kept` are links that Java is told of again.
    """
    maintainer = host.environ.get(_MAINTAINER)
    env = ((_MAINTAINER, maintainer),) if maintainer else ()
    dangling = [link for path in gone for link in links_to(host, path)]
    names = [name_link(path) for path in gone]
    forgotten = [link for link in names if link in dangling or host.status(link) is None]
    runs: list[Run] = []
    if rehash:  # it fails if a foreign link dangles, after all of its work
        runs.append(Run((_OPENSSL, "rehash", HASHED), env=env, must_succeed=False))
    runs.append(Run((TOOL,), env=env))
    if (forgotten or kept) and host.executable(_JAVA_HOOK):  # Java's store shows whether it worked
        told = [f"-{link}\n" for link in forgotten] + [f"+{link}\n" for link in kept]
        stdin = "".join(told).encode("utf-8", "surrogateescape")
        runs.append(Run((_JAVA_HOOK,), stdin, env, must_succeed=False))
    return Refresh(tuple(runs), (f"{BUNDLE}.new", *dangling), guard(host))


def guard(host: Host) -> Guard:
    """Return the programs that must be quiet: if dpkg has called trustinstall, dpkg itself holds the lock."""
    return Guard(None if host.environ.get(_MAINTAINER) else _DPKG_LOCK, _TOOL_NAME)


def local_links(host: Host) -> list[str]:
    """List the links that lead to existing local files."""
    links = [f"{HASHED}/{name}" for name in host.names(HASHED) if name.endswith(".pem")]
    targets = {link: host.link_target(link) or "" for link in links}
    return [
        link for link, target in targets.items() if target.startswith(f"{LOCAL}/") and host.status(target) is not None
    ]


def links_to(host: Host, path: str) -> list[str]:
    """List the links that lead to a file: the HASH.N that lead to NAME.pem, and then that."""
    link = name_link(path)
    if host.link_target(link) != path:
        return []
    hashes = [f"{HASHED}/{name}" for name in host.names(HASHED) if HASH_LINK.fullmatch(name)]
    name = posixpath.basename(link)
    return [*(one for one in hashes if host.link_target(one) in {name, link}), link]


def name_link(path: str) -> str:
    """Return the link that the tool makes for a file."""
    return f"{HASHED}/{posixpath.basename(path).removesuffix('.crt').translate(LINK_NAME)}.pem"


def java_files(host: Host, sha256: str) -> list[str]:
    """List the files that Java's keystore still remembers for a certificate, although they are gone.

    An administrator who deletes a local file and runs the tool leaves them behind: the tool does not tell Java.
    """
    if not host.executable(_JAVA_HOOK) or host.status(_KEYSTORE) is None:
        return []
    from trustinstall_platforms.keystores import distribution  # most machines have no Java

    try:
        aliases = [one.alias for one in distribution.read(host, _KEYSTORE) if sha256_of(one.der) == sha256]
    except (OSError, ValueError):
        return []
    names = [match[1] for match in map(_JAVA_ALIAS.fullmatch, aliases) if match]
    return [path for path in (f"{LOCAL}/{name}.crt" for name in names) if host.status(path) is None]
