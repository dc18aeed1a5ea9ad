"""The files that FreeBSD's certctl(8) reads and makes, and whether they can be written. Sources: see `freebsd`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.patterns import regex
from trustinstall.stores.files import missing_parents, read
from trustinstall_platforms.linux.anchor_sources import copies, files, fixed_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from trustinstall.host import Host
    from trustinstall.stores.observation import Copy
    from trustinstall_platforms.linux.anchor_sources import Source

TOOL = "/usr/sbin/certctl"
LOCAL = "/usr/local/share/certs"
HASHED = "/etc/ssl/certs"
BUNDLE = "/etc/ssl/cert.pem"  # the program's; before it, a link of a port's or an administrator's
SOURCES = ("/usr/share/certs/trusted", "/usr/local/share/certs/trusted", "/usr/local/etc/ssl/certs")
ENDINGS = (".pem", ".crt", ".cer", ".crl")
ENDING = ".crt"
OURS = regex(r"-([0-9a-f]{12})\.crt$")  # the form of `our_ending`
TEXT = b"Certificate:\n"
# Distrusted certificates, in the form of either version: of packages and administrators, and of `certctl untrust`.
DISTRUST = tuple(
    f"{top}/{word}"
    for top in ("/usr/share/certs", "/usr/local/etc/ssl", "/usr/local/share/certs")
    for word in ("untrusted", "blacklisted")
)
DISTRUSTED = ("/etc/ssl/untrusted", "/etc/ssl/blacklisted")


def copies_in(host: Host, local: Sequence[Source], names: frozenset[str]) -> Iterator[Copy]:
    """Yield the copies in files; files among the hash links are certctl's copies of these, or follow from no file."""
    if not names:
        return
    distrusted = {sha256 for one in listed(host, (*DISTRUST, *DISTRUSTED)) for sha256 in one.certificates}
    yield from copies(local, names, ENDING)
    yield from fixed_copies(others(host), names - distrusted)


def others(host: Host) -> list[Source]:
    """Read the files that certctl reads, beside those directly in LOCAL."""
    found = {one.path: one for top in (*SOURCES, LOCAL) for one in below(host, top)}
    return [one for path, one in found.items() if path.rpartition("/")[0] != LOCAL]


def problems(local: Sequence[Source], hashed: AbstractSet[str], *, missing: bool) -> Iterator[str]:
    """Yield the store's problems, in words: `hashed` are the certificates with hash links, by SHA-256.

    `missing`: there is no bundle, where the tool makes one.
    """
    if not hashed:
        yield f"{HASHED} has no hash links; run certctl rehash"
    if missing:
        yield f"{BUNDLE} is missing; run certctl rehash"
    for one in local:
        if one.marked(ENDING) and one.certificates[0] not in hashed:
            yield (
                f"{printable(one.path)} is not in {HASHED}: certctl rehash was not run since, or leaves it out (it "
                "does so with what is distrusted or damaged)"
            )


def is_script(host: Host) -> bool:
    """Whether the tool is one of the scripts, and not the program in C; a missing tool counts as a script."""
    return (read(host, TOOL) or b"#!").startswith(b"#!")


def below(host: Host, top: str) -> Iterator[Source]:
    """Read a directory of certificates and the directories in it, without those of distrusted certificates."""
    for directory in (top, *(f"{top}/{name}" for name in host.names(top))):
        if directory not in DISTRUST:
            yield from files(host, directory, endings=ENDINGS)


def listed(host: Host, directories: Sequence[str]) -> list[Source]:
    """Read the files directly in directories."""
    return [one for directory in directories for one in files(host, directory)]


def unwritable(host: Host) -> str | None:
    """Return why certctl, or trustinstall, cannot write there, in words, or None."""
    if not host.executable(TOOL):
        return (
            "certctl is missing, which the base system has since 12.2; install it (where the base system is made of "
            "packages: FreeBSD-caroot or FreeBSD-certctl), or upgrade"
        )
    if not host.account.is_root:
        return None  # root's rights are unknown here
    for path in ((*missing_parents(host, f"{LOCAL}/x"), f"{LOCAL}/x")[0], f"{HASHED}/x"):
        if reason := host.may_write(path):
            return (
                f"{path} cannot be written: {reason}; where the system is an image, put the certificate into {LOCAL} "
                "of that image, and run certctl rehash in it"
            )
    return None
