"""Running one command: errors become one sentence and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trustinstall.cli import app
from trustinstall.errors import TrustInstallError, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130  # as shells count: 128 + SIGINT


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the process's exit code. Nothing leaves it as a traceback."""
    from trustinstall.host import console

    console.end_on_signals()
    try:
        app(list(arguments), prog_name="trustinstall")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except TrustInstallError as error:
        return _failed(arguments, error)
    except console.Interrupted:
        typer.echo("trustinstall: interrupted; what had begun was finished or put back", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 0 if console.close_output() else 1
    except Exception as error:  # noqa: BLE001  the last resort: a sentence instead of a traceback
        console.debug()
        kind = type(error).__name__
        return _failed(
            arguments,
            TrustInstallError(f"unexpected {kind}: {printable(str(error))}; please report it"),
        )
    return 0


def _failed(arguments: Sequence[str], error: TrustInstallError) -> int:
    if "--json" in arguments:
        from trustinstall import jsonreport

        command = next((word for word in arguments if not word.startswith("-")), "")
        typer.echo(jsonreport.failure(command, error))
    typer.echo(f"trustinstall: {error}", err=True)
    return error.exit_code
