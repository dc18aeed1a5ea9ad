"""The text of a document as data, with the line of each key: TOML and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.declared.json_text import Json
from trustinstall.declared.mistakes import Mistake
from trustinstall.declared.toml_text import Toml

if TYPE_CHECKING:
    from trustinstall.declared.text import Document


def read(name: str, content: bytes) -> Document:
    """Return a document: JSON if it begins with a brace or its name ends in .json, else TOML. Raises Mistake."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Mistake(name, content[: error.start].count(b"\n") + 1, "", "this is not UTF-8") from None
    if name.endswith(".json") or text.lstrip()[:1] == "{":
        return Json(name, text).document
    return Toml(name, text).document
