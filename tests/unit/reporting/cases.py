"""The screens that show results of every kind, for the golden transcripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tests.unit.reporting.diagnoses import (
    ACCEPTED,
    BESIDE,
    BY_DOCUMENTS,
    DOCTOR,
    FINDINGS,
    INSPECTED,
    LOST,
    MANY,
    NAMED,
    REFUSED,
    TAKEN_BACK,
    UNREACHED,
    VENDORS,
    WELL,
)
from tests.unit.reporting.results import (
    ADDED,
    ADVICE,
    ANCHOR,
    CHROMIUM,
    CORP,
    DEBIAN,
    EVERYBODY,
    FILES,
    FULL,
    IMAGE,
    INTAKE,
    JAVA,
    LISTED,
    NPM,
    PIP,
    PLAN,
    PROGRAM,
    PROLONGED,
    ROOT,
    SNAP,
    STRANGERS,
    SUDO,
    TOOL,
    TOOLS,
    UNDO,
    USER,
    VIEW,
    WITHOUT_ROOT,
    Files,
    bundle,
    command,
    done,
    planned,
    report,
    seen,
)
from trustinstall.certificates import intake
from trustinstall.engine.outcome import WIDE, Outcome, Planned, Result
from trustinstall.errors import TrustInstallError
from trustinstall.host.inputs import read_input
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.views import View
from trustinstall.reporting import add, errors, remove, repair_report
from trustinstall.reporting.advice import Advice
from trustinstall.reporting.doctor import doctor_lines
from trustinstall.reporting.health import diff_lines, fixed_lines
from trustinstall.reporting.health import lines as health_lines
from trustinstall.reporting.layout import Page
from trustinstall.reporting.listing import Detail, list_lines
from trustinstall.reporting.profile import profile_lines
from trustinstall.reporting.stores import stores_lines
from trustinstall.reporting.tools import tools_lines

Case = Callable[[Page], list[str]]


NO_ADVICE = Advice()


def added(what: Report, advice: Advice = NO_ADVICE, *, verbose: bool = False) -> Case:
    """The screen of `add`."""
    return lambda page: add.result_lines(page, what, advice, verbose=verbose)


def removed(what: Report, advice: Advice = NO_ADVICE, *, verbose: bool = False) -> Case:
    """The screen of `remove`."""
    return lambda page: remove.result_lines(page, what, advice, verbose=verbose)


def listed(view: View, *, detail: Detail = "", every_anchor: bool = False) -> Case:
    """The screen of `list`."""
    return lambda page: list_lines(page, view, PROGRAM, today="2026-11-29", detail=detail, every_anchor=every_anchor)


def repaired(*outcomes: Outcome, dry_run: bool = False) -> Case:
    """The screen of `repair`."""
    what = replace(report("add", ROOT, *outcomes, dry_run=dry_run), command="repair")
    return lambda page: repair_report.lines(page, what, verbose=False)


def _refused(command: Callable[[], object]) -> Case:
    """The error with which a command ends."""

    def shown(page: Page) -> list[str]:
        try:
            command()
        except TrustInstallError as error:
            return errors.error_lines(page, str(error))
        raise AssertionError("it did not fail")

    return shown


def _quiet(page: Page) -> list[str]:
    return errors.failures(page, report("add", ROOT, done(bundle(1), Result.FAILED, FULL)))


#: A file for each screen, and the cases in it.
SCREENS: Mapping[str, Mapping[str, Case]] = {
    "add": {
        "the question": lambda page: add.question_lines(page, INTAKE, SUDO),
        "the first time, with sudo": added(report("add", SUDO, *ADDED), ADVICE),
        "again": added(report("add", ROOT, *(replace(one, result=Result.ALREADY) for one in ADDED[4:])), ADVICE),
        "-v": added(report("add", ROOT, *ADDED[:5]), Advice(undo=UNDO), verbose=True),
        "some stores failed": added(
            report("add", ROOT, *ADDED[:2], FILES[2], done(bundle(1), Result.FAILED, FULL), done(SNAP, Result.SEALED)),
            Advice(undo=UNDO),
        ),
        "--scope all-users": added(EVERYBODY, Advice(undo=UNDO)),
        "without root": added(
            WITHOUT_ROOT,
            Advice(
                undo=command(PROGRAM, "remove", CORP.sha256[:12]),
                administrator=command("sudo", PROGRAM, "add", "/home/alice/corp.crt", "--sha256", CORP.sha256),
            ),
        ),
        "no store at all": added(report("add", USER)),
        "a copy that trustinstall did not add": added(report("add", ROOT, done(DEBIAN, Result.ALREADY, foreign=True))),
        "--domain": added(
            replace(
                report("add", ROOT, done(CHROMIUM, Result.ADDED), done(DEBIAN, Result.NOT_COVERED, WIDE)),
                domains=("corp.example",),
            ),
            Advice(undo=UNDO),
        ),
        "in a Dockerfile": added(
            report("add", ROOT, ADDED[0]), Advice(env={"NODE_EXTRA_CA_CERTS": DEBIAN.location}, env_word="ENV")
        ),
        "an image of an unknown system": added(
            report("add", IMAGE, problem="no system that is known here lies there; name the bundle: --search FILE")
        ),
        "after an interrupted command": added(
            Report("add", ROOT, (CORP,), (ScopeResult("machine", tuple(ADDED[:1]), recovered=True),))
        ),
        "--until for a trusted root": added(PROLONGED),
        "--until for a root that is new in a store": added(
            replace(
                PROLONGED, scopes=(replace(PROLONGED.scopes[0], outcomes=tuple(ADDED[:1]), ends=((CORP.sha256, ""),)),)
            )
        ),
        "--profile-out": lambda page: profile_lines(page, "/Users/alice/My Macs/x", written=True, dry_run=False),
    },
    "plan": {
        "--dry-run": added(PLAN),
        "--dry-run -v": added(PLAN, verbose=True),
        "nothing to do": added(report("add", ROOT, done(DEBIAN, Result.ALREADY), dry_run=True)),
        "another end": added(replace(PROLONGED, dry_run=True)),
        "remove --dry-run": removed(
            report("remove", ROOT, planned(DEBIAN, Planned("delete", ANCHOR), Planned("run", TOOL)), dry_run=True)
        ),
    },
    "remove": {
        "everything": removed(
            report("remove", ROOT, done(DEBIAN, Result.REMOVED), done(JAVA, Result.FOLLOWS, "debian")),
            Advice(restart=("Firefox", "Chromium")),
        ),
        "accounts, too": removed(
            replace(
                report("remove", ROOT, done(DEBIAN, Result.REMOVED)),
                scopes=(
                    ScopeResult("machine", (done(DEBIAN, Result.REMOVED),)),
                    ScopeResult("alice", (done(bundle(1), Result.REMOVED),)),
                    ScopeResult("bob", (done(bundle(2), Result.ABSENT),)),
                ),
            )
        ),
        "nothing to remove": removed(report("remove", ROOT, done(DEBIAN, Result.ABSENT))),
        "nothing of that name": removed(replace(report("remove", ROOT, dry_run=True), certificates=())),
        "a copy that trustinstall did not add": removed(
            report("remove", ROOT, done(DEBIAN, Result.FOREIGN, foreign=True), done(CHROMIUM, Result.REMOVED)),
            Advice(foreign=(command("sudo", PROGRAM, "remove", "--not-ours", "--sha256", CORP.sha256),)),
        ),
        "the machine still trusts it": removed(
            replace(report("remove", USER, done(NPM, Result.REMOVED)), left=(CORP,)),
            Advice(administrator=command("sudo", PROGRAM, "remove", CORP.sha256[:12])),
        ),
        "a source failed": removed(
            report(
                "remove",
                ROOT,
                done(DEBIAN, Result.FAILED, FULL),
                done(JAVA, Result.FAILED, "follows debian"),
                done(NPM, Result.REMOVED),
            )
        ),
        "the machine trusts a copy that trustinstall did not add": removed(
            replace(report("remove", USER, done(NPM, Result.REMOVED)), others=(CORP,)),
            Advice(foreign=(command("sudo", PROGRAM, "remove", "--not-ours", "--sha256", CORP.sha256),)),
        ),
        "a store failed": removed(report("remove", ROOT, done(DEBIAN, Result.FAILED, FULL))),
        "a store failed that feeds others": removed(
            report(
                "remove",
                ROOT,
                done(DEBIAN, Result.FAILED, FULL),
                *(done(one, Result.FAILED, "follows debian") for one in (JAVA, PIP)),
            )
        ),
    },
    "list": {
        "two scopes": listed(VIEW),
        "-v": listed(VIEW, detail="stores"),
        "--files": listed(VIEW, detail="files"),
        "--foreign": listed(View(anchors=STRANGERS), every_anchor=True),
        "--foreign -v": listed(View(anchors=STRANGERS), detail="stores", every_anchor=True),
        "nothing was added": listed(View()),
        "expired": listed(View((replace(LISTED, not_after="2026-01-01T00:00:00+00:00", expires_soon=True),))),
    },
    "stores": {
        "folded": lambda page: stores_lines(page, VIEW, verbose=False),
        "the machine's, for an account": lambda page: stores_lines(
            page,
            View(
                stores=tuple(
                    seen(one, 143, problem="its owner alone can change it", writable=False)
                    for one in (DEBIAN, CHROMIUM, bundle(1), bundle(2))
                )
            ),
            verbose=False,
        ),
        "-v": lambda page: stores_lines(page, VIEW, verbose=True),
        "none": lambda page: stores_lines(page, View(), verbose=False),
    },
    "tools": {
        "tools": lambda page: tools_lines(page, TOOLS, verbose=False),
        "-v": lambda page: tools_lines(page, TOOLS, verbose=True),
    },
    "health": {
        "problems": lambda page: health_lines(page, FINDINGS, everything=False),
        "the same at many places": lambda page: health_lines(page, (*FINDINGS[:1], *VENDORS, *LOST), everything=False),
        "with what is well": lambda page: health_lines(page, (FINDINGS[2], WELL), everything=True),
        "nothing wrong": lambda page: health_lines(page, (), everything=False),
        "--fix asks": lambda page: diff_lines(page, TAKEN_BACK),
        "--fix has done it": lambda page: fixed_lines(page, TAKEN_BACK, ()),
        "--fix has not done it all": lambda page: fixed_lines(page, TAKEN_BACK, FINDINGS),
    },
    "doctor": {
        "refused": lambda page: doctor_lines(page, [REFUSED], DOCTOR),
        "accepted": lambda page: doctor_lines(page, [ACCEPTED], DOCTOR),
        "inspected": lambda page: doctor_lines(page, [INSPECTED], DOCTOR),
        "named": lambda page: doctor_lines(page, [NAMED], DOCTOR),
        "saved": lambda page: doctor_lines(page, [replace(REFUSED, saved="/tmp/corp.pem")], DOCTOR),
        "no handshake": lambda page: doctor_lines(page, [UNREACHED], DOCTOR),
        "folded": lambda page: doctor_lines(page, [MANY], DOCTOR),
        "-v": lambda page: doctor_lines(page, [MANY], DOCTOR, verbose=True),
        "several servers": lambda page: doctor_lines(page, [ACCEPTED, BESIDE, UNREACHED], DOCTOR),
        "rules of documents": lambda page: doctor_lines(page, [BY_DOCUMENTS], DOCTOR),
    },
    "repair": {
        "nothing to do": repaired(),
        "mended": repaired(done(NPM, Result.ADDED), done(bundle(1), Result.FAILED, FULL)),
        "--dry-run": repaired(
            planned(DEBIAN, Planned("create", ANCHOR), Planned("run", "update-ca-certificates")),
            *(planned(bundle(number), Planned("change", bundle(number).location)) for number in range(5)),
            dry_run=True,
        ),
    },
    "errors": {
        "an error": lambda page: errors.error_lines(
            page, "no certificate is in corp.crt; export it as PEM, and try again"
        ),
        "a wrong fingerprint": _refused(
            lambda: intake.take(Files(), ["corp.crt"], sha256=["46c298ca2bfdd6b4" * 4]),
        ),
        "found roots": lambda page: errors.error_lines(
            page, f"the roots that were found are not confirmed; add the right ones; --sha256 {CORP.sha256}"
        ),
        "a missing file": _refused(lambda: read_input("/home/alice/nosuch.crt")),
        "a warning": lambda page: errors.warning_lines(page, "Java programs do without Fourth, which has no SHA-256"),
        "--quiet": _quiet,
    },
}
