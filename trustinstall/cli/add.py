"""`trustinstall add`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import typer

from trustinstall.certificates.name_constraints import parse
from trustinstall.cli import options as o
from trustinstall.cli.common import (
    Output,
    allowed,
    ask_for,
    change_all,
    confirm,
    decide_for,
    finish,
    installer_for,
    outside_host,
    selection_of,
)
from trustinstall.cli.ended import take_out_ended
from trustinstall.cli.places import places_for
from trustinstall.cli.verifying import check_url
from trustinstall.engine.outcome import Result
from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.certificates.intake import Intake
    from trustinstall.engine.request import Selection
    from trustinstall.host import Host
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report
    from trustinstall.installer.situation import ScopeOptions, Situation

#: Results of a dry run that need no decision.
_SETTLED = frozenset(Result) - {Result.PLANNED, Result.FAILED}


def add(
    inputs: o.Inputs = None,
    sha256: o.Vouched = [],  # noqa: B006  typer copies it
    scope: o.Scope = None,
    user: o.User = [],  # noqa: B006
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    java_storepass_file: o.JavaStorepass = [],  # noqa: B006
    domain: o.Domain = [],  # noqa: B006
    from_: o.From = [],  # noqa: B006
    match: o.Match = None,
    variables: o.Variables = None,
    until: o.Until = None,
    sysroot: o.Sysroot = None,
    profile_out: o.ProfileOut = None,
    verify: o.Verify = None,
    *,
    with_windows: o.WithWindows = False,
    refresh: o.Refresh = False,
    run_image_tool: o.RunImageTool = False,
    allow_expired: o.Expired = False,
    allow_weak: o.Weak = False,
    allow_same_name: o.SameName = False,
    force: o.Force = False,
    allow_intermediate: o.Intermediate = False,
    all_users: o.AllUsers = False,
    adopt: o.Adopt = False,
    dry_run: o.DryRun = False,
    exit_code: o.ExitCode = False,
    strict: o.Strict = False,
    yes: o.Yes = False,
    no_input: o.NoInput = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Trust a root certificate everywhere on this machine."""
    from trustinstall.certificates import same_subject
    from trustinstall.installer import ends
    from trustinstall.reporting import add as reports
    from trustinstall.state.terms import Terms

    output = Output(json=json, quiet=quiet, verbose=verbose)
    check_url(verify, unfit=sysroot is not None or profile_out is not None)
    domains = parse(tuple(domain))
    terms = Terms(ends.end(until, outside_host().now()) if until is not None else "", domains=domains)
    outside, installer = (
        outside_host(),
        installer_for(output, sysroot, java_storepass_file, run_image_tool=run_image_tool, variables=variables),
    )
    allow = allowed(expired=allow_expired or force, weak=allow_weak or force, same_name=allow_same_name or force)
    vet = partial(_intake, sha256=sha256, allow=allow, allow_intermediate=allow_intermediate)
    ask = ask_for(scope, user, all_users=all_users, no_input=no_input, silent=json or quiet)
    source = _source(inputs or [], match, from_)
    intake = vet(outside, replace(installer, host=outside), inputs or [], match, source, ask)
    situation = decide_for(installer, ask)
    if profile_out is not None:
        elsewhere = (source, sysroot, with_windows, domain, until)
        if any((scope, user, all_users, store, skip, search, adopt, *elsewhere)):
            raise UsageProblem("--profile-out changes no store: name certificate files, and no stores, accounts or end")
        _profile(installer, output, intake, situation, profile_out, dry_run=dry_run)
    intake = same_subject.check(intake, installer.system_anchors(), outside.now(), allow=allow)
    places = places_for(installer, ask, search, with_windows=with_windows, refresh=refresh)
    change = partial(
        installer.add,
        [one.certificate for one in intake.accepted],
        ask,
        discovery=places,
        adopt=adopt,
        dry_run=dry_run,
        terms=terms,
    )
    chosen = selection_of(store, skip)
    due = not (yes or sha256 or dry_run) and decide_for(installer, replace(ask, no_input=False)).may_ask
    due = due and (until is not None or bool(source) or _would_change(change, chosen))
    situation = decide_for(installer, ask)
    if due and no_input:
        raise UsageProblem("a question is due, and --no-input forbids it; confirm with --sha256 HEX, or with --yes")
    asks = due and situation.may_ask
    lines = reports.question_lines(output.page, intake, situation) if asks else reports.found_lines(output.page, intake)
    output.say(lines)
    if source and not (sha256 or dry_run) and (yes or not situation.may_ask):
        found = " ".join(f"--sha256 {one.certificate.sha256}" for one in intake.accepted)
        raise UsageProblem(
            "the roots that were found are not confirmed; compare them with those that your IT publishes, and add the "
            f"right ones to the command; {found}"
        )
    if asks:
        confirm("Trust it?" if len(intake.accepted) == 1 else f"Trust these {len(intake.accepted)}?")
    if not dry_run:
        take_out_ended(installer, output, [one.certificate.sha256 for one in intake.accepted])
    installer.diff = verbose
    report = change_all(installer, change, chosen, asks=situation.may_ask and not (yes or dry_run))
    inputs, asked = inputs or [], exit_code
    finish(outside, output, report, intake, strict=strict, inputs=inputs, source=source, asked=asked, verify=verify)


def _would_change(change: partial[Report], chosen: Selection) -> bool:
    """Whether `add` would change a store, or would fail in one: only then is a question due."""
    report = change(stores=chosen.stores, skip=chosen.skip, dry_run=True)
    return any(one.result not in _SETTLED for one in report.outcomes) or any(one.problem for one in report.scopes)


def _source(inputs: list[str], match: str | None, chosen: list[str]) -> str:
    """Return the source of the certificates, a value of `--from`; "" if they are in files."""
    if not (chosen or inputs):
        raise UsageProblem("which certificate? Name a FILE, or say --from system (with --match TEXT to choose)")
    if not {"system", "windows"}.issuperset(chosen):
        raise UsageProblem("--from is system or windows")
    if len(chosen) + bool(inputs) > 1:
        raise UsageProblem("name files, or say --from system or --from windows, and not both")
    if match is not None and not chosen:
        raise UsageProblem("--match goes with --from system or --from windows, and not with files")
    return "".join(chosen)


def _intake(
    outside: Host,
    installer: Installer,
    inputs: list[str],
    match: str | None,
    source: str,
    ask: ScopeOptions,
    *,
    sha256: list[str],
    allow: Collection[str],
    allow_intermediate: bool,
) -> Intake:
    """Return the certificates, from files or from a store, that the caller confirms now or later."""
    from trustinstall.certificates import intake as intakes

    if not source:
        return intakes.take(outside, inputs, sha256=sha256, allow=allow, allow_intermediate=allow_intermediate)
    held = installer.windows_roots(match, ask) if source == "windows" else installer.company_roots(match)
    return intakes.take_held(held, outside.now(), sha256=sha256, allow=allow, allow_intermediate=allow_intermediate)


def _profile(
    installer: Installer, output: Output, intake: Intake, situation: Situation, path: str, *, dry_run: bool
) -> NoReturn:
    """Write a profile instead of changing any store, and exit."""
    from trustinstall.exports import mobileconfig
    from trustinstall.installer.result import Report
    from trustinstall.reporting import add as reports
    from trustinstall.reporting import json_report
    from trustinstall.reporting.profile import profile_lines

    certificates = tuple(one.certificate for one in intake.accepted)
    if path == "-":
        if output.json:
            raise UsageProblem("standard output takes the profile or the report; name a file with --profile-out")
        output.write(mobileconfig.make(certificates).decode().rstrip("\n"))
        raise typer.Exit
    written = mobileconfig.write(installer.host, path, certificates, dry_run=dry_run)
    path, report = installer.host.absolute(path), Report("add", situation, certificates, (), dry_run)
    if output.json:
        output.write(json_report.profile(installer.host, report, intake, path, written=written))
    output.say(reports.found_lines(output.page, intake))
    output.say(profile_lines(output.page, path, written=written, dry_run=dry_run))
    raise typer.Exit
