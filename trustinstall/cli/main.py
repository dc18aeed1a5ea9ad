"""Runs one command, and turns every error into one sentence and an exit code."""

from __future__ import annotations

import errno
import io
import sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING

import typer

from trustinstall.cli import variables
from trustinstall.cli.app import COMMANDS, app_for
from trustinstall.cli.common import tell_error
from trustinstall.errors import (
    CertificateRefused,
    CommandMissing,
    CommandRefused,
    NoRights,
    TrustInstallError,
    UsageProblem,
    printable,
)
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host

_NO_COMMAND = 2  # the help is shown
RUN_FAILED = 125  # `run` itself failed; its other codes are those of its command, as for docker, env and timeout
_ABOUT = regex(r"('--[a-z-]+') \(env var: '\w+'\)")  # how Typer names an option that has a variable
#: Errors that are not faults of the program: a broken, full or read-only disk, and limits of the process.
_OF_THE_MACHINE = frozenset(
    {errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
INTERRUPTED = 130  # as shells count: 128 + SIGINT


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return the process's exit code. No exception becomes a traceback."""
    from trustinstall.host import console

    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:2], "--help"]
    console.complete()
    if (words := console.words_to_complete()) is not None:
        return _complete(words)
    console.end_on_signals()
    answer = _script if arguments[:1] in (["--show-completion"], ["--install-completion"]) else _command
    try:
        return answer(arguments)
    except console.Interrupted as interrupted:
        tell_error(interrupted.told or "interrupted; what had begun was finished or put back")
        return INTERRUPTED


def _command(arguments: Sequence[str]) -> int:
    from trustinstall.host import console

    try:
        app = app_for(arguments[0] if arguments else "")
        code = app(list(arguments), prog_name="trustinstall", standalone_mode=False)
    except typer.Abort:
        return _failed(arguments, TrustInstallError("cancelled, nothing was changed"))
    except TrustInstallError as error:
        return _failed(arguments, error)
    except console.Interrupted:
        raise
    except SystemExit:  # Typer's answer to a reader of the help that ended (`| head`); elsewhere, too, it is no failure
        return 0
    except Exception as error:  # noqa: BLE001  an unexpected error is one sentence, too
        if isinstance(error, typer.TyperException):
            return _failed(arguments, UsageProblem(_usage(error, arguments))) if str(error) else _NO_COMMAND
        console.debug()
        if isinstance(error, OSError) and _asks_for_help(arguments):  # Typer prints the help by itself
            reason = console.unwritten(error, sys.stdout)
            return _failed(arguments, TrustInstallError(f"the help could not be written: {reason}"))
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            return _failed(arguments, TrustInstallError(_broken(error)))
        kind = type(error).__name__
        return _failed(
            arguments,
            TrustInstallError(f"unexpected {kind}: {printable(str(error))}; please report it"),
        )
    return code if isinstance(code, int) else 0


def _asks_for_help(arguments: Sequence[str]) -> bool:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return not own or not {"--help", "-h"}.isdisjoint(own)


def _broken(error: OSError) -> str:
    from trustinstall.engine import wording

    return (
        f"{wording.words(error)}; each change that was made is noted: the same command goes on, and `trustinstall "
        "remove` takes it back"
    )


def _complete(words: Sequence[str]) -> int:
    """Answer a shell that asks for completions. A failure prints nothing, because the shell would show it."""
    with suppress(Exception):
        app_for(words[1] if len(words) > 2 else "")([], prog_name="trustinstall")  # noqa: PLR2004  the command is whole
    return 0


def _script(arguments: Sequence[str]) -> int:
    """Let Typer print or install the completion of the calling shell; the error names the shells that have one."""
    said, complaint = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(complaint):
            app_for("")(list(arguments), prog_name="trustinstall")
    except SystemExit as done:
        if done.code:
            what = "there is no completion for the shell that asks; start bash, zsh, fish or PowerShell, and ask there"
            return _failed(arguments, UsageProblem(what))
    from trustinstall.host import console

    if reason := console.write(said.getvalue().removesuffix("\n")):
        tell_error(f"the completion could not be written: {reason}")
        return 1
    return 0


def _usage(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """Return the fault of the command line, and the command that lists its options."""
    command = arguments[0] if arguments and arguments[0] in COMMANDS else ""
    told = error.format_message().partition(" Choose from:")[0].rstrip(".")
    told = _ABOUT.sub(lambda found: found[1] if _is_given(arguments, found[1]) else found[0], told)
    return f"{told[:1].lower()}{told[1:]}; see {' '.join(filter(None, ('trustinstall', command, '--help')))}"


def _is_given(arguments: Sequence[str], quoted: str) -> bool:
    """Whether a quoted option is on the command line: then no variable has set it."""
    return any(word.partition("=")[0] == quoted.strip("'") for word in arguments)


def _failed(arguments: Sequence[str], error: TrustInstallError) -> int:
    from trustinstall.host import Host

    host = Host.current()
    asked = isinstance(error, (CertificateRefused, NoRights, UsageProblem))  # it is about what the caller has said
    names = variables.guilty(host.environ, arguments, str(error)) if asked else []
    if names:
        error.args = (f"{', '.join(names)}: {error}",)
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    running = arguments[:1] == ["run"]
    code = RUN_FAILED if running and not isinstance(error, (CommandMissing, CommandRefused)) else error.exit_code
    if "--json" in words or (variables.wants_json(host.environ) and not running):
        _tell_json(host, arguments, error, code)
    for sentence in str(error).split("\n"):  # the mistakes of a document; other people's text is printable by now
        tell_error(sentence)
    return code


def _tell_json(host: Host, arguments: Sequence[str], error: TrustInstallError, code: int) -> None:
    from trustinstall.host import console
    from trustinstall.reporting import json_report

    command = arguments[0] if arguments and arguments[0] in COMMANDS else ""
    console.write(json_report.failure(host, command, error, code))
