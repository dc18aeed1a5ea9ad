"""FreeBSD's store, which its certctl(8) keeps: hash links in /etc/ssl/certs, and since the rewrite in C a bundle, too.

Sources: certctl(8) and the tool itself, usr.sbin/certctl of freebsd-src: the script of 12.2 and 13, the later one that
splits files, and the program in C. None of them is run here: a stand-in is.

The place of a managed file follows from what all three share: they all read only /usr/local/share/certs, and the second
one passes over files without a line `Certificate:`, as `openssl x509 -text` writes it. The scripts empty /etc/ssl/certs
and /etc/ssl/untrusted first, so that the distrust of `certctl untrust` is forgotten. The program keeps the certificates
in /etc/ssl/certs for ever: a certificate that is to go must be removed there, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host.commands import Guard, Run
from trustinstall.patterns import regex
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import missing_parents, read
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Delete, digest
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux.anchor_plan import PlanBuilder
from trustinstall_platforms.linux.anchor_sources import copies, files, fingerprints, fixed_copies
from trustinstall_platforms.linux.hash_links import linked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.linux.anchor_sources import Source

KNOWN = "documented"
TOOL = "/usr/sbin/certctl"
LOCAL = "/usr/local/share/certs"
HASHED = "/etc/ssl/certs"
BUNDLE = "/etc/ssl/cert.pem"  # the program's; before it, a link of a port's or an administrator's
_SOURCES = ("/usr/share/certs/trusted", "/usr/local/share/certs/trusted", "/usr/local/etc/ssl/certs")
_ENDINGS = (".pem", ".crt", ".cer", ".crl")
_ENDING = ".crt"
_OURS = regex(r"-([0-9a-f]{12})\.crt$")  # the form of `our_ending`
_TEXT = b"Certificate:\n"
# Distrusted certificates, in the form of either version: of packages and administrators, and of `certctl untrust`.
_DISTRUST = tuple(
    f"{top}/{word}"
    for top in ("/usr/share/certs", "/usr/local/etc/ssl", "/usr/local/share/certs")
    for word in ("untrusted", "blacklisted")
)
_DISTRUSTED = ("/etc/ssl/untrusted", "/etc/ssl/blacklisted")
_FOREIGN_ADVICE = (
    "distrust it: put a copy into /usr/local/etc/ssl/untrusted (before FreeBSD 15) or "
    "/usr/local/share/certs/untrusted, and run certctl rehash"
)
_REFRESH = Refresh(
    # The scripts return the status of their last step, which is 1 if that certificate is distrusted.
    (Run((TOOL, "rehash"), must_succeed=False),),
    guard=Guard(tool="certctl"),
)


class Certctl(Backend):
    """The backend of FreeBSD's own store."""

    name = "freebsd"

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the store on FreeBSD; without its tool it cannot be written."""
        store = self.at(host, HASHED)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again; one that was written before an upgrade of the tool is the same."""
        if not host.platform.startswith("freebsd") or location not in {HASHED, BUNDLE}:
            return None
        return Store(
            backend=self.name,
            location=HASHED if _is_script(host) else BUNDLE,
            owner=0,
            id=self.name,
            clients="fetch, pkg, git, others with the base system's OpenSSL",
            blocked=blocked(_unwritable(host)),
            system=True,
        )

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the clients of hash links and bundle. PARTIAL: only some of them trust it."""
        bundled = store.location == BUNDLE
        hashed = {one.sha256 for one in linked(host, HASHED) or ()}
        content = read(host, BUNDLE) if bundled else None
        bundle = set(fingerprints(content or b"")) if bundled else hashed
        local = list(files(host, LOCAL, endings=_ENDINGS))
        problems = [] if hashed else [f"{HASHED} has no hash links; run certctl rehash"]
        if bundled and content is None:
            problems.append(f"{BUNDLE} is missing; run certctl rehash")
        problems += (
            f"{printable(one.path)} is not in {HASHED}: certctl rehash was not run since, or leaves it out (it does so "
            "with what is distrusted or damaged)"
            for one in local
            if one.marked(_ENDING) and one.certificates[0] not in hashed
        )
        return Observation(
            anchors={
                one: State.TRUSTED if one in hashed and one in bundle else State.PARTIAL
                for one in sorted(hashed | bundle)
            },
            marked=frozenset(one.certificates[0] for one in local if one.marked(_ENDING)),
            problems=tuple(problems),
            copies=tuple(_copies(host, local, names)),
        )

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that a hash link leads to."""
        for one in linked(host, HASHED) or ():
            yield one.der

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """Return the SHA-256 of certificates that the base system brought."""
        return frozenset(sha256 for one in _below(host, _SOURCES[0]) for sha256 in one.certificates)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """See `Backend.plan`; raises StoreError if certctl would drop a root, or forget a distrust."""
        return _PlanBuilder(host, store, seen, change).build()

    def refresh(self, host: Host, store: Store, gone: Sequence[str]) -> Refresh:
        """Make every derived file again; the program would keep its copies of files that are gone."""
        if store.location != BUNDLE:
            return _REFRESH
        starts = {match[1] for match in map(_OURS.search, gone) if match}
        copies = [one.path for one in linked(host, HASHED) or () if one.link is None and one.sha256[:12] in starts]
        return replace(_REFRESH, leftovers=tuple(copies))

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load the bundle, if it exists: one block that it cannot load makes it refuse the whole file."""
        refusal = host.openssl_refuses(BUNDLE) if store.location == BUNDLE else None
        return refusal and f"OpenSSL cannot load {BUNDLE}: {printable(refusal)}"


class _PlanBuilder(PlanBuilder):
    """Builds the plan of one change."""

    directory, ending, heading, foreign_advice = LOCAL, _ENDING, _TEXT, _FOREIGN_ADVICE

    def __init__(self, host: Host, store: Store, seen: Observation, change: Change) -> None:
        super().__init__(host, store, seen, change, list(files(host, LOCAL, endings=_ENDINGS)))
        self._script = store.location == HASHED
        self._links = linked(host, HASHED) or []

    def build(self) -> Plan:
        """Return the plan. Raises StoreError if the change is impossible."""
        steps = self.anchor_steps()
        dropped = {one.sha256 for one in self.dropped}
        # The copy that `certctl trust`, or the program itself, has made would stay.
        made = [one.path for one in self._links if one.sha256 in dropped and one.link is None]
        steps += [Delete(path, digest(self.host.read(path))) for path in made]
        if not (steps or self.stale):
            return Plan(placed=tuple(self.placed))
        self._check_losses()
        self._refuse_forgetting()
        return Plan(tuple(steps), _REFRESH, tuple(self.placed))

    def refuse(self, certificate: Certificate) -> None:
        """See `PlanBuilder`: the tool leaves out distrusted certificates."""
        for one in (*_listed(self.host, _DISTRUST), *_listed(self.host, _DISTRUSTED)):
            if certificate.sha256 in one.certificates:
                raise self.error(
                    f"{certificate.name} is distrusted on this machine by {printable(one.path)}",
                    "take that file away (in /etc/ssl: certctl trust FILE) if it should be trusted, and try again",
                )

    def _check_losses(self) -> None:
        """Keep certificates that were put among the hash links by hand, if the tool empties their directory."""
        fed = {sha256 for one in (*self.local.values(), *_others(self.host)) for sha256 in one.certificates}
        if not self._script:
            fed |= {link.sha256 for link in self._links}
        advice = f"put them into files in {LOCAL}, or run certctl rehash to drop them"
        self.refuse_losses(self.seen.anchors.keys() - fed, "certctl", HASHED, advice)

    def _refuse_forgetting(self) -> None:
        """Keep the distrust of `certctl untrust`, if the tool empties the directory that holds it, too."""
        kept = {sha256 for one in _listed(self.host, _DISTRUST) for sha256 in one.certificates}
        lost = {sha256 for one in _listed(self.host, _DISTRUSTED) for sha256 in one.certificates} - kept
        if self._script and lost:
            raise self.error(
                f"certctl would trust {len(lost)} certificates again (the first: sha256 {min(lost)[:12]}) that certctl "
                "untrust has distrusted, because no file says so",
                "copy them from /etc/ssl/untrusted into /usr/local/etc/ssl/untrusted, run certctl rehash, and try "
                "again",
            )


def _copies(host: Host, local: Sequence[Source], names: frozenset[str]) -> Iterator[Copy]:
    """Yield the copies in files; files among the hash links are certctl's copies of these, or follow from no file."""
    if not names:
        return
    distrusted = {sha256 for one in _listed(host, (*_DISTRUST, *_DISTRUSTED)) for sha256 in one.certificates}
    yield from copies(local, names, _ENDING)
    yield from fixed_copies(_others(host), names - distrusted)


def _others(host: Host) -> list[Source]:
    """Read the files that certctl reads, beside those directly in LOCAL."""
    found = {one.path: one for top in (*_SOURCES, LOCAL) for one in _below(host, top)}
    return [one for path, one in found.items() if path.rpartition("/")[0] != LOCAL]


def _is_script(host: Host) -> bool:
    """Whether the tool is one of the scripts, and not the program in C; a missing tool counts as a script."""
    return (read(host, TOOL) or b"#!").startswith(b"#!")


def _below(host: Host, top: str) -> Iterator[Source]:
    """Read a directory of certificates and the directories in it, without those of distrusted certificates."""
    for directory in (top, *(f"{top}/{name}" for name in host.names(top))):
        if directory not in _DISTRUST:
            yield from files(host, directory, endings=_ENDINGS)


def _listed(host: Host, directories: Sequence[str]) -> list[Source]:
    return [one for directory in directories for one in files(host, directory)]


def _unwritable(host: Host) -> str | None:
    if not host.executable(TOOL):
        return (
            "certctl is missing, which the base system has since 12.2; install it (where the base system is made of "
            "packages: FreeBSD-caroot or FreeBSD-certctl), or upgrade"
        )
    if not host.account.is_root:
        return None  # root's rights are unknown here
    for path in ((*missing_parents(host, f"{LOCAL}/x"), f"{LOCAL}/x")[0], f"{HASHED}/x"):
        if reason := host.may_write(path):
            return (
                f"{path} cannot be written: {reason}; where the system is an image, put the certificate into {LOCAL} "
                "of that image, and run certctl rehash in it"
            )
    return None
