"""The command line: reads options, calls the installer, prints one report, and ends with its exit code."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from trustinstall import options as o
from trustinstall.clirun import run
from trustinstall.errors import UsageProblem, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.backend import Places
    from trustinstall.host import Host
    from trustinstall.installer import Installer
    from trustinstall.intake import Intake
    from trustinstall.situation import Ask, Situation
    from trustinstall.summary import Report
    from trustinstall.survey import Selection

_DIGITS = 64  # of a SHA-256 in hex

app = typer.Typer(
    name="trustinstall",
    help="Make this machine trust a corporate root certificate everywhere, and take it back exactly.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Output:
    """How the caller wants to be told; standard output is for the report alone."""

    def __init__(self, *, json: bool, quiet: bool, verbose: bool, no_color: bool) -> None:
        from trustinstall.host import console
        from trustinstall.report import Style, plain

        self.json, self.quiet, self.verbose = json, quiet, verbose
        self.style = plain if no_color or not console.wants_colour() else Style(_paint)
        self.progress = console.progress()

    def tick(self, doing: str) -> None:
        """A sign of life, unless nobody wants one."""
        if not (self.quiet or self.json):
            self.progress.tick(doing)

    def say(self, lines: list[str]) -> None:
        """Print lines for people."""
        self.progress.clear()
        if lines and not (self.quiet or self.json):
            self.write("\n".join(lines))

    def write(self, text: str) -> None:
        """Print a report; what the command did does not become untrue because nobody could read it."""
        from trustinstall.host import console

        reason = console.write(text)
        if reason:
            typer.echo(f"trustinstall: the report could not be written: {reason}", err=True)


def _paint(text: str, colour: str) -> str:
    if colour in {"bold", "dim"}:
        return typer.style(text, bold=colour == "bold", dim=colour == "dim")
    return typer.style(text, fg=colour)


@app.command()
def add(
    inputs: o.Inputs = None,
    sha256: o.Sha256 = [],  # noqa: B006  typer copies it
    scope: o.Scope = None,
    for_user: o.ForUser = [],  # noqa: B006
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    python: o.Python = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    bundle: o.Bundle = [],  # noqa: B006
    match: o.Match = None,
    sysroot: o.Sysroot = None,
    profile_out: o.ProfileOut = None,
    *,
    from_system: o.FromSystem = False,
    run_image_tool: o.RunImageTool = False,
    force: o.Force = False,
    allow_intermediate: o.Intermediate = False,
    all_users: o.AllUsers = False,
    adopt: o.Adopt = False,
    dry_run: o.DryRun = False,
    strict: o.Strict = False,
    yes: o.Yes = False,
    no_input: o.NoInput = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Trust certificates in every store of this machine that the caller may change."""
    from trustinstall import report as reports

    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    outside, installer = _outside(), _installer(output, sysroot, run_image_tool=run_image_tool)
    vet = partial(_intake, sha256=sha256, force=force, allow_intermediate=allow_intermediate)
    intake = vet(outside, installer, inputs or [], match, from_system=from_system)
    ask = _ask(scope, for_user, all_users=all_users, no_input=no_input, silent=json or quiet)
    situation = _decide(installer, ask)
    if profile_out is not None:
        if any((scope, for_user, all_users, store, skip, python, search, adopt, from_system, sysroot, bundle)):
            raise UsageProblem("--profile-out changes no store: name certificate files, and no stores or accounts")
        _profile(installer, output, intake, situation, profile_out, dry_run=dry_run)
    output.say([*reports.intake_lines(intake, output.style), f"Scope: {situation.sentence}"])
    if from_system and not (sha256 or dry_run) and (yes or not situation.may_ask):
        raise UsageProblem("nobody vouches for roots that were only found; name them, each with --sha256")
    if situation.may_ask and not (yes or sha256 or dry_run):
        _confirm("Trust it?" if len(intake.accepted) == 1 else f"Trust these {len(intake.accepted)}?")
    report = installer.add(
        [one.certificate for one in intake.accepted],
        ask,
        places=_places(installer, python, search, bundle),
        selection=_selection(store, skip),
        adopt=adopt,
        dry_run=dry_run,
    )
    _finish(outside, output, report, intake, strict=strict, inputs=inputs or [])


def _intake(
    outside: Host,
    installer: Installer,
    inputs: list[str],
    match: str | None,
    *,
    sha256: list[str],
    from_system: bool,
    force: bool,
    allow_intermediate: bool,
) -> Intake:
    """What the caller vouches for, or will be asked about: files, or what the machine's own store holds."""
    from trustinstall import intake as intakes

    if from_system == bool(inputs) or (match is not None and not from_system):
        raise UsageProblem("name certificate files, or say --from-system (with --match TEXT to choose), not both")
    if not from_system:
        return intakes.take(outside, inputs, sha256=sha256, force=force, allow_intermediate=allow_intermediate)
    held = replace(installer, host=outside).company_roots(match)
    return intakes.take_held(held, outside.now(), sha256=sha256, force=force, allow_intermediate=allow_intermediate)


def _profile(
    installer: Installer, output: Output, intake: Intake, situation: Situation, path: str, *, dry_run: bool
) -> NoReturn:
    """Write a profile instead of changing any store, and end."""
    from trustinstall import jsonreport, profile
    from trustinstall import report as reports
    from trustinstall.summary import Report

    certificates = tuple(one.certificate for one in intake.accepted)
    if path == "-":
        if output.json:
            raise UsageProblem("standard output takes the profile or the report; name a file with --profile-out")
        output.write(profile.make(certificates).decode().rstrip("\n"))
        raise typer.Exit
    written = profile.write(installer.host, path, certificates, dry_run=dry_run)
    path, report = installer.host.absolute(path), Report("add", situation, certificates, (), dry_run)
    if output.json:
        output.write(jsonreport.profile(report, intake, path, written=written))
    output.say(reports.intake_lines(intake, output.style))
    output.say(reports.profile_lines(path, output.style, written=written, dry_run=dry_run))
    raise typer.Exit


@app.command()
def remove(
    names: o.Names = None,
    sha256: o.Sha256 = [],  # noqa: B006  typer copies it
    scope: o.Scope = None,
    for_user: o.ForUser = [],  # noqa: B006
    store: o.Store = [],  # noqa: B006
    skip: o.Skip = [],  # noqa: B006
    python: o.Python = [],  # noqa: B006
    search: o.Search = [],  # noqa: B006
    bundle: o.Bundle = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    run_image_tool: o.RunImageTool = False,
    everything: o.All = False,
    foreign: o.Foreign = False,
    all_users: o.AllUsers = False,
    dry_run: o.DryRun = False,
    strict: o.Strict = False,
    yes: o.Yes = False,
    no_input: o.NoInput = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Take back exactly what `add` has done; what somebody else put there is named and left."""
    from trustinstall import report as reports
    from trustinstall import targets

    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    outside, installer = _outside(), _installer(output, sysroot, run_image_tool=run_image_tool)
    words = [*(names or []), *sha256]
    if everything == bool(words):
        raise UsageProblem("name what to remove (a file, a fingerprint or a subject), or say --all")
    if foreign and (len(sha256) != 1 or names or everything or len(sha256[0].replace(":", "")) != _DIGITS):
        raise UsageProblem("--foreign takes out one certificate, named by its full fingerprint: --foreign --sha256 HEX")
    places = _places(installer, python, search, bundle)
    ask = _ask(scope, for_user, all_users=all_users, no_input=no_input, silent=json or quiet)
    known = installer.known(ask)
    find = partial(installer.find, places=places)
    chosen = tuple(known.values()) if everything else targets.resolve(outside, words, known, find)
    situation = _decide(installer, ask)
    output.say(
        [
            *(reports.certificate_line(one, output.style) for one in chosen),
            f"Scope: {situation.sentence}",
        ]
    )
    if situation.may_ask and not (yes or dry_run) and (everything or foreign):
        _confirm(f"Remove {len(chosen)} certificate{'s' if len(chosen) != 1 else ''}?")
    report = installer.remove(
        chosen,
        ask,
        places=places,
        selection=_selection(store, skip),
        foreign=foreign,
        dry_run=dry_run,
    )
    _finish(outside, output, report, None, strict=strict, inputs=())


@app.command("list")
def list_(
    python: o.Python = [],  # noqa: B006  typer copies it
    search: o.Search = [],  # noqa: B006
    for_user: o.ForUser = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    every_anchor: o.Anchors = False,
    files: o.Entries = False,
    all_users: o.AllUsers = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Show what is trusted by our doing, where, since when, and for whom."""
    from trustinstall import jsonreport
    from trustinstall import report as reports

    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    installer = _installer(output, sysroot)
    ask = _ask(None, for_user, all_users=all_users, no_input=True)
    view = installer.look(ask, places=_places(installer, python, search), every_anchor=every_anchor)
    if json:
        output.write(jsonreport.look("list", view))
    output.say(reports.list_lines(view, output.style, files=files or verbose, every_anchor=every_anchor))


@app.command()
def stores(
    python: o.Python = [],  # noqa: B006  typer copies it
    search: o.Search = [],  # noqa: B006
    for_user: o.ForUser = [],  # noqa: B006
    sysroot: o.Sysroot = None,
    *,
    tools: o.Tools = False,
    all_users: o.AllUsers = False,
    json: o.Json = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> None:
    """Show every store on this machine, and whether it can be written."""
    from trustinstall import jsonreport
    from trustinstall import report as reports

    output = Output(json=json, quiet=quiet, verbose=verbose, no_color=no_color)
    installer = _installer(output, sysroot)
    if tools:
        from trustinstall import toolviews

        found = toolviews.look(installer.host)
        if json:
            output.write(jsonreport.tools(found))
        output.say(reports.tools_lines(found, output.style))
        return
    ask = _ask(None, for_user, all_users=all_users, no_input=True)
    view = installer.look(ask, places=_places(installer, python, search))
    if json:
        output.write(jsonreport.look("stores", view))
    output.say(reports.stores_lines(view, output.style))


app.command(context_settings={"allow_interspersed_args": False})(run)


@app.callback(invoke_without_command=True)
def _root(*, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    if version:
        from trustinstall._version import __version__

        typer.echo(f"trustinstall {__version__}")
        raise typer.Exit


def _outside() -> Host:
    """The machine that we run on, where the caller's files are, and where commands are told for."""
    from trustinstall.host import Host

    return Host.current()


def _installer(output: Output, sysroot: str | None, *, run_image_tool: bool = False) -> Installer:
    from trustinstall.installer import Installer

    if sysroot is not None:
        return Installer.for_image(sysroot, run_tools=run_image_tool, tick=output.tick)
    if run_image_tool:
        raise UsageProblem("--run-image-tool runs the tool of an image; say which one with --sysroot DIR")
    return Installer(tick=output.tick)


def _ask(scope: str | None, for_user: list[str], *, all_users: bool, no_input: bool, silent: bool = False) -> Ask:
    from trustinstall.situation import Ask

    if scope not in {None, "machine", "user"}:
        raise UsageProblem("--scope is machine or user")
    return Ask(scope, tuple(for_user), all_users=all_users, no_input=no_input, silent=silent)


def _decide(installer: Installer, ask: Ask) -> Situation:
    from trustinstall.host import console
    from trustinstall.situation import decide

    situation = decide(installer.host, ask, terminal=console.terminal())
    installer.host = replace(installer.host, dialogs=situation.may_answer)
    return situation


def _places(installer: Installer, python: list[str], search: list[str], bundle: Sequence[str] = ()) -> Places:
    from trustinstall.backend import Places

    host = installer.host
    for path in (*python, *search, *bundle) if host.is_image else ():
        if not path.startswith("/"):
            raise UsageProblem(f"{printable(path)} is looked for in the image; name it by its absolute path there")
    return Places(*(tuple(map(host.absolute, paths)) for paths in (python, search, bundle)))


def _selection(store: list[str], skip: list[str]) -> Selection:
    from trustinstall.survey import Selection

    return Selection(tuple(store), tuple(skip))


def _confirm(question: str) -> None:
    if not typer.confirm(question, default=False, err=True):
        raise UsageProblem("nothing was changed, because the answer was no; --yes answers it beforehand")


def _finish(
    host: Host,
    output: Output,
    report: Report,
    intake: Intake | None,
    *,
    strict: bool,
    inputs: Sequence[str],
) -> None:
    """Print the report of add or remove, and end with its exit code."""
    from trustinstall import guidance, jsonreport
    from trustinstall import report as reports

    code = report.exit_code(strict=strict)
    advice = guidance.advise(report, host, inputs)
    if output.json:
        output.write(jsonreport.change(report, intake, code, advice))
    output.say(reports.change_lines(report, advice, output.style, verbose=output.verbose))
    if code and not output.json:
        typer.echo("\n".join(reports.failures(report)), err=True)
    raise typer.Exit(code)
