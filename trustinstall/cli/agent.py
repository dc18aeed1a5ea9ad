"""`trustinstall agent install`, `status` and `remove`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, installer_for

AgentAction = Annotated[
    Literal["install", "status", "remove"], typer.Argument(metavar="install|status|remove", help="What to do.")
]


def agent(
    action: AgentAction,
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Make the operating system run repair each hour, and sooner after changes; no program stays running."""
    from trustinstall.agent import agent as agents
    from trustinstall.errors import StateError
    from trustinstall.installer import history
    from trustinstall.reporting import agent_report

    output = Output(json=json, quiet=quiet, verbose=False)
    host = installer_for(output, None, ()).host
    status = {"install": agents.install, "status": agents.status, "remove": agents.remove}[action](host)
    try:
        entries, _ = history.entries(host)
    except StateError:
        entries = []
    mended = [one for one in entries if one.get("command") in {"repair", "end"}]
    last = mended[-1] if mended else None
    if json:
        output.write(agent_report.as_json(host, action, status, last))
    output.say(agent_report.lines(output.page, status, last))
