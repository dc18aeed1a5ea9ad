"""The keys of a document: a table, and the check against it.

`trust.schema.json` is the same table for editors and other programs; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from trustinstall.declared.fetching import ADDRESS
from trustinstall.declared.mistakes import Mistake, dotted
from trustinstall.facts import proxies
from trustinstall.patterns import regex
from trustinstall.typed_json import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.declared.text import Document, Path

VERSION = 1
_DAY = regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_HEX = regex(r"[0-9a-fA-F]{64}", re.ASCII)
_LONGEST = 4096  # characters of a word
Check = Callable[[object], str]  # returns what is wrong, or ""


def _version(value: object) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return f"it must be the number {VERSION}"
    return "" if value == VERSION else f"this program knows version {VERSION}; use a newer program"


def _text(value: object) -> str:
    return "" if isinstance(value, str) and len(value) > 0 else "it must be a text that is not empty"


def _word(value: object) -> str:
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value
    return "" if fits else f"it must be a text of 1 to {_LONGEST} characters"


def _words(value: object) -> str:
    fits = is_array(value) and all(not _word(one) for one in value)
    return "" if fits else "it must be a list of texts that are not empty"


def _day(value: object) -> str:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            date.fromisoformat(value)
            return ""
    except ValueError:
        pass
    return "it must be a day that exists, as 2027-01-31"


def _fingerprint(value: object) -> str:
    return "" if isinstance(value, str) and _HEX.fullmatch(value) else "it must be 64 hexadecimal digits"


def _accounts(value: object) -> str:
    if value in ("machine", "all") or (is_array(value) and value and not _words(value)):
        return ""
    return 'it must be "machine", "all", or a list of names of accounts'


def _variables(value: object) -> str:
    return "" if value in ("add", "replace", "none") else 'it must be "add", "replace" or "none"'


def _switched_off(value: object) -> str:
    return "" if value in ("report", "fix") else 'it must be "report" or "fix"'


def _flag(value: object) -> str:
    return "" if isinstance(value, bool) else "it must be true or false"


def _address(value: object) -> str:
    fits = isinstance(value, str) and len(value) <= _LONGEST and ADDRESS.fullmatch(value)
    return "" if fits else "it must be an address that begins with https:// and holds no user; quote other characters"


def _proxy(value: object) -> str:
    fits = isinstance(value, str) and len(value) <= _LONGEST and proxies.is_address(value)
    form = "http://proxy.example:3128, with its port; a user and a password stand before an @, percent-encoded"
    return "" if fits else f"it must be an address such as {form}"


def _bypass(value: object) -> str:
    fits = is_array(value) and all(isinstance(one, str) and proxies.is_bypass(one) for one in value)
    form = "names, domains with a dot before them, addresses and networks, without ports and without *"
    return "" if fits else f"it must be a list of {form}"


#: The keys of one certificate; `[defaults]` sets them for all of the same document.
TERMS: Mapping[str, Check] = {
    "until": _day,
    "stores": _words,
    "skip": _words,
    "domains": _words,
    "accounts": _accounts,
    "intermediate": _flag,
}
CERTIFICATE: Mapping[str, Check] = {
    "name": _word,
    "file": _word,
    "pem": _text,
    "url": _address,
    "sha256": _fingerprint,
    **TERMS,
}
_SOURCES = ("file", "pem", "url")
DEFAULTS: Mapping[str, Check] = {**TERMS, "env": _variables}
PROXIES: Mapping[str, Check] = {"http": _proxy, "https": _proxy, "no_proxy": _bypass, "accounts": _accounts}
VERIFICATION: Mapping[str, Check] = {"switched_off": _switched_off}
_TOP = ("version", "defaults", "proxies", "verification", "certificate")


def check(document: Document) -> list[Mistake]:
    """Return every mistake of a document's form."""
    found = (Mistake(document.name, document.line(path), dotted(path), what) for path, what in _found(document.data))
    return sorted(found, key=lambda one: one.line)


def _found(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    for key in (one for one in data if one not in _TOP):
        yield (key,), f"there is no such key; known are {', '.join(_TOP)}"
    if "version" not in data:
        yield (), f"version is missing; write version = {VERSION}"
    elif why := _version(data["version"]):
        yield ("version",), why
    if "defaults" in data:
        yield from _keys(("defaults",), data["defaults"], DEFAULTS)
    if "proxies" in data:
        yield from _keys(("proxies",), data["proxies"], PROXIES)
        if is_object(data["proxies"]) and not data["proxies"].keys() & {"http", "https"}:
            yield ("proxies",), "it must have http or https"
    if "verification" in data:
        yield from _keys(("verification",), data["verification"], VERIFICATION)
    yield from _of_certificates(data.get("certificate", []))


def _of_certificates(certificates: object) -> Iterator[tuple[Path, str]]:
    if not is_array(certificates):
        yield ("certificate",), "it must be a list of tables; write [[certificate]]"
        return
    for number, one in enumerate(certificates):
        path = ("certificate", number)
        yield from _keys(path, one, CERTIFICATE)
        if is_object(one) and sum(source in one for source in _SOURCES) != 1:
            yield path, "it must have one of file, pem and url"
        elif is_object(one) and "url" in one and "sha256" not in one:
            yield path, "a certificate that is fetched must have sha256"


def _keys(path: Path, value: object, known: Mapping[str, Check]) -> Iterator[tuple[Path, str]]:
    if not is_object(value):
        yield path, "it must be a table"
        return
    for key, one in value.items():
        if key not in known:
            yield (*path, key), f"there is no such key; known are {', '.join(known)}"
        elif why := known[key](one):
            yield (*path, key), why
