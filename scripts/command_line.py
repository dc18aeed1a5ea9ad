"""The command line as data, read from the program itself: for the manual page and the reference.

`PYTHONPATH=platforms python -m scripts.command_line` writes the options into `docs/reference/commands.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import typer

from trustinstall.cli.app import app_for
from trustinstall.cli.examples import EXAMPLES

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "commands.md"
MARK = "<!-- written by scripts/command_line.py -->\n"


class Option(NamedTuple):
    """One option or argument: how it is written, and its help."""

    written: str
    text: str


class Command(NamedTuple):
    """One command: name, first sentence, the rest of its description, usage, options, examples with their purposes."""

    name: str
    summary: str
    description: str
    usage: str
    options: tuple[Option, ...]
    examples: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """Return every command that is not hidden, in the order of the help."""
    group: Any = typer.main.get_command(app_for())
    return [_command(name, one) for name, one in group.commands.items() if not one.hidden]


def _command(name: str, command: Any) -> Command:  # noqa: ANN401  Typer exports no type of its copy of click
    context = command.make_context(name, [], resilient_parsing=True)
    text = (command.help or "").strip()
    summary, _, rest = text.partition("\n")
    pieces = " ".join(command.collect_usage_pieces(context))
    options = tuple(_option(one, context) for one in command.params if not getattr(one, "hidden", False))
    return Command(name, summary.strip(), rest.strip(), f"trustinstall {name} {pieces}", options, EXAMPLES[name])


def _option(one: Any, context: Any) -> Option:  # noqa: ANN401  as above
    record = one.get_help_record(context)
    return Option(*record) if record is not None else Option(one.make_metavar(context), "")


def reference() -> str:
    """Return every option of every command in Markdown: the part of `docs/reference/commands.md` after its mark."""
    lines: list[str] = []
    for command in commands():
        lines += ["", f"### {command.name}", "", f"`{command.usage}`", "", command.summary, ""]
        lines += [f"    trustinstall {words}  # {purpose}" for words, purpose in command.examples]
        lines += ["", "| option | meaning |", "| --- | --- |"]
        lines += [f"| `{_cell(one.written)}` | {_cell(one.text)} |" for one in command.options]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    before, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    PAGE.write_text(before + mark + reference(), encoding="utf-8")
