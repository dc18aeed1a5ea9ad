"""Runs one command: errors become one sentence and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trustinstall.cli.app import COMMANDS, app_for
from trustinstall.errors import TrustInstallError, UsageProblem, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130  # as shells count: 128 + SIGINT


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the process's exit code. No exception becomes a traceback."""
    from trustinstall.host import console

    console.complete()
    console.end_on_signals()
    try:
        app = app_for(arguments[0] if arguments else "")
        app(list(arguments), prog_name="trustinstall")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
        if code == UsageProblem.exit_code:  # typer has printed the error on standard error
            _tell_json(arguments, UsageProblem("the command line is wrong; standard error says how"))
        return code
    except TrustInstallError as error:
        return _failed(arguments, error)
    except console.Interrupted:
        typer.echo("trustinstall: interrupted; what had begun was finished or put back", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last resort: a sentence instead of a traceback
        console.debug()
        kind = type(error).__name__
        return _failed(
            arguments,
            TrustInstallError(f"unexpected {kind}: {printable(str(error))}; please report it"),
        )
    return 0


def _failed(arguments: Sequence[str], error: TrustInstallError) -> int:
    _tell_json(arguments, error)
    typer.echo(f"trustinstall: {error}", err=True)
    return error.exit_code


def _tell_json(arguments: Sequence[str], error: TrustInstallError) -> None:
    if "--json" in arguments:
        from trustinstall.host import console
        from trustinstall.reporting import json_report

        command = arguments[0] if arguments[0] in COMMANDS else ""
        console.write(json_report.failure(command, error))
