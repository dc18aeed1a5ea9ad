"""`add --verify URL`: after the change, the doctor looks at a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import TrustInstallError, UsageProblem

if TYPE_CHECKING:
    from trustinstall.cli.common import Output
    from trustinstall.host import Host
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.installer.result import Report


def check_url(url: str | None, *, unfit: bool) -> None:
    """Raise UsageProblem if a URL names no server, or if the other options change nothing (`unfit`)."""
    if url is None:
        return
    from trustinstall.doctor import target

    target.parse(url)
    if unfit:
        raise UsageProblem("--verify looks at a server from this machine; use `doctor URL` for the rest")


def look(output: Output, host: Host, url: str, report: Report) -> Diagnosis | None:
    """Look at a server after a change, or as it would be after a planned one, and say what is found.

    None where the look itself failed.
    """
    from trustinstall.cli.common import tell_error
    from trustinstall.installer.diagnosis import Ask, diagnose
    from trustinstall.installer.planned_roots import NOTHING, of_report
    from trustinstall.reporting import doctor as screen

    try:
        found = diagnose(host, url, Ask(planned=of_report(report) if report.dry_run else NOTHING))
    except TrustInstallError as error:  # the change is done, and its report still has to be printed
        tell_error(str(error))
        return None
    output.say(["", *screen.doctor_lines(output.page, [found], host.program(), verbose=output.verbose)])
    return found
