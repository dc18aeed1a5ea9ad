"""Access lists and attributes of files, as the system's own tools set and show them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from trustinstall.host import ActingHost

HOST = ActingHost.current()
ACCESS = "system.posix_acl_access"
WORD = "0123456789abcdef"


def setfacl(*arguments: str | Path) -> None:
    """Change an access list with the system's own tool."""
    subprocess.run(["setfacl", *arguments], check=True)


def look(path: Path) -> tuple[str, dict[str, bytes]]:
    """Owner, group, mode and access list as getfacl(1) says them, and all extended attributes."""
    said = subprocess.run(
        ["getfacl", "--absolute-names", "--numeric", path], check=True, capture_output=True, text=True
    ).stdout
    return said, {name: os.getxattr(path, name) for name in os.listxattr(path)}


def write(path: Path, content: bytes = b"new", *, mode: int = 0o644) -> None:
    """Replace a file, or create it with a mode."""
    HOST.write(str(path), content, mode, None, WORD)
    assert path.read_bytes() == content
    assert not [*path.parent.glob(".trustinstall-*")]
