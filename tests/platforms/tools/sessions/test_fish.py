"""Files of fish: what is read from them is what fish hands to programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from tests.platforms.tools.sessions.shells import NAMES, differences, write

FILES = (".config/fish/config.fish", ".config/fish/conf.d/a.fish", ".config/fish/conf.d/b.fish", "extra/a.fish")

_names = st.sampled_from(NAMES)
_values = st.sampled_from(
    (
        '"$HOME/x.pem"',
        "{$HOME}/x.pem",
        "~/x.pem",
        '"~/x.pem"',
        "'$HOME/x.pem'",
        "(echo /c)/x",
        '"$(echo /c)/x"',
        "$AA",
        '"$BB"/c',
        "$CC/d",
        "a b",
        "a\\ b",
        '"a \\" \\$ \\x"',
        "'it\\'s'",
        "$USER",
        "",
        '""',
        "plain",
        "x#y",
        "$AA[1]",
    )
)
_conditions = st.sampled_from(
    (
        "test -r ~/extra/a.fish",
        "test -f $HOME/none",
        'test -n "$AA"',
        "set -q BB",
        "not set -q BB",
        "! test -d /",
        "true",
        "false",
        "status is-interactive",
        "status --is-login",
        "[ -e /etc/passwd ]",
        "type -q env",
        'test "$AA" = plain',
        "true; and false",
    )
)
_simple = st.one_of(
    st.builds("set -gx {} {}".format, _names, _values),
    st.builds("set -x {} {}".format, _names, _values),
    st.builds("set -g {} {}".format, _names, _values),
    st.builds("set --export --global {} {}".format, _names, _values),
    st.builds("set -Ux {} {}".format, _names, _values),
    st.builds("set -e {}".format, _names),
    st.builds("export {}=/e/$USER".format, _names),
    st.builds("{} ; and set -gx {} {}".format, _conditions, _names, _values),
    st.builds("{}; or set -gx {} {}".format, _conditions, _names, _values),
    st.builds("{} && set -gx {} {}".format, _conditions, _names, _values),
    st.builds("{} || set -gx {} {}".format, _conditions, _names, _values),
    st.builds("set -q {}; or not test -r /etc/passwd; or set -gx {} /p".format, _names, _names),
    st.builds("for i in a ~/x $AA; set -gx {} $i; end".format, _names),
    st.builds("function f; set -gx {} no; end".format, _names),
    st.builds("echo set -gx {} no >/dev/null # set -gx AA no".format, _names),
    st.builds("switch \"${}\"\ncase plain\nset -gx {} s\ncase '*'\nset -gx {} t\nend".format, _names, _names, _names),
    st.just("source ~/extra/a.fish"),
    st.just("test -r ~/extra/a.fish; and source ~/extra/a.fish"),
    st.builds("{}; and return".format, _conditions),
)
_lines = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.builds("if {}\n{}\nelse\n{}\nend".format, _conditions, inner, inner),
        st.builds("if {}; {}\nelse if {}; {}\nend".format, _conditions, inner, _conditions, inner),
        st.builds("begin; {}\n{}\nend".format, inner, inner),
    ),
    max_leaves=3,
)
_files = st.dictionaries(
    st.sampled_from(FILES), st.lists(_lines, max_size=5).map(lambda lines: "\n".join((*lines, ""))), max_size=4
).filter(lambda files: "source" not in files.get("extra/a.fish", ""))


@settings(max_examples=150 if FULL else 15, deadline=None, derandomize=not FULL)
@given(_files)
def test_what_is_read_is_what_fish_has(files: dict[str, str]) -> None:
    """For made-up files, every variable is as fish hands it to programs, or is said to be unknown."""
    with tempfile.TemporaryDirectory() as top:
        write(Path(top), {"extra/z.txt": "", **files})
        assert differences("fish", Path(top)) == {}
