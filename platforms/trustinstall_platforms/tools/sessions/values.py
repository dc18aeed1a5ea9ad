"""Variables of a shell or manager while its files are read: values, their setters, and those that are exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

BUILT_IN = Setter(Kind.DEFAULT)


class Value(NamedTuple):
    """A value, None if only running the file would show it; the assignment that made it; its text there."""

    text: str | None
    setter: Setter = BUILT_IN
    raw: str = ""


class Variables:
    """All variables of one shell.

    Attributes:
        maybe: above 0 while commands are read that may not run; variables that they assign are then unknown, unless the
            value is equal to the earlier one.
        over: whether the shell may have ended already; its later assignments are unknown in the same way.
        everything: whether each assignment is exported (`set -a`).
        strict: whether a shell refuses to expand a variable that is not set (`set -u`).
        fixed: the variables that are readonly.
        altered: variables with an attribute by which the shell changes each value: it is unknown.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._exported: set[str] = set()
        self._perhaps: set[str] = set()  # exported, or not
        self.maybe = 0
        self.over = False
        self.everything = False
        self.strict = False
        self.fixed: frozenset[str] = frozenset()
        self.altered: frozenset[str] = frozenset()

    def copy(self) -> Variables:
        """Return the same variables, which are set independently from now on."""
        other = Variables()
        other.become(self)
        return other

    def become(self, other: Variables) -> None:
        """Take over all variables of another shell, and its state."""
        self._values, self._exported, self._perhaps = dict(other._values), set(other._exported), set(other._perhaps)
        self.maybe, self.over, self.everything = other.maybe, other.over, other.everything
        self.strict, self.fixed, self.altered = other.strict, other.fixed, other.altered

    def state(self) -> Hashable:
        """Return all of it as a value."""
        values = frozenset(self._values.items())
        names = frozenset(self._exported), frozenset(self._perhaps)
        return values, *names, self.maybe, self.over, self.everything, self.strict, self.fixed, self.altered

    @property
    def uncertain(self) -> bool:
        """Whether it is unknown that the next command runs."""
        return self.maybe > 0 or self.over

    def get(self, name: str) -> Value | None:
        """Return a variable, or None if it is not set."""
        return self._values.get(name)

    def start(self, values: Mapping[str, str], *, exported: bool) -> None:
        """Set the variables that the shell or its caller has set before any file is read."""
        self._values |= {name: Value(text) for name, text in values.items()}
        if exported:
            self._exported |= values.keys()

    def inherit(self, variables: Mapping[str, Variable]) -> None:
        """Take over the environment of the program that started this one."""
        self._values |= {one.name: Value(one.value, one.setter, one.raw) for one in variables.values()}
        self._exported |= variables.keys()

    def set(self, name: str, value: Value, *, export: bool = False) -> None:
        """Assign a value; an equal value keeps the earlier setter."""
        old = self._values.get(name)
        if old is None or old.text is None or old.text != value.text:
            unknown = self.uncertain or name in self.altered
            self._values[name] = value._replace(text=None) if unknown else value
        if export or self.everything:
            self.export(name)

    def export(self, name: str) -> None:
        """Export a variable to programs, now or once it is set."""
        if name in self._exported:
            return
        if self.uncertain:
            self._perhaps.add(name)
        else:
            self._exported.add(name)

    def keep(self, name: str) -> None:
        """No longer export a variable to programs."""
        if self.uncertain:
            self._doubt(name)
        else:
            self._exported.discard(name)
            self._perhaps.discard(name)

    def fix(self, name: str) -> None:
        """Make a variable readonly; if that is unknown, its value is, too."""
        if self.uncertain:
            self.alter(name)
        else:
            self.fixed |= {name}

    def alter(self, name: str) -> None:
        """Give a variable an attribute by which the shell changes each value."""
        self.altered |= {name}
        self._forget(name)

    def unset(self, name: str) -> None:
        """Unset a variable."""
        if self.uncertain:
            self._doubt(name)
        else:
            self._values.pop(name, None)
            self._exported.discard(name)
            self._perhaps.discard(name)

    def saved(self, name: str, *, doubtful: bool = False) -> Callable[[], None]:
        """Return a function that restores one variable: a function of the shell has its own variable of that name.

        `doubtful`: it may be the same one after all; if it is changed before, its value is unknown.
        """
        old, exported, perhaps = self._state(name)

        def bring_back() -> None:
            now = self._state(name)
            self._put(name, (old, exported, perhaps))
            value = old or now[0]
            if doubtful and value is not None and now != (old, exported, perhaps):
                self._put(name, (value._replace(text=None), exported, perhaps or now[1] or now[2]))

        return bring_back

    def _state(self, name: str) -> tuple[Value | None, bool, bool]:
        """Return a variable, and whether programs get it, and whether they may get it."""
        return self._values.get(name), name in self._exported, name in self._perhaps

    def _put(self, name: str, state: tuple[Value | None, bool, bool]) -> None:
        value, exported, perhaps = state
        self._values.pop(name, None)
        if value is not None:
            self._values[name] = value
        for names, belongs in ((self._exported, exported), (self._perhaps, perhaps)):
            (names.add if belongs else names.discard)(name)

    def environment(self) -> dict[str, Variable]:
        """Return the variables of programs that are started now."""
        names = sorted(self._values.keys() & (self._exported | self._perhaps))
        found = ((name, self._values[name], name in self._exported) for name in names)
        return {
            name: Variable(name, value.text if certain else None, value.setter, value.raw)
            for name, value, certain in found
        }

    def is_certain(self, name: str) -> bool:
        """Whether a variable is certainly set and exported, to a known or unknown value."""
        return name in self._values and name in self._exported

    def _doubt(self, name: str) -> None:
        """Note that a variable may be unset, or no longer exported."""
        self._forget(name)
        if name in self._exported:
            self._exported.discard(name)
            self._perhaps.add(name)

    def _forget(self, name: str) -> None:
        if name in self._values:
            self._values[name] = self._values[name]._replace(text=None)
