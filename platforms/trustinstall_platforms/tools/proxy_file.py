"""A file that tells programs their proxy: its place, what people have set in it, and who may read a password there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.section import PROXIES, Section
from trustinstall.editing.text import Malformed, line_number, lines
from trustinstall.editing.text import read as text_of
from trustinstall.errors import printable
from trustinstall.stores import files
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.key_in_file import LIMIT, PRIVATE, SHARED

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from trustinstall.facts.proxies import Proxies
    from trustinstall.host import Host
    from trustinstall.stores.keys import FileKeys

_SECTION = Section(PROXIES)


def standing(host: Host, what: FileKeys) -> FileKeys | None:
    """Return a file with its real path; None for one of another account."""
    found = files.standing(host, what.location)
    if found is None or found[1] != host.account.uid:
        return None
    location, _, unwritable = found
    return replace(what, location=location, wrong=unwritable or "", mode=SHARED if host.account.is_root else PRIVATE)


def guarded(host: Host, what: FileKeys, proxies: Proxies, *, public: bool) -> FileKeys:
    """Return a file without its keys if others could read the password in them."""
    if not (proxies.secret and what.keys):
        return what
    status = host.status(what.location)
    if public or host.account.is_root:
        why = "a proxy's address has a password, and every account can see what this file says; it is not written there"
    elif status is not None and status.mode & 0o077:
        path = printable(host.quoted(what.location), 4096)
        why = f"a proxy's address has a password, and others may read this file: chmod 600 {path}, and apply again"
    else:
        return replace(what, secret=True)
    return replace(what, keys=(), left=why)


def said(host: Host, pattern: re.Pattern[str], path: str) -> Iterator[str]:
    """Yield the lines beside the managed section that match a pattern: a person has set the proxy there."""
    try:
        text = without_ours(path, text_of(host.read_or_none(path, LIMIT) or b""))
    except (Malformed, OSError):
        return
    found = (at for at, line in lines(text) if pattern.match(line))
    yield from (f"{Setter(Kind.SETTING, path, line_number(text, at))} sets its proxy" for at in found)


def without_ours(_path: str, text: str) -> str:
    """Return the text of a file with the managed lines empty, so that the others keep their numbers."""
    try:
        keys = _SECTION.keys(text)
    except Malformed:
        return text
    for key in reversed(keys):
        text = text[: key.start] + "\n" * text.count("\n", key.start, key.end) + text[key.end :]
    return text
