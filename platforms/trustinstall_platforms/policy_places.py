"""What the machine's policy files have in common, of whichever browser: who may write them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms import bundles
from trustinstall_platforms.families import missing

if TYPE_CHECKING:
    from trustinstall.host import Host


def unwritable(host: Host, path: str) -> str | None:
    """Why the machine's owner should not write a file, in words; what is missing of its path would be made."""
    outermost = next(iter(missing(host, path)), path)
    beside = f"{host.real(posixpath.dirname(outermost))}/{posixpath.basename(outermost)}"
    standing = host.real(beside) if host.status(beside) else posixpath.dirname(beside)
    owner, reason = bundles.owner(host, standing)
    if reason is None and owner == host.account.uid:
        reason = host.may_write(beside)
    if reason is None and owner != host.machine_owner:
        reason = f"{standing} is in the hands of uid {owner}, who could lead us astray; give it back to root"
    return reason
