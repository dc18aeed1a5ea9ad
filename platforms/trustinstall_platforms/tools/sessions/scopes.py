"""Variables of a shell that end with a function, a file or a block, and restore those of the same name.

Sources: bash(1) and dash(1), `local`; fish's manual, The fish language: Variable Scope. The scopes of fish outside of
functions were tried with 3.6: a sourced file is a scope, `set -f` lasts as long as the shell and hides global
variables.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from trustinstall_platforms.tools.sessions.values import Variables


class Scopes:
    """The nested scopes."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._own: list[dict[str, Callable[[], None]]] = []  # by scope: functions that restore the outer variables
        self._begun: list[int] = []  # `Variables.maybe` when each scope began
        self._of_shell: set[str] = set()

    @contextmanager
    def inner(self) -> Generator[None, None, None]:
        """Enter a scope; its variables end with it."""
        self._own.append({})
        self._begun.append(self._variables.maybe)
        try:
            yield
        finally:
            self._begun.pop()
            for bring_back in self._own.pop().values():
                bring_back()

    @property
    def entered(self) -> bool:
        """Whether a scope was entered."""
        return bool(self._own)

    def hides(self, name: str) -> bool:
        """Whether a scope has a variable of its own of that name."""
        return any(name in one for one in self._own)

    def local(self, name: str) -> bool:
        """Give the innermost scope a variable of its own; return whether it is new. Without a scope it does nothing."""
        if not self._own or name in self._own[-1]:
            return False
        self._own[-1][name] = self._variables.saved(name, doubtful=self._variables.maybe > self._begun[-1])
        return True

    def of_shell(self, name: str, value: Value, *, export: bool) -> None:
        """Set a variable that every scope sees unless it has one of that name, and that hides global ones."""
        self._of_shell.add(name)
        self._behind(name, value, export=export)

    def outer(self, name: str, value: Value, *, export: bool) -> None:
        """Set a global variable, which a nearer one hides."""
        self._behind(name, value._replace(text=None) if name in self._of_shell else value, export=export)

    def erase(self, name: str) -> None:
        """Remove the nearest variable, so that the next one is seen again."""
        own = next((one for one in reversed(self._own) if name in one), None)
        if own is None:
            self._variables.unset(name)
        elif self._variables.uncertain:
            self._variables.unset(name)
            self._behind(name, Value(None), export=True)
        else:
            own.pop(name)()

    def _behind(self, name: str, value: Value, *, export: bool) -> None:
        """Set a variable now, or when the outermost scope that hides it ends."""
        hiding = next((one for one in self._own if name in one), None)
        if hiding is None:
            self._variables.set(name, value, export=export)
            return
        bring_back, said = hiding[name], value._replace(text=None) if self._variables.uncertain else value

        def set_then() -> None:
            bring_back()
            self._variables.set(name, said, export=export)

        hiding[name] = set_then
