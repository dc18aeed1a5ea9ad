"""The first step of every command: it removes certificates whose trust has ended, and reports that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.cli.common import tell_error
from trustinstall.errors import TrustInstallError, printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.cli.common import Output
    from trustinstall.installer.installer import Installer


def take_out_ended(installer: Installer, output: Output | None = None, kept: Collection[str] = ()) -> None:
    """Remove certificates whose trust has ended. A failure is reported, and does not end the caller's command.

    `kept`: SHA-256 of certificates that the command is about to add again.
    """
    from trustinstall.installer import ends

    try:
        report = ends.take_out_ended(installer, kept)
    except TrustInstallError as error:
        tell_error(f"certificates whose trust has ended could not be taken out: {error}")
        return
    if report is None:
        return
    names = ", ".join(printable(one.name, 36) for one in report.certificates)
    if report.exit_code():
        problem = f"the trust of {names} has ended, and some stores still have it; run trustinstall repair to see why"
        tell_error(problem)
    elif output is not None:
        output.say([f"Ended: the trust of {names}; it was taken out of every store.", ""])
