"""One key of a tool's settings file as a change that can be journalled: inserted, and removed to the byte."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trustinstall.editing.pem_blocks import Original
from trustinstall.typed_json import words
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class SetKey:
    """A change of one key; it is idempotent.

    Attributes:
        format: the file's format, a name of `editing.FORMATS`.
        path: the names of sections, tables or objects, and the key's own.
        value: the value to be set; a key with another value belongs to another author, and is left unchanged.
        present: whether the key is to be present.
        inserted: if it is not, the text that was inserted for it.
        original: set if one exact content takes the place of another: in an inverse that would not be exact otherwise,
            and if a line of the same key is replaced.
    """

    format: str
    path: tuple[str, ...]
    value: str
    present: bool = True
    inserted: str = ""
    original: Original | None = None

    def apply(self, old: bytes) -> bytes:
        """Return the changed content; if it cannot be changed safely, it is unchanged, and the store is observed."""
        from trustinstall import editing  # 6 ms that only a command which changes a setting needs

        if self.original and _digest(old) == self.original.instead_of:
            return self.original.content
        try:
            found = editing.get(self.format, old, self.path)
            if self.present and found is None:
                return editing.put(self.format, old, self.path, self.value)[0]
            if not self.present and found == self.value:
                return editing.take(self.format, old, self.path, self.inserted)
        except editing.Malformed:
            return self._cut(old)
        return old

    def inverse(self, old: bytes) -> SetKey:
        """Return the inverse of `apply(old)`: exact on that very content, and harmless if it has changed since."""
        from trustinstall import editing

        new = self.apply(old)
        undo = replace(self, present=not self.present, original=None)
        if self.original and new == self.original.content:
            return replace(undo, original=Original(_digest(new), old))
        if self.present and new != old:
            undo = replace(undo, inserted=editing.put(self.format, old, self.path, self.value)[1])
        if new == old or undo.apply(new) == old:
            return undo if new != old else self
        return replace(undo, original=Original(_digest(new), old))

    def _cut(self, old: bytes) -> bytes:
        """Cut the inserted text out of a damaged file: it must not name a file that no longer exists."""
        text = self.inserted.encode()
        return old.replace(text, b"") if not self.present and text and old.count(text) == 1 else old

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON data; `from_json` reads it back."""
        return {
            "format": self.format,
            "path": list(self.path),
            "value": self.value,
            "present": self.present,
            "inserted": self.inserted,
            "original": self.original.to_json() if self.original else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SetKey:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        from trustinstall import editing

        if data["format"] not in editing.FORMATS or not isinstance(data["present"], bool):
            raise ValueError("no such setting")
        return cls(
            str(data["format"]),
            words(data["path"]),
            str(data["value"]),
            data["present"],
            str(data["inserted"]),
            Original.from_json(data["original"]) if data["original"] else None,
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
