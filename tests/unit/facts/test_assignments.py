"""Variables as text: the real shells and parsers read any value as it was meant, or it is refused."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustinstall.facts import shell_syntax, variables

VALUES = st.text(st.sampled_from("aZ09_ ./:@+,=~()-é"), max_size=12).map(lambda text: f"/x{text}")
NASTY = ["/a'b", '/a"b', "/a$b", "/a`b", "/a\\b", "/a\nb", "/a;b", "/a#b", "/a%b", "/a!b", "/a*b", "/a{b}", "/a&b"]
_SHELLS = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}
_FILES = {"sh": ["sh"], "bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}


def said(shell: list[str], script: str, name: str, **environment: str) -> str:
    """What a variable is after a script, as a child of the shell sees it."""
    command = [*shell, "-c", f"{script}\nprintenv {name}; true"]
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **environment}
    return subprocess.run(command, env=clean, capture_output=True, text=True, check=True, timeout=30).stdout[:-1]


@pytest.mark.parametrize("shell", _SHELLS)
def test_a_shell_reads_what_was_meant(shell: str) -> None:
    """Every value that is not refused arrives in a program that the shell starts, to the letter."""

    @settings(max_examples=15, deadline=None)
    @given(VALUES)
    def check(value: str) -> None:
        (line,) = shell_syntax.shown(shell, {"SSL_CERT_FILE": value})
        assert said(_SHELLS[shell], line, "SSL_CERT_FILE") == value

    check()


@pytest.mark.parametrize("shell", _FILES)
def test_files_set_nothing_that_is_set(shell: str, tmp_path: Path) -> None:
    """A file's line gives a variable its value where it has none and the file that it names is there."""
    path = tmp_path / "a (b) é.pem"
    style = "fish" if shell == "fish" else "sh"
    (line,) = shell_syntax.kept(style, {"SSL_CERT_FILE": str(path)})
    (constant,) = shell_syntax.kept(style, {"UV_SYSTEM_CERTS": "true"})
    assert said(_FILES[shell], line, "SSL_CERT_FILE") == ""
    path.touch()
    assert said(_FILES[shell], line, "SSL_CERT_FILE") == str(path)
    assert said(_FILES[shell], line, "SSL_CERT_FILE", SSL_CERT_FILE="/mine") == "/mine"
    assert said(_FILES[shell], constant, "UV_SYSTEM_CERTS") == "true"
    assert said(_FILES[shell], constant, "UV_SYSTEM_CERTS", UV_SYSTEM_CERTS="0") == "0"


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh"])
def test_an_option_is_joined_to_others(shell: str, tmp_path: Path) -> None:
    """Options that are set stay before the new one, once; if they say which roots count, no option is added."""
    path = tmp_path / "roots.pem"
    option = f"--root-certs-file={path}"
    (line,) = shell_syntax.kept("sh", {"DART_VM_OPTIONS": option})
    command = _FILES[shell]
    assert said(command, line, "DART_VM_OPTIONS") == ""
    path.touch()
    twice = f"set -eu\n{line}\n{line}"
    assert said(command, twice, "DART_VM_OPTIONS") == option
    assert said(command, twice, "DART_VM_OPTIONS", DART_VM_OPTIONS="--a,--b=*") == f"--a,--b=*,{option}"
    for theirs in ("--root-certs-file=/x", "--a,--root-certs-cache=/x"):
        assert said(command, twice, "DART_VM_OPTIONS", DART_VM_OPTIONS=theirs) == theirs


@pytest.mark.parametrize("options", ["set -eu", "set -f", ""])
def test_a_strict_shell_goes_on(options: str) -> None:
    """Our lines end no shell that stops at the first failure or at a variable that is not set."""
    lines = shell_syntax.kept("sh", variables.values("/none", "/none either", replacing=True, machine=False))
    assert said(["sh"], "\n".join([options, *lines, "export REACHED=yes"]), "REACHED") == "yes"


def test_nothing_else_is_refused_or_taken() -> None:
    """A value with a character that some style reads as something else is refused in all of them."""
    for style in shell_syntax.SHOWN:
        for value in NASTY:
            with pytest.raises(ValueError, match="characters"):
                shell_syntax.shown(style, {"SSL_CERT_FILE": value})
    for style in shell_syntax.KEPT:
        with pytest.raises(ValueError, match="characters"):
            shell_syntax.kept(style, {"SSL_CERT_FILE": "/a'b"})


@given(VALUES.filter(lambda value: not value.endswith(" ")))
def test_the_other_styles(value: str) -> None:
    """Dockerfiles and dotenv files quote as a POSIX shell does; GitHub and GitLab take the rest of the line."""
    name = "SSL_CERT_FILE"
    for style, head in (("dotenv", ""), ("dockerfile", "ENV ")):
        (line,) = shell_syntax.shown(style, {name: value})
        assert shlex.split(line.removeprefix(head)) == [f"{name}={value}"]
    for style in ("github", "gitlab"):
        assert shell_syntax.shown(style, {name: value}) == [f"{name}={value}"]
    assert shell_syntax.shown("cmd", {name: value}) == [f'set "{name}={value}"']
    assert shell_syntax.shown("powershell", {name: value}) == [f"$env:{name} = '{value}'"]


@pytest.mark.parametrize("style", shell_syntax.KEPT)
def test_what_somebody_sets_is_seen(style: str) -> None:
    """Lines that set one of our variables are found in a file's own language; comments and others are not."""
    lines = {
        "sh": "# export SSL_CERT_FILE=/no\nexport SSL_CERT_FILE='/a b'; x=1\nEDITOR=ed\n  PIP_CERT=/c # why",
        "fish": "# set -gx SSL_CERT_FILE /no\nset -gx SSL_CERT_FILE '/a b'\nset -gx EDITOR ed\nset -x -U PIP_CERT /c",
        "pam": '# SSL_CERT_FILE=/no\nSSL_CERT_FILE="/a b"\nEDITOR=ed\nexport PIP_CERT=/c',
        "environment.d": '# SSL_CERT_FILE=/no\nSSL_CERT_FILE="/a b"\nEDITOR=ed\nPIP_CERT=/c',
        "systemd": "[Manager]\n#DefaultEnvironment=PIP_CERT=/no\nDefaultEnvironment=SSL_CERT_FILE=/a A=x PIP_CERT=/c",
    }[style]
    names = frozenset({"SSL_CERT_FILE", "PIP_CERT"})
    where = "/a" if style == "systemd" else "/a b"
    assert shell_syntax.foreign(style, lines, names) == {"SSL_CERT_FILE": where, "PIP_CERT": "/c"}


@given(st.text(max_size=200), st.sampled_from(sorted(shell_syntax.KEPT)))
def test_no_file_is_too_odd_to_be_looked_at(text: str, style: str) -> None:
    """With any content of a file, looking for variables ends, and finds only what was asked for."""
    assert shell_syntax.foreign(style, text, frozenset({"PIP_CERT"})).keys() <= {"PIP_CERT"}


def test_what_is_set_for_whom() -> None:
    """A machine gets what adds and switches, and with `replacing` what its own store does not reach."""
    machine = variables.values("/a", "/b", replacing=False, machine=True)
    assert machine.keys() == {"NODE_EXTRA_CA_CERTS", *(one.name for one in variables.SWITCHES)}
    wide = variables.values("/a", "/b", replacing=True, machine=True)
    assert {"REQUESTS_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE"} <= wide.keys() - machine.keys()
    assert not {"SSL_CERT_FILE", "JAVA_TOOL_OPTIONS", "GIT_SSL_CAINFO"} & wide.keys()
    own = variables.values("/a", "/b", replacing=True, machine=False)
    assert own.keys() == {one.name for one in (*variables.ADDS, *variables.REPLACES)}
    assert {own[one.name] for one in variables.ADDS} == {"/a"}
    assert {own[one.name] for one in variables.REPLACES} == {"/b", "--root-certs-file=/b"}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("--root-certs-file=/x.pem", "/x.pem"),
        ("--a,--root-certs-file=/x.pem,--b=/y", "/x.pem"),
        ("--a=/x.pem", ""),
        ("", ""),
    ],
)
def test_the_file_in_a_list_of_options(value: str, path: str) -> None:
    """Of a list of options only the one that names roots names a file; any other variable is a name alone."""
    assert variables.file_in("DART_VM_OPTIONS", value) == path
    assert variables.file_in("PIP_CERT", value) == value
