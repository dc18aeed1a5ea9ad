"""Signals for a command, where the system does not say who has sent them (macOS): its way is tried here, too."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ending import await_asleep

ROOT = Path(__file__).parents[3]
COMMAND = """
import signal, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, frame: seen.append(signal.Signals(number).name))
print("up", flush=True)
end = time.monotonic() + 60
while not seen and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(0.7)  # for a second one
print("seen", *seen, flush=True)
"""
RELAY = f"""
import os, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from trustinstall.host import relay
print("us", os.getpid(), flush=True)
child = subprocess.Popen([sys.executable, "-c", {COMMAND!r}])
sys.exit(relay._wait_with_handlers(child, []))
"""
WORDS = [sys.executable, "-c", RELAY]


def _started(words: list[str]) -> subprocess.Popen[str]:
    """Start it in a session of its own, from a clean environment."""
    return subprocess.Popen(
        words,
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _seen(running: subprocess.Popen[str], how: str) -> list[str]:
    """What the command has seen of a key of the terminal, or of a signal to us alone."""
    assert running.stdin is not None
    assert running.stdout is not None
    us = int(running.stdout.readline().split()[1])
    assert running.stdout.readline().split() == ["up"]
    await_asleep(us)  # it handles signals by now
    if how == "\x03":
        running.stdin.write(how)
        running.stdin.flush()
    else:
        os.kill(us, signal.Signals[how])
    said, _ = running.communicate(timeout=90)
    return next(line for line in said.splitlines() if "seen" in line).split("seen")[1].split()


@pytest.mark.parametrize(("how", "seen"), [("\x03", ["SIGINT"]), ("SIGTERM", ["SIGTERM"])])
def test_on_a_terminal(how: str, seen: list[str]) -> None:
    """Ctrl-C comes once, although the input is no terminal; a signal that no key sends is handed on."""
    line = f"exec {shlex.join(WORDS)} </dev/null"
    with _started(["script", "-qec", line, "/dev/null"]) as running:
        assert _seen(running, how) == seen


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_without_a_terminal(how: str) -> None:
    """Without a terminal, every signal was sent to this process alone, and is handed on."""
    with _started(WORDS) as running:
        assert _seen(running, how) == [how]
