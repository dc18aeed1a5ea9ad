"""The home of an account that uses developer tools, and how the engine changes it."""

from __future__ import annotations

from pathlib import Path

from tests.support import fake_host
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.request import Request, Selection
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, OTHER, PUBLIC, NEWER = (make_root(f"{word} Root") for word in ("Corp", "Other", "Public", "Newer"))
ROOTS = [Certificate(CORP.der), Certificate(OTHER.der)]
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
OWN = "/home/alice/.local/share/trustinstall"
BUNDLE, ANCHORS = f"{OWN}/bundle.pem", f"{OWN}/anchors.pem"
NPMRC, CLAUDE = "/home/alice/.npmrc", "/home/alice/.claude/settings.json"
KINDS = (OwnBundle(), Settings())


def tree(host: ActingHost) -> dict[str, bytes | None]:
    """Every file and directory of alice's home but our own state."""
    home = Path(host.where("/home/alice"))
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
        if ".local/state" not in str(path) and path != home / ".local"
    }


def change(
    host: ActingHost, *numbers: int, trusted: bool = True, dry_run: bool = False, store: tuple[str, ...] = ()
) -> dict[str, Outcome]:
    """Run the engine to add or remove roots; outcomes by the store's location."""
    wish = Request(tuple(ROOTS[number] for number in numbers or (0,)), trusted, by="alice", dry_run=dry_run)
    return {one.store.location: one for one in fake_host.change(host, KINDS, wish, Selection(store))}


def results(outcomes: dict[str, Outcome]) -> dict[str, Result]:
    """How each store ended."""
    return {location: one.result for location, one in outcomes.items()}
