"""The program's commands, each from a module of its own that is imported when its command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trustinstall.cli.command import Command
from trustinstall.cli.examples import PANEL, epilog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _add() -> Callable[..., None]:
    from trustinstall.cli.add import add

    return add


def _remove() -> Callable[..., None]:
    from trustinstall.cli.remove import remove

    return remove


def _list() -> Callable[..., None]:
    from trustinstall.cli.list import list_

    return list_


def _stores() -> Callable[..., None]:
    from trustinstall.cli.stores import stores

    return stores


def _env() -> Callable[..., None]:
    from trustinstall.cli.env import env

    return env


def _run() -> Callable[..., None]:
    from trustinstall.cli.run import run

    return run


def _self() -> Callable[..., None]:
    from trustinstall.cli.self_uninstall import self_

    return self_


def _tools() -> Callable[..., None]:
    from trustinstall.cli.tools import tools

    return tools


def _doctor() -> Callable[..., None]:
    from trustinstall.cli.doctor import doctor

    return doctor


def _check() -> Callable[..., None]:
    from trustinstall.cli.check import check

    return check


def _repair() -> Callable[..., None]:
    from trustinstall.cli.repair import repair

    return repair


def _log() -> Callable[..., None]:
    from trustinstall.cli.log import log

    return log


def _apply() -> Callable[..., None]:
    from trustinstall.cli.apply import apply

    return apply


def _export() -> Callable[..., None]:
    from trustinstall.cli.apply import export

    return export


def _agent() -> Callable[..., None]:
    from trustinstall.cli.agent import agent

    return agent


#: Each command's name, and the import of its function.
COMMANDS: Mapping[str, Callable[[], Callable[..., None]]] = {
    "add": _add,
    "remove": _remove,
    "list": _list,
    "stores": _stores,
    "tools": _tools,
    "doctor": _doctor,
    "check": _check,
    "repair": _repair,
    "apply": _apply,
    "export": _export,
    "log": _log,
    "agent": _agent,
    "env": _env,
    "run": _run,
    "self": _self,
}
#: Settings of single commands: for `run`, the words after the caller's command belong to that command.
_SETTINGS: Mapping[str, dict[str, bool]] = {"run": {"allow_interspersed_args": False}}


def app_for(command: str = "") -> typer.Typer:
    """Return the command line with one command, or with all of them if `command` is not a command's name.

    Typer reads the signature of every command that it knows, which costs 2 ms for each.
    """
    from trustinstall.host import console

    app = typer.Typer(
        name="trustinstall",
        help="Make this machine trust a corporate root certificate everywhere, and take it back exactly.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode="rich" if console.wide_characters() else None,  # the frames of panels are not ASCII
        epilog="trustinstall COMMAND --help shows the options and examples of a command.",
    )
    app.callback(invoke_without_command=True)(_root)
    for name in [command] if command in COMMANDS else COMMANDS:
        app.command(
            name,
            cls=Command,
            context_settings=_SETTINGS.get(name),
            epilog=epilog(name),
            rich_help_panel=PANEL[name],
        )(COMMANDS[name]())
    return app


def _root(*, version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False) -> None:
    if version:
        from trustinstall._version import __version__

        typer.echo(f"trustinstall {__version__}")
        raise typer.Exit
