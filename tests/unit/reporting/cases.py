"""Results of every kind, and the screens that show them, for the golden transcripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from trustinstall.certificates import intake
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Intake, Vetted
from trustinstall.certificates.pem import pem_blocks
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.doctor.failures import Layer
from trustinstall.doctor.health import Finding, TakenBack
from trustinstall.doctor.judging import Reason
from trustinstall.engine.outcome import WIDE, Outcome, Planned, Result
from trustinstall.errors import TrustInstallError
from trustinstall.host import Account
from trustinstall.host.inputs import read_input
from trustinstall.installer.client_views import ClientView
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.installer.inspected import Inspected, Inspection
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import Situation
from trustinstall.installer.tool_views import ToolView
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
from trustinstall.reporting import add, errors, remove, repair_report
from trustinstall.reporting.advice import Advice, Command
from trustinstall.reporting.doctor import doctor_lines
from trustinstall.reporting.health import diff_lines, fixed_lines
from trustinstall.reporting.health import lines as health_lines
from trustinstall.reporting.layout import Page
from trustinstall.reporting.listing import Detail, list_lines
from trustinstall.reporting.profile import profile_lines
from trustinstall.reporting.stores import stores_lines
from trustinstall.reporting.tools import tools_lines
from trustinstall.stores.store import Store, blocked, fed_by

Case = Callable[[Page], list[str]]

_HERE = Path(__file__).parent
CORP = Certificate(next(block.der for block in pem_blocks((_HERE / "corp.crt").read_bytes()) if block.der))
PROGRAM = "/opt/trustinstall/bin/trustinstall"
OPENSSL = "curl, git, Go, apt and others with OpenSSL or GnuTLS"
DEBIAN = Store("debian", "/etc/ssl/certs/ca-certificates.crt", 0, "debian", OPENSSL, system=True)
KEYSTORE = "/etc/ssl/certs/java/cacerts"
JAVA = Store(
    "java", KEYSTORE, 0, f"java:{KEYSTORE}", "programs on the distribution's Java", source=fed_by(DEBIAN.location)
)
CHROMIUM = Store("chromium-policy", "/etc/chromium/policies/managed", 0, "chromium-policy:/x", "", label="Chromium")
FIREFOX = Store("firefox-policy", "/etc/firefox/policies/policies.json", 0, "firefox-policy:/x", "", label="Firefox")
NPM = Store("settings", "/root/.npmrc", 0, "settings:/root/.npmrc", "npm and pnpm", label="npm")
PIP = Store(
    "settings", "/etc/pip.conf", 0, "settings:/etc/pip.conf", "pip", label="pip", source=fed_by(DEBIAN.location)
)
BASH = Store("environment", "/etc/profile.d/trustinstall.sh", 0, "environment:/etc/profile.d/trustinstall.sh", "bash")
OWN = Store("own-bundle", "/usr/local/share/trustinstall/bundle.pem", 0, "own-bundle:/x", "", on_demand=True)
SNAP = Store("certifi", "/snap/x/cacert.pem", 0, "certifi:/snap/x", "pip", blocked=blocked("a snap", permanent=True))
ALICES = Store("nss", "/home/alice/.pki/nssdb", 1000, "nss:/home/alice/.pki/nssdb", "", label="Chromium profile")

ALICE, BOB = Account(1000, 1000, "alice", "/home/alice"), Account(1001, 1001, "bob", "/home/bob")
USER = Situation("user", frozenset(), machine=False, own=True, accounts=(), uncovered=0, may_ask=False)
ROOT = replace(USER, kind="root", machine=True, own=False, uncovered=2)
SUDO = replace(ROOT, kind="sudo", accounts=(ALICE,))
IMAGE = replace(USER, kind="image", machine=True, own=False, image="/srv/image")
FULL = "No space left on device (/srv/app1/x); make room on that file system, and try again"


def command(*words: str) -> Command:
    """A command as the caller would type it."""
    return Command(words, " ".join(words))


FINDINGS = (
    Finding(
        "no-public-roots",
        "pip",
        "/etc/pip.conf line 2",
        "/etc/corp.pem takes the place of the public roots, and holds no public root",
        advice="Name a bundle there that holds the public roots, too, or remove the setting.",
        scope="machine",
    ),
    Finding(
        "verification-off",
        "npm",
        "/home/alice/.npmrc line 3",
        "strict-ssl=false has npm accept every server, an impostor's too",
        (PROGRAM, "doctor", "--fix"),
        scope="alice",
    ),
    Finding(
        "file-gone",
        "npm",
        "/home/alice/.npmrc line 4",
        "/srv/gone.pem is named there, and is gone",
        advice="Remove /home/alice/.npmrc line 4, or name a bundle.",
        scope="alice",
    ),
    Finding(
        "file-gone",
        "pnpm",
        "/home/alice/.npmrc line 4",
        "/srv/gone.pem is named there, and is gone",
        advice="Remove /home/alice/.npmrc line 4, or name a bundle.",
        scope="alice",
    ),
)
TAKEN_BACK = (
    TakenBack("npm", "/home/alice/.npmrc", "strict-ssl=false", 3, 40, b"strict-ssl=false\n".hex()),
    TakenBack("pip", "/etc/pip.conf", "global.trusted-host=a b", 2, 9, b"trusted-host =\n    a\n    b\n".hex()),
)
VENDORS = tuple(
    Finding(
        "bundle-expired",
        f"/usr/lib/vendor/{number} (certifi)",
        f"/usr/lib/vendor/{number}/certifi/cacert.pem",
        "it holds Old Root, which expired on 2026-09-01",
        advice="Take it out.",
        scope="machine",
    )
    for number in range(20)
)
LOST = tuple(
    Finding(
        "store-lost-root",
        f"/srv/{number} (certifi)",
        f"certifi:/srv/{number}/cacert.pem",
        f"certifi:/srv/{number}/cacert.pem does not hold {CORP.name} any more",
        (PROGRAM, "repair"),
        scope="machine",
    )
    for number in range(4)
)
WELL = Finding(
    "bundle-sound", "the system", "/etc/ssl/certs/ca-certificates.crt", "142 roots, 141 of them public", scope="machine"
)
REFUSED = Diagnosis(
    "intranet.example:443",
    "proxy.example:3128",
    Layer.CERTIFICATE,
    chain=(CORP,),
    root=CORP,
    public=False,
    inspection=Inspection(Inspected.PERHAPS),
    clients=(
        ClientView("Debian's bundle", "yes", (), "/etc/ssl/certs/ca-certificates.crt", "most programs"),
        ClientView(
            "curl",
            "no",
            (Reason("unknown-issuer", f"the root {CORP.name} is not trusted"),),
            "/home/alice/.curlrc line 2",
            "curl",
            tested=True,
        ),
        ClientView(
            "npm", "off", (Reason("verification-off", "it does not verify servers at all"),), "/etc/npmrc line 1"
        ),
    ),
)
DOCTOR = ("trustinstall",)
CLIENT = Inspection(Inspected.YES, "Zscaler", evidence="a certificate has its name, and the process zstunnel runs")
INSPECTED = replace(REFUSED, inspection=CLIENT, clients=REFUSED.clients[1:2])
NAMED = replace(INSPECTED, inspection=Inspection(Inspected.PERHAPS, "Zscaler"))
ACCEPTED = replace(REFUSED, target="wiki.example:443", layer=None, clients=REFUSED.clients[:1])
BESIDE = replace(INSPECTED, inspection=Inspection(Inspected.PERHAPS, beside="pypi.test:443"))
MANY = replace(
    ACCEPTED,
    clients=tuple(
        ClientView(f"/srv/app{number} (certifi)", "yes", (), f"/srv/app{number}.pem") for number in range(11)
    ),
)
BY_DOCUMENTS = replace(
    ACCEPTED, clients=(*ACCEPTED.clients, ClientView("the machine's store", "yes", (), "ROOT", "Schannel"))
)
UNREACHED = Diagnosis(
    "intranet.example:443",
    "proxy.example:3128",
    Layer.PROXY,
    "the proxy proxy.example:3128 asks for a login (407); TLS had not begun",
)
UNDO = command("sudo", PROGRAM, "remove", CORP.sha256[:12])
ADVICE = Advice(
    undo=UNDO,
    restart=("Chromium", "Firefox", "dockerd"),
    terminal=f'eval "$({PROGRAM} env)"',
    everybody=command("sudo", PROGRAM, "add", "/home/alice/corp.crt", "--scope", "all-users"),
)


def bundle(number: int) -> Store:
    """Some environment's bundle."""
    where = f"/srv/envs/app{number}/lib/python3.11/site-packages/certifi/cacert.pem"
    return Store("certifi", where, 0, f"certifi:{where}", "requests, httpx", label=f"/srv/envs/app{number} (certifi)")


def done(store: Store, result: Result, detail: str = "", *, foreign: bool = False) -> Outcome:
    """An outcome of the one certificate."""
    moved = (CORP.sha256,) if result in {Result.ADDED, Result.REMOVED} else ()
    return Outcome(store, result, detail, "", moved, (CORP.sha256,) if foreign else (), 142)


def planned(store: Store, *steps: Planned) -> Outcome:
    """What a dry run says of a store."""
    return Outcome(store, Result.PLANNED, steps=steps)


def report(what: str, situation: Situation, *outcomes: Outcome, problem: str = "", dry_run: bool = False) -> Report:
    """A report of one scope."""
    parts = (ScopeResult("machine" if situation.machine else "alice", outcomes, problem),)
    return Report(what, situation, (CORP,), parts, dry_run)


NO_ADVICE = Advice()


def added(what: Report, advice: Advice = NO_ADVICE, *, verbose: bool = False) -> Case:
    """The screen of `add`."""
    return lambda page: add.result_lines(page, what, advice, verbose=verbose)


def removed(what: Report, advice: Advice = NO_ADVICE, *, verbose: bool = False) -> Case:
    """The screen of `remove`."""
    return lambda page: remove.result_lines(page, what, advice, verbose=verbose)


FILES = [done(bundle(number), Result.ADDED) for number in range(14)]
ADDED = [
    done(DEBIAN, Result.ADDED),
    done(JAVA, Result.FOLLOWS, "debian"),
    done(CHROMIUM, Result.ADDED),
    done(FIREFOX, Result.ADDED),
    *FILES,
    done(PIP, Result.FOLLOWS, "debian"),
    done(NPM, Result.ADDED),
    done(OWN, Result.ADDED),
    done(BASH, Result.ADDED),
]
TOOL = "/usr/sbin/update-ca-certificates"
ANCHOR = "/usr/local/share/ca-certificates/corp-root-g2.crt"
PROLONGED = Report(
    "add",
    ROOT,
    (CORP,),
    (ScopeResult("machine", (done(DEBIAN, Result.ALREADY),), ends=((CORP.sha256, "2030-02-01T00:00:00Z"),)),),
)
PLAN = report(
    "add",
    ROOT,
    planned(DEBIAN, Planned("create", ANCHOR, ("+-----BEGIN CERTIFICATE-----", "+MIIB")), Planned("run", TOOL)),
    planned(CHROMIUM, Planned("make-directory", "/etc/chromium"), Planned("create", "/etc/chromium/policies/x.json")),
    *(planned(bundle(number), Planned("change", bundle(number).location)) for number in range(5)),
    planned(NPM, Planned("change", "/root/.npmrc", ("-cafile=…", "+cafile=/usr/local/share/trustinstall/bundle.pem"))),
    done(JAVA, Result.FOLLOWS, "debian"),
    dry_run=True,
)
EVERYBODY = Report(
    "add",
    replace(ROOT, uncovered=0, accounts=(ALICE, BOB)),
    (CORP,),
    (
        ScopeResult("machine", tuple(ADDED[:4])),
        ScopeResult("alice", (done(ALICES, Result.ADDED), done(NPM, Result.ADDED))),
        ScopeResult("bob", (done(ALICES, Result.ADDED), done(NPM, Result.ADDED))),
        ScopeResult("carol", (done(ALICES, Result.FAILED, "the database is locked; close Chromium, and try again"),)),
        ScopeResult("dave", skipped="the home is on a network"),
    ),
)
WITHOUT_ROOT = report(
    "add",
    USER,
    *FILES[:3],
    *(done(one, Result.NOT_COVERED, "belongs to the machine; needs root") for one in (DEBIAN, JAVA, CHROMIUM)),
)
_HELD = (
    Held("debian", "debian", "trusted", "2026-11-23", "alice", entries=(ANCHOR,)),
    Held(JAVA.id, JAVA.id, "follows debian"),
    Held(FIREFOX.id, "Firefox", "gone", "2026-11-23", "alice"),
    *(Held(bundle(n).id, bundle(n).label, "trusted" if n else "missing", "2026-11-23", "alice") for n in range(3)),
)
LISTED = Listed(
    "machine",
    CORP.sha256,
    CORP.subject,
    CORP.name,
    "2046-11-18T00:00:00+00:00",
    "2026-11-23T20:00:00Z",
    "alice",
    _HELD,
)
HERS = replace(
    LISTED,
    scope="alice",
    stores=(Held(ALICES.id, ALICES.label, "trusted", "2026-11-23", "alice", entries=(r"one\x0atwo\x0a",)),),
)
PUBLIC = min(FINGERPRINTS)
ANCHORS = (
    Anchor("debian", CORP.sha256, CORP.subject, ours=True),
    Anchor("debian", "a" * 64, "CN=Some Root", ours=False),
)


STRANGERS = (
    *ANCHORS,
    *(Anchor(f"certifi:/srv/{number}/cacert.pem", "a" * 64, "CN=Some Root", ours=False) for number in range(5)),
    Anchor("debian", PUBLIC, "CN=A Public Root", ours=False),
)


def seen(store: Store, anchors: int | None, ours: int = 0, problem: str = "", *, writable: bool = True) -> StoreView:
    """A store as `stores` sees it."""
    label, follows = store.label or store.id, "debian" if store.fed_by else ""
    return StoreView(
        "machine", store.id, store.backend, store.location, label, "", follows, writable, anchors, ours, problem
    )


VIEW = View(
    (LISTED, HERS),
    ANCHORS,
    (
        seen(DEBIAN, 143, 1),
        seen(JAVA, 143, writable=False),
        seen(CHROMIUM, 0),
        *(seen(bundle(number), 121 + number, 1) for number in range(5)),
        seen(bundle(7), None, problem="its directory is not writable", writable=False),
        seen(NPM, 0, problem="it names /etc/other/bundle.pem, which is not there", writable=False),
        seen(BASH, 0),
    ),
    ("an interrupted command of scope machine is undone by the next command that changes something",),
)
TOOLS = (
    ToolView("pip", "replaces", "/etc/pip.conf", "global.cert", "names the system's bundle", "real: 23.0, 24.1", ""),
    ToolView("npm", "replaces", "/home/alice/.npmrc", "cafile", "set", "real: npm 11", ""),
    ToolView("yarn", "replaces", "/home/alice/.yarnrc.yml", "httpsCaFilePath", "not set", "documented", ""),
    ToolView("git", "follows", "", "", "OpenSSL's or GnuTLS' own paths; LFS reads git's settings", "real", ""),
    ToolView("node", "variable", "", "", "NODE_EXTRA_CA_CERTS", "real", ""),
    ToolView("ios-simulator", "by hand", "", "", "xcrun simctl keychain booted add-root-cert FILE", "documented", ""),
)
INTAKE = Intake(
    (Vetted(CORP, "corp.crt", ("Python 3.13 and later refuse chains under it: it has no subject key identifier",)),),
    ((CORP, "an intermediate; --allow-intermediate takes it"),),
)


def listed(view: View, *, detail: Detail = "", every_anchor: bool = False) -> Case:
    """The screen of `list`."""
    return lambda page: list_lines(page, view, PROGRAM, today="2026-11-29", detail=detail, every_anchor=every_anchor)


def repaired(*outcomes: Outcome, dry_run: bool = False) -> Case:
    """The screen of `repair`."""
    what = replace(report("add", ROOT, *outcomes, dry_run=dry_run), command="repair")
    return lambda page: repair_report.lines(page, what, verbose=False)


class Files:
    """A caller's certificate file."""

    def read_input(self, path: str) -> bytes:
        """The root."""
        return (_HERE / path).read_bytes()

    def read_stdin(self) -> bytes:
        """Nothing."""
        return b""

    def list_input(self, path: str) -> None:
        """It is no directory."""
        del path

    def now(self) -> datetime:
        """A time at which the root is valid."""
        return datetime(2026, 11, 29, tzinfo=timezone.utc)


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
