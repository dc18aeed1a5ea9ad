"""Files of sh, bash and zsh: what is read from them is what these shells hand to programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from tests.platforms.tools.sessions.shells import COMMANDS, NAMES, differences, write

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
    st.builds(
        'case {} in "") export {}=e;; *x*|p*) export {}=x;; *) {}=y;; esac'.format, _values, _names, _names, _names
    ),
    st.builds("{} && return".format, _conditions),
    st.builds("while {}; do export {}=w; break; done".format, _conditions, _names),
)
_lines = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.builds("if {}; then\n{}\nelse\n{}\nfi".format, _conditions, inner, inner),
        st.builds("if {}; then {}\nelif {}; then {}\nfi".format, _conditions, inner, _conditions, inner),
        st.builds("{{ {}\n{}\n}}".format, inner, inner),
    ),
    max_leaves=3,
)
_sources = st.sampled_from(
    (
        "[ -f ~/.bashrc ] && . ~/.bashrc",
        'if [ -r "$HOME/.bash_aliases" ]; then . "$HOME/.bash_aliases"; fi',
        ". ~/extra/a.sh",
        "for i in ~/extra/*.sh; do if [ -r $i ]; then . $i; fi; done; unset i",
    )
)
_files = st.dictionaries(
    st.sampled_from(list[str](FILES)),
    st.lists(st.one_of(_lines, _lines, _sources), max_size=5).map(lambda lines: "\n".join((*lines, ""))),
    max_size=5,
).filter(lambda files: ". ~/extra/a.sh" not in files.get("extra/a.sh", "") and not _circular(files))


def _circular(files: dict[str, str]) -> bool:
    return any(". " in files.get(name, "") for name in (".bashrc", ".bash_aliases", "extra/a.sh"))


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_is_what_the_shell_has(way: str) -> None:
    """For made-up files, every variable is as the shell itself hands it to programs, or is said to be unknown."""

    @settings(max_examples=150 if FULL else 6, deadline=None, derandomize=not FULL)
    @given(_files)
    def compare(files: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as top:
            write(Path(top), {"extra/z.txt": "", **files})
            assert differences(way, Path(top)) == {}

    compare()
