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

PIECES: dict[str, list[str]] = {
    "json": [],
    "ini": [
        "[global]",
        "[install]",
        "[global]  ; twice",
        "[DEFAULT]",
        "timeout = 60",
        "index-url: URL",
        "cert = /old/two.pem",
        "trusted-host =",
        "    one.example",
        "\ttwo.example",
        "# a comment",
        "; cert = /old/one.pem",
        "  # indented comment",
        "",
        "  ",
        "s3 =\n  signature = v4\n  [global]",
        "Odd Key   =   odd = value",
    ],
    "ini-folded": ["[Global]", "[groups]", "[DEFAULT]", "HTTP-Timeout = 9", "corp = *.corp", "# comment", "", "  "],
    "ini-options": ["[global]", "[install]", "trusted_host = a", "--Timeout = 9", "# --cert = x", ""],
    "ini-sections": [
        "[default]",
        "[profile other]",
        "[DEFAULT]",
        "region = x",
        "s3 =\n  max = 4",
        "# comment",
        "",
        "  ",
    ],
    "hgrc": ["[web]", "[ui]", "%include more.rc", "%unset style", "name = %x", "a =\n  %b", "# comment", ""],
    "wgetrc": [
        "# ca_certificate = x",
        "[section]",
        "tries = 3 # no comment",
        "  User-Agent= 'quoted",
        "no setting",
        "",
    ],
    "git": [
        '[user]\n\tname = Ärger \\"quoted\\" # why',
        "[http]",
        "[HTTP] sslVerify = false",
        '[http "https://x.example"]',
        "\tsslCAInfo = C:/mine.pem ; theirs",
        "\tproxy = a\\\n  b\\\\\n",
        "[core]\n\tbare\n\tautocrlf=true",
        "[alias]\n\tx = \"!f() { echo '#'; }; f\"",
        "# sslbackend = openssl",
        "; comment \\",
        "",
        "  \t",
        "key-1 = 1",
    ],
    "npmrc": [
        "registry=URL",
        "//host/:_authToken=${TOKEN}",
        "# cafile=/home/alice/.local/share/trustinstall/bundle.pem",
        "; comment",
        "ca[]=one",
        "ca[]=two",
        "[section]",
        "fund",
        "key = 'quoted ; value'",
        "  padded  =  yes  # why",
        "",
    ],
    "toml": [
        "# comment",
        'a = "x"',
        "b.c = 'y'",
        "list = [\n  1, # one\n  2,\n]",
        '"quoted key" = { x = 1, y = "}" }',
        's = """\n[http]\ncainfo = "no"\n"""',
        "t = '''\n[http]'''",
        "[http]",
        "  [http.proxy]",
        "[[bin]]",
        "[a.b] # c",
        "when = 2020-01-01 00:00:00",
        "",
        "\t",
        "off = false",
    ],
    "yaml": [
        "# comment",
        "channels:\n  - defaults\n  - 'x: y'",
        "sources:\n- URL",
        ":backtrace: false",
        "text: |\n  ssl_verify: no\n  more\n",
        "plain: value # why",
        '"quoted": "a: b"',
        "nested:\n  ssl_verify: false",
        "empty:",
        "",
        "flow: {a: 1, b: [2]}",
    ],
    "shell": [
        "#!/bin/sh",
        "# export NODE_EXTRA_CA_CERTS=/x",
        "export PATH=$PATH:/x",
        "if true; then\n  A=1\nfi",
        "cat <<EOF\nNODE=1\nEOF",
        "exit 0",
        "",
        "echo \\",
    ],
    "yaml-list": [
        "# comment",
        "mounts:\n- location: ~",
        "provision:\n- mode: system\n  script: |\n    caCerts:\n      files:",
        "cpus: 4 # why",
        "caCerts:\n  removeDefaults: false",
        "caCerts:\n  files:\n  - /mine.pem",
        "",
        "empty:",
    ],
    "yaml-block": [
        "# comment",
        "channels:\n  - defaults",
        "proxy_servers:\n  http: mine",
        "text: |\n  proxy_servers: no\n  more\n",
        "nested:\n  proxy_servers: false",
        "",
        "empty:",
    ],
    "section": [
        "#!/bin/sh",
        "# export A=1",
        "case $- in *i*) ;; *) return;; esac",
        "cat <<EOF",
        "A='",
        "",
        "\t",
        "x=1 \\",
    ],
    "proxy-section": ["#!/bin/sh", "# >>> trustinstall >>>", "# <<< trustinstall <<<", "A='", "", "x=1 \\"],
    "proxy-section-last": [
        "# >>> trustinstall >>>",
        "# <<< trustinstall <<<",
        "http.nonProxyHosts=a|*.b",
        "",
        "x=1 \\",
    ],
    "maven": [
        "<offline>false</offline>",
        "  <proxies>\n    <!-- proxy\n    <proxy/>\n    -->\n  </proxies>",
        "<proxies><!-- a --></proxies><mirrors/>",
        "<proxies><proxy><host>mine</host></proxy></proxies>",
        "<proxies/>",
        "<!-- <proxies></proxies> é -->",
        "<servers><server><password>a&amp;<![CDATA[</settings>]]></password><proxies>é</proxies></server></servers>",
        "",
    ],
    "yarnrc": ['registry "URL"', "# cafile", "lastUpdateCheck 1", '"--install.x" true', "", "a:\n  b c"],
}


#: Formats whose tools take a carriage return alone for the end of a line.
CR_ENDS = {
    "hgrc",
    "ini",
    "ini-folded",
    "ini-options",
    "ini-sections",
    "npmrc",
    "yaml",
    "yaml-list",
    "yaml-block",
    "yarnrc",
}


def documents(kind: str) -> st.SearchStrategy[bytes]:
    """Files of the format, in every formatting that editors leave."""
    pieces = st.lists(st.sampled_from(PIECES[kind]), max_size=8)
    ends = ["\n", "\r\n", "\r"] if kind in CR_ENDS else ["\n", "\r\n"]
    if kind == "maven":
        heads = st.sampled_from(["<settings>", '<?xml version="1.0"?>\n<settings xmlns="é">', "<!-- a --><settings\n>"])
        pieces = st.builds(_settings, heads, pieces)
    made = st.builds(_joined, pieces, st.sampled_from(ends), st.booleans(), st.booleans())
    if kind != "json":
        return made
    leaves = st.one_of(
        st.integers(),
        st.sampled_from(["", "x", "é", '"', "{", "// no", "\\"]),
        st.booleans(),
        st.none(),
        st.lists(st.integers(), max_size=3),
    )
    objects = st.recursive(
        st.dictionaries(st.sampled_from(["env", "a", "b", "é"]), leaves, max_size=3),
        lambda inner: st.dictionaries(st.sampled_from(["env", "a", "b"]), st.one_of(leaves, inner), max_size=3),
        max_leaves=6,
    )
    return st.builds(
        _written, objects, st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.booleans(), st.booleans()
    )


def _settings(head: str, inner: list[str]) -> list[str]:
    return [head, *inner, "</settings>"]


def _joined(lines: list[str], end: str, mark: bool, last: bool) -> bytes:  # noqa: FBT001
    text = end.join("\n".join(lines).split("\n")) + (end if last else "")
    return (b"\xef\xbb\xbf" if mark else b"") + text.encode()


def _written(data: object, indent: int | str | None, crlf: bool, mark: bool, comments: bool) -> bytes:  # noqa: FBT001
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    if comments:
        text = '// head { "env"\n' + text.replace("{\n", "{ // {\n") + "\n/* tail } */"
    text = text.replace("\n", "\r\n") if crlf else text
    return (b"\xef\xbb\xbf" if mark else b"") + text.encode()


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
