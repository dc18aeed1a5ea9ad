"""Settings files of lines that are only read: curl's, PHP's, Nix's, apt's, OpenLDAP's, and values of git's.

Sources: curl(1), --config; the PHP manual, The configuration file; Nix reference manual, nix.conf, File format;
apt.conf(5), Syntax; ldap.conf(5); git-config(1), Values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.editing.text import lines, numbering, read
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    Row = tuple[tuple[str, ...], str, int]

_CURL = regex(r"(?P<key>[A-Za-z0-9.-]+)(?:[ \t]*[=:][ \t]*|[ \t]+|$)(?P<value>(?:[^ \t\n].*)?)")
#: Behind dashes, `=` and `:` separate nothing (curl, tool_parsecfg.c, ISSEP).
_CURL_DASHED = regex(r"-{1,2}(?P<key>[A-Za-z0-9.-]+)(?:[ \t]+|$)(?P<value>(?:[^ \t\n].*)?)")
#: The value of `insecure` where a line says `no-insecure`.
CURL_VERIFIES = "no"
#: curl(1): "long option names can be abbreviated". By the shortest unique beginnings of those that count here.
_CURL_SHORTENED = {"cac": "cacert", "cap": "capath", "conf": "config", "ins": "insecure", "no-ins": "no-insecure"}
_CURL_FLAGS = frozenset("#012346BGIJLMNORSVZafgijklnpqsv:")  # the short options of curl(1) that take no value
_ASSIGNED = regex(r"[ \t]*(?P<key>[A-Za-z_][\w.-]*(?:\[[\w.]+\])?)[ \t]*=[ \t]*(?P<value>(?:[^ \t\n].*)?)")
_PHP_WORD = regex(r"[ \t]*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")
_INCLUDED = regex(r"[ \t]*(?P<key>!?include)[ \t]+(?P<value>\S.*)")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_APT = regex(r"(?P<blank>\s+|//[^\n]*|#[^\n]*)|\"(?P<text>[^\"\n]*)\"|(?P<mark>[{};])|(?P<word>[^\s{};\"]+|\")")
_DEEP = 100  # nested scopes of an apt.conf; no settings file has more
_GIT_ESCAPED = {"n": "\n", "t": "\t", "b": "\b"}


def curl(content: bytes) -> Iterator[Row]:
    """Yield the options of a curlrc: a line each, with dashes and blanks between, or without and `=`, `:` or blanks.

    Short options may stand together behind a dash; `no-insecure` is "insecure" and "k" with the value CURL_VERIFIES.
    """
    text = read(content)
    number = numbering(text)
    for start, line in lines(text):
        bare = line.strip(" \t\r")
        match = _CURL_DASHED.fullmatch(bare) if bare[:1] == "-" else _CURL.fullmatch(bare)
        if match is not None:
            yield from ((path, value, number(start)) for path, value in _curl_options(bare, match))


def _curl_options(line: str, match: re.Match[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the options of a line; where a short one takes a value, the rest of the word is that."""
    key, value = match["key"], _curl_word(match["value"])
    if line.startswith("--") or not line.startswith("-") or len(key) == 1:
        key = _curl_name(key.lower()) if len(key) > 1 else key
        is_no = key in {"no-insecure", "no-proxy-insecure"}
        yield (key.removeprefix("no-") if is_no else key,), CURL_VERIFIES if is_no else value
        if key == "no-insecure":
            yield ("k",), CURL_VERIFIES
        return
    for at, letter in enumerate(key):
        if letter not in _CURL_FLAGS:
            yield (letter,), key[at + 1 :] or value
            return
        yield (letter,), ""


def _curl_name(said: str) -> str:
    """Return the whole name of a long option."""
    return next(
        (name for short, name in _CURL_SHORTENED.items() if said.startswith(short) and name.startswith(said)), said
    )


def _curl_word(value: str) -> str:
    """Return a quoted word without its escapes, or else the text up to the first blank."""
    if not value.startswith('"'):
        return value.split(maxsplit=1)[0] if value.split() else ""
    word, at = "", 1
    while at < len(value) and value[at] != '"':
        if value[at] == "\\" and at + 1 < len(value):
            at += 1
            word += _ESCAPED.get(value[at], value[at])
        else:
            word += value[at]
        at += 1
    return word


def php(content: bytes) -> Iterator[Row]:
    """Yield the directives of a php.ini: `;` begins a comment, quotes are removed; sections have no effect."""
    text = read(content)
    number = numbering(text)
    for start, line in lines(text):
        if line[:1] == ";":  # most lines of PHP's own files
            continue
        if (match := _ASSIGNED.fullmatch(line)) is not None:
            value = match["value"].strip()
            quoted = list(_quoted(value))
            word = "".join(quoted) if quoted else value.partition(";")[0].strip()
            yield (match["key"],), word, number(start)


def _quoted(value: str) -> Iterator[str]:
    """Yield the quoted words at the start of a value: PHP joins them."""
    at = 0
    while (match := _PHP_WORD.match(value, at)) is not None:
        yield match["double"] or match["single"] or ""
        at = match.end()


def nix(content: bytes) -> Iterator[Row]:
    """Yield the settings of a nix.conf and its includes: `#` begins a comment anywhere."""
    text = read(content)
    number = numbering(text)
    for start, line in lines(text):
        bare = line.partition("#")[0].rstrip()
        match = _INCLUDED.fullmatch(bare) or _ASSIGNED.fullmatch(bare)
        if match is not None:
            yield (match["key"],), match["value"].strip(), number(start)


def apt(content: bytes) -> Iterator[Row]:
    """Yield the options of an apt.conf by their whole names in lower case, as `acquire::https::verify-peer`."""
    text = read(content)
    number = numbering(text)
    scopes: list[str] = []
    words: list[tuple[str, int]] = []
    at = 0
    while (match := _APT.match(text, at)) is not None:
        at = match.end()
        if match["word"] is not None and match["word"].startswith("/*"):
            end = text.find("*/", match.start() + 2)
            at = len(text) if end == -1 else end + 2
        elif match["mark"] is None and match["blank"] is None:
            words.append((match["text"] if match["text"] is not None else match["word"], match.start()))
        elif match["mark"] is not None:
            if match["mark"] == ";" and words:
                name = "::".join([*scopes, words[0][0]])
                yield (name.lower(),), words[-1][0] if len(words) > 1 else "", number(words[0][1])
            if match["mark"] == "{" and len(scopes) == _DEEP:
                return
            if match["mark"] == "{":
                scopes.append(words[0][0] if words else "")
            elif match["mark"] == "}":
                scopes = scopes[:-1]
            words = []


def words(content: bytes) -> Iterator[Row]:
    """Yield lines of a keyword, in lower case, and its value, as OpenLDAP's: `#` begins a comment's line."""
    text = read(content)
    number = numbering(text)
    for start, line in lines(text):
        key, *value = line.split(maxsplit=1)[:2] or [""]
        if key and key[0] != "#":
            yield (key.lower(),), value[0].strip() if value else "", number(start)


def git_value(raw: str) -> str:
    """Return the value of a key of git's: quotes, escapes, comments and continued lines as git reads them."""
    said, quoted, at, kept = "", False, 0, 0
    while at < len(raw):
        one = raw[at]
        if one == "\\" and at + 1 < len(raw):
            at += 1
            if raw.startswith("\r\n", at):
                at += 1
            said += "" if raw[at] == "\n" else _GIT_ESCAPED.get(raw[at], raw[at])
            kept = len(said)
        elif one == '"':
            quoted = not quoted
            kept = len(said)
        elif one in "#;" and not quoted:
            break
        else:
            said += one
            kept = len(said) if quoted or one not in " \t\r\n" else kept
        at += 1
    return said[:kept]
