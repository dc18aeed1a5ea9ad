"""`trustinstall repair`."""

from __future__ import annotations

import typer

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, installer_for


def repair(
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006  typer copies it
    sysroot: o.Sysroot = None,
    *,
    dry_run: o.DryRun = False,
    exit_code: o.ExitCode = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Make what was added hold again: in new stores, after upgrades, and after a backup was restored."""
    from trustinstall.declared import repair as repairs
    from trustinstall.declared.proxies import with_proxies
    from trustinstall.reporting import repair_report

    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, sysroot, java_storepass_file)
    report = with_proxies(installer, repairs.repair(installer, dry_run=dry_run))
    code = repairs.exit_code(report, asked=exit_code)
    if json:
        output.write(repair_report.as_json(installer.host, report, code))
    output.say(repair_report.lines(output.page, report, verbose=verbose))
    if code and quiet:
        from trustinstall.cli.common import error_page
        from trustinstall.reporting.errors import failures

        typer.echo("\n".join(failures(error_page(), report)), err=True)
    raise typer.Exit(code)
