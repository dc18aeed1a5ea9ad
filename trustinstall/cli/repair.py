"""`trustinstall repair`."""

from __future__ import annotations

from trustinstall.cli import options as o
from trustinstall.cli.common import Output, finish_repair, installer_for


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

    output = Output(json=json, quiet=quiet, verbose=verbose)
    installer = installer_for(output, sysroot, java_storepass_file)
    report = with_proxies(installer, repairs.repair(installer, dry_run=dry_run))
    finish_repair(installer.host, output, report, asked=exit_code)
