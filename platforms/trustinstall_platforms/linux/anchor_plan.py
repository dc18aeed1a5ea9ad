"""Plans for a directory of local anchors of which a tool makes all other files: a file for each managed certificate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.host.commands import Guard
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Placed, Unsettled
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest, link_digest
from trustinstall_platforms.linux.anchor_sources import NewAnchor, our_ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy, Observation
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store
    from trustinstall_platforms.linux.anchor_sources import Source


class PlanBuilder(ABC):
    """Builds the plan of one change; a subclass brings the rules of its system.

    Attributes:
        stale: whether the derived files are behind the anchors.
        taken: files that go or shrink, by path, with the certificates (SHA-256) that go from them.
        placed: the entries of added certificates.
        lock: the package manager's lock, which is waited for if files and derived files contradict each other.
        added: managed files that all derived files are to show.
        dropped: certificates that the derived files show, and that no client is to trust afterwards.
    """

    directory: str
    ending: str
    heading = b""  # text before the PEM in a managed file
    foreign_advice: str
    lock = Guard()

    def __init__(self, host: Host, store: Store, seen: Observation, change: Change, local: Sequence[Source]) -> None:
        self.host, self.store, self.seen, self.change = host, store, seen, change
        self.local = {one.path: one for one in local}
        self.stale = False
        self.taken: dict[str, tuple[Source, set[str]]] = {}
        self.placed: list[Placed] = []
        self.added: list[NewAnchor] = []
        self.dropped: list[Certificate] = []
        self._written: list[Step] = []

    @abstractmethod
    def refuse(self, certificate: Certificate) -> None:
        """Raise StoreError if the tool would leave a certificate out."""

    def anchor_steps(self) -> list[Step]:
        """Return the steps on the local directory's files. Raises StoreError if the change is impossible."""
        for one in self.change.add:
            self._place(one.certificate)
        for copy in self.change.remove:
            self.take(copy)
        for certificate in self.change.drop:
            self._drop(certificate)
        return [*self._removals(), *self._written]

    def take(self, copy: Copy) -> None:
        """Remove one copy; raises StoreError for a file that must not be changed."""
        if not copy.removable:
            name = next(one.name for one in self.change.drop if one.sha256 == copy.sha256)
            cause = f"{name} is trusted because of {printable(copy.entry)}, which is not changed"
            raise self.error(cause, self.foreign_advice)
        source = self.local.get(copy.entry)
        if source is not None:
            self.taken.setdefault(source.path, (source, set()))[1].add(copy.sha256)

    def error(self, cause: str, advice: str) -> StoreError:
        """Return an error of this store."""
        return StoreError(store=self.store.id, cause=cause, advice=advice)

    def refuse_losses(self, lost: set[str], tool: str, artefact: str, advice: str) -> None:
        """Raise Unsettled if the tool would drop certificates that no file feeds.

        A package manager runs the tool after its work: files and derived files contradict each other until then.
        """
        lost = lost - {one.sha256 for one in self.change.add} - {one.sha256 for one in self.dropped}
        if lost:
            cause = (
                f"{tool} would drop {len(lost)} certificates (the first: sha256 {min(lost)[:12]}) from {artefact}, "
                "because no file feeds them"
            )
            raise Unsettled(store=self.store.id, cause=cause, advice=advice, guard=self.lock)

    def _place(self, certificate: Certificate) -> None:
        sha256 = certificate.sha256
        self.refuse(certificate)
        path = next((one for one in self.change.kept.get(sha256, ()) if one in self.local), None)
        path = path or self._write(certificate)
        self.stale = True
        self.added.append(NewAnchor(path, certificate))
        self.placed.append(Placed(sha256, (path,)))

    def _drop(self, certificate: Certificate) -> None:
        """Refresh the derived files if they still show a certificate that no file feeds, or a file that is gone."""
        sha256 = certificate.sha256
        if self.seen.anchors.get(sha256, State.DISTRUSTED) is State.DISTRUSTED:  # no derived file shows it
            return
        if sha256 not in self.change.foreign:
            self.dropped.append(certificate)
        noted = (one for one in self.change.noted.get(sha256, ()) if one.startswith(f"{self.directory}/"))
        self.stale |= sha256 not in self.change.foreign or any(self.host.status(one) is None for one in noted)

    def _write(self, certificate: Certificate) -> str:
        path = f"{self.directory}/{certificate.slug}{our_ending(certificate.sha256, self.ending)}"
        if self.host.status(path) is not None:
            cause = f"{path} does not hold the certificate that its name says"
            raise self.error(cause, "look at it and move it away, then try again")
        self._written.append(Edit(path, Content(self.heading + certificate.pem), ABSENT))
        return path

    def _removals(self) -> Iterator[Step]:
        for source, going in self.taken.values():
            expected = digest(source.content) if source.link is None else link_digest(source.link)
            if set(source.certificates) <= going:
                yield Delete(source.path, expected)
            elif source.link is None and (rest := source.without(going)) is not None:
                yield Edit(source.path, Content(rest), expected)
            else:
                how = "is a link to a file that" if source.link is not None else "has an object of p11-kit's that"
                raise self.error(
                    f"{printable(source.path)} {how} holds others, too, and is not changed",
                    "take the certificate out of that file, and try again",
                )
