"""Results of every kind, for the screens that show them: stores, outcomes, reports and views."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Intake, Vetted
from trustinstall.certificates.pem import pem_blocks
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.host import Account
from trustinstall.installer.result import Report, ScopeResult
from trustinstall.installer.situation import Situation
from trustinstall.installer.tool_views import ToolView
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
from trustinstall.reporting.advice import Advice, Command
from trustinstall.stores.store import Store, blocked, fed_by

HERE = Path(__file__).parent
CORP = Certificate(next(block.der for block in pem_blocks((HERE / "corp.crt").read_bytes()) if block.der))
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


UNDO = command("sudo", PROGRAM, "remove", CORP.sha256[:12])
ADVICE = Advice(
    undo=UNDO,
    restart=("Chromium", "Firefox", "dockerd"),
    terminal=f'eval "$({PROGRAM} env)"',
    everybody=command("sudo", PROGRAM, "add", "/home/alice/corp.crt", "--scope", "all-users"),
)
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


class Files:
    """A caller's certificate file."""

    def read_input(self, path: str) -> bytes:
        """The root."""
        return (HERE / path).read_bytes()

    def read_stdin(self) -> bytes:
        """Nothing."""
        return b""

    def list_input(self, path: str) -> None:
        """It is no directory."""
        del path

    def now(self) -> datetime:
        """A time at which the root is valid."""
        return datetime(2026, 11, 29, tzinfo=timezone.utc)
