"""`trustinstall env`: the variables that name managed bundles, for programs that read no settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from trustinstall.cli import options as o

if TYPE_CHECKING:
    from trustinstall.host import Host

Shell = Annotated[
    Literal["bash", "zsh", "fish", "powershell", "cmd", "dotenv", "dockerfile", "github", "gitlab"] | None,
    o.general(
        "--shell",
        metavar="NAME",
        help="bash, zsh, fish, powershell, cmd, dotenv, dockerfile, github or gitlab (default: yours).",
    ),
]
_EVALUATED = frozenset({"bash", "zsh", "fish", "powershell"})

Scope = Annotated[
    Literal["machine", "user"] | None,
    o.general("--scope", metavar="machine|user", help="Whose files they name (default: yours, or else the machine's)."),
]
Into = Annotated[
    str | None,
    o.general("--output", "-o", metavar="FILE", help="Write them to a new file, and print nothing."),
]


def env(
    shell: Shell = None,
    scope: Scope = None,
    into: Into = None,
    variables: o.Variables = None,
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Print environment variables that make programs use your roots."""
    from trustinstall.cli.common import Output
    from trustinstall.cli.ended import take_out_ended
    from trustinstall.errors import UsageProblem
    from trustinstall.facts import shell_syntax
    from trustinstall.host import ActingHost
    from trustinstall.installer import environment, new_file
    from trustinstall.installer.installer import Installer
    from trustinstall.reporting import json_report

    host = ActingHost.current()
    take_out_ended(Installer(host=host))
    style = shell or environment.shell_of(host)
    if variables == "none":
        raise UsageProblem("--variables is add or replace here")
    if host.platform == "win32" and variables == "replace":
        raise UsageProblem(
            "Windows keeps no bundle of public roots that variables could name; leave --variables replace out"
        )
    path = new_file.free(host, into) if into else ""
    values = environment.values(host, replacing=variables != "add", scope=scope or "")
    output = Output(json=json, quiet=quiet, verbose=False)
    try:
        lines = [] if into or json else _for_people(style, host)
        text = json_report.variables(host, values) if json else "\n".join((*lines, *shell_syntax.shown(style, values)))
    except ValueError as error:
        raise UsageProblem(f"{error}; move the home or the bundle, or write the line by hand") from None
    if path:
        new_file.write(host, path, f"{text}\n".encode())
    else:
        output.write(text)


def _for_people(style: str, host: Host) -> list[str]:
    """Return a comment that says how a shell takes the lines over, if a person reads them on a terminal."""
    from trustinstall.host import console
    from trustinstall.reporting.advice import take_over

    return [f"# {take_over(style, host.command())}"] if style in _EVALUATED and console.shown() else []
