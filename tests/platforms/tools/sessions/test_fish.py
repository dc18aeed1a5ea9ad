"""Files of fish: what is read from them is what fish hands to programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from tests.platforms.tools.sessions.shells import NAMES, differences, files, read, write

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
_uses = st.sampled_from([f"${name}" for name in NAMES])
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
    st.builds("set -l {} {}".format, _names, _values),
    st.builds("set -lx {} {}".format, _names, _values),
    st.builds("set -fx {} {}".format, _names, _values),
    st.builds("set {} {}".format, _names, _values),
    st.builds("set -l {} a; set -gx {} b{}".format, _names, _names, _uses),
    st.builds("{}; and set -l {} {}; and set -gx {} {}".format, _conditions, _names, _values, _names, _values),
    st.builds("for {} in a ~/x; set -gx {} $AA; end".format, _names, _names),
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
    st.builds("{}; and return".format, _conditions),
)
_blocks = {
    "if {}\n{}\nelse\n{}\nend": "cll",
    "if {}; {}\nelse if {}; {}\nend": "clcl",
    "begin; {}\n{}\nend": "ll",
}
_sources = st.sampled_from(("source ~/extra/a.fish", "test -r ~/extra/a.fish; and source ~/extra/a.fish"))
_files = files(FILES, _simple, _conditions, _blocks, _sources).filter(
    lambda found: "source" not in found.get("extra/a.fish", "")
)


@settings(max_examples=150 if FULL else 15, deadline=None, derandomize=not FULL)
@given(_files)
def test_what_is_read_is_what_fish_has(made: dict[str, str]) -> None:
    """For made-up files, every variable is as fish hands it to programs, or is said to be unknown."""
    with tempfile.TemporaryDirectory() as top:
        write(Path(top), {"extra/z.txt": "", **made})
        assert differences("fish", Path(top)) == {}


@pytest.mark.parametrize(
    ("config", "sourced"),
    [
        ("set -l AA /own.pem\nsource ~/extra/a.fish\nset -gx BB $AA", "set -l CC x"),
        ("set -gx AA 1\nsource ~/extra/a.fish\nset -gx BB b$AA", "set -l AA x\nset -gx DD $AA"),
        ("set -gx AA 0; set -lx AA 1; source ~/extra/a.fish; set -gx BB b$AA", "set AA 5"),
        ("set -gx AA 0; set -lx AA 1; source ~/extra/a.fish; set -gx BB b$AA", "set -e AA; set -gx CC c$AA"),
        ("set -gx AA 0\nsource ~/extra/a.fish\nset -gx BB b$AA", "set -fx AA x\nset -gx DD $AA"),
        ("set -lx AA 1\nset -gx AA 2\nset -gx BB $AA", ""),
        ("set -gx AA 1\nbegin; set -l AA 2; end; set -gx BB b$AA", ""),
        ("begin; set -lx AA 1; set -fx AA 2; set -gx CC c$AA; end; set -gx BB b$AA", ""),
        ("set -gx AA 0; for AA in 1 2; set -gx BB b$AA; end; set -gx CC c$AA", ""),
        ("test -f ~/none\nset -gx AA 1; and set -gx BB 2", ""),
        ("set -l AA 1; set -q -g AA; and set -gx BB 1", ""),
    ],
)
def test_a_variable_ends_with_its_file_or_block(tmp_path: Path, config: str, sourced: str) -> None:
    """A variable is read, hidden and brought back as in fish, and none of these is unknown but the last."""
    write(tmp_path, {".config/fish/config.fish": config + "\n", "extra/a.fish": sourced + "\n"})
    assert differences("fish", tmp_path) == {}
    unknown = [one.name for one in read("fish", tmp_path).variables.values() if one.value is None]
    assert unknown == (["BB"] if "-q -g" in config else [])
