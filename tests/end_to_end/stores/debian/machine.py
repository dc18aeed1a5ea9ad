"""A throw-away Debian with its real tools, and a driver in it that uses the store."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any

from tests.support.keytool import KEYTOOL
from tests.support.pki import Root
from tests.support.throwaway import NOISE, Throwaway

PYTHON = "/opt/trustinstall/bin/python"
TOOL = "/usr/sbin/update-ca-certificates"
LOCAL = "/usr/local/share/ca-certificates"
LINKS = "/etc/ssl/certs"
BUNDLE = f"{LINKS}/ca-certificates.crt"
KEYSTORE = f"{LINKS}/java/cacerts"
HOOK = "/etc/ca-certificates/update.d/jks-keystore"

#: What dpkg and the engine note about themselves, and the keystore, which is compared entry by entry.
IGNORED = (*NOISE, "/root", "/srv", "/var/cache", "/var/lib/dpkg", "/var/lib/trustinstall", KEYSTORE)

#: Brings the system's store to what is wanted with the engine's own steps, and says what it saw.
DRIVER = """
import json, sys
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.task import StoreTask
from trustinstall.engine.transaction import StoreTransaction
from trustinstall.errors import TrustInstallError
from trustinstall.host import ActingHost
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Journal
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.linux.debian import SystemStore

asked = json.load(sys.stdin)
host, system, java = ActingHost.current(), SystemStore(), Java()
state = State("/var/lib/trustinstall", 0, machine=True)
prepare(host, state)
(store,) = system.discover(host, DiscoveryOptions())
said = {"unwritable": store.why_blocked, "error": None, "changed": False, "placed": {}, "foreign": []}
wanted = tuple(
    Desired(Certificate(bytes.fromhex(der)), key == "add") for key in ("add", "remove") for der in asked.get(key, ())
)
record = {
    sha256: Placement(sha256, "debian", tuple(entries), tuple(directories))
    for sha256, (entries, directories) in asked.get("record", {}).items()
}
try:
    if wanted:
        journal = Journal(host, state, "test")
        task = StoreTask(system, store, wanted, record, take_foreign=asked.get("foreign", False))
        done = StoreTransaction(host, task, journal).run()
        journal.close()
        said["changed"] = not done.plan.empty
        said["foreign"] = sorted(done.change.foreign)
        said["placed"] = {one.sha256: [one.entries, done.plan.made] for one in done.plan.placed}
except TrustInstallError as error:
    said["error"] = str(error)
seen = system.observe(host, store, frozenset())
said["anchors"] = {sha256: state.value for sha256, state in seen.anchors.items()}
said["problems"] = seen.problems
said["java"] = said["pending"] = None
for one in java.discover(host, DiscoveryOptions()):
    seen = java.observe(host, one, frozenset())
    said["java"], said["pending"] = sorted(seen.anchors), seen.pending
json.dump(said, sys.stdout)
"""


class Machine:
    """A throw-away Debian and the driver in it."""

    def __init__(self, root: Throwaway) -> None:
        """Wrap a root."""
        self.root = root

    def do(
        self,
        *,
        add: Sequence[Root] = (),
        remove: Sequence[Root] = (),
        foreign: bool = False,
        record: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask the driver; `record` is what it said to be `placed` before."""
        request = {
            "add": [root.der.hex() for root in add],
            "remove": [root.der.hex() for root in remove],
            "foreign": foreign,
            "record": record or {},
        }
        command = [PYTHON, "-I", "-c", DRIVER]
        done = self.root.run(command, input=json.dumps(request), timeout=100, check=True)
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def shell(self, script: str) -> str:
        """Run a few lines of shell that must succeed."""
        return self.root.run(["sh", "-ec", script], timeout=100, check=True).stdout

    def openssl_trusts(self, root: Root) -> bool:
        """Ask OpenSSL about a server of this root, by way of the hash links alone."""
        self.root.write("/srv/leaf.pem", root.issue("corp.test").pem)
        lookup = ["-no-CAfile", "-no-CAstore", "-CApath", LINKS]
        done = self.root.run(["openssl", "verify", *lookup, "/srv/leaf.pem"])
        return done.returncode == 0

    def keytool(self) -> str:
        """List Java's keystore: alias, date and fingerprint of each entry, sorted."""
        listing = self.shell(f"{shlex.join(KEYTOOL)} -list -keystore {KEYSTORE} -storepass changeit 2>/dev/null")
        entries = listing.replace(", \nCertificate", ", Certificate").splitlines()
        return "\n".join(sorted(line for line in entries if "trustedCertEntry" in line))

    def changes(self) -> set[str]:
        """Name what differs from a fresh Debian."""
        return set(self.root.changes(ignore=IGNORED))

    def replace_tool(self, script: str) -> None:
        """Put a script in the tool's place; the real one is then `TOOL.real`."""
        self.shell(f"cp {TOOL} {TOOL}.real")
        self.root.write(TOOL, f"#!/bin/sh\n{script}\n", mode=0o755)


SHIPPED = "/usr/share/ca-certificates"
