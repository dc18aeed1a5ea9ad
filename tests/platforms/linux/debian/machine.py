"""A made-up Debian, and how the backend sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.platforms.linux.one_store import OneStore
from tests.support.pki import Root, make_root
from trustinstall.engine.perform import perform
from trustinstall.stores.desired import Placement, Record
from trustinstall.stores.plan import Plan
from trustinstall_platforms.linux.debian import SystemStore

BACKEND = SystemStore()
TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"
SHIPPED = "/usr/share/ca-certificates"
LINKS = "/etc/ssl/certs"
BUNDLE = f"{LINKS}/ca-certificates.crt"
SELECTION = "/etc/ca-certificates.conf"
HOOK = "/etc/ca-certificates/update.d/jks-keystore"
PUBLIC, OTHER, CORP = make_root("Public Root"), make_root("Other Root"), make_root("Corp Root")
OURS = f"{LOCAL}/corp-root-{CORP.sha256[:12]}.crt"


@dataclass
class Machine(OneStore):
    """A directory tree that looks like a Debian, and the host that it is for the backend."""

    def link(self, path: str, target: str) -> None:
        """Make a link."""
        self.path(path).symlink_to(target)

    def settle(self) -> None:
        """Make bundle and links as update-ca-certificates would; HASH is a number here."""
        for link in [path for path in self.path(LINKS).iterdir() if path.is_symlink()]:
            link.unlink()
        names = self.path(SELECTION).read_text().splitlines()
        local = sorted(self.path(LOCAL).rglob("*.crt"))
        files = [f"{SHIPPED}/{name}" for name in names if name[0] not in "#!"]
        files += [f"/{path.relative_to(self.top)}" for path in local]
        contents = [self.host.read(self.host.real(path)) for path in files]
        self.write(BUNDLE, b"".join(contents))
        for number, (path, content) in enumerate(zip(files, contents, strict=True)):
            name = Path(path).stem + ".pem"
            self.link(f"{LINKS}/{name}", path)
            if content.count(b"BEGIN") == 1:
                self.link(f"{LINKS}/{number:08x}.0", name)

    def apply(self, plan: Plan) -> None:
        """Do a plan's steps, and what its tools would do."""
        for step in plan.steps:
            perform(self.host, step, "t")
        if plan.refresh:
            self.settle()


def placement(root: Root, *entries: str, directories: tuple[str, ...] = ()) -> Record:
    """Make a ledger's record of one certificate."""
    return {root.sha256: Placement(root.sha256, "debian", entries, directories)}
