"""One key of a text file with which a reference names a bundle: the steps that set it and restore it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.pem_blocks import Original
from trustinstall.editing.setting import SetKey
from trustinstall.editing.text import read as text_of
from trustinstall.editing.text import write as bytes_of
from trustinstall.errors import StoreError
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import ABSENT, ANY, Edit, Step, digest
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import Store

LIMIT = 1024 * 1024  # bytes; no settings file is larger
PRIVATE, SHARED = 0o600, 0o644  # an account's files may get secrets later on; every account reads the machine's


#: In the ledger, before a line that a managed one has replaced.
_INSTEAD_OF = "instead of "


def replaced(noted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ledger's entry for the line that a managed one has replaced; () for none."""
    return tuple(one for one in noted if one.startswith(_INSTEAD_OF))


class KeyInFile(NamedTuple):
    """A key of a store's file: its format (a name of `editing.FORMATS`), its path, and the mode of a new file."""

    format: str
    path: editing.Path
    mode: int

    def read(self, host: Host, location: str) -> str | None:
        """Return the key's value, or None. Raises Malformed or OSError if the file cannot be read."""
        return editing.get(self.format, host.read_or_none(location, LIMIT) or b"", self.path)

    def set(self, host: Host, store: Store, value: str, away: SetKey | None = None) -> tuple[Plan, tuple[str, ...]]:
        """Plan to set a value, after `away` (which removes the current one); return also the inserted text.

        Raises StoreError if the file cannot be changed safely.
        """
        old = host.read_or_none(store.location, LIMIT)
        rest = away.apply(old or b"") if away else old or b""
        steps: list[Step] = [Edit(store.location, away, digest(old or b""))] if away else []
        try:
            _, inserted = editing.put(self.format, rest, self.path, value)
        except editing.Malformed as error:
            raise StoreError(store=store.id, cause=str(error), advice="set it by hand") from None
        expect = ABSENT if old is None else ANY if away else digest(old)
        steps.append(Edit(store.location, SetKey(self.format, self.path, value), expect, self.mode))
        return Plan(tuple(steps), detaches=away is not None), (inserted,)

    def instead(self, host: Host, store: Store, value: str) -> tuple[Plan, tuple[str, ...]]:
        """Plan to set a value in place of a word that decides nothing; return the new line and the old one.

        Raises StoreError if the file cannot be changed safely.
        """
        old = host.read(store.location, LIMIT)
        try:
            text = text_of(old)
            key = next(one for one in reversed(editing.format_of(self.format).keys(text)) if one.path == self.path)
            _, new = editing.put(self.format, b"", self.path, value)
            said = text[key.start : key.end]
            new = new.rstrip("\n") + said[len(said.rstrip("\r\n")) :]
            after = bytes_of(text[: key.start] + new + text[key.end :])
            sound = editing.get(self.format, after, self.path) == value
        except editing.Malformed as error:
            raise StoreError(store=store.id, cause=str(error), advice="set it by hand") from None
        if not sound or text.count(said) != 1:
            raise StoreError(store=store.id, cause="its formatting is too unusual", advice="set it by hand")
        change = SetKey(self.format, self.path, value, original=Original(digest(old), after))
        return Plan((Edit(store.location, change, digest(old)),), detaches=True), (new, _INSTEAD_OF + said)

    def restored(self, host: Host, store: Store, value: str, noted: tuple[str, ...]) -> Plan | None:
        """Plan to restore the old line if `instead` has put the new one in its place; None if that is not certain."""
        old = host.read(store.location, LIMIT)
        text = text_of(old)
        before = next((one.removeprefix(_INSTEAD_OF) for one in replaced(noted)), None)
        new = next((one for one in noted if value in one and text.count(one) == 1), None)
        if before is None or new is None:
            return None
        after = bytes_of(text.replace(new, before))
        change = SetKey(self.format, self.path, value, present=False, original=Original(digest(old), after))
        return Plan((Edit(store.location, change, digest(old)),), detaches=True)

    def away(self, host: Host, store: Store, value: str, noted: tuple[str, ...], otherwise: str = "") -> SetKey:
        """Return the change that removes a managed value, exactly if the noted text is still there.

        `otherwise`: the managed text, if the file no longer has any of the noted ones. Raises StoreError if the file
        cannot be changed safely.
        """
        old = host.read_or_none(store.location, LIMIT) or b""
        texts = (one for one in noted if value in one and one.encode("utf-8", "surrogateescape") in old)
        inserted = next(texts, otherwise)
        try:
            editing.take(self.format, old, self.path, inserted)
        except editing.Malformed as error:
            raise StoreError(store=store.id, cause=str(error), advice="take the key out by hand") from None
        return SetKey(self.format, self.path, value, present=False, inserted=inserted)

    def taken_back(self, host: Host, store: Store, away: SetKey) -> Plan:
        """Plan to remove the managed value."""
        return Plan((Edit(store.location, away, digest(host.read(store.location, LIMIT))),), detaches=True)
