"""The program's commands, each from a module of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from trustinstall.cli.add import add
from trustinstall.cli.env import env
from trustinstall.cli.list import list_
from trustinstall.cli.remove import remove
from trustinstall.cli.run import run
from trustinstall.cli.stores import stores

app = typer.Typer(
    name="trustinstall",
    help="Make this machine trust a corporate root certificate everywhere, and take it back exactly.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command()(add)
app.command()(remove)
app.command("list")(list_)
app.command()(stores)
app.command()(env)
app.command(context_settings={"allow_interspersed_args": False})(run)


@app.callback(invoke_without_command=True)
def _root(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        from trustinstall._version import __version__

        typer.echo(f"trustinstall {__version__}")
        raise typer.Exit
