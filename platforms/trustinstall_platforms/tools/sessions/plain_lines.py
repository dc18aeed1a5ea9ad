"""Shells and tools whose files are read line by line: a plain assignment at a line's start is known.

Any other line that names a variable of a client makes that unknown. Nothing is run, and no block is understood: a line
in a block is indented by usage, and then unknown.

Sources: the Nushell book, Environment; the Elvish reference, Environment variables; the xonsh tutorial, Environment
variables; about_Environment_Variables of PowerShell; mise's documentation, Environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    from trustinstall_platforms.tools.sessions.values import Variables

_WORD = regex(r"\w+")
_VALUE = r"(?P<value>\"[^\"$`\\(){}]*\"|'[^'{}]*'|[\w./@+-]+)[ \t\r]*(?:;[ \t\r]*)?(?:#.*)?"
#: What stands before the name and between name and value, by language.
_SAID = {
    "nu": (r"\$env\.", r"[ \t]*=[ \t]*"),
    "elvish": (r"(?:set-env[ \t]+|set[ \t]+E:)", r"[ \t]+(?:=[ \t]+)?"),
    "xonsh": (r"\$", r"[ \t]*=[ \t]*"),
    "powershell": (r"\$[Ee][Nn][Vv]:", r"[ \t]*=[ \t]*"),
    "toml": ("", r"[ \t]*=[ \t]*"),
}
LANGUAGES = frozenset(_SAID)
_ASSIGNED: dict[str, re.Pattern[str]] = {
    language: regex(rf"^{before}(?P<name>[A-Za-z_]\w*){between}{_VALUE}")
    for language, (before, between) in _SAID.items()
}


def read(variables: Variables, language: str, text: str, path: str, names: Collection[str]) -> None:
    """Set those of the variables `names` that a file names."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        said = _ASSIGNED[language].fullmatch(line)
        value = said["value"].strip("\"'") if said is not None else None
        for name in dict.fromkeys(_WORD.findall(line)):
            if name in names:
                is_known = said is not None and said["name"] == name and (value or "/").startswith("/")
                raw = said["value"] if said is not None else line.strip()
                setter = Setter(Kind.VARIABLE, path, number)
                variables.set(name, Value(value if is_known else None, setter, raw), export=True)
