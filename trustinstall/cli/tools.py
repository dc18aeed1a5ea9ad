"""`trustinstall tools`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, installer_for
from trustinstall.cli.ended import take_out_ended

if TYPE_CHECKING:
    from trustinstall.host import Host


def tools(
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Show the developer tools on this machine, and how each is made to trust a root."""
    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, None, ())
    take_out_ended(installer, output)
    show_tools(output, installer.host, "tools")


def show_tools(output: Output, host: Host, command: str) -> None:
    """Print the tools of the acting account, for `command`."""
    from trustinstall.installer import tool_views
    from trustinstall.reporting.tools import tools_lines

    found = tool_views.look(host)
    if output.json:
        from trustinstall.reporting import json_report

        output.write(json_report.tools(host, command, found))
    output.say(tools_lines(output.page, found, verbose=output.verbose))
