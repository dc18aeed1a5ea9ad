"""Changes independent stores, several at a time, within bounded memory."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from trustinstall.engine import bulk
from trustinstall.stores.backend import Capability
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.tally import Tally
    from trustinstall.engine.work import Ended, Work
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]

_TICK = 0.1  # seconds between two reports of progress
_AT_ONCE = 4  # stores: tools wait for disks and for each other more than they compute


@dataclass
class _Group:
    """Stores that are changed together: files with identical content and files like them, or stores of one artefact."""

    pairs: list[Pair] = field(default_factory=list["Pair"])
    size: int = 0

    @property
    def kind(self) -> str:
        """The kind of the stores, for progress."""
        return self.pairs[0][1].backend


def change_side_by_side(tally: Tally, work: Work, pairs: Sequence[Pair]) -> list[Outcome]:
    """Change stores; after an interrupt no further store is started.

    Each result is noted in the ledger in any case, so that the ledger is correct after an interrupt. Groups of large
    files are changed by one thread, one after the other: old and new content of each are in memory, and the allocator
    keeps the memory that a thread has used for that thread.
    """
    from concurrent.futures import ThreadPoolExecutor, wait  # imports logging (6 ms), which `list` does not need

    many, one = ThreadPoolExecutor(_AT_ONCE), ThreadPoolExecutor(1)
    pools = {True: one, False: many}
    futures = [
        (group, pools[group.size > bulk.LARGE].submit(_change, work, group.pairs))
        for group in _groups(work.host, pairs)
    ]
    try:
        while wait([future for _, future in futures], _TICK).not_done:
            done = sum(len(group.pairs) for group, future in futures if future.done())
            tally.tell(done, (group.kind for group, future in futures if future.running()))
    finally:
        for pool in pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        for group, future in futures:
            if not future.cancelled() and future.exception() is None:
                for (backend, store), (_, result) in zip(group.pairs, future.result(), strict=True):
                    work.note(backend, store, result)
    tally.add(len(pairs))
    return [outcome for _, future in futures for outcome, _ in future.result()]


def _groups(host: Host, pairs: Sequence[Pair]) -> list[_Group]:
    groups: list[_Group] = []
    together = _Group()
    of_artefact: dict[str, _Group] = {}  # two settings may name one bundle: its second change must see the first
    for pair in pairs:
        if Capability.IDENTICAL_FILES not in pair[0].capabilities:
            group = of_artefact.setdefault(pair[0].artefact(host, pair[1]), _Group())
            groups += [] if group.pairs else [group]
            group.pairs.append(pair)
            continue
        status = host.status(pair[1].location)
        size = status.size if status else 0
        if together.pairs and (len(together.pairs) == bulk.MOST or together.size + size > bulk.MOST_BYTES):
            groups.append(together)
            together = _Group()
        together.pairs.append(pair)
        together.size += size
    return [*groups, together] if together.pairs else groups


def _change(work: Work, pairs: Sequence[Pair]) -> list[Ended]:
    if Capability.IDENTICAL_FILES in pairs[0][0].capabilities:
        return work.change_all(pairs)
    return [work.change_store(*pair) for pair in pairs]
