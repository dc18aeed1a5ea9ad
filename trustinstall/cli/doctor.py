"""`trustinstall doctor`."""

from __future__ import annotations

import typer

from trustinstall.cli import doctor_options as d
from trustinstall.cli import failing, health
from trustinstall.cli import options as o
from trustinstall.cli.command import words_of
from trustinstall.cli.common import Output, installer_for
from trustinstall.errors import UsageProblem


def doctor(
    context: typer.Context,
    urls: d.Servers = None,
    *,
    starttls: d.Starttls = "",
    proxy: d.ProxyUrl = "",
    pid: d.Pid = None,
    beside: d.Beside = "",
    save_root: d.SaveRoot = None,
    report_file: d.ReportFile = None,
    everything: d.Everything = False,
    fix: d.Fix = False,
    yes: o.Yes = False,
    exit_code: d.RefusedCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Show which stores and tools here accept servers, and why others refuse them.

    Without a URL: what is wrong with the stores, settings and variables here, each with its remedy. Exit status: 0 all
    is well, 10 something is wrong. With a command: it is run, and where it fails for TLS, the servers that it names are
    looked at; the exit status is that of the command.
    """
    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, None, ())
    command = words_of(context)
    files = save_root is not None or report_file is not None
    about_url = bool(starttls or proxy or beside or files or pid is not None)
    if command is not None:
        if urls or about_url or fix or everything:
            raise UsageProblem("a command behind -- is run as it stands; only --json, --quiet and --verbose go with it")
        failing.explain(output, installer.host, command)
    if not urls:
        if about_url:
            raise UsageProblem("which server? Name its URL: --proxy, --pid, --report and the like are about servers")
        health.look_around(output, installer, everything=everything, fix=fix, yes=yes)
    if fix or everything:
        raise UsageProblem("--fix and --all are about this machine; name no URL with them")
    _check_files(save_root, report_file, urls)
    from trustinstall.installer import callers, new_file, saved_root
    from trustinstall.installer.diagnosed_as import diagnose_all
    from trustinstall.installer.diagnosis import Ask
    from trustinstall.reporting import doctor as report
    from trustinstall.reporting.doctor_json import doctor_json
    from trustinstall.reporting.doctor_page import doctor_page

    host = installer.host
    page = new_file.free(host, report_file) if report_file is not None else ""
    ask = Ask(starttls, proxy, beside, callers.process(host, pid) if pid is not None else None)
    found = diagnose_all(host, urls, ask, installer.on_progress)
    if save_root is not None and not found[0].failure:
        found = (saved_root.save(host, found[0], save_root),)
    if page:
        new_file.write(host, page, doctor_page(host, found).encode())
    unsaved = save_root is not None and not found[0].saved
    code = report.exit_code(found, asked=exit_code or unsaved)
    if output.json:
        output.write(doctor_json(host, found, code))
    output.say(report.doctor_lines(output.page, found, host.program(), verbose=output.verbose))
    raise typer.Exit(code)


def _check_files(save_root: str | None, report_file: str | None, urls: list[str]) -> None:
    """Raise UsageProblem if a file has no name, as by a variable of a script that is empty, or has several roots."""
    if "" in {save_root, report_file}:
        raise UsageProblem("--report and --save-root want the name of a new file; name one")
    if save_root is not None and len(urls) > 1:
        raise UsageProblem("--save-root writes the root of one server; name one URL")
