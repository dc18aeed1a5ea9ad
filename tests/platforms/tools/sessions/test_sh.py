"""Files of sh, bash and zsh: what is read from them is what these shells hand to programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from tests.platforms.tools.sessions.shells import COMMANDS, NAMES, differences, files, write
from trustinstall_platforms.tools.sessions.conditions import compared

WAYS = [name for name in COMMANDS if name != "fish"]
FILES = (".profile", ".bash_profile", ".bashrc", ".bash_aliases", ".zshenv", ".zprofile", ".zshrc", "extra/a.sh")

_names = st.sampled_from(NAMES)
_values = st.sampled_from(
    (
        '"$HOME/x.pem"',
        "${HOME}/x.pem",
        "~/x.pem",
        '"~/x.pem"',
        "'$HOME/x.pem'",
        "/a.pem:~/b.pem",
        "$(true)/x.pem",
        "`true`",
        '"$(true "a b")/x"',
        "${AA:-/d.pem}",
        "${BB-$HOME/d}",
        "${CC:+yes}",
        "${DD:=/e}",
        "$AA",
        '"$BB"/c',
        "a\\ b",
        '"a \\" \\$ \\x"',
        "'it'\\''s'",
        "$USER",
        "",
        "plain",
        "${EE}x${AA}",
        '"${AA:-"$BB"}"',
        "$'a\\nb'",
        "${AA%b}",
        "$((1+1))",
        "x#y",
    )
)
_conditions = st.sampled_from(
    (
        "[ -r ~/extra/a.sh ]",
        '[ -f "$HOME/none" ]',
        '[ -n "$AA" ]',
        "[ -z $BB ]",
        '[ "$AA" = plain ]',
        "test -d ~/extra",
        "true",
        "false",
        "! [ -r /none ]",
        "grep -q x /dev/null",
        "[ -n x -a -r ~/extra ]",
        "[ -z x ] || [ -n x ]",
        "[ -x /bin/sh ] && true",
        'case "$-" in *i*) true;; *) false;; esac',
        "command -v env >/dev/null 2>&1",
    )
)
_simple = st.one_of(
    st.builds("export {}={}".format, _names, _values),
    st.builds("{}={}".format, _names, _values),
    st.builds("{}={}; export {}".format, _names, _values, _names),
    st.builds("export {}".format, _names),
    st.builds("unset {}".format, _names),
    st.builds("{}={} true".format, _names, _values),
    st.builds("{} && export {}={}".format, _conditions, _names, _values),
    st.builds("{} || {}={}".format, _conditions, _names, _values),
    st.builds("set -a; {}={}; set +a".format, _names, _values),
    st.builds("( {}={} )".format, _names, _values),
    st.builds("echo {}={} >/dev/null # export AA=no".format, _names, _values),
    st.builds("eval 'export {}=/e'".format, _names),
    st.builds("cat >/dev/null <<END\nexport {}=no\nEND".format, _names),
    st.builds('for i in a ~/x "$AA"; do export {}=$i; done'.format, _names),
    st.builds("for i in ~/extra/*.sh; do [ -r $i ] && export {}=$i; done".format, _names),
    st.builds("f() {{ export {}=$1; }}; f /a b".format, _names),
    st.builds('f() {{ local {}={}; export {}="x$AA$BB"; }}; f'.format, _names, _values, _names),
    st.builds('f() {{ local {}; . ~/extra/a.sh; export {}="x$AA$BB"; }}; f'.format, _names, _names),
    st.builds(
        'case {} in "") export {}=e;; *x*|p*) export {}=x;; *) {}=y;; esac'.format, _values, _names, _names, _names
    ),
    st.builds("{} && return".format, _conditions),
    st.builds("while {}; do export {}=w; break; done".format, _conditions, _names),
)
_blocks = {
    "if {}; then\n{}\nelse\n{}\nfi": "cll",
    "if {}; then {}\nelif {}; then {}\nfi": "clcl",
    "{{ {}\n{}\n}}": "ll",
    "f() {{ {}\n{}\n}}; f /a": "ll",
}
_sources = st.sampled_from(
    (
        "[ -f ~/.bashrc ] && . ~/.bashrc",
        'if [ -r "$HOME/.bash_aliases" ]; then . "$HOME/.bash_aliases"; fi',
        ". ~/extra/a.sh",
        "for i in ~/extra/*.sh; do if [ -r $i ]; then . $i; fi; done; unset i",
    )
)
_files = files(FILES, _simple, _conditions, _blocks, _sources).filter(
    lambda found: ". ~/extra/a.sh" not in found.get("extra/a.sh", "") and not _circular(found)
)


def _circular(found: dict[str, str]) -> bool:
    return any(". " in found.get(name, "") for name in (".bashrc", ".bash_aliases", "extra/a.sh"))


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_is_what_the_shell_has(way: str) -> None:
    """For made-up files, every variable is as the shell itself hands it to programs, or is said to be unknown."""

    @settings(max_examples=150 if FULL else 6, deadline=None, derandomize=not FULL)
    @given(_files)
    def compare(made: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as top:
            write(Path(top), {"extra/z.txt": "", **made})
            assert differences(way, Path(top)) == {}

    compare()


@pytest.mark.parametrize("way", ["sh login", "bash login", "zsh login"])
@pytest.mark.parametrize(
    "text",
    [
        'export AA=1; f() { local AA; export BB="b$AA"; }; f',
        'export AA=1; f() { local AA=2; . ~/extra/a.sh; export BB="b$AA$CC"; }; f',
        'f() { local AA=2; g; export CC="c$AA"; }; g() { AA=3; local AA=4; export BB="b$AA"; }; export AA=0; f',
        'export AA=1; f() { local AA=2; declare -g AA=3;  export BB="b$AA"; }; f',
        'f() { typeset -x AA=2; export BB="b${AA-x}"; }; f; export CC="c$AA"',
        "export AA=1; f() { grep -q x /dev/null && local AA=2; AA=3; }; f",
    ],
)
def test_a_variable_ends_with_its_function(tmp_path: Path, way: str, text: str) -> None:
    """A local variable is read, hidden and brought back as in the shell."""
    write(tmp_path, dict.fromkeys((".profile", ".zprofile"), text + "\n") | {"extra/a.sh": "local CC=3; AA=4\n"})
    assert differences(way, tmp_path) == {}


@given(left=st.text("0123²-x ") | st.just("9" * 5000), right=st.text("0123² ") | st.just("9" * 5000))
def test_any_texts_can_be_compared_as_numbers(left: str, right: str) -> None:
    """Two texts that are no numbers, or too long, compare to an unknown answer; equal numbers are equal."""
    answer = compared(left, "-eq", right)
    assert answer in {None, True, False}
    if left == right and left.isascii() and left.isdigit() and len(left) <= 18:
        assert answer is True
