"""Symbolic links in one directory of trust, changed as a whole: names for files, and OpenSSL's HASH.N for those."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING

from trustinstall.stores.steps import ABSENT, Delete, Link, link_digest
from trustinstall_platforms.linux.hash_links import HASH_LINK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from trustinstall.host import Host
    from trustinstall.stores.steps import Step


class Links:
    """The links in a directory: their present and their desired state."""

    def __init__(self, host: Host, directory: str) -> None:
        """Read a directory; a missing one has no links."""
        self.directory = directory
        self.names = frozenset(host.names(directory))
        targets = ((name, host.link_target(f"{directory}/{name}")) for name in sorted(self.names))
        self.before = {name: target for name, target in targets if target is not None}
        self.after = dict(self.before)

    @property
    def hashed(self) -> bool:
        """Whether there are any HASH.N."""
        return any(HASH_LINK.fullmatch(name) for name in self.before)

    def put(self, name: str, target: str) -> None:
        """Make a link of this name lead to `target`, in place of any link of that name."""
        self.after[name] = target

    def take(self, name: str) -> None:
        """Remove the link of this name, with any target."""
        self.after.pop(name, None)

    def put_hash(self, value: str, target: str) -> None:
        """Make a link HASH.N lead to `target`: if none does, the first N that is free."""
        if any(self.after.get(name) == target for name in self._chain(value)):
            return
        free = next(name for name in (f"{value}.{number}" for number in count()) if name not in self._taken())
        self.after[free] = target

    def drop(self, targets: Collection[str]) -> None:
        """Remove links to any of these targets; OpenSSL stops at a missing HASH.N, so that others move up."""
        gone = [name for name, target in self.after.items() if target in targets]
        for value in {match[1] for match in map(HASH_LINK.fullmatch, gone) if match}:
            chain = self._chain(value)
            left = [self.after[name] for name in chain if name not in gone]
            for name in chain:
                del self.after[name]
            self.after.update(zip(chain, left, strict=False))
        for name in gone:
            if self.after.get(name) in targets:
                del self.after[name]

    def steps(self) -> Iterator[Step]:
        """Create new links, change the targets of others, and then delete the rest: no HASH.N is missing meanwhile."""
        changed = [name for name in {**self.before, **self.after} if self.before.get(name) != self.after.get(name)]
        for name in changed:
            if name in self.after:
                standing = link_digest(self.before[name]) if name in self.before else ABSENT
                yield Link(f"{self.directory}/{name}", self.after[name], standing)
        for name in changed:
            if name not in self.after:
                yield Delete(f"{self.directory}/{name}", link_digest(self.before[name]))

    def _taken(self) -> set[str]:
        return {*self.after, *(self.names - self.before.keys())}

    def _chain(self, value: str) -> list[str]:
        """Return the names HASH.0, HASH.1 …, up to the first gap."""
        return list(takewhile(self.after.__contains__, (f"{value}.{number}" for number in count())))
