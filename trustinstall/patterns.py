"""Regular expressions of modules, compiled at their first use.

The modules of one command have more than 200 of them at their tops, which cost a start 25 ms, and a command uses a few.
"""

from __future__ import annotations

import re
from typing import AnyStr, Generic, cast


class Later(Generic[AnyStr]):
    """Has the attributes of the compiled pattern, each from the time on when it is first asked for."""

    def __init__(self, text: AnyStr, flags: int) -> None:
        self._text: AnyStr = text
        self._flags = flags

    def compiled(self) -> re.Pattern[AnyStr]:
        """Return the compiled pattern. Raises re.error for a mistake in the text."""
        return re.compile(self._text, self._flags)

    def __getattr__(self, name: str) -> object:
        """Compile the pattern (the library keeps it), and keep its attribute: the next use costs nothing."""
        if name.startswith("__"):
            raise AttributeError(name)
        found: object = getattr(self.compiled(), name)
        setattr(self, name, found)
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what `re.compile` returns, except that a mistake in the text is raised at the first use.

    `flags` are those of `re`. The result is used by its methods and attributes, and not given to functions of `re`.
    """
    return cast("re.Pattern[AnyStr]", Later(text, flags))
