"""The command line as data, read from the program itself: for the manual page and the reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import typer

from trustinstall.cli.app import app_for


class Option(NamedTuple):
    """One option or argument: how it is written, and its help."""

    written: str
    text: str


class Command(NamedTuple):
    """One command: its name, first sentence, the rest of its description, usage, options and examples."""

    name: str
    summary: str
    description: str
    usage: str
    options: tuple[Option, ...]


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
    return Command(name, summary.strip(), rest.strip(), f"trustinstall {name} {pieces}", options)


def _option(one: Any, context: Any) -> Option:  # noqa: ANN401  as above
    record = one.get_help_record(context)
    return Option(*record) if record is not None else Option(one.make_metavar(context), "")
