"""`add --verify URL`: what is added is followed by the doctor's look at a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import TrustInstallError, UsageProblem

if TYPE_CHECKING:
    from trustinstall.cli.common import Output
    from trustinstall.host import Host
    from trustinstall.installer.diagnosis import Diagnosis


def check_url(url: str | None, *, unfit: bool) -> None:
    """Refuse a URL that names no server, and options with which there is nothing to look at. Raises UsageProblem."""
    if url is None:
        return
    from trustinstall.doctor import target

    target.parse(url)
    if unfit:
        raise UsageProblem("--verify looks at a server after a change; use `doctor URL` for the rest")


def look(output: Output, host: Host, url: str) -> Diagnosis | None:
    """Look at a server after a change, and say what is found; None where the look itself failed."""
    from trustinstall.cli.common import tell_error
    from trustinstall.installer.diagnosis import diagnose
    from trustinstall.reporting import doctor as report

    try:
        found = diagnose(host, url)
    except TrustInstallError as error:  # the change is done, and still has to be reported
        tell_error(str(error))
        return None
    output.say(["", *report.doctor_lines(output.page, [found], host.program(), verbose=output.verbose)])
    return found
