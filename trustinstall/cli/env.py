"""`trustinstall env`: the variables that name managed bundles, for programs that read no settings file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from trustinstall.cli import options as o

Shell = Annotated[
    Literal["bash", "zsh", "fish", "powershell", "cmd", "dotenv", "dockerfile", "github", "gitlab"] | None,
    o.general(
        "--shell",
        metavar="NAME",
        help="bash, zsh, fish, powershell, cmd, dotenv, dockerfile, github or gitlab (default: yours).",
    ),
]


def env(
    shell: Shell = None,
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
    from trustinstall.installer import environment
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
    values = environment.values(host, replacing=variables != "add")
    output = Output(json=json, quiet=quiet, verbose=False)
    if json:
        output.write(json_report.variables(host, values))
        raise typer.Exit
    try:
        output.write("\n".join(shell_syntax.shown(style, values)))
    except ValueError as error:
        raise UsageProblem(f"{error}; move the home or the bundle, or write the line by hand") from None
