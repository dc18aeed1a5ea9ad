"""Homes with made-up settings files: what a tool says there, and what `effective` says."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hypothesis import settings

from tests.contract.machines import FULL
from tests.support.pki import make_root
from trustinstall.host import Account, Host
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import Effective, Kind, Session, Setter, Variable

PEM = make_root("Private Root").pem
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NAMES = ("a.pem", "b.pem", "c.pem")


def few(examples: int) -> settings:
    """Return settings for a tool that takes long to start: more examples in the full form."""
    most = examples * (20 if FULL else 1)
    return settings(max_examples=most, deadline=None, database=None)


@contextmanager
def home(files: Mapping[str, str]) -> Generator[Path]:
    """Make a home with three bundles and these settings files, in which TOP stands for the home itself."""
    with tempfile.TemporaryDirectory() as made:
        top = Path(made).resolve()
        for path, content in files.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(content.replace("TOP", str(top)), encoding="utf-8", newline="")
        for name in NAMES:
            (top / name).write_bytes(PEM)
        yield top


def say(top: Path, command: list[str], variables: Mapping[str, str], directory: str = "") -> str:
    """Return what a tool prints, started in a directory of the home with no other variables."""
    env = {"PATH": PATH, "HOME": str(top), **variables}
    done = subprocess.run(
        command, env=env, cwd=top / directory, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip()


def know(top: Path, client: str, variables: Mapping[str, str], directory: str = "") -> Effective | None:
    """Return what `effective` says of a client, or None where there is no such client."""
    host = Host("linux", "/", {}, Account(os.geteuid(), os.getegid(), "alice", str(top)))
    setter = Setter(Kind.VARIABLE)
    session = Session("test", {name: Variable(name, value, setter) for name, value in variables.items()})
    scene = decide.bare(host, directory)._replace(session=session)
    return next((found for row, found in decide.all_of_them(scene) if row.name == client), None)


def path_of(found: Effective | None) -> str:
    """Return the one bundle of an answer, or ""."""
    return found.bundles[0].path if found is not None and found.bundles else ""
