"""The current state of a file of environment variables: the managed section in it, and what its other lines set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.section import PATH
from trustinstall.errors import StoreError
from trustinstall.facts import shell_syntax, system_bundle, variables
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools import our_section, variable_files
from trustinstall_platforms.tools.key_in_file import LIMIT, PRIVATE, SHARED, KeyInFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.editing.setting import SetKey
    from trustinstall.host import Host
    from trustinstall.stores.store import Store
    from trustinstall_platforms.tools.effective.model import Variable
    from trustinstall_platforms.tools.sessions import Read


class Carrier(NamedTuple):
    """The current state of one file.

    Attributes:
        place: the row of the table.
        path: its path.
        section: the text between the marks, or None.
        ours: the lines of it that trustinstall wrote.
        foreign: the variables that the file sets elsewhere, or another author between the marks.
        wrong: why the file cannot be read, or None.
    """

    place: variable_files.Place
    path: str
    section: str | None = None
    ours: tuple[str, ...] = ()
    foreign: frozenset[str] = frozenset()
    wrong: str | None = None

    def key(self, host: Host) -> KeyInFile:
        """Return the managed section as a key of the file."""
        return KeyInFile(self.place.format, PATH, SHARED if host.account.is_root else PRIVATE)

    def away(self, host: Host, store: Store, noted: tuple[str, ...]) -> SetKey:
        """Return the change that removes the managed section; `noted` are the ledger's entries. Raises StoreError."""
        otherwise = our_section.written(self.place, self.ours)
        return self.key(host).away(host, store, self.section or "", noted, otherwise)


def of(host: Host, store: Store) -> Carrier:
    """Return the state of a store's file. Raises StoreError if no program reads variables there any more."""
    place = variable_files.at(host, store.location)
    if place is None:
        raise StoreError(store=store.id, cause="no program reads variables there any more", advice="try again")
    return read(host, store.location, place)


def is_owned(host: Host, path: str) -> bool:
    """Return whether a file belongs to the acting account."""
    status = host.status(host.real(path))
    return status is not None and status.uid == host.account.uid


def read(host: Host, location: str, place: variable_files.Place) -> Carrier:
    """Return the state of the file at a location."""
    try:
        content = host.read_or_none(location, LIMIT) or b""
        section = editing.get(place.format, content, PATH)
    except editing.Malformed as error:
        return Carrier(place, location, wrong=str(error))
    except OSError as error:
        return Carrier(place, location, wrong=error.strerror)
    lines = our_section.ours(host, place, section) if section is not None else ()
    if place.style not in shell_syntax.KEPT:
        return Carrier(place, location, section, lines)
    text = content.decode("utf-8", "replace")
    if section:
        others = "\n".join(line for line in section.split("\n") if line not in lines)
        text = text.replace(section, others)
    joined = variables.OPTIONS if place.style == shell_syntax.JOINS else {}
    foreign = shell_syntax.foreign(place.style, text, our_section.NAMES.difference(joined))
    return Carrier(place, location, section, lines, frozenset(foreign))


def taken_back(host: Host, location: str, reads: Sequence[Read]) -> list[str]:
    """Return the variables that the managed section sets, and that no session which reads the file has; sorted.

    None if no session is known to read the file, or the managed file that the section names is missing.
    """
    place = variable_files.at(host, location)
    found = read(host, location, place) if place is not None else None
    readers = [one.session.variables for one in reads if location in one.files]
    if found is None or not found.ours or not readers:
        return []
    if system_bundle.bundle(host, our_section.file_named(host, found.ours)) is None:
        return []
    names = (name for name in our_section.NAMES if any(our_section.sets(line, {name}) for line in found.ours))
    return sorted(name for name in names if not any(_is_set(one.get(name)) for one in readers))


def _is_set(variable: Variable | None) -> bool:
    return variable is not None and variable.value != ""
