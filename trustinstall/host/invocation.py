"""The process's environment, clock, random bits, and the words that started it."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment() -> dict[str, str]:
    """Return a copy of the caller's environment."""
    return dict(os.environ)


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(timezone.utc)


def stamp(environ: Mapping[str, str], moment: datetime) -> str:
    """Return the time for records, ISO 8601 in UTC with whole seconds: that of SOURCE_DATE_EPOCH, or else `moment`.

    `moment` is in UTC. See `Host.stamp`. Source: reproducible-builds.org, SOURCE_DATE_EPOCH.
    """
    with contextlib.suppress(ValueError, OverflowError, OSError):  # a variable that is not a time is no reason to fail
        moment = datetime.fromtimestamp(int(environ.get("SOURCE_DATE_EPOCH") or "none"), timezone.utc)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def pause(seconds: float) -> None:
    """Wait for this number of seconds."""
    time.sleep(seconds)


def token() -> str:
    """Return 64 random bits as 16 hexadecimal digits."""
    return os.urandom(8).hex()  # the same as secrets.token_hex, without 5 ms of imports


def command(environ: Mapping[str, str]) -> str:
    """Return the words that start this program, quoted for this system's shell."""
    return " ".join(map(quoted, program(environ)))


def program(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that start this program: the path of its launcher or script, or Python's path and options."""
    launcher = environ.get("TRUSTINSTALL_LAUNCHER") or sys.argv[0]
    if os.path.basename(launcher).startswith("trustinstall") and os.path.isfile(launcher):
        return (os.path.abspath(launcher),)
    return (sys.executable, "-I", "-m", "trustinstall")  # isolated: any account may own the current directory


def quoted(word: str) -> str:
    """Return a word, quoted for this system's shell."""
    if sys.platform == "win32":
        import subprocess

        return subprocess.list2cmdline([word])
    return shlex.quote(word)
