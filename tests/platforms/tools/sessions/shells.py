"""Files of an account, made up; what real shells hand to programs after them, and what trustinstall says of them."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st

from trustinstall.host import Account, Host
from trustinstall_platforms.tools.effective.model import Session
from trustinstall_platforms.tools.sessions import table
from trustinstall_platforms.tools.sessions.everyday import session
from trustinstall_platforms.tools.sessions.values import Variables
from trustinstall_platforms.tools.sessions.view import View

NAMES = ("AA", "BB", "CC", "DD", "EE", "NODE_EXTRA_CA_CERTS")
USER = getpass.getuser()  # fish corrects another name
#: The words that start each way.
COMMANDS = {
    "sh login": ("dash", "-l", "-c", "env -0"),
    "bash login": ("bash", "-l", "-c", "env -0"),
    "bash login interactive": ("bash", "-l", "-i", "-c", "env -0"),
    "bash interactive": ("bash", "-i", "-c", "env -0"),
    "zsh": ("zsh", "-c", "env -0"),
    "zsh login": ("zsh", "-l", "-c", "env -0"),
    "zsh interactive": ("zsh", "-i", "-c", "env -0"),
    "zsh login interactive": ("zsh", "-l", "-i", "-c", "env -0"),
    "fish": ("fish", "-l", "-i", "-c", "env -0"),
    "csh": ("tcsh", "-c", "env -0"),
    "csh login": ("bash", "-c", "exec -a -tcsh tcsh -c 'env -0'"),
}
SHELL = {one.name: one.shell for one in table.ROWS}

Texts = st.SearchStrategy[str]


def files(
    names: Sequence[str], simple: Texts, conditions: Texts, blocks: Mapping[str, str], sources: Texts
) -> st.SearchStrategy[dict[str, str]]:
    """Files of lines and of blocks within each other.

    `blocks`: texts with places for conditions and lines, and for each place a letter: "c", or "l".
    """
    lines = st.recursive(
        simple,
        lambda inner: st.one_of(
            *(
                st.builds(text.format, *({"c": conditions, "l": inner}[one] for one in places))
                for text, places in blocks.items()
            )
        ),
        max_leaves=3,
    )
    whole = st.lists(st.one_of(lines, lines, sources), max_size=5).map(lambda found: "\n".join((*found, "")))
    return st.dictionaries(st.sampled_from(list[str](names)), whole, max_size=5)


def write(home: Path, files: Mapping[str, str]) -> None:
    """Write files of a home."""
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("@HOME@", str(home)), encoding="utf-8")


def start(home: Path) -> dict[str, str]:
    """The environment that a shell is started with."""
    return {"HOME": str(home), "USER": USER, "LOGNAME": USER, "PATH": "/usr/bin:/bin", "TERM": "dumb"}


def real(way: str, home: Path) -> dict[str, str]:
    """Ask the shell itself."""
    done = subprocess.run(
        COMMANDS[way],
        env=start(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    said = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    return dict(one.split("=", 1) for one in said if "=" in one)


def read(way: str, home: Path) -> Session:
    """Read the files instead."""
    host = Host("linux", "/", {}, Account(os.geteuid(), os.getegid(), USER, str(home)))
    row = next(one for one in table.ROWS if one.name == way)
    before = Variables()
    before.start({name: text for name, text in start(home).items() if name not in {"PATH", "TERM"}}, exported=True)
    return session(View(host, str(home)), row, before)


def differences(way: str, home: Path) -> dict[str, tuple[str | None, str | None]]:
    """The variables for which trustinstall differs from the shell, by name: the shell's value, and trustinstall's."""
    ours = read(way, home).variables
    theirs = real(way, home)
    found: dict[str, tuple[str | None, str | None]] = {}
    if "HOME" not in theirs:  # the shell ended in its files, and starts nothing
        return found
    for name in NAMES:
        mine = ours.get(name)
        if mine is not None and mine.value is None:
            continue
        said = mine.value if mine is not None else None
        if said != theirs.get(name):
            found[name] = (theirs.get(name), said)
    return found
