"""Conditions that browsers of all kinds share: who may write their policies, and whether they need any.

Browsers load `libnssckbi.so` for roots that are not their own. It is searched beside the `libnss3.so` that they use,
which is the machine's or their own. Fedora, RHEL and Arch, and some administrators of Debian, have replaced the
machine's by p11-kit's module: then programs that use the machine's NSS trust the roots of the system's store. Tried on
Debian with such a link: Chromium 156 follows, Firefox 153 (which has its own NSS) only if the link is beside it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.facts import readable
from trustinstall.stores.files import missing_parents
from trustinstall_platforms.linux import families

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import Store

_P11_KIT = "p11-kit-trust.so"
_FAMILIES = (families.RHEL, families.ARCH, families.SUSE, families.DEBIAN)


def unwritable(host: Host, path: str) -> str | None:
    """Return why the machine's owner should not write a file, in words; missing directories of its path would be made.

    If other accounts may write in its path, they decide what every browser here trusts, in spite of root's files.
    """
    outermost = next(iter(missing_parents(host, f"{path}/x")), path)
    beside = f"{host.real(posixpath.dirname(outermost))}/{posixpath.basename(outermost)}"
    standing = host.real(beside) if host.status(beside) else posixpath.dirname(beside)
    try:
        owner = host.path_owner(standing)
    except PermissionError as error:
        mend = f"chmod go-w {printable(host.quoted(error.filename2))}" if error.filename2 else "give all of it to root"
        return f"{error.strerror}, and so have every browser here trust a root of theirs; {mend}"
    if owner != host.machine_owner:
        return f"{standing} is owned by uid {owner}, who could redirect it; change its owner to root"
    return host.may_write(beside) if owner == host.account.uid else None


def unreadable(host: Host, *paths: str) -> tuple[str, str] | None:
    """Return why people's browsers cannot read existing files, and the command that repairs it; or None.

    A root shell with umask 077 makes such files and directories; root reads them, and browsers run as people.
    """
    if not host.account.is_root or host.is_image:
        return None
    for path in paths:
        if found := readable.hidden(host, path):
            one, mend = found
            cause = f"{printable(one)} can be read by root alone, and browsers run as people"
            return cause, f"chmod {mend} {printable(host.quoted(one))}, and try again"
    return None


def asks_the_system(host: Host, install: str = "") -> bool:
    """Whether the module of roots that a program in a directory loads (or the machine's) is p11-kit's."""
    places = ["/usr/lib64", *(f"/usr/lib/{name}" for name in host.names("/usr/lib") if "-linux-" in name), "/usr/lib"]
    if install and host.status(f"{install}/libnss3.so") is not None:
        places = [install]
    found = (f"{place}/{below}libnssckbi.so" for place in places for below in ("", "nss/"))
    module = next((path for path in found if host.status(path) is not None), "")
    return bool(module) and posixpath.basename(host.real(module)) == _P11_KIT


def system_bundle(host: Host) -> str | None:
    """Return the system's own store, if it is of a known kind."""
    ids = host.distribution()
    return next((one.bundle for one in _FAMILIES if one.ids & ids), None)


def check_not_fed(store: Store) -> None:
    """Raise StoreError for a store that shows the content of another one: it is changed there."""
    if store.fed_by:
        cause = f"it shows the certificates of {store.fed_by}"
        raise StoreError(store=store.id, cause=cause, advice="change that store instead")
