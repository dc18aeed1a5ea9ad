"""The homes of a machine and their owners, and the homes that cannot be worked in.

Sources: proc_pid_mountinfo(5), autofs(5), ecryptfs(7) and ecryptfs-utils, systemd-homed(8), sssd.conf(5) (`enumerate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Account, Host

_MOUNTS = "/proc/self/mountinfo"
_LIMIT = 4 << 20  # bytes; the kernel makes a buffer of the requested size
_NETWORK = regex(
    "nfs4?|cifs|smb3|smbfs|afs|ceph|lustre|gpfs|beegfs|glusterfs|ncpfs|coda|orangefs|davfs"
    r"|fuse\.(sshfs|glusterfs|davfs.*|rclone|s3fs|ceph.*|smbnetfs)"
)
_OCTAL = regex(r"\\([0-7]{3})")  # the form of blanks in a path
_BESIDE = ("/home", "/Users")
_MOST = 20_000  # homes; more are not examined
_SEALED = (".homedir", ".home")  # the files of systemd-homed for a home that is not open


class Mount(NamedTuple):
    """A mounted file system: its path and its type."""

    path: str
    type: str


def login_accounts(host: Host) -> list[Account]:
    """Return the accounts that people log in to: the listed ones, and the owners of homes.

    A directory service often lists no account (sssd's `enumerate` is off), but answers for every account by name.
    """
    found = {one.uid: one for one in host.people()}
    if host.platform == "win32":
        return list(found.values())
    mounts = _mounts(host)
    beside = {*_BESIDE, *(one.home.rpartition("/")[0] for one in found.values() if one.home)} - {""}
    for uid, path in _owned(host, sorted(beside), mounts):
        account = None if uid in found or uid == 0 else host.account_of(uid)
        if account is not None and host.logs_in(account) and host.real(account.home or "") == host.real(path):
            found[uid] = account
    return list(found.values())


def may_own_one(host: Host, uid: int) -> bool:
    """Whether a home may exist whose owner has this uid; True if homes are on the network, where it is unknown."""
    mounts = _mounts(host)
    if any(_is_remote(one) and one.path.startswith(_BESIDE) for one in mounts):
        return True
    return any(owner == uid for owner, _ in _owned(host, list(_BESIDE), mounts))


def why_unreachable(host: Host, account: Account) -> str | None:
    """Return why an account's home is left alone, and what to do; None if it is not."""
    if account.home is None:
        return None
    home = account.home.rstrip("/") or "/"
    mount = _mount_of(home, _mounts(host))
    if mount is not None and _NETWORK.fullmatch(mount.type):
        return f"its home {printable(home)} lies on the network ({mount.type}); run trustinstall as that account"
    if mount is not None and mount.type == "autofs":
        return f"its home {printable(home)} is not mounted; run trustinstall as that account"
    if mount is not None and _is_somebodys(mount):
        return None  # its owner's program would have to answer, and may not: the account's own process looks
    status = host.status(home)
    if status is None:
        why = "is encrypted, and not open" if _is_closed(host, home) else "is not there"
        return f"its home {printable(home)} {why}; run trustinstall as that account when it is logged in"
    if host.status(f"{home}/Access-Your-Private-Data.desktop") and (mount is None or mount.type != "ecryptfs"):
        return f"its home {printable(home)} is encrypted, and not open; run trustinstall as that account"
    return None


def certainly_lacks(host: Host, account: Account, path: str) -> bool:
    """Whether an account's home can be looked into by root, and a path in it does not exist."""
    mount = _mount_of((account.home or "").rstrip("/") or "/", _mounts(host))
    elsewhere = mount is not None and (_is_remote(mount) or _is_somebodys(mount))
    return not elsewhere and why_unreachable(host, account) is None and host.status(path) is None


def has_none(host: Host, account: Account) -> bool:
    """Whether an account has no home, and not one that is only closed or not mounted."""
    if not account.home:
        return True
    home = account.home.rstrip("/") or "/"
    mount = _mount_of(home, _mounts(host))
    elsewhere = mount is not None and (_is_remote(mount) or _is_somebodys(mount))
    return not elsewhere and host.status(home) is None and not _is_closed(host, home)


def _is_closed(host: Host, home: str) -> bool:
    return any(host.status(home + ending) for ending in _SEALED)


def remote(host: Host, path: str) -> str | None:
    """Return the file system's type if a path is on the network or is mounted on access; else None."""
    mount = _mount_of(path, _mounts(host))
    return mount.type if mount is not None and _is_remote(mount) else None


def file_system(host: Host, path: str) -> str | None:
    """Return the type of the file system that a path lies on, or None if that is unknown."""
    mount = _mount_of(host.real(path), _mounts(host))
    return mount.type if mount is not None else None


def _owned(host: Host, directories: list[str], mounts: list[Mount]) -> Iterator[tuple[int, str]]:
    """Yield the owners of the entries in directories, and one level deeper in root's own (/home/DOMAIN/alice)."""
    for directory in directories:
        for uid, path in _owners(host, directory, mounts):
            yield uid, path
            if uid == 0:
                yield from _owners(host, path, mounts)


def _owners(host: Host, directory: str, mounts: list[Mount]) -> Iterator[tuple[int, str]]:
    # Access to a missing path, or to one that a program of the owner serves, can block for ever.
    remote = {one.path for one in mounts if _is_remote(one) or _is_somebodys(one)}
    for name in [] if directory in remote else host.names(directory)[:_MOST]:
        path = f"{directory}/{name}"
        status = None if path in remote else host.status(path)
        if status is not None and status.kind is Kind.DIRECTORY:
            yield status.uid, path


def _is_remote(mount: Mount) -> bool:
    return mount.type == "autofs" or _NETWORK.fullmatch(mount.type) is not None


def _is_somebodys(mount: Mount) -> bool:
    """Whether a program of any account may serve it: fuse(8); only root mounts a `fuseblk`."""
    return mount.type == "fuse" or mount.type.startswith("fuse.")


def _mounts(host: Host) -> list[Mount]:
    """Return the mounts, later ones last; empty if the system has no such list."""
    content = b"" if host.platform != "linux" else host.read_or_none(_MOUNTS, _LIMIT) or b""
    found: list[Mount] = []
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        words, kind = before.split(" "), after.partition(" ")[0]
        if len(words) > 4 and kind:  # noqa: PLR2004  the fifth word is the mount point
            found.append(Mount(_OCTAL.sub(lambda match: chr(int(match[1], 8)), words[4]), kind))
    return found


def _mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    """Return the file system of a path: among the longest mount points above it, the last one."""
    above = [one for one in mounts if one.path == "/" or f"{path}/".startswith(f"{one.path}/")]
    return max(reversed(above), key=lambda one: len(one.path), default=None)
