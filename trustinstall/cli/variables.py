"""The environment variables that set options.

No variable sets an option that weakens a check (`--allow-…`) or adopts foreign copies (`--adopt`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Variables whose values are judged after the command line has been read, and their options.
_OPTIONS = {
    "TRUSTINSTALL_SHA256": "--sha256",
    "TRUSTINSTALL_SCOPE": "--scope",
    "TRUSTINSTALL_STORE": "--store",
    "TRUSTINSTALL_SKIP": "--skip",
    "TRUSTINSTALL_SEARCH": "--search",
}
_SEPARATORS = regex(r"[\s,;]+|:(?=/)")  # several paths are separated as in PATH
_TRUE = {"1", "true", "t", "yes", "y", "on"}  # as Typer reads them


def guilty(environ: Mapping[str, str], arguments: Sequence[str], message: str) -> list[str]:
    """Return the variables that an error message is about: it contains a word of their value, or their option.

    Variables whose option is on the command line, or that the message already names, are left out.
    """
    return [
        name
        for name, option in _OPTIONS.items()
        if (value := environ.get(name))
        and name not in message
        and not any(word.partition("=")[0] == option for word in arguments)
        and any(word in message for word in (option, *_words(name, value)))
    ]


def _words(name: str, value: str) -> list[str]:
    """Return the words of a value as messages print them; none for a value whose words every message may have."""
    words = [] if name == "TRUSTINSTALL_SCOPE" else _SEPARATORS.split(value)
    return [printable(word) for word in words if word]


def wants_json(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for JSON."""
    return environ.get("TRUSTINSTALL_JSON", "").strip().lower() in _TRUE
