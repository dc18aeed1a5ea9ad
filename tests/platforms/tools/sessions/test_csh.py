"""What trustinstall says of the files of csh, beside what tcsh itself hands to programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from tests.platforms.tools.sessions.shells import differences, files, write

_simple = st.sampled_from(
    [
        "setenv AA 1",
        "setenv AA",
        "setenv BB ~/x.pem",
        'setenv CC "$HOME/x y"',
        "setenv CC '$HOME'",
        "setenv DD $AA/q",
        "setenv DD ${home}/q",
        "setenv EE a\\ b",
        "setenv EE `echo x`",
        "setenv EE /a*",
        "unsetenv AA",
        "unsetenv BB; setenv CC 3",
        "set q = /w; setenv AA $q",
        "set q=(a b)",
        "setenv AA 1 && setenv BB 2",
        "true || setenv BB 4 ; setenv CC 5",
        "# setenv AA 9",
        "setenv NODE_EXTRA_CA_CERTS \\\n/x.pem",
        "eval setenv DD 7",
        "if ( $?prompt ) exit",
        "if ( ! $?AA ) setenv AA 8",
        "exit",
    ]
)
_conditions = st.sampled_from(["$?AA", "! $?BB", "-e ~/.login", "1", "0"])
_blocks = {
    "if ( {} ) then\n{}\nendif": "cl",
    "if ( {} ) then\n{}\nelse if ( {} ) then\n{}\nelse\n{}\nendif": "clcll",
    "foreach i ( a b )\n{}\nend": "l",
    "switch ( $HOME )\ncase x:\n{}\nbreaksw\ndefault:\n{}\nendsw": "ll",
}


_sources = st.sampled_from(["source ~/.more", "if ( -e ~/.more ) source ~/.more", "source $HOME/.more"])
_files = files((".cshrc", ".tcshrc", ".login", ".more"), _simple, _conditions, _blocks, _sources).filter(
    lambda found: ".more" not in found.get(".more", "")
)


@pytest.mark.parametrize("way", ["csh", "csh login"])
def test_what_is_read_is_what_the_shell_has(way: str) -> None:
    """For made-up files, every variable is as tcsh itself hands it to programs, or is said to be unknown."""

    @settings(max_examples=300 if FULL else 12, deadline=None, derandomize=not FULL)
    @given(_files)
    def compare(made: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as top:
            write(Path(top), made)
            assert differences(way, Path(top)) == {}

    compare()
