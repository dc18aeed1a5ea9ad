"""Every regular expression of the program takes time in proportion to a text that was made to be slow.

The texts are made from each pattern's own syntax tree: long runs of what each repetition takes, of what nearly matches,
and of what matches, each with an end that cannot match.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

import trustinstall
import trustinstall_platforms
from trustinstall.patterns import Later
from trustinstall.typed_json import is_array

Tree = Iterable[tuple[Any, Any]]
_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

MOST = 1 << 20  # bytes of a text that is slow to look through
_FIRST = (64, 1 << 10)
_METHODS = {"search", "match", "fullmatch", "finditer", "findall", "sub", "split"}
_LONG = 16  # a repetition that may go on for longer counts as endless
_CHARACTERS = " a0\tA/\n-.=:\"'\\#;,_[]{}()<>+%~|*\r\v\xa0!Z9\0\xff"
_ENDS = ("", "\0", "!", "\n")

#: Patterns that see one line, or a path or word, of which the line breaks are gone: no text for them has one.
_ONE_LINE = {
    "trustinstall.editing.git._KEY",
    "trustinstall.editing.lines._ASSIGNMENT",
    "trustinstall.editing.lines._SETTING",
    "trustinstall.editing.yaml._KEY",
}


class Use(NamedTuple):
    """A compiled pattern, its full name, and a method by which the program calls it."""

    name: str
    pattern: re.Pattern[Any]
    method: str


def _modules() -> Iterator[tuple[str, Any, ast.Module]]:
    for package in (trustinstall, trustinstall_platforms):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith(("__main__", ".contract")):
                continue
            module = importlib.import_module(found.name)
            assert module.__file__
            yield found.name, module, ast.parse(Path(module.__file__).read_text("utf-8"))


def _compiled(value: object, depth: int = 3) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns in a value of a module, those in its tables too."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Later):
        yield value.compiled()
    elif depth and (isinstance(value, (tuple, Mapping)) or is_array(value)):
        entries: Iterable[object] = cast("Any", value).values() if isinstance(value, Mapping) else cast("Any", value)
        for one in entries:
            yield from _compiled(one, depth - 1)


def _called(tree: ast.Module) -> dict[str, set[str]]:
    """Return the methods of patterns that a module calls, by the name on which; "" for other expressions."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            value = node.value
            name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
            found.setdefault(name if name.isupper() or name == "re" else "", set()).add(node.attr)
    return found


def _imported(tree: ast.Module) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {one.asname or one.name for node in imports for one in node.names}


def _inline(name: str, tree: ast.Module) -> Iterator[Use]:
    """Yield the patterns that stand in a call of `re`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in _METHODS
        ):
            words = node.args[0]
            assert isinstance(words, ast.Constant), f"{name}:{node.lineno}: compile this pattern at the module's top"
            assert isinstance(words.value, (str, bytes))
            yield Use(f"{name}:{node.lineno}", re.compile(words.value), node.func.attr)


def _uses() -> list[Use]:
    parsed = list(_modules())
    everywhere: dict[str, set[str]] = {}
    for _, _, tree in parsed:
        for name, methods in _called(tree).items():
            everywhere.setdefault(name, set()).update(methods)
    found: dict[tuple[int, str], Use] = {}
    for module_name, module, tree in parsed:
        called, handed_on = _called(tree), _imported(tree)
        for name, value in cast("dict[str, object]", vars(module)).items():
            if name in handed_on and name not in called:
                continue  # it is judged where it is made
            for pattern in _compiled(value):
                elsewhere = everywhere.get(name) if name[0] != "_" else None
                for method in sorted(called.get(name) or elsewhere or called.get("") or {"search"}):
                    found.setdefault((id(pattern), method), Use(f"{module_name}.{name}", pattern, method))
        for use in _inline(module_name, tree):
            found[id(use.pattern), use.method + use.name] = use
    return list(found.values())


USES = _uses()


# --- texts from a pattern ------------------------------------------------------------------------


def _taken(op: str, value: Any) -> list[str]:  # noqa: ANN401  a node of the parser's tree
    """Return a few characters that a node of one character takes, unlike ones first."""
    if op == "LITERAL":
        return [chr(value)]
    if op == "NOT_LITERAL":
        return [one for one in _CHARACTERS if ord(one) != value]
    if op == "ANY":
        return [one for one in _CHARACTERS if one != "\n"]
    negated = bool(value) and str(value[0][0]) == "NEGATE"
    own = [chr(end) for kind, what in value for end in _ends(str(kind), what)]
    inside = [one for one in (*_CHARACTERS, *own) if any(_is_in(one, str(kind), what) for kind, what in value)]
    return [one for one in _CHARACTERS if one not in inside] if negated else list(dict.fromkeys(inside))


def _ends(kind: str, what: Any) -> tuple[int, ...]:  # noqa: ANN401
    return (what,) if kind == "LITERAL" else what if kind == "RANGE" else ()


def _is_in(one: str, kind: str, what: Any) -> bool:  # noqa: ANN401
    if kind == "RANGE":
        return bool(what[0] <= ord(one) <= what[1])
    if kind == "CATEGORY":
        word = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(what).rpartition("_")[2]]
        return (re.match(word, one) is not None) != ("NOT" in str(what))
    return bool(kind == "LITERAL" and what == ord(one))


def _shortest(tree: Tree) -> str:
    """Return a short text that a tree takes, but for what it asserts about the text around."""
    said = ""
    for op, value in tree:
        kind = str(op)
        if kind in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
            said += _taken(kind, value)[0]
        elif kind == "BRANCH":
            said += _shortest(value[1][0])
        elif kind == "SUBPATTERN":
            said += _shortest(value[-1])
        elif kind.endswith("_REPEAT"):
            said += _shortest(value[2]) * min(value[0], _LONG * 4)
        elif kind == "ATOMIC_GROUP":
            said += _shortest(value)
    return said


def _runs(tree: Tree, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield what stands in front of each endless repetition, and what it may be made to repeat."""
    for op, value in tree:
        kind = str(op)
        if kind == "BRANCH":
            for one in value[1]:
                yield before, _shortest(one)
                yield from _runs(one, before)
        elif kind == "SUBPATTERN":
            yield from _runs(value[-1], before)
        elif kind == "ATOMIC_GROUP":
            yield from _runs(value, before)
        elif kind.endswith("_REPEAT"):
            if value[1] > _LONG:
                yield from ((before, one) for one in _repeated(value[2]))
            yield from _runs(value[2], before)
        before += _shortest([(op, value)])
        if before:
            yield "", before


def _repeated(body: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield texts that a repetition takes, each a few characters."""
    parts = list(body)
    if len(parts) == 1 and str(parts[0][0]) in {"LITERAL", "NOT_LITERAL", "ANY", "IN"}:
        characters = _taken(str(parts[0][0]), parts[0][1])
        yield from characters[:12]
        yield "".join(characters[:2])
    elif len(parts) == 1 and str(parts[0][0]) == "BRANCH":
        for one in parts[0][1][1]:
            yield _shortest(one)
            yield from _repeated(one)
    else:
        yield _shortest(body)


def _attacks(use: Use) -> list[Callable[[int], Any]]:
    """Return makers of texts of about a number of characters, each once."""
    is_bytes = isinstance(use.pattern.pattern, bytes)
    source = use.pattern.pattern.decode("latin-1") if is_bytes else use.pattern.pattern
    tree = _parser.parse(source, use.pattern.flags & ~re.UNICODE if is_bytes else use.pattern.flags)
    whole = _shortest(tree)
    runs = {*_runs(tree), ("", " "), ("", "\n"), ("", "a"), ("", whole or "a"), ("", whole[:-1] or "a")}
    one_line = use.name in _ONE_LINE

    def maker(before: str, body: str, end: str) -> Callable[[int], Any]:
        def make(size: int) -> Any:  # noqa: ANN401  bytes or str
            text = before + body * (size // len(body)) + end
            text = text.replace("\n", " ") if one_line else text
            return text.encode("latin-1") if is_bytes else text

        return make

    return [maker(before, body, end) for before, body in sorted(runs) if body for end in _ENDS]


# --- and their time ------------------------------------------------------------------------------


def _seconds(use: Use, text: Any) -> float:  # noqa: ANN401
    """Return the processor time of one call, as the program makes it."""
    method: Callable[..., Any] = getattr(use.pattern, use.method)
    start = time.thread_time()
    if use.method == "finditer":
        for _ in method(text):
            pass
    elif use.method == "sub":
        method(text[:0], text)
    else:
        method(text)
    return time.thread_time() - start


def _most(size: int) -> float:
    """Seconds that no linear pattern needs, and a quadratic one does from 32 KiB on: 3 µs a character."""
    return 0.05 + 3e-6 * size


def slowest(use: Use, most: int = MOST) -> str | None:
    """Return the text that a pattern is too slow on, or None; the two slowest ones of a kibibyte grow to `most`."""
    makers = _attacks(use)
    timed: list[tuple[float, int]] = []
    for size in _FIRST:
        timed = sorted(((_seconds(use, make(size)), number) for number, make in enumerate(makers)), reverse=True)
        if timed[0][0] > _most(size):
            return repr(makers[timed[0][1]](40))
    for _, number in timed[:2]:
        size = _FIRST[-1]
        while size < most:
            size = min(size * 4, most)
            if _seconds(use, makers[number](size)) > _most(size):
                return repr(makers[number](40))
    return None


@pytest.mark.parametrize("use", USES, ids=[f"{one.name}.{one.method}" for one in USES])
def test_a_pattern_is_linear(use: Use) -> None:
    """The pattern looks through a mebibyte of the text on which it is slowest, in proportion to its length."""
    assert slowest(use) is None


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (r"[ -~]*[ \t]*\n", "match"),
        (r"/[^:]*/trustinstall/", "search"),
        (r"\s+$", "search"),
        (r"/\*.*?\*/", "finditer"),
        (r"(?:a|b)*a*b*c", "match"),
        (r'"(?:[^"\\]|\\.)*"', "search"),
    ],
)
def test_a_slow_pattern_is_found(words: str, method: str) -> None:
    """Patterns of the kinds that were found in the program, and others known to be quadratic, fail the test."""
    assert slowest(Use("made up", re.compile(words), method))


def test_every_pattern_is_seen() -> None:
    """The patterns of tables, of other modules and those written in a call are among the tested ones."""
    assert {
        "trustinstall.editing.toml._STRINGS",
        "trustinstall.facts.shell_syntax._ASSIGNED",
        "trustinstall.stores.sealed._SEALED",
        "trustinstall_platforms.browsers.firefox_places.OURS",
        "trustinstall.editing.jsonc._BLANK",
    } <= {one.name for one in USES}
    assert any(":" in one.name for one in USES)
