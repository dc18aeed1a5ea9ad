"""Golden transcripts: every kind of report as a person sees it, at 80 columns.

TRUSTINSTALL_UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Intake, Vetted
from trustinstall.certificates.pem import pem_blocks
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.installer.result import Part, Report
from trustinstall.installer.situation import Situation
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
from trustinstall.reporting.advice import Advice
from trustinstall.reporting.text import (
    Style,
    change_lines,
    failures,
    intake_lines,
    list_lines,
    plain,
    profile_lines,
    stores_lines,
)
from trustinstall.stores.store import Store, fed_by

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
CORP = Certificate(next(block.der for block in pem_blocks((HERE / "corp.crt").read_bytes()) if block.der))
OPENSSL = "curl, git, Go, apt and whatever uses OpenSSL or GnuTLS"
DEBIAN = Store("debian", "/etc/ssl/certs/ca-certificates.crt", 0, "debian", OPENSSL, system=True)
KEYSTORE = "/etc/ssl/certs/java/cacerts"
JAVA = Store("java", KEYSTORE, 0, f"java:{KEYSTORE}", "Java", source=fed_by(DEBIAN.location))
USER = Situation("user", frozenset(), machine=False, own=True, accounts=(), uncovered=0, may_ask=False)
ROOT = replace(USER, kind="root", machine=True, own=False, uncovered=2)
IMAGE = replace(USER, kind="image", machine=True, own=False, image="/srv/image")
UNDO = "sudo /opt/trustinstall/bin/trustinstall remove 295c16b9"


def bundle(number: int) -> Store:
    """Some environment's bundle."""
    where = f"/srv/app{number}/lib/python3.11/site-packages/certifi/cacert.pem"
    return Store("certifi", where, 0, f"certifi:{where}", "requests, httpx", label=f"/srv/app{number} (certifi)")


def report(command: str, situation: Situation, *outcomes: Outcome, problem: str = "", dry_run: bool = False) -> Report:
    """A report of one scope."""
    parts = (Part("machine" if situation.machine else "alice", outcomes, problem),)
    return Report(command, situation, (CORP,), parts, dry_run)


def changed(what: Report, advice: Advice = Advice(), *, verbose: bool = False) -> list[str]:  # noqa: B008  a constant
    """The lines of a report of add or remove."""
    return change_lines(what, advice, plain, verbose=verbose)


def done(
    store: Store,
    result: Result,
    detail: str = "",
    *,
    changed: tuple[str, ...] = (),
    foreign: tuple[str, ...] = (),
    steps: tuple[str, ...] = (),
) -> Outcome:
    """An outcome."""
    return Outcome(store, result, detail, "", changed, foreign, 142, steps)


ADDED = [
    done(DEBIAN, Result.ADDED, changed=(CORP.sha256,)),
    done(JAVA, Result.FOLLOWS, "debian"),
    *(done(bundle(number), Result.ADDED, changed=(CORP.sha256,)) for number in range(14)),
]
FULL = "No space left on device (/srv/app1/x); make room on that file system, and try again"
LISTED = Listed(
    "machine",
    CORP.sha256,
    CORP.subject,
    CORP.name,
    "2046-11-18T00:00:00+00:00",
    "2026-11-23T20:00:00Z",
    "alice",
    (
        Held("debian", "debian", "trusted", "2026-11-23", "alice", entries=("/usr/local/share/ca-certificates/x.crt",)),
        Held(JAVA.id, JAVA.id, "follows debian"),
        *(Held(bundle(n).id, "", "trusted" if n else "missing", "2026-11-23", "alice") for n in range(3)),
        Held(bundle(7).id, "", "trusted", foreign=True),
    ),
)
VIEW = View(
    (LISTED,),
    (
        Anchor("debian", CORP.sha256, CORP.subject, ours=True),
        Anchor("debian", "a" * 64, "CN=Some Public Root", ours=False),
    ),
    (
        StoreView(
            "machine",
            "debian",
            "debian",
            DEBIAN.location,
            "debian",
            OPENSSL,
            "",
            writable=True,
            anchors=143,
            ours=1,
            problem="",
        ),
        StoreView(
            "machine",
            JAVA.id,
            "java",
            JAVA.location,
            JAVA.id,
            "Java",
            "debian",
            writable=False,
            anchors=143,
            ours=0,
            problem="",
        ),
        StoreView(
            "machine",
            bundle(1).id,
            "certifi",
            "",
            "",
            "requests",
            "",
            writable=False,
            anchors=None,
            ours=0,
            problem="its directory is not writable",
        ),
    ),
    ("an interrupted command of scope machine is undone by the next command that changes something",),
)

CASES: dict[str, Callable[[], list[str]]] = {
    "add-sudo": lambda: changed(report("add", ROOT, *ADDED), Advice(undo=UNDO, restart=("dockerd",))),
    "add-verbose": lambda: changed(report("add", ROOT, *ADDED[:4]), Advice(undo=UNDO), verbose=True),
    "add-again": lambda: changed(report("add", ROOT, *(replace(one, result=Result.ALREADY) for one in ADDED[2:]))),
    "add-some-failed": lambda: changed(
        report("add", ROOT, ADDED[0], ADDED[2], done(bundle(1), Result.FAILED, FULL)), Advice(undo=UNDO)
    ),
    "add-without-root": lambda: changed(
        report("add", USER, done(DEBIAN, Result.NOT_COVERED, "belongs to the machine; needs root"), *ADDED[2:5]),
        Advice(undo=UNDO[5:], administrator="sudo /opt/trustinstall/bin/trustinstall add /home/alice/corp.crt"),
    ),
    "add-without-any-store": lambda: changed(report("add", USER)),
    "add-no-package": lambda: changed(
        report(
            "add",
            ROOT,
            done(
                DEBIAN,
                Result.FAILED,
                "the package ca-certificates is missing; install it: apt-get install ca-certificates",
            ),
        )
    ),
    "add-foreign": lambda: changed(report("add", ROOT, done(DEBIAN, Result.ALREADY, foreign=(CORP.sha256,)))),
    "add-image": lambda: changed(
        report("add", ROOT, ADDED[0]),
        Advice(undo=UNDO[5:], env={"NODE_EXTRA_CA_CERTS": DEBIAN.location}, env_word="ENV"),
    ),
    "add-sysroot": lambda: changed(
        report("add", IMAGE, *ADDED[:2]),
        Advice(undo="/opt/trustinstall/bin/trustinstall remove --sysroot /srv/image 295c16b9"),
    ),
    "add-sysroot-no-package": lambda: changed(
        report(
            "add",
            IMAGE,
            done(
                DEBIAN,
                Result.FAILED,
                "the package ca-certificates is missing; install it: apt-get install ca-certificates (in the image), "
                "or name the bundle that its programs read: --bundle FILE",
            ),
        )
    ),
    "add-sysroot-unknown": lambda: changed(
        report(
            "add",
            IMAGE,
            problem="no system that is known here lies there (ID and ID_LIKE in its os-release: haiku); name the "
            "bundle that its programs read: --bundle FILE",
        )
    ),
    "add-dry-run": lambda: changed(
        report(
            "add",
            ROOT,
            done(
                DEBIAN,
                Result.PLANNED,
                steps=("write /usr/local/share/ca-certificates/x.crt", "run /usr/sbin/update-ca-certificates"),
            ),
            dry_run=True,
        )
    ),
    "add-other-account-failed": lambda: changed(
        Report(
            "add",
            ROOT,
            (CORP,),
            (
                Part("machine", tuple(ADDED[:1])),
                Part("bob", problem="bob's process gave no answer; run trustinstall as bob to see why"),
            ),
        )
    ),
    "add-recovered": lambda: changed(
        Report("add", ROOT, (CORP,), (Part("machine", tuple(ADDED[:1]), recovered=True),))
    ),
    "remove": lambda: changed(
        report("remove", ROOT, done(DEBIAN, Result.REMOVED), done(JAVA, Result.FOLLOWS, "debian"))
    ),
    "remove-nothing": lambda: changed(report("remove", ROOT, done(DEBIAN, Result.ABSENT))),
    "remove-foreign-left": lambda: changed(
        report("remove", ROOT, done(DEBIAN, Result.FOREIGN, foreign=(CORP.sha256,))),
        Advice(foreign=(f"sudo /opt/trustinstall/bin/trustinstall remove --foreign --sha256 {CORP.sha256}",)),
    ),
    "remove-failed": lambda: changed(report("remove", ROOT, done(DEBIAN, Result.FAILED, FULL))),
    "intake": lambda: intake_lines(
        Intake(
            (
                Vetted(
                    CORP,
                    "corp.crt",
                    ("Python 3.13 and later refuse chains under it: it has no subject key identifier",),
                ),
            ),
            ((CORP, "an intermediate; --allow-intermediate takes it"),),
        ),
        plain,
    ),
    "list": lambda: list_lines(VIEW, plain, files=False, every_anchor=False),
    "list-files": lambda: list_lines(VIEW, plain, files=True, every_anchor=False),
    "list-all": lambda: list_lines(VIEW, plain, files=False, every_anchor=True),
    "list-nothing": lambda: list_lines(View(), plain, files=False, every_anchor=False),
    "profile": lambda: profile_lines("/Users/alice/My Macs/corp.mobileconfig", plain, written=True, dry_run=False),
    "stores": lambda: stores_lines(VIEW, plain),
    "quiet-failures": lambda: failures(report("add", ROOT, done(bundle(1), Result.FAILED, FULL))),
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    """The report is, word for word, the one that was read and found good."""
    text = "".join(f"{line}\n" for line in CASES[name]())
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("TRUSTINSTALL_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_lines_fit_80_columns(name: str) -> None:
    """No line is wider, but for paths, commands and identifiers, which are not cut."""
    for line in CASES[name]():
        assert len(line) <= 80 or "/" in line or re.search("[0-9a-f]{64}", line), line
        assert line == line.rstrip()


def test_colour_changes_nothing_but_colour() -> None:
    """Without its escape sequences, the coloured report is the plain one."""
    painted = Style(lambda text, colour: typer.style(text, fg=None if colour in {"bold", "dim"} else colour))
    coloured = change_lines(report("add", ROOT, *ADDED), Advice(undo=UNDO), painted, verbose=False)
    assert any("\x1b[" in line for line in coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == changed(
        report("add", ROOT, *ADDED), Advice(undo=UNDO)
    )


def test_no_golden_is_left_over() -> None:
    """Every golden file belongs to a case."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)
