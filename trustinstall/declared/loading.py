"""Reads documents as the certificates that they ask for; all are checked and vetted before anything is changed.

Without a name, it reads the account's configuration directory (the defaults of the XDG base directory specification, as
platformdirs gives them; no variable moves them): `trust.toml`, and the fragments in `trust.d`.
"""

from __future__ import annotations

import errno
import posixpath
from typing import TYPE_CHECKING

from trustinstall.declared import document as documents
from trustinstall.declared import schema
from trustinstall.declared.declaration import Declaration
from trustinstall.declared.mistakes import Mistake, Mistakes
from trustinstall.declared.reading import STANDARD_INPUT, Reading
from trustinstall.errors import TrustInstallError, UsageProblem, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.declared.text import Document
    from trustinstall.host import Host

_MOST_LINKS = 40  # as the kernel follows: path_resolution(7)
_SUFFIXES = (".toml", ".json")
_MACHINE = {"linux": "/etc/xdg/trustinstall", "darwin": "/Library/Application Support/trustinstall"}
_HOME = {"linux": "~/.config/trustinstall", "darwin": "~/Library/Application Support/trustinstall"}


def default(host: Host) -> str:
    """Return the account's configuration directory."""
    kind = host.platform if host.platform in _MACHINE else "linux"
    if host.platform == "win32":
        return f"{host.machine_state_base() if host.account.is_root else host.state_base()}/declared"
    return _MACHINE[kind] if host.account.is_root else host.absolute(_HOME[kind])


def load(host: Host, name: str | None) -> Declaration:
    """Return the requests of a document, a directory of fragments, standard input ("-") or the default directory.

    Raises Mistakes with every mistake, and UsageProblem if there is no document.
    """
    origin = STANDARD_INPUT if name == STANDARD_INPUT else host.absolute(name or default(host))
    found: list[Document] = []
    mistakes: list[Mistake] = []
    for path in _paths(host, name, origin):
        try:
            one = documents.read(path, _content(host, path, checked=name is None))
            mistakes += schema.check(one)
            found.append(one)
        except Mistake as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise Mistakes(mistakes)
    reading = Reading(host, f"apply:{origin}")
    for one in found:
        reading.read_proxies(one)
    for one in found:
        reading.read(one)
    if reading.mistakes:
        order = [one.name for one in found]
        raise Mistakes(sorted(reading.mistakes, key=lambda one: (order.index(one.name), one.line)))
    return Declaration(
        tuple(reading.declared.values()),
        f"apply:{origin}",
        tuple(reading.notes),
        reading.proxies,
        reading.switched_off,
        tuple(dict.fromkeys(reading.stores)),
    )


def _paths(host: Host, name: str | None, origin: str) -> list[str]:
    if name == STANDARD_INPUT:
        return [STANDARD_INPUT]
    inside = host.list_entries(origin)
    if inside is None and name is not None:
        return [origin]
    inside = inside or []
    if name is None:
        inside = [path for path in inside if posixpath.basename(path) == "trust.toml"]
        inside += host.list_entries(f"{origin}/trust.d") or []
    chosen = sorted(path for path in inside if _is_document(path))
    if not chosen:
        raise UsageProblem(f"{printable(origin, 4096)} holds no document (*.toml, *.json); write one, or name one")
    return chosen


def _is_document(path: str) -> bool:
    """Whether a path has a document's name; one that cannot be read, a link that leads nowhere too, is a mistake.

    A name with a dot before it is hidden, or an editor's own (`.#trust.toml`).
    """
    return path.endswith(_SUFFIXES) and not posixpath.basename(path).startswith(".")


def _content(host: Host, path: str, *, checked: bool) -> bytes:
    """Return a document's bytes. `checked`: raise Mistake if another account may write it, as it was not named."""
    if path == STANDARD_INPUT:
        return host.read_stdin()
    if checked:
        try:
            owners = {host.path_owner(one) for one in _followed(host, path)}
            why = "" if owners == {host.account.uid} else "it, or where it leads, belongs to another account"
        except OSError as error:
            why = error.strerror or str(error)
        if why:
            raise Mistake(path, 1, "", f"{why}, so it is not trusted; take that right away, or name the document")
    try:
        return host.read_input(path)
    except TrustInstallError as error:
        raise Mistake(path, 1, "", str(error)) from None


def _followed(host: Host, path: str) -> Iterator[str]:
    """Yield a path, and every path that its links lead through: who owns one of them decides what is read.

    Raises OSError if the links are in a circle.
    """
    for _ in range(_MOST_LINKS):
        yield path
        slashes = [at for at, letter in enumerate(path) if letter == "/" and at] + [len(path)]
        link = next((path[:at] for at in slashes if host.link_target(path[:at]) is not None), None)
        if link is None:
            return
        path = posixpath.join(posixpath.dirname(link), host.link_target(link) or "") + path[len(link) :]
    raise OSError(errno.ELOOP, "its links lead in a circle", path)
