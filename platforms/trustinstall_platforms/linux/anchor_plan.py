"""A plan for a directory of local anchors, which a tool makes all else of: a file for each certificate of ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.stores.files import without
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Placed
from trustinstall.stores.steps import (
    ABSENT,
    Content,
    Delete,
    Edit,
    MakeDirectory,
    RemoveDirectory,
    digest,
    link_digest,
)
from trustinstall_platforms.linux import p11kit_format
from trustinstall_platforms.linux.anchor_sources import our_ending
from trustinstall_platforms.linux.families import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store
    from trustinstall_platforms.linux.anchor_sources import Source


class Draft(ABC):
    """A plan while it is being made; what a system has of its own is in the methods that it must bring.

    Attributes:
        stale: whether what is derived is behind the files.
        taken: files that go or shrink, by path, with the certificates (SHA-256) that leave them.
        foreign: certificates that stay because they are not ours.
        placed: what is ours afterwards.
        coming: what will be in everything derived, with the path of our file for it.
        leaving: what will not be there any more.
        emptied: directories that we have made, and that go when they are empty.
    """

    def __init__(self, host: Host, store: Store, seen: Observation, record: Record, local: Sequence[Source]) -> None:
        self.host, self.store, self.seen, self.record = host, store, seen, record
        self.local = local
        self.stale = False
        self.taken: dict[str, tuple[Source, set[str]]] = {}
        self.foreign: set[str] = set()
        self.placed: list[Placed] = []
        self.coming: list[tuple[str, Certificate]] = []
        self.leaving: list[Wanted] = []
        self.emptied: list[Step] = []
        self._new: list[Step] = []

    # --- what each system says ---

    directory: str
    ending: str
    heading = b""  # what stands before the PEM in a file of ours
    foreign_advice: str

    @abstractmethod
    def elsewhere(self, sha256: str) -> str | None:
        """The path of a file, outside of the local directory, that feeds a certificate."""

    @abstractmethod
    def refuse(self, certificate: Certificate) -> None:
        """Raise StoreError where the tool would leave a certificate out."""

    def remains(self, _sha256: str) -> bool:
        """Whether something of ours that the ledger does not know of holds a certificate."""
        return False

    # --- what is the same for all ---

    def make(self, wanted: Sequence[Wanted]) -> None:
        """Draft what is wanted. Raises StoreError where it cannot be had."""
        for one in wanted:
            if one.trusted:
                self._place(one.certificate)
            else:
                self._take(one)

    def steps(self) -> list[Step]:
        """The steps on the local directory's files."""
        return [*self._takings(), *self._new]

    def error(self, cause: str, advice: str) -> StoreError:
        """An error of this store."""
        return StoreError(store=self.store.id, cause=cause, advice=advice)

    def _place(self, certificate: Certificate) -> None:
        sha256 = certificate.sha256
        whole = self.seen.anchors.get(sha256) is State.TRUSTED
        own = [source for source in self.holding(sha256) if self._is_ours(source, sha256)]
        if whole and not own:
            self.foreign.add(sha256)
            return
        entries = [source.path for source in own]
        # Whoever goes last takes a directory along that any of ours has brought.
        directories = [path for known in self.record.values() for path in known.directories]
        if not whole:
            self.refuse(certificate)
            self.stale = True
            if not own:
                directories += missing(self.host, self.directory)
                entries.append(self._write(certificate))
            self.coming.append((entries[-1], certificate))
        self.placed.append(Placed(sha256, tuple(entries), tuple(dict.fromkeys(directories))))

    def _take(self, one: Wanted) -> None:
        sha256, placement = one.certificate.sha256, self.record.get(one.certificate.sha256)
        holders = self.holding(sha256)
        for source in holders:
            if one.foreign or self._is_ours(source, sha256):
                self.taken.setdefault(source.path, (source, set()))[1].add(sha256)
            else:
                self.foreign.add(sha256)
        if placement:
            self.emptied += [RemoveDirectory(path) for path in reversed(placement.directories)]
        if sha256 not in self.seen.anchors:
            return
        elsewhere = self.elsewhere(sha256)
        if elsewhere and one.foreign:
            cause = f"{one.certificate.name} is trusted because of {printable(elsewhere)}, which is not changed"
            raise self.error(cause, self.foreign_advice)
        if elsewhere or not (holders or placement or one.foreign or self.remains(sha256)):
            self.foreign.add(sha256)
        if sha256 not in self.foreign:
            self.stale = True  # where no file feeds it any more, making everything anew ends it
            self.leaving.append(one)

    def holding(self, sha256: str) -> list[Source]:
        """The files of the local directory that hold a certificate."""
        return [source for source in self.local if sha256 in source.certificates]

    def _is_ours(self, source: Source, sha256: str) -> bool:
        recorded = self.record.get(sha256)
        return source.named(self.ending) or (recorded is not None and source.path in recorded.entries)

    def _write(self, certificate: Certificate) -> str:
        path = f"{self.directory}/{certificate.slug}{our_ending(certificate.sha256, self.ending)}"
        if self.host.status(path) is not None:
            cause = f"{path} holds something else than its name says"
            raise self.error(cause, "look at it and move it away, then try again")
        if not self._new:
            self._new += map(MakeDirectory, missing(self.host, self.directory))
        self._new.append(Edit(path, Content(self.heading + certificate.pem), ABSENT))
        return path

    def _takings(self) -> Iterator[Step]:
        for source, leaving in self.taken.values():
            standing = digest(source.content) if source.link is None else link_digest(source.link)
            if set(source.certificates) <= leaving:
                yield Delete(source.path, standing)
            elif source.link is None and p11kit_format.MAGIC not in source.content:
                yield Edit(source.path, Content(without(source.content, leaving)), standing)
            else:
                how = "is a link to a file that" if source.link is not None else "is p11-kit's own, which"
                raise self.error(
                    f"{printable(source.path)} {how} holds others, too, and is not changed",
                    "take the certificate out of that file, and try again",
                )
