"""A settings file says to us what it says to the tool that reads it: asked of those tools themselves."""

from __future__ import annotations

import base64
import configparser
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trustinstall import editing
from trustinstall.editing import Malformed
from trustinstall.editing.text import read
from trustinstall.typed_json import is_array, is_object, is_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALUE = "/home/alice/.local/share/trustinstall/bundle.pem"
_READER = """
const npm = require('fs').realpathSync(process.argv[1])
const ini = require('module').createRequire(npm)('ini')
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const text = Buffer.from(line, 'base64').toString()
  let said
  try {
    said = Object.entries(ini.parse(text)).filter(([, value]) => Array.isArray(value) || Object(value) !== value)
  } catch {
    said = null
  }
  console.log(JSON.stringify(said))
})
"""


class Npm:
    """The reader of npm itself, asked many times in one process."""

    def __init__(self) -> None:
        npm = shutil.which("npm", path="/usr/local/bin:/usr/bin:/bin")
        assert npm, "these tests need npm (Debian: apt-get install npm)"
        self._process = subprocess.Popen(
            ["node", "-e", _READER, npm],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self, content: bytes) -> dict[str, Any] | None:
        """The keys that belong to no section; None where npm ends with an error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(base64.b64encode(content).decode() + "\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        return None if said is None else dict(said)

    def end(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def npm() -> Iterator[Npm]:
    """The reader of npm itself."""
    made = Npm()
    yield made
    made.end()


def _ours(content: bytes) -> dict[str, Any]:
    """What we read in an npmrc of the keys that belong to no section; an array as a list."""
    found: dict[str, Any] = {}
    for key in editing.format_of("npmrc").keys(read(content)):
        if len(key.path) != 1:
            continue
        name = key.path[0].removesuffix("[]")
        if name != key.path[0] and name:
            found.setdefault(name, []).append(key.value)
        else:
            found[key.path[0]] = key.value
    return found


def _as_text(value: object) -> object:
    """A value of JavaScript as npmrc's text would say it."""
    if is_array(value):
        return [_as_text(one) for one in value]
    return value if isinstance(value, str) else {None: "null", True: "true", False: "false"}.get(value, value)  # type: ignore[call-overload]  # any JSON may come


NPM_LINES = [
    "[]",
    "[",
    "[section]",
    "[section] ",
    " [section]",
    "[section] ; why",
    "[se]ct]",
    "[a]=1",
    "cafile=/a",
    "cafile = /b",
    " cafile\t=\u00a0/c\u00a0",
    "\ufeffcafile=/d",
    "CAFILE=/e",
    '"cafile"="/f"',
    "'cafile'='/g'",
    "'\"cafile\"'='\"/h\"'",
    '"ca\\u0066ile"=/i',
    "cafile[]=/j",
    '"cafile[]"=/k',
    "cafile",
    "cafile=",
    "=cafile",
    "cafile=a;b",
    "cafile=a\\;b\\#c\\\\d\\e#f",
    "cafile=a\\",
    'cafile="a;b',
    "cafile='a;b'",
    "cafile=a\u2028b",
    "ca\u2029file=x",
    "cafile=\x85x\x1c",
    "cafile='\"",
    "cafile='",
    'cafile="',
    "cafile=''",
    'cafile="a" ; why',
    "; cafile=/x",
    "\u2028# cafile=/x",
    "__proto__=x",
    "[__proto__]",
    "[]=x",
    "",
    " \t",
]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(NPM_LINES), st.sampled_from(["\n", "\r\n", "\r", "\n\r"])), max_size=6),
    st.booleans(),
)
@example([("cafile=/a", "\r"), ("other=/b", "\r")], False)  # noqa: FBT003
@example([("[]", "\n"), ("cafile=/a", "\n")], False)  # noqa: FBT003
@example([("[section]", "\n"), ("cafile=/a", "\n")], True)  # noqa: FBT003
def test_npm_agrees(npm: Npm, pieces: list[tuple[str, str]], marked: bool) -> None:  # noqa: FBT001
    """The reader of npm itself finds the same keys and values before and after a key is put in, and finds that key."""
    content = ("\ufeff" * marked + "".join(line + end for line, end in pieces)).encode()
    said = npm.says(content)
    assert said is not None
    assert _ours(content) == {key: _as_text(value) for key, value in said.items()}
    try:
        new, inserted = editing.put("npmrc", content, ("cafile",), VALUE)
    except Malformed:
        assert "cafile" in said
        return
    assert npm.says(new) == {**said, "cafile": VALUE}
    assert editing.take("npmrc", new, ("cafile",), inserted) == content


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("a=[]\"'\\;#\r\n \ufeff\u2028{}1"), max_size=12))
def test_npm_agrees_on_any_text(npm: Npm, text: str) -> None:
    """Of text without any sense we read the same keys as npm, and strings as npm does."""
    said = npm.says(text.encode())
    if said is None:
        return
    ours = _ours(text.encode())
    assert {key for key, value in said.items() if isinstance(value, str)} <= ours.keys()
    assert all(ours[key] == value for key, value in said.items() if isinstance(value, str))


def test_an_array_is_not_added_to(npm: Npm) -> None:
    """Where npm has made an array of a key, one more line would lengthen it: the file is left."""
    content = b"cafile[]=/a\n"
    assert npm.says(content + b"cafile=/b\n") == {"cafile": ["/a", "/b"]}
    with pytest.raises(Malformed, match="unusual"):
        editing.put("npmrc", content, ("cafile",), VALUE)


# --- Python's configparser -----------------------------------------------------------------------

INI_LINES = ["[DEFAULT]", "[global]", "[other]", "cert = /a", "CERT: /b", "  /c", "timeout = 1", "# cert = /x", ""]


def _configparser(content: bytes) -> dict[str, dict[str, str]]:
    """As pip reads: universal line ends, and the default section in every other one."""
    parser = configparser.RawConfigParser(strict=False)
    parser.read_file(io.TextIOWrapper(io.BytesIO(content), "utf-8"))
    return {section: dict(parser.items(section)) for section in parser.sections()}


@given(st.lists(st.sampled_from(INI_LINES), max_size=7), st.sampled_from(["\n", "\r\n", "\r"]))
@example(["[DEFAULT]", "cert = /a", "[global]"], "\n")
@example(["[global]", "timeout = 1", "cert = /a"], "\r")
def test_configparser_agrees(lines: list[str], end: str) -> None:
    """Every key of every section is as Python's own parser says, [DEFAULT] too; so is the effect of the new key."""
    content = end.join(lines).encode()
    try:
        said = _configparser(content)
    except configparser.Error:
        with contextlib.suppress(Malformed):
            editing.put("ini", content, ("global", "cert"), VALUE)
        return
    ours: dict[str, dict[str, str]] = {}
    for key in editing.format_of("ini").keys(read(content)):
        if key.path[0] != "DEFAULT":
            ours.setdefault(key.path[0], {})[key.path[1]] = key.value
    assert ours == {section: _without_blank_lines(keys) for section, keys in said.items() if keys}
    try:
        new, inserted = editing.put("ini", content, ("global", "cert"), VALUE)
    except Malformed:
        assert "cert" in said.get("global", {}) or "global" not in said
        return
    assert _configparser(new) == {**said, "global": {**said.get("global", {}), "cert": VALUE}}
    assert editing.take("ini", new, ("global", "cert"), inserted) == content


def _without_blank_lines(keys: dict[str, str]) -> dict[str, str]:
    """Values without the empty lines that configparser keeps at the end of a value."""
    return {key: "\n".join(filter(None, value.split("\n"))) or value.strip() for key, value in keys.items()}


def test_pip_reads_the_default_section(tmp_path: Path) -> None:
    """What pip itself takes from [DEFAULT] for `global.cert` is what we read, and nothing is set over it."""
    file = tmp_path / "pip.conf"
    file.write_text("[DEFAULT]\ncert = /srv/own.pem\n[global]\ntimeout = 60\n")
    clean = {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(file)}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=clean,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "global.cert='/srv/own.pem'" in done.stdout.splitlines()
    assert editing.get("ini", file.read_bytes(), ("global", "cert")) == "/srv/own.pem"


def test_a_new_section_must_not_begin_to_say_more() -> None:
    """Where [DEFAULT] has keys and the section is missing, making it would give pip those keys: the file is left."""
    with pytest.raises(Malformed, match="DEFAULT"):
        editing.put("ini", b"[DEFAULT]\nindex-url = https://x\n", ("global", "cert"), VALUE)


def test_tools_without_a_default_section() -> None:
    """For the AWS CLI (botocore) and Mercurial, a section called DEFAULT is like any other."""
    content = b"[DEFAULT]\nca_bundle = /a\n[default]\n"
    assert editing.get("ini-sections", content, ("default", "ca_bundle")) is None
    new, inserted = editing.put("ini-sections", content, ("default", "ca_bundle"), VALUE)
    assert editing.get("ini-sections", new, ("default", "ca_bundle")) == VALUE
    assert editing.take("ini-sections", new, ("default", "ca_bundle"), inserted) == content


def test_ours_goes_where_the_default_section_now_says_something() -> None:
    """A person puts the same key into [DEFAULT] later: the managed one goes all the same, and the other counts then."""
    new, inserted = editing.put("ini", b"[global]\n", ("global", "cert"), VALUE)
    content = b"[DEFAULT]\ncert = /theirs\n" + new
    taken = editing.take("ini", content, ("global", "cert"), inserted)
    assert taken == b"[DEFAULT]\ncert = /theirs\n[global]\n"
    assert _configparser(taken)["global"]["cert"] == "/theirs"


# --- JSON with the same name twice ---------------------------------------------------------------

NAMES = st.sampled_from(["env", "NODE_EXTRA_CA_CERTS", "a"])
PAIRS = st.recursive(
    st.sampled_from(["x", "/theirs.pem"]),
    lambda inner: st.one_of(st.lists(st.tuples(NAMES, inner), max_size=4), st.lists(inner, max_size=2).map(tuple)),
    max_leaves=10,
)
KEY = ("env", "NODE_EXTRA_CA_CERTS")


def _written(value: Any) -> str:  # noqa: ANN401  any JSON
    """JSON of lists of pairs, in which a name may stand twice."""
    if is_array(value):
        return "{" + ", ".join(f"{json.dumps(name)}: {_written(one)}" for name, one in value) + "}"
    if is_tuple(value):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value)


@given(st.lists(st.tuples(NAMES, PAIRS), max_size=4))
@example([("env", [("a", "x")]), ("env", [("NODE_EXTRA_CA_CERTS", "/theirs.pem")])])
@example([("env", [("NODE_EXTRA_CA_CERTS", "/theirs.pem")]), ("env", [("a", "x")])])
@example([("env", "x"), ("env", [("a", "x")])])
@example([("env", [("a", "x")]), ("env", "x")])
@example([("a", ([("a", "x"), ("a", [("env", "x")])],)), ("env", [])])
def test_the_last_of_two_members_counts(pairs: list[tuple[str, Any]]) -> None:
    """A JSON parser finds our key in the object that counts, and everything else that counted as it was."""
    content = _written(pairs).encode()
    said = json.loads(content)
    env = said.get("env", {})
    found = env.get("NODE_EXTRA_CA_CERTS") if is_object(env) else None
    if isinstance(found, str):
        assert editing.get("json", content, KEY) == found
        return
    try:
        new, inserted = editing.put("json", content, KEY, VALUE)
    except Malformed:
        assert not isinstance(env, dict) or found is not None
        return
    assert json.loads(new) == {**said, "env": {**env, "NODE_EXTRA_CA_CERTS": VALUE}}
    assert editing.get("json", new, KEY) == VALUE
    assert editing.take("json", new, KEY, inserted) == content


def test_a_comment_ends_at_a_carriage_return() -> None:
    """In JSON with comments, what stands behind a carriage return alone is no comment any more."""
    content = b'{ // theirs\r"env": {"NODE_EXTRA_CA_CERTS": "/a"}}'
    assert editing.get("json", content, KEY) == "/a"


# --- wget ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"ca_certificate=/a", "/a"),
        (b"  CA-Certificate \t=  /a b ; c # d \r\n", "/a b ; c # d"),
        (b"[x]\nca_certificate = '/a'\n", "'/a'"),
        (b"# ca_certificate = /a\n", None),
        (b"tries=1\rca_certificate=/a\n", None),
        (b"ca_certificate\n", None),
    ],
)
def test_wget_has_rules_of_its_own(content: bytes, value: str | None) -> None:
    """Wget knows no sections, no quotes, no comment behind a value, and no line that ends at a carriage return."""
    assert editing.get("wgetrc", content, ("ca_certificate",)) == value


def test_pip_refuses_a_byte_order_mark() -> None:
    """A byte-order mark ends pip before it does anything; other readers go on."""
    content = b"\xef\xbb\xbf[global]\ncert = /a\n"
    with pytest.raises(Malformed):
        editing.get("ini-options", content, ("global", "cert"))
    assert editing.get("wgetrc", content, ("cert",)) == "/a"


def test_mercurials_directives_and_colons() -> None:
    """A line of Mercurial's that begins with % is neither a section nor a key, and a colon belongs to a key's name."""
    content = b"%include more\n[hostsecurity]\nhost:verifycertsfile = /a\n%unset x\n[web]\n"
    assert editing.get("hgrc", content, ("hostsecurity", "host:verifycertsfile")) == "/a"
    new, inserted = editing.put("hgrc", content, ("web", "cacerts"), "/b")
    assert editing.take("hgrc", new, ("web", "cacerts"), inserted) == content
