"""Files of PAM and systemd: what is read from them is what their own programs make of them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.machines import FULL
from trustinstall_platforms.tools.effective.model import Variable
from trustinstall_platforms.tools.sessions import managers
from trustinstall_platforms.tools.sessions.values import Variables

_GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
_pieces = st.sampled_from(
    (
        "/a.pem",
        "$AA",
        "${BB}",
        "${CC:-/d}",
        "${AA:+y}",
        "${BB:-${AA}}",
        "$HOME",
        "~",
        " ",
        '"',
        "'",
        "\\",
        "#",
        "$$",
        "x",
    )
)
_values = st.lists(_pieces, max_size=5).map("".join)
_lines = st.one_of(
    st.builds("{}={}".format, st.sampled_from(("AA", "BB", "CC", "DD")), _values),
    st.builds(
        '{}="{}"'.format, st.sampled_from(("AA", "BB")), st.sampled_from(("$HOME/x.pem", "a b", "a\\nb\\$", "${AA}"))
    ),
    st.sampled_from(("# AA=no", "; AA=no", "", "bad-key=1", "no value", "  EE = x ")),
)
_files = st.lists(st.lists(_lines, max_size=5).map(lambda lines: "".join(f"{one}\n" for one in lines)), max_size=3)


def _generated(home: Path) -> dict[str, str]:
    done = subprocess.run([_GENERATOR], env={"HOME": str(home)}, capture_output=True, check=False, text=True)
    found: dict[str, str] = {}
    for name, said in re.findall(r"^(\w+)=(\".*\"|.*)$", done.stdout, re.MULTILINE):
        plain = re.sub(r"\\(.)", lambda one: {"n": "\n", "t": "\t"}.get(one[1], one[1]), said[1:-1])
        found[name] = plain if said.startswith('"') else said
    return found


@settings(max_examples=400 if FULL else 60, deadline=None, derandomize=not FULL)
@given(_files)
def test_what_is_read_is_what_systemd_has(files: list[str]) -> None:
    """For made-up files of environment.d, every variable is as systemd's own generator prints it."""
    with tempfile.TemporaryDirectory() as top:
        directory = Path(top) / ".config/environment.d"
        directory.mkdir(parents=True)
        variables = Variables()
        variables.start({"HOME": top}, exported=False)
        for number, text in enumerate(files):
            path = directory / f"{number}.conf"
            path.write_text(text, encoding="utf-8")
            managers.environment_d(variables, text, str(path))
        theirs = _generated(Path(top))
        ours = variables.environment()
        assert {name: ours[name].value for name in sorted(ours)} == {
            name: theirs[name] for name in sorted(theirs) if len(name) == 2
        }


def _pam(text: str) -> dict[str, Variable]:
    variables = Variables()
    managers.pam_environment(variables, text, "/etc/environment")
    return variables.environment()


def test_etc_environment() -> None:
    """PAM takes `export` and quotes away, ends at a number sign, and knows no expansion and no blank around "="."""
    said = "export AA=\"/a b\"\nBB=$HOME/x # why\n # CC=no\nDD = /d\nEE='/e'\nFF=\n"
    found = _pam(said)
    assert {name: one.value for name, one in found.items()} == {"AA": "/a b", "BB": "$HOME/x", "EE": "/e"}
    assert (found["BB"].setter.line, str(found["EE"].setter)) == (2, "/etc/environment line 5")


def test_pam_env_conf() -> None:
    """DEFAULT counts where OVERRIDE is empty; @{HOME} is the account's home."""
    variables = Variables()
    said = '# no\nAA DEFAULT="@{HOME}/x.pem"\nBB DEFAULT=/b OVERRIDE=${AA}\nCC\tDEFAULT=\n'
    managers.pam_conf(variables, said, "/etc/security/pam_env.conf", "/home/alice")
    found = {name: one.value for name, one in variables.environment().items()}
    assert found == {"AA": "/home/alice/x.pem", "BB": "/home/alice/x.pem"}


def test_default_environment() -> None:
    """DefaultEnvironment= takes quoted words, adds to those before, and takes all back where it is empty."""
    variables = Variables()
    said = '[Manager]\nDefaultEnvironment="AA=/a b" BB=/b\n#DefaultEnvironment=CC=1\n'
    said += "DefaultEnvironment='BB=/c' \\\n DD=1\n"
    managers.default_environment(variables, said, "x")
    found = variables.environment()
    assert {name: (one.value, one.setter.line) for name, one in found.items()} == {
        "AA": ("/a b", 2),
        "BB": ("/c", 4),
        "DD": ("1", 4),
    }
    managers.default_environment(variables, "DefaultEnvironment=\n", "y")
    assert variables.environment() == {}
