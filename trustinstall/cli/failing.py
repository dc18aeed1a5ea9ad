"""`trustinstall doctor -- COMMAND`: runs the command, and explains its failure of TLS."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NoReturn

import typer

from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from trustinstall.cli.common import Output
    from trustinstall.host import ActingHost

#: The end of the sentence "The command complains …", by the code of the reason.
FAULTS = {
    "host-name": "that a certificate is for another name",
    "expired": "of a certificate's dates",
    "weak-signature": "of a signature that is too weak",
    "small-key": "of a key that is too small",
    "no-authority": "that a certificate lacks an extension (the authority key identifier)",
    "unknown-issuer": "that it does not trust a certificate's issuer",
    "certificate": "of a certificate",
}


def explain(output: Output, host: ActingHost, command: tuple[str, ...]) -> NoReturn:
    """Run a command, look at the servers that it names if it fails because of TLS, and end with its exit status."""
    from trustinstall.doctor import complaints
    from trustinstall.installer import callers
    from trustinstall.installer.diagnosis import Ask, diagnose_all
    from trustinstall.reporting import doctor as report
    from trustinstall.reporting.doctor_json import command_json

    if not command:
        raise UsageProblem("which command? Write it behind --")
    done = host.watch(command, aside=output.json)
    fault = complaints.fault(done.said) if done.status else ""
    servers = complaints.servers(done.said, command) if fault else ()
    page = output.page
    if not fault:
        ended = f"with status {done.status}, and names no fault of TLS" if done.status else "well"
        said = f"The command has ended {ended}: there is nothing to explain."
    else:
        said = f"The command complains {FAULTS[fault]}{'.' if servers else '; give the URL of the server to doctor.'}"
    output.say(page.paragraph(said))
    name = posixpath.basename(command[0])
    found = diagnose_all(host, [one.url for one in servers], Ask(caller=callers.program(host, name)))
    if output.json:
        output.write(command_json(host, found, name, fault, done.status))
    if found:
        output.say(["", *report.doctor_lines(page, found, host.program(), verbose=output.verbose)])
    raise typer.Exit(done.status)
