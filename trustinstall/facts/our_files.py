"""The paths of the two managed files that settings of tools name: the managed roots alone, and a whole bundle.

The machine's are in /usr/local/share (FHS 3.0, 4.9: files that the administrator adds, readable by every account, kept
by upgrades and when /var is cleared); on macOS beside the ledger, because Homebrew gives /usr/local to an account, and
so on Windows, which has only the managed roots, because it has no bundle of public roots.
An account's are in its data directory (the XDG base directory specification's default): unlike its state directory,
people do not empty it. The path depends on the account alone, and on no variable, like the ledger's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError

if TYPE_CHECKING:
    from trustinstall.host import Host

#: The file for variables that "add": the managed roots alone. The file for those that "replace": all roots.
ANCHORS, BUNDLE = "anchors.pem", "bundle.pem"

#: The name of the managed directory, for every owner.
_DIRECTORY = "/trustinstall"

#: The machine's directory on Linux.
MACHINE = "/usr/local/share/trustinstall"

#: Has systemd delete at the next boot the files that were left for running programs; source: tmpfiles.d(5), `r!`.
AT_BOOT = "/etc/tmpfiles.d/trustinstall.conf"
#: The mark by which trustinstall recognises that file.
AT_BOOT_HEAD = (
    b"# Made by trustinstall: what it has left for programs that ran goes at the next boot, and this with it.\n"
)


def directory(host: Host) -> str | None:
    """Return the directory of the acting account's own files (for root the machine's), or None."""
    if host.is_image:
        return None
    if host.platform in {"darwin", "win32"}:
        try:
            return host.state_base()
        except StateError:
            return None
    if host.account.is_root:
        return MACHINE
    return f"{host.account.home.rstrip('/')}/.local/share/trustinstall" if host.account.home else None


def location(host: Host) -> str | None:
    """Return the file that stands for both: the whole bundle, or on Windows the managed roots alone."""
    own = directory(host)
    return None if own is None else f"{own}/{ANCHORS if host.platform == 'win32' else BUNDLE}"


def is_one(path: str, name: str) -> bool:
    """Whether a path is that of the managed file of this name (ANCHORS or BUNDLE) in some account's directory."""
    return path.replace("\\", "/").endswith(f"{_DIRECTORY}/{name}")


def is_ours(path: str) -> bool:
    """Whether a path is that of one of the managed files in some account's directory."""
    return is_one(path, ANCHORS) or is_one(path, BUNDLE)


def goes_at_boot(host: Host) -> bool:
    """Whether the files that were left are deleted at the next boot: trustinstall has written the file AT_BOOT."""
    try:
        return (host.read_or_none(AT_BOOT) or b"").startswith(AT_BOOT_HEAD)
    except OSError:  # not a file, or not readable
        return False
