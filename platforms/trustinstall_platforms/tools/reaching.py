"""The managed variables that reach programs, and those that other authors set: answers from the account's sessions.

A managed line in a shell's file sets no variable that is set already, but a later line of others may do the same: then
the managed one would hide that line, and is left out of that file. Other authors' variables decide for the programs of
those sessions: the bundle that they name is a store, and one that cannot be changed is reported with its file and line.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.editing.section import Section
from trustinstall.editing.text import Malformed
from trustinstall.errors import printable
from trustinstall.facts import our_files, shell_syntax, system_bundle, variables
from trustinstall.stores import bundle as bundles
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.tools import our_section, sessions, variable_files
from trustinstall_platforms.tools.effective.clients import CLIENTS, repositories
from trustinstall_platforms.tools.effective.model import Form
from trustinstall_platforms.tools.sessions.seen import is_of_others

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Session, Setter, Variable
    from trustinstall_platforms.tools.sessions import Read

#: Places of clients that are a variable which names one file of roots.
_PLACES = [
    place
    for client in CLIENTS
    for place in client.places
    if place.variables and place.form is Form.FILE and not place.words
]
#: The variables that name a file: those that trustinstall sets, and others that clients read.
FILES = frozenset(
    (
        *(one.name for one in (*variables.ADDS, *variables.REPLACES)),
        *(name for place in _PLACES for name in place.variables),
    )
)
#: Those in which the client itself expands ~ to the home.
_TILDE = frozenset(name for place in _PLACES if place.expansion.tilde for name in place.variables)
#: The name for all variables of a file that is too long to be read.
ANY = "variables"
_LONGEST = 200  # characters of a value that are shown


class Theirs(NamedTuple):
    """The value that another author gives to a variable.

    Attributes:
        name: the variable, or ANY.
        setter: the file and line.
        path: the bundle that it names, links resolved; "" if it names none, or that is unknown.
        problem: why the acting account cannot change that bundle, in words; or None.
    """

    name: str
    setter: Setter
    path: str = ""
    problem: str | None = None

    @property
    def location(self) -> str:
        """The location of the store that reports an unreachable bundle."""
        return f"{self.setter.path}#{self.name}"

    def __str__(self) -> str:
        """Return the variable and its place, for people."""
        return f"{self.name} in {self.setter}"


@dataclass(frozen=True)
class Reach:
    """The sessions of the acting account, and the managed variables in them.

    Attributes:
        values: the values that each managed section would set, by the real path of its file.
    """

    host: Host
    values: Mapping[str, Mapping[str, str]]

    @cached_property
    def theirs(self) -> tuple[Theirs, ...]:
        """The variables of other authors, each place once."""
        found: dict[tuple[str, Setter], Theirs] = {}
        at_home = sessions.supposed(self.host, at_home=True) if self.host.account.is_root else []
        for one in (*self.without, *at_home):
            named = FILES.union(*repositories.git_variables(one.session).values())
            for variable in one.session.variables.values():
                if variable.name in named and variable.setter.path and variable.value != "":
                    said = self._theirs(variable)
                    if said is not None:
                        found.setdefault((said.name, variable.setter), said)
        return tuple(found.values())

    @cached_property
    def hidden(self) -> Mapping[str, frozenset[str]]:
        """The variables, by file, that its managed section must not set: it would disable a later line of others."""
        left: dict[str, frozenset[str]] = {path: frozenset() for path in self.values}
        if not self._are_others:
            return left
        for _ in self.values:
            now = self._with(left)
            more = {
                (self._file(variable), name)
                for before, after in _pairs(self.without, now)
                for name, variable in after.variables.items()
                if name in our_section.NAMES and self._hides(before.variables.get(name), variable)
            }
            if not more:
                break
            for path, name in more:
                left[path] |= {name}
        return left

    def decided_by_others(self, path: str) -> tuple[str, ...]:
        """Return the variables that others decide in some session that reads a managed file; sorted."""
        if not self._are_others:
            return ()
        names = {
            name
            for one in self._finally
            if path in one.files
            for name, variable in one.session.variables.items()
            if name in self.values.get(path, {})
            and (self._file(variable) not in self.values or self._lacks_option(variable))
            and not our_files.is_ours(variables.file_in(name, variable.value or ""))
        }
        return tuple(sorted(names))

    @cached_property
    def _are_others(self) -> bool:
        """Whether another author sets one of the variables, or options of one, in some session."""
        every = (variable for one in self.without for variable in one.session.variables.values())
        return bool(self.theirs) or any(self._lacks_option(one) and one.setter.path for one in every)

    def _lacks_option(self, variable: Variable) -> bool:
        """Whether a variable holds options, and none of them names a file of roots."""
        is_list = variable.name in variables.OPTIONS and variable.value != ""
        return is_list and not variables.file_in(variable.name, variable.value or "")

    @cached_property
    def _places(self) -> dict[str, variable_files.Place]:
        return {self.host.real(path): place for place, path in variable_files.places(self.host, all_of_them=True)}

    @cached_property
    def without(self) -> list[Read]:
        """The sessions without the managed sections.

        If no other text names a variable that they set, these are the sessions of now, less such variables.
        """
        now = sessions.reads(self.host)
        if self._are_alone(now):
            return [_less(one, our_section.NAMES) for one in now]
        return sessions.supposed(self.host, self._without_ours)

    def _are_alone(self, now: Sequence[Read]) -> bool:
        """Whether only managed lines name the variables that they set, so that no other line depends on these."""
        ours = (each for one in now for each in one.session.variables.values() if each.name in our_section.NAMES)
        if any(one.value is None or self._file(one) not in self._places for one in ours):  # None: a file is too long
            return False
        texts = sessions.texts(self.host, {path for one in now for path in one.files}, self._without_ours)
        return texts is not None and not any(name in one for one in texts for name in our_section.NAMES)

    @cached_property
    def _finally(self) -> list[Read]:
        return self._with(self.hidden)

    def _with(self, left: Mapping[str, frozenset[str]]) -> list[Read]:
        """Return the sessions with the managed sections, except some of their variables."""
        lines = {path: self._lines(path, left.get(path, frozenset())) for path in self.values}
        own = our_files.directory(self.host)
        added = {f"{own}/{name}": "" for name in (our_files.ANCHORS, our_files.BUNDLE)}
        added |= {path: "".join(f"{one}\n" for one in each) for path, each in lines.items()}

        def shown(path: str, text: str) -> str:
            rest = self._without_ours(path, text)
            if path not in lines:
                return rest
            at, section = Section().insertion(rest, ("",), "\n".join(lines[path]))
            return rest[:at] + section + rest[at:]

        return sessions.supposed(self.host, shown, added)

    def _lines(self, path: str, left: frozenset[str]) -> list[str]:
        place = self._places[path]
        ours = {name: value for name, value in self.values[path].items() if name not in left}
        return [*place.head, *shell_syntax.kept(place.style, ours)]

    def _without_ours(self, path: str, text: str) -> str:
        """Return the text of a file with the managed lines empty, so that the others keep their numbers."""
        place = self._places.get(path)
        if place is None or place.style not in shell_syntax.KEPT:
            return text
        try:
            keys = Section().keys(text)
        except Malformed:
            return text
        for key in reversed(keys):
            ours = set(our_section.ours(self.host, place, key.value))
            lines = text[key.start : key.end].split("\n")
            text = text[: key.start] + "\n".join("" if one in ours else one for one in lines) + text[key.end :]
        return text

    def _hides(self, before: Variable | None, after: Variable) -> bool:
        """Whether trustinstall would set a variable that another author sets now."""
        path = self._file(after)
        if before is None or before.value == "" or path not in self.values:
            return False
        is_joined = after.name in variables.OPTIONS and (after.value or "").startswith(f"{before.value},")
        return after.name in self.values[path] and before.value != after.value and not is_joined

    def _file(self, variable: Variable) -> str:
        """Return the real path of the file that sets a variable."""
        return self.host.real(variable.setter.path) if variable.setter.path else ""

    def _theirs(self, variable: Variable) -> Theirs | None:
        """Return the target of another author's value; None if it names a managed file."""
        name, setter, path = variable.name, variable.setter, variable.value
        if name in variables.OPTIONS:
            path = variables.file_in(name, path or "")
            if not path:
                return None
        if path is not None and path.startswith("~/") and (name in _TILDE or name not in FILES):
            path = f"{(self.host.account.home or '').rstrip('/')}{path[1:]}"
        if path is not None and our_files.is_ours(path):
            return None
        if path is None and not setter.line:
            others = is_of_others(self.host, setter.path)
            why = "another account may change it" if others else "it is longer than is read"
            return Theirs(ANY, setter, problem=f"are unknown, because {why}")
        said = printable(variable.raw if path is None else path, _LONGEST)
        if path is None:
            return Theirs(name, setter, problem=f"says {said}, and only running that file would tell the value")
        wrong = self._wrong(path)
        if wrong is not None:
            return Theirs(name, setter, problem=f"names {said}, {wrong}")
        real = self.host.real(path)
        system = system_bundle.find(self.host)
        if self.host.account.is_root and system is not None and real == system.path:
            return None  # it follows the machine's store
        kept = self._kept(real)
        return Theirs(name, setter, real, f"names {said}, {kept}" if kept else None)

    def _kept(self, path: str) -> str | None:
        """Return why the acting account cannot change a bundle, in words, or None."""
        owner, unwritable = bundles.owner(self.host, path)
        if unwritable is None and owner != self.host.account.uid:
            return "which only root may change" if owner == 0 else "which belongs to another account"
        return unwritable

    def _wrong(self, path: str) -> str | None:
        """Return why a path is not a bundle, in words, or None."""
        host = self.host
        if not path.startswith("/"):
            return "which is no absolute path" if not path.startswith("~") else "whose ~ no program expands"
        try:
            missing = host.status(host.real(path)) is None
        except OSError:
            missing = True
        if missing:
            return "which is a list, and it takes one file" if "/" in path.partition(":")[2] else "which is missing"
        if is_of_others(host, path):
            return "which another account may change"
        if host.is_directory(path):
            return "which is a directory"
        return None if system_bundle.bundle(host, path) is not None else "which is no bundle, or cannot be read"


def _less(one: Read, names: frozenset[str]) -> Read:
    """Return a session without some variables."""
    kept = {name: each for name, each in one.session.variables.items() if name not in names}
    return one._replace(session=one.session._replace(variables=kept))


def _pairs(before: Sequence[Read], after: Sequence[Read]) -> Iterator[tuple[Session, Session]]:
    """Yield the sessions that are there before and after; one that counts only once it differs may come or go."""
    known = {one.session.name: one.session for one in before}
    return ((known[one.session.name], one.session) for one in after if one.session.name in known)
