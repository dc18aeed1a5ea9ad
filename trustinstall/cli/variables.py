"""The environment variables that stand for options.

None stands for an option that weakens a check (`--allow-…`) or takes over copies of others (`--adopt`).
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
    """Return the variables that an error is about: it has a word of their value, or names their option.

    Not those whose option is on the command line, or that the message names already.
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
    """Return the words of a value that no other part of a message has by chance, as messages print them."""
    words = [] if name == "TRUSTINSTALL_SCOPE" else _SEPARATORS.split(value)
    return [printable(word) for word in words if word]


def wants_json(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for JSON."""
    return environ.get("TRUSTINSTALL_JSON", "").strip().lower() in _TRUE
