"""Regular expressions that are compiled at their first use.

The modules of one command define more than 200 of them. To compile all would cost each start 25 ms; a command uses few.
"""

from __future__ import annotations

import re
from typing import AnyStr, Generic, cast


class Later(Generic[AnyStr]):
    """A pattern that is compiled when one of its attributes is first used."""

    def __init__(self, text: AnyStr, flags: int) -> None:
        self._text: AnyStr = text
        self._flags = flags

    def compiled(self) -> re.Pattern[AnyStr]:
        """Return the compiled pattern. Raises re.error for a mistake in the text."""
        return re.compile(self._text, self._flags)

    def __getattr__(self, name: str) -> object:
        """Compile the pattern (`re` caches it), and store the attribute, so that its next use costs nothing."""
        if name.startswith("__"):
            raise AttributeError(name)
        found: object = getattr(self.compiled(), name)
        setattr(self, name, found)
        return found


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a pattern as `re.compile` does, except that a mistake in the text raises re.error at the first use.

    `flags` are those of `re`. Use the methods and attributes of the result; functions of `re` do not accept it.
    """
    return cast("re.Pattern[AnyStr]", Later(text, flags))
