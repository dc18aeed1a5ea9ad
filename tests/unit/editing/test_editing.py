"""One key in files that people write: every other byte stays, and all of them come back."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.editing.documents import PIECES, documents
from trustinstall import editing
from trustinstall.editing import Malformed

VALUE = "/home/alice/.local/share/trustinstall/bundle.pem"
PATHS = {
    "ini": ("global", "cert"),
    "ini-folded": ("global", "ssl-authority-files"),
    "ini-options": ("global", "cert"),
    "git": ("http", "sslbackend"),
    "ini-sections": ("default", "ca_bundle"),
    "hgrc": ("web", "cacerts"),
    "npmrc": ("cafile",),
    "wgetrc": ("ca_certificate",),
    "json": ("env", "NODE_EXTRA_CA_CERTS"),
    "toml": ("http", "cainfo"),
    "yaml": ("ssl_verify",),
    "shell": ("NODE_EXTRA_CA_CERTS",),
    "yarnrc": ("cafile",),
    "section": ("trustinstall",),
    "proxy-section": ("trustinstall proxies",),
    "proxy-section-last": ("trustinstall proxies",),
    "yaml-list": ("caCerts", "files"),
    "yaml-block": ("proxy_servers",),
    "maven": ("settings", "proxies"),
}


def _config(content: bytes) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_file(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig"))  # as pip opens it: CR ends a line, too
    return {name: dict(parser[name]) for name in parser.sections()}


def _json(content: bytes) -> dict[str, Any]:
    text = content.decode("utf-8-sig")
    found: dict[str, Any] = json.loads(re.sub(r"(?m)^// head.*$| // \{\r?$|^/\* tail.*$", "", text))
    return found


@pytest.mark.parametrize("kind", PATHS)
def test_put_and_take_are_exact(kind: str) -> None:
    """In any file, a key that was put in has its value, and after it is taken out no byte differs."""

    @given(documents(kind))
    @example(b"")
    @example(b"\xef\xbb\xbf")
    def check(content: bytes) -> None:
        path = PATHS[kind]
        try:
            if editing.get(kind, content, path) is not None:
                return
            new, inserted = editing.put(kind, content, path, VALUE)
        except Malformed:
            return
        assert editing.get(kind, new, path) == VALUE
        assert len(new) == len(content) + len(inserted.encode())
        assert editing.take(kind, new, path, inserted) == content

    check()


@pytest.mark.parametrize("kind", PATHS)
def test_what_others_write_meanwhile_stays(kind: str) -> None:
    """If another program has changed the file since, or even the managed line, only the managed key goes."""
    other = {
        "ini": (b"[global]\ntimeout = 1\n", b"[global]\n# new\nretries = 2\n"),
        "ini-folded": (b"[GLOBAL]\nhttp-timeout = 1\n", b"[GLOBAL]\n# new\nhttp-compression = no\n"),
        "ini-options": (b"[global]\ntimeout = 1\n", b"[global]\n# new\nretries = 2\n"),
        "ini-sections": (b"[default]\nregion = x\n", b"[default]\n# new\noutput = json\n"),
        "hgrc": (b"[web]\nstyle = x\n", b"[web]\n%include more\nlogourl = y\n"),
        "wgetrc": (b"tries = 1\n", b"quota = 2\ntries = 1\n"),
        "git": (b"[http]\n\tproxy = x\n", b"[http]\n\t# new\n\tversion = HTTP/2\n"),
        "npmrc": (b"fund=false\n", b"audit=false\n"),
        "json": (b'{\n  "a": 1\n}\n', b'{\n  "z": 2,'),
        "toml": (b"[http]\ntimeout = 1\n", b"[http]\nx = 1\n"),
        "yaml": (b"a: 1\n", b"b: 2\na: 1\n"),
        "shell": (b"A=1\n", b"B=2\nA=1\n"),
        "yarnrc": (b"a 1\n", b"b 2\na 1\n"),
        "section": (b"A=1\n", b"B=2\nA=1\n"),
        "proxy-section": (b"A=1\n", b"B=2\nA=1\n"),
        "proxy-section-last": (b"A=1\n", b"B=2\nA=1\n"),
        "yaml-list": (b"a: 1\n", b"b: 2\na: 1\n"),
        "yaml-block": (b"a: 1\n", b"b: 2\na: 1\n"),
        "maven": (b"<settings>\n<a/>\n</settings>\n", b"<settings>\n<b/>\n"),
    }[kind]
    before, after = other
    path = PATHS[kind]
    new, inserted = editing.put(kind, before, path, VALUE)
    head = before if kind in {"npmrc", "wgetrc"} else before.split(b"\n")[0] + b"\n" if kind != "json" else b"{"
    changed = new.replace(head, after, 1)
    assert changed != new
    assert editing.take(kind, changed, path, inserted) == before.replace(head, after, 1)
    reformatted = new.replace(VALUE.encode(), VALUE.encode() + b"2")
    assert editing.get(kind, editing.take(kind, reformatted, path, inserted), path) is None


@given(documents("ini"))
def test_configparser_agrees(content: bytes) -> None:
    """Python's own parser reads the same of every other key before and after, and it reads the new key."""
    try:
        before = _config(content)
        assert editing.get("ini", content, PATHS["ini"]) == before.get("global", {}).get("cert")
        new, _ = editing.put("ini", content, PATHS["ini"], VALUE)
    except (configparser.Error, Malformed):
        return
    after = _config(new)
    assert after["global"].pop("cert") == VALUE
    if "global" not in before:
        assert after.pop("global") == {}
    assert after == before


@given(documents("json"))
def test_json_agrees(content: bytes) -> None:
    """Python's own parser reads the same of every other member before and after, and it reads the new member."""
    before = _json(content)
    try:
        new, _ = editing.put("json", content, PATHS["json"], VALUE)
    except Malformed:
        assert not isinstance(before.get("env", {}), dict)
        return
    after = _json(new)
    assert after["env"].pop("NODE_EXTRA_CA_CERTS") == VALUE
    assert {**before, "env": before.get("env", {})} == after


@given(documents("toml"))
def test_tomllib_agrees(content: bytes) -> None:
    """Python's own parser reads the same of every other key before and after, and it reads the new key."""
    tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "pip._vendor.tomli")
    try:
        before = tomllib.loads(content.decode("utf-8-sig"))
        new, _ = editing.put("toml", content, PATHS["toml"], VALUE)
    except (tomllib.TOMLDecodeError, Malformed):
        return
    after = tomllib.loads(new.decode("utf-8-sig"))
    assert after["http"].pop("cainfo") == VALUE
    assert {**before, "http": before.get("http", {})} == after


def _git(content: bytes) -> list[str]:
    """What git itself reads in a file: names and values, in order."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "config")
        file.write_bytes(content)
        words = ["git", "config", "--file", str(file), "--null", "--list"]
        clean = {"PATH": os.defpath, "HOME": directory, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(words, cwd=directory, env=clean, capture_output=True, check=True, timeout=30)
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=60)
@given(documents("git"))
def test_git_agrees(content: bytes) -> None:
    """Git itself reads the same of every other key before and after, and it reads the new key without the comment."""
    try:
        before = _git(content)
        new, _ = editing.put("git", content, PATHS["git"], "schannel # trustinstall")
    except (subprocess.CalledProcessError, Malformed):
        assert not content.startswith(b"[")  # a key that belongs to no section: git passes it by
        return
    assert sorted(_git(new)) == sorted([*before, "http.sslbackend\nschannel"])


DAMAGED: list[tuple[str, bytes, str]] = [
    ("ini", b"cert = x\n", "line 1"),
    ("ini", b"[global]\nno delimiter\n", "line 2"),
    ("git", b"name = x\n", "line 1"),
    ("git", b"[user]\n\tna me = x\n", "line 2"),
    ("json", b'{\n "a": 1\n "b": 2}\n', "line 3"),
    ("json", b'["a"]', "line 1"),
    ("json", b'{"env": "text"}', "env"),
    ("toml", b"a = 1\nb\n", "line 2"),
    ("toml", b"http = { x = 1 }\n", "http"),
    ("toml", b"[[http]]\nx = 1\n", "http"),
    ("yaml", b"a: 1\n{b: 2}\n", "line 2"),
    ("yaml", b"  a: 1\n", "line 1"),
    ("npmrc", b"a=\0", "UTF-8"),
    ("maven", b"<settings>\n</project>", "line 2"),
    ("maven", b"<project></project>", "no settings"),
    ("maven", b"<settings><proxies/></settings>", "two tags"),
    ("maven", b"<settings/>", "two tags"),
    ("maven", b"<!DOCTYPE a [<!ENTITY b 'c'>]>\n<settings></settings>", "document type"),
]


@pytest.mark.parametrize(("kind", "content", "word"), DAMAGED)
def test_a_damaged_file_is_named(kind: str, content: bytes, word: str) -> None:
    """A file that its tool does not read either is an error that says where."""
    with pytest.raises(Malformed, match=word):
        editing.put(kind, content, PATHS[kind], VALUE)


@pytest.mark.parametrize(
    "kind", sorted(PATHS.keys() - {"section", "proxy-section", "proxy-section-last", "git", "yaml-block", "maven"})
)  # whose values are constants
@pytest.mark.parametrize("value", ["/home/a;b", "/x#y", "/$HOME/x", "/a'b", '/a"b', "/a\nb", "/a\\b", "/%x", " /a"])
def test_a_path_that_would_need_quoting_is_refused(kind: str, value: str) -> None:
    """A path that some format would read as something else is refused in all of them."""
    with pytest.raises(Malformed, match="characters"):
        editing.put(kind, b"", PATHS[kind], value)


@pytest.mark.parametrize("kind", PATHS)
def test_not_utf8_stays(kind: str) -> None:
    """Bytes that are no UTF-8 come back as they were."""
    comment = {
        "json": b'// \xe9\xff\n{"a": 1}',
        "yaml": b"# \xe9\xff\na: 1\n",
        "maven": b'<?xml version="1.0" encoding="ISO-8859-1"?>\n<settings><!-- \xe9\xff --></settings>',
    }.get(kind, b"# \xe9\xff\n")
    new, inserted = editing.put(kind, comment, PATHS[kind], VALUE)
    assert b"\xe9\xff" in new
    assert editing.take(kind, new, PATHS[kind], inserted) == comment


def test_every_format_is_tested() -> None:
    """A format without examples does not exist."""
    make: Callable[[str], object] = documents
    assert set(PATHS) == set(PIECES) == set(editing.FORMATS) - {"whole"}  # whose files hold managed text only
    assert all(make(kind) is not None for kind in PATHS)


LONG = 200_000


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ini", "[global]\n" * LONG),
        ("ini", "[global]\nkey = 1\n" + " more\n" * LONG),
        ("git", "[http]\n" * LONG),
        ("git", "[http]\nkey = 1\\\n" + " more\\\n" * LONG),
        ("npmrc", "key = 1\n" * LONG),
        ("json", "[" * LONG),
        ("json", '{"a":' * LONG),
        ("json", '{"a": 1 /* * ' + "/* " * LONG),
        ("toml", "a = " + "[" * LONG),
        ("toml", 'a = """' + '\\"' * LONG),
        ("toml", "[a]\n" * LONG),
        ("yaml", "key:\n" + "  - more\n" * LONG),
        ("yaml", "a" + ":a" * LONG),
        ("shell", "export A=" + "'" * LONG),
        ("yarnrc", "a " * LONG),
        ("maven", "<settings>" * LONG),
        ("maven", "<settings><proxies>a" + "<!-- -->" * LONG + "b</proxies></settings>"),
    ],
    ids=lambda value: value if len(value) < 10 else value[:12],
)
def test_hostile_files_cost_little(kind: str, content: str) -> None:
    """A file that was made to keep us busy is read, or refused, in the time of its size."""
    with contextlib.suppress(Malformed):
        editing.put(kind, content.encode(), PATHS[kind], VALUE)


@given(
    st.lists(st.sampled_from(["A=1", "# mine", "", "\t", "x=1 \\"]), max_size=4), st.booleans(), documents("section")
)
@example(others=[""], first=False, content=b"#!/bin/sh")
def test_lines_of_others_in_our_section_stay(others: list[str], first: bool, content: bytes) -> None:  # noqa: FBT001
    """A line that another author wrote between our marks stays where it was when our lines go."""
    new, inserted = editing.put("section", content, PATHS["section"], f"{VALUE}\n{VALUE}2")
    mine = "".join(f"{line}\n" for line in others).encode()
    mark = VALUE.encode() if first else b"# <<< trustinstall <<<"
    edited = new.replace(mark, mine + mark, 1)
    left = editing.take("section", edited, PATHS["section"], inserted)
    at = new.index(b"# >>> trustinstall >>>")
    begun, ended = new[:at], new[new.index(b"# <<< trustinstall <<<") + len(b"# <<< trustinstall <<<\n") :]
    assert left == (begun + mine + ended if mine else content)


@pytest.mark.parametrize("opening", ['{"a":', "[", '{"a":[', '[{"a":'])
def test_depth_of_json_is_bounded(opening: str) -> None:
    """Objects and arrays count together: a file of both, nested without end, is refused like a file of one kind."""
    with pytest.raises(Malformed):
        editing.put("json", ('{"a":' + opening * 100_000).encode(), PATHS["json"], VALUE)
