"""Places in which a client's verification of servers is switched off, and whether it could verify without them.

Nothing is run and nothing is changed.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide, paths
from trustinstall_platforms.tools.effective.clients import every
from trustinstall_platforms.tools.effective.model import Mode, without_login
from trustinstall_platforms.tools.effective.reading import Reader, UnreadableError
from trustinstall_platforms.tools.effective.rows import Client
from trustinstall_platforms.tools.effective.switches import SWITCHES, names_servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Scene, Session, Setter
    from trustinstall_platforms.tools.effective.reading import Said
    from trustinstall_platforms.tools.effective.switches import Switch

_LONGEST = 200  # characters of a value that are shown
#: Clients of the switches without a row of their own in the table of clients, and what they read.
_LIKE = {
    "Poetry": "requests",
    **dict.fromkeys(("apt", "dnf", "Go", "Docker", "Podman", "OpenLDAP", "Python 2"), ""),  # the system's store
}


class Switched(NamedTuple):
    """One switch that is off.

    Attributes:
        switch: its row.
        key: the key as it is written in the file, or only the name of the variable.
        value: its value.
        setter: the file and line; without a path a variable of the calling session.
    """

    switch: Switch
    key: tuple[str, ...]
    value: str
    setter: Setter

    @property
    def said(self) -> str:
        """The key and its value, for people: of options of a program the one that counts, for another may be secret."""
        word = self.switch.word
        value = self.value if self.value.strip() == word or not word else f"… {word} …"
        return printable(without_login(f"{'.'.join(self.key)}={value}"), _LONGEST)


def look(host: Host, sessions: Iterable[Session]) -> tuple[Switched, ...]:
    """Return the switches that are off for the acting account, each place once.

    A variable of the calling session that a file sets, too, is reported for the file, and a link for its target.
    """
    bare, calling = decide.bare(host), decide.calling(host)
    scenes = [bare, calling, *(bare._replace(session=one) for one in sessions)]
    found: dict[tuple[str, str, int, tuple[str, ...]], Switched] = {}
    read: set[tuple[str | None, ...]] = set()
    for scene in scenes:
        moved = tuple(scene.session.value(name) for name in sorted(paths.MOVING))
        for one in [*_variables(scene), *(() if moved in read else _settings(scene))]:
            path = host.real(one.setter.path) if one.setter.path else ""
            found.setdefault((one.switch.client, path, one.setter.line, one.key), one)
        read.add(moved)
    by_files = {(one.switch.client, one.key) for one in found.values() if one.setter.path}
    return tuple(one for one in found.values() if one.setter.path or (one.switch.client, one.key) not in by_files)


def of_server(scene: Scene, name: str) -> dict[str, Switched]:
    """Return, by client, the switches that are off in a scene for a server of this name.

    A switch of single commands (Mercurial's) is left out: its effect depends on the command.
    """
    found = (one for one in (*_variables(scene), *_settings(scene)) if one.switch.client != "Mercurial")
    return {one.switch.client: one for one in found if _concerns(one, name.lower())}


def _concerns(one: Switched, name: str) -> bool:
    """Whether a switch concerns a server: it is for all servers, or for a list or a URL that names it."""
    urls = [part.partition('"')[2].rstrip('"') for part in one.key if '"' in part]
    listed = re.split(r"[\s,\[\]\"']+", one.value) if one.switch.off is names_servers else urls
    return not listed or any(fnmatchcase(name, _host_of(word)) for word in listed if word)


def _host_of(word: str) -> str:
    """Return the host of a URL, of HOST:PORT or of HOST, in lower case."""
    authority = word.partition("://")[2] or word
    return authority.partition("/")[0].rpartition("@")[2].partition(":")[0].lower()


def _variables(scene: Scene) -> Iterator[Switched]:
    for switch in SWITCHES:
        for name in switch.place.variables:
            said = scene.session.variables.get(name)
            if said is not None and said.value is not None and switch.off(said.value):
                yield Switched(switch, (name,), said.value, said.setter)


def _settings(scene: Scene) -> Iterator[Switched]:
    reader = Reader(scene.host, scene.home)
    for switch in SWITCHES:
        counting: set[tuple[str, ...]] = set()
        for path in paths.of_place(scene, switch.place) if switch.place.files else ():
            if switch.place.first and scene.host.status(scene.host.real(path)) is None:
                continue
            last = {one.key: one for one in _said(reader, switch, path) if one.key not in counting}
            yield from (Switched(switch, one.key, one.value, one.setter) for one in _off(switch, last.values()))
            counting |= last.keys()
            if switch.place.first:
                break


def _off(switch: Switch, said: Iterable[Said]) -> Iterator[Said]:
    return (one for one in said if switch.off(one.value))


def _said(reader: Reader, switch: Switch, path: str) -> list[Said]:
    """Return the values of the switch's key in a file; one that cannot be read has no effect on the client."""
    try:
        said = reader.read(switch.place.format, path)
    except UnreadableError:
        return []
    return [one for one in said if _is(one.key, switch.place.key)]


def _is(key: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(key) == len(pattern) and all(map(fnmatchcase, key, pattern))


def trusts(host: Host, client: str, sessions: Sequence[Session], wanted: frozenset[str]) -> bool:
    """Return whether a client, once it verifies, reads every wanted root (SHA-256) in all sessions of the account.

    `client`: its name in the table of switches. False if no root is wanted, or the tables do not know what the client
    reads: then its needs are unknown.
    """
    scenes = [decide.bare(host)._replace(session=one) for one in sessions if one.name != "bare"]
    return bool(wanted) and all(_holds(scene, client, wanted) for scene in scenes or [decide.bare(host)])


def _holds(scene: Scene, client: str, wanted: frozenset[str]) -> bool:
    name = _LIKE.get(client, client)
    known = Client("", ()) if not name else next((one for one in every(scene) if one.name == name), None)
    if known is None:
        return False
    row = _verifying(known)
    return wanted <= decide.anchors(scene.host, row, decide.effective(row, scene))


def _verifying(row: Client) -> Client:
    """Return a client for which the words that switch verification off have no effect."""
    places = (
        one._replace(words={word: Mode.DEFAULT if mode is Mode.OFF else mode for word, mode in one.words.items()})
        for one in row.places
    )
    return row._replace(places=tuple(places))
