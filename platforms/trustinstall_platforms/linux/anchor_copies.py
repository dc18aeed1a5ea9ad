"""The copies of certificates in an anchor directory, in packages' files, and in a bundle that no tool makes."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import marked, unmarked
from trustinstall.stores.observation import Copy
from trustinstall_platforms.linux.anchor_sources import copies, fixed_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall_platforms.linux.anchor_sources import Source
    from trustinstall_platforms.linux.family import Family


def copies_in(
    family: Family,
    sources: tuple[Sequence[Source], Sequence[Source]],
    bundle: bytes,
    names: frozenset[str],
    barred: set[str],
) -> Iterator[Copy]:
    """Yield the copies of certificates by their SHA-256, `names`; `barred` are those that are kept out of the bundle.

    `sources` are the administrator's files and others; `bundle` is its content.
    """
    yield from _of_files(family, sources, names, barred)
    yield from _of_blocks(family, bundle, names)


def _of_files(
    family: Family, sources: tuple[Sequence[Source], Sequence[Source]], names: frozenset[str], barred: set[str]
) -> Iterator[Copy]:
    """Yield the copies in the administrator's files and in others, without those that are kept out of the bundle.

    A managed file that a blocklist keeps out is a copy. A file that itself distrusts its certificate is none, and of
    p11-kit's files those that hold a certificate without trusting it. Files below /etc are the administrator's (FHS
    3.0, 3.7), also those that `trust anchor` makes beside the directory of anchors.
    """
    local, others = sources
    own = [one for one in local if not _leads_to_packages(family, one)]
    linked_others = [one for one in local if _leads_to_packages(family, one)]
    refusing = [one for one in own if not barred.isdisjoint(one.certificates) and one.distrusts()]
    for one in copies([one for one in own if one not in refusing], names, family.ending):
        yield one if one.marked or one.sha256 not in barred else replace(one, trusts=False)
    made = [one for one in others if one.path.startswith("/etc/")]
    shipped = [*linked_others, *(one for one in others if one not in made)]
    found = (*copies(made, names - barred, family.ending), *fixed_copies(shipped, names - barred))
    contents = {one.path: one for one in (*made, *shipped)}
    yield from (one for one in found if not family.takes_der or contents[one.entry].is_anchor(one.sha256))


def _leads_to_packages(family: Family, source: Source) -> bool:
    """Whether an anchor is a link to a package's file: the system restores such a link."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), source.link or source.path))
    return target.startswith(tuple(f"{top}/" for top in family.packages)) and source.link is not None


def _of_blocks(family: Family, content: bytes, names: frozenset[str]) -> Iterator[Copy]:
    """Yield the copies in a bundle that trustinstall appends to.

    An unmarked block is the package's copy of an anchor, unless a marked one is there: the package, when it is
    upgraded, makes the bundle of the anchors and keeps no marks.
    """
    own = marked(content).keys() & names if family.appended else frozenset[str]()
    yield from (Copy(sha256, family.bundle, marked=True) for sha256 in sorted(own))
    yield from (Copy(sha256) for sha256, _ in unmarked(content) if sha256 in own)
