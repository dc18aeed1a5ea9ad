"""A change of one policy file: items are added to lists of its JSON or removed, and every other byte stays.

Keys that trustinstall makes on the way to a list, and a file that it creates, are noted in the ledger, so that they go
with the last item.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from trustinstall.editing.json_document import Document
from trustinstall.errors import StoreError, printable
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall.values import dataclass
from trustinstall_platforms.browsers import policy_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store

_EMPTY = b"{}\n"


@dataclass
class PolicyEdit:
    """The change of one policy file.

    Attributes:
        store: the store, for errors.
        path: the file's path, links resolved.
        content: the file's content, or None if there is none.
        document: the same, parsed; afterwards its desired content.
        made: the keys that trustinstall made in the file, in the ledger's words.
    """

    store: Store
    path: str
    content: bytes | None = None
    document: Document = field(default_factory=lambda: Document(_EMPTY))
    made: set[str] = field(default_factory=set[str])

    def note_made(self, entries: Iterable[str]) -> None:
        """Note the keys that trustinstall made in this file, from entries of the ledger."""
        self.made |= {one for one in entries if one.startswith(self.key())}

    def add(self, keys: Sequence[str], item: object) -> None:
        """Add an item to the list at a path of keys. Raises StoreError if there is another value."""
        if self.content is None:
            self.made.add(self.key())
        paths = [keys[:depth] for depth in range(1, len(keys) + 1)]
        self.made |= {self.key(*one) for one in paths if self.document.get(*one) is None}
        try:
            self.document = self.document.with_item(keys, item)
        except ValueError as error:
            raise refusal(self.store, f"{printable(self.path)}: {error}", "mend it, or take it away") from None

    def remove(self, keys: Sequence[str], fits: Callable[[Any], bool], most: int | None = None) -> None:
        """Remove items that fit from the list at a path of keys: all of them, or the first `most`."""
        before = self.document.data
        self.document = self.document.without_items(keys, fits, most)
        if self.document.data != before:
            self.tidy(keys)

    def tidy(self, keys: Sequence[str]) -> None:
        """Remove the empty keys of a path that trustinstall made."""
        for depth in range(len(keys), 0, -1):
            if self.key(*keys[:depth]) in self.made:
                self.document = self.document.without_empty(keys[:depth])

    def steps(self, host: Host) -> list[Step]:
        """Return the step that writes the file, or deletes it if trustinstall created it and it is empty.

        Raises StoreError if another account could change the file that root writes.
        """
        if self.document.data == (_EMPTY if self.content is None else self.content):
            return []
        reason = policy_places.unwritable(host, self.path)
        if reason is not None:  # a link may lead to a file of an account that could redirect root
            cause, _, mend = reason.partition("; ")
            cause = f"{printable(self.path)} is where that policy stands: {cause}"
            raise refusal(self.store, cause, mend or "make it the machine's own")
        if self.content is None:
            return [Edit(self.path, Content(self.document.data), ABSENT)]
        if self.key() in self.made and self.document.get() == {}:
            return [Delete(self.path, digest(self.content))]
        return [Edit(self.path, Content(self.document.data), digest(self.content))]

    def key(self, *keys: str) -> str:
        """Return the ledger's name of a key that trustinstall made in the file; without keys, of the file itself."""
        return f"{self.path}: /{'/'.join(keys)}"


def refusal(store: Store, cause: str, advice: str) -> StoreError:
    """Return the error of a policy that cannot be changed."""
    return StoreError(store=store.id, cause=cause, advice=f"{advice}, and try again")
