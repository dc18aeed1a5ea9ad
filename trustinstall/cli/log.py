"""`trustinstall log`."""

from __future__ import annotations

from typing import Annotated

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, installer_for
from trustinstall.cli.ended import take_out_ended

Since = Annotated[
    str | None,
    o.general("--since", metavar="DAY|SPAN", help="Only entries since then: 2027-01-31, or 12h, 7d, 2w."),
]


def log(
    since: Since = None,
    *,
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Show who changed what, when and from where: root for the machine, an account for its own stores."""
    from trustinstall.installer import history
    from trustinstall.reporting import log_report

    output = Output(json=json, quiet=quiet, verbose=False)
    installer = installer_for(output, None, ())
    take_out_ended(installer, output)
    host = installer.host
    beginning = history.beginning(since, host.now()) if since is not None else ""
    entries, damaged = history.entries(host, beginning)
    if json:
        output.write(log_report.as_json(host, entries, damaged))
    output.say(log_report.lines(output.page, entries, damaged, beginning))
