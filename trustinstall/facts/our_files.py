"""Where our own two files lie that settings of tools name: one with our roots alone, one with all of them.

The machine's are in /usr/local/share (FHS 3.0, 4.9: what the administrator adds, readable by everybody, kept by
upgrades and by whoever clears /var); on macOS beside our ledger, because Homebrew gives /usr/local to somebody, and so
on Windows, where only our roots alone are kept: it has no bundle of public roots.
An account's are in its data directory (the XDG base directory specification's default): unlike its state directory,
that is no place that people empty. The path depends on the account alone, and on no variable, as the ledger's does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError

if TYPE_CHECKING:
    from trustinstall.host import Host

#: What "adds" names: our roots alone. What "replaces" names: the system's and ours.
ANCHORS, BUNDLE = "anchors.pem", "bundle.pem"

#: What our directory is called, whoever it belongs to.
_DIRECTORY = "/trustinstall"

#: Where the machine's lie on Linux.
MACHINE = "/usr/local/share/trustinstall"

#: What has systemd take away at the next boot what was left for a machine's programs; source: tmpfiles.d(5), `r!`.
AT_BOOT = "/etc/tmpfiles.d/trustinstall.conf"
#: By this it is known as ours.
AT_BOOT_HEAD = (
    b"# Made by trustinstall: what it has left for programs that ran goes at the next boot, and this with it.\n"
)


def directory(host: Host) -> str | None:
    """The directory of the acting account's own files (root's are the machine's); None where it can have none."""
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
    """The file that stands for both: the whole bundle, or on Windows our roots alone."""
    own = directory(host)
    return None if own is None else f"{own}/{ANCHORS if host.platform == 'win32' else BUNDLE}"


def is_one(path: str, name: str) -> bool:
    """Whether a path is that of our file of this name (ANCHORS or BUNDLE) in the directory of some account."""
    return path.replace("\\", "/").endswith(f"{_DIRECTORY}/{name}")


def is_ours(path: str) -> bool:
    """Whether a path is that of one of our files, in the directory of some account."""
    return is_one(path, ANCHORS) or is_one(path, BUNDLE)


def goes_at_boot(host: Host) -> bool:
    """Whether what was left goes at the next boot: our file says so, and not somebody's of the same name."""
    try:
        return (host.read_or_none(AT_BOOT) or b"").startswith(AT_BOOT_HEAD)
    except OSError:  # something else than a file, or not ours to read
        return False
