"""On a terminal and off it: colours, the question, signs of life, signals, and the help."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    CERT,
    DEBIAN,
    FULL,
    LEDGER,
    ROOT,
    TOOL,
    deliver,
    holds,
    quick,
    snapshot,
    told,
)
from tests.support.throwaway import PROGRAM, Throwaway

COLOUR = re.compile(r"\x1b\[\d+m")


def on_terminal(root: Throwaway, *words: str, answer: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as alice on a terminal, and type an answer."""
    command = ["script", "-qec", shlex.join([*PROGRAM, *words]), "/dev/null"]
    return root.run(command, user="alice", input=answer, env={"TERM": "xterm", **environ})


def left(output: str) -> str:
    """What a terminal shows in the end: a carriage return goes back to the start of the line, over signs of life."""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in output.split("\n"))


def test_no_is_no(fresh: Throwaway) -> None:
    """The question is asked after the certificate was shown; "n", nothing, and the end of input change nothing."""
    deliver(fresh, "alice")
    before = snapshot(fresh)
    for answer in ("n\n", "\n", "\x04"):
        done = on_terminal(fresh, "add", CERT, answer=answer)
        assert done.returncode not in {0, 130}, done
        assert done.stdout.index(ROOT.sha256) < done.stdout.index("Trust it? [y/N]")
        assert "Traceback" not in done.stdout
        assert snapshot(fresh) == before
    done = on_terminal(fresh, "add", CERT, answer="n\n")
    assert (done.returncode, "nothing was changed" in done.stdout) == (1, True)


def test_yes_is_yes(fresh: Throwaway) -> None:
    """Asked and answered; with --yes, --sha256, --no-input and in CI it is not asked at all."""
    deliver(fresh, "alice")
    done = on_terminal(fresh, "add", CERT, answer="y\n")
    assert (done.returncode, "Trust it?" in done.stdout, holds(fresh, ALICE)) == (0, True, True)
    for words in (("--yes",), ("--sha256", ROOT.sha256), ("--no-input",), ("--dry-run",)):
        done = on_terminal(fresh, "add", *words, CERT)
        assert (done.returncode, "Trust it?" in done.stdout) == (0, False), done
    assert "Trust it?" not in on_terminal(fresh, "add", CERT, CI="true").stdout
    assert "Remove 1 certificate?" in on_terminal(fresh, "remove", "--all", answer="n\n").stdout
    assert holds(fresh, ALICE)
    assert on_terminal(fresh, "remove", "--all", "--yes").returncode == 0
    assert not holds(fresh, ALICE)


def test_colour(fresh: Throwaway) -> None:
    """On a terminal or with FORCE_COLOR, and not with NO_COLOR, --no-color or a dumb one; the words are the same."""
    deliver(fresh, "alice")
    coloured = on_terminal(fresh, "stores").stdout
    assert COLOUR.search(coloured)
    plain = fresh.trustinstall("stores", user="alice").stdout
    assert COLOUR.sub("", left(coloured)) == plain
    assert "\x1b" not in plain
    for done in (
        on_terminal(fresh, "stores", NO_COLOR="1"),
        on_terminal(fresh, "stores", "--no-color"),
        on_terminal(fresh, "stores", TERM="dumb"),
    ):
        assert left(done.stdout) == plain
    assert COLOUR.search(fresh.trustinstall("add", CERT, user="alice", env={"FORCE_COLOR": "1"}).stdout)


def slow(root: Throwaway, *, seconds: float) -> None:
    """A tool that takes its time, and says when it has begun and ended."""
    quick(root)
    root.path(TOOL).rename(root.path(f"{TOOL}.real", follow=False))
    root.write(TOOL, f"#!/bin/sh\n: >/var/tmp/began\nsleep {seconds}\n{TOOL}.real\n: >/var/tmp/ended\n", mode=0o755)


def held(root: Throwaway) -> None:
    """A tool that does not end before the test has made /var/tmp/go; after a minute it does."""
    slow(root, seconds=0)
    wait = "left=600; while [ ! -e /var/tmp/go ] && [ $((left -= 1)) -gt 0 ]; do sleep 0.1; done"
    root.write(TOOL, root.read(TOOL).replace(b"sleep 0\n", f"{wait}\n".encode()), mode=0o755)


def await_tool(root: Throwaway, what: str) -> None:
    """Wait until the tool has begun, or ended."""
    end = time.monotonic() + 30
    while not root.path(f"/var/tmp/{what}").exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize(
    ("number", "times"),
    [
        (signal.SIGINT, 1),
        (signal.SIGINT, 3),
        *([(signal.SIGTERM, 1), (signal.SIGHUP, 1), (signal.SIGTERM, 3)] if FULL else []),
    ],
    ids=lambda one: getattr(one, "name", str(one)),
)
def test_an_interrupt_during_a_slow_tool(fresh: Throwaway, command: str, number: signal.Signals, times: int) -> None:
    """130, a sentence, and a state that is whole: what had begun was finished, and the ledger knows it."""
    deliver(fresh)
    before = fresh.read(DEBIAN)
    if command == "remove":
        quick(fresh)
        assert fresh.trustinstall("add", "--store", "debian", CERT).returncode == 0
    held(fresh)
    running = fresh.popen([*PROGRAM, command, "--store", "debian", CERT])
    await_tool(fresh, "began")
    for _ in range(times):
        running.send_signal(number)
        time.sleep(0.3)
    assert running.poll() is None
    fresh.write("/var/tmp/go", "")
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in errors) == (130, False), errors
    last = errors.splitlines()[-1]
    trusting = f"{int(holds(fresh, DEBIAN))} of 1 store trusts"
    when = "now" if command == "add" else "still"
    assert last.startswith(f"error: stopped; {trusting} Corp Root G2 {when}. "), errors
    assert last.endswith(f" remove {ROOT.sha256[:12]}" if holds(fresh, DEBIAN) and command == "add" else "command.")
    assert not fresh.path("/var/lib/trustinstall/private/journal").exists()
    assert fresh.path("/var/tmp/ended").exists()  # we did not leave before the tool did
    placed = [one["sha256"] for one in json.loads(fresh.read(LEDGER))["placements"]]
    assert holds(fresh, DEBIAN) == (placed == [ROOT.sha256])
    listed = [one["sha256"] for one in told(fresh.trustinstall("list", "--json"))["certificates"]]
    assert listed == placed
    fresh.path(f"{TOOL}.real").rename(fresh.path(TOOL))
    assert fresh.trustinstall("remove", "--store", "debian", CERT).returncode == 0
    assert fresh.read(DEBIAN) == before


def test_a_signal_that_the_caller_has_ignored_ends_nothing(fresh: Throwaway) -> None:
    """`nohup` before the program: the hang-up of a closed terminal stops neither a change nor the command of `run`."""
    deliver(fresh)
    held(fresh)
    running = fresh.popen(["nohup", *PROGRAM, "add", "--store", "debian", CERT])
    await_tool(fresh, "began")
    running.send_signal(signal.SIGHUP)
    fresh.write("/var/tmp/go", "")
    output, errors = running.communicate(timeout=60)
    assert (running.returncode, holds(fresh, DEBIAN)) == (0, True), output + errors
    for name in ("began", "ended", "go"):
        fresh.path(f"/var/tmp/{name}").unlink()
    running = fresh.popen(["nohup", *PROGRAM, "run", "--cert", CERT, "--", TOOL])
    await_tool(fresh, "began")
    running.send_signal(signal.SIGHUP)
    fresh.write("/var/tmp/go", "")
    output, errors = running.communicate(timeout=60)
    assert (running.returncode, fresh.path("/var/tmp/ended").exists()) == (0, True), output + errors


def test_signs_of_life(fresh: Throwaway) -> None:
    """What takes long is shown with a count on a terminal; nowhere else, and not with --quiet or --json."""
    deliver(fresh, "alice")
    slow(fresh, seconds=3)  # a busy machine draws the line of the first second late
    words = shlex.join([*PROGRAM, "add", "--store", "debian", CERT, "--yes"])
    done = fresh.run(["script", "-qec", words, "/dev/null"], env={"TERM": "xterm", "LANG": "C.UTF-8"})
    assert done.returncode == 0, done
    assert re.search(r"[\r\n]Adding … 0 of 1 \(debian, [12] s\) +[\r\n]", done.stdout), done
    fresh.write(TOOL, fresh.read(TOOL).replace(b"sleep 3\n", b"sleep 1.5\n"), mode=0o755)
    for quiet in ("--json", "--quiet", "--verbose"):
        assert fresh.trustinstall("remove", "--store", "debian", quiet, CERT).stderr == ""
        assert fresh.trustinstall("add", "--store", "debian", quiet, CERT).stderr == ""


@pytest.mark.parametrize("command", ["", "add", "remove", "list", "stores"])
def test_help_fits_a_terminal(debian: Throwaway, command: str) -> None:
    """Every command explains itself in 80 columns, without colour where there is no terminal."""
    words = [command, "--help"] if command else ["--help"]
    done = debian.trustinstall(*words, env={"COLUMNS": "80"})
    assert done.returncode == 0, done
    assert "trustinstall" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert debian.trustinstall(*words[:-1], "-h", env={"COLUMNS": "80"}).stdout == done.stdout


def test_the_readme_names_every_option(debian: Throwaway) -> None:
    """What `--help` lists without a word of help does not exist."""
    for command in ("add", "remove", "list", "stores"):
        text = debian.trustinstall(command, "--help", env={"COLUMNS": "200"}).stdout
        options = re.findall(r"^\W*(--[a-z0-9-]+)(.*)$", text, re.MULTILINE)
        assert len(options) > 5
        for name, rest in options:
            assert re.search(r"[A-Z][a-z]+ ?", rest), (command, name)


def test_env_tells_a_person_how_a_shell_takes_it_over(fresh: Throwaway) -> None:
    """On a terminal the first line is a comment with that command; a shell that evaluates the output gets none."""
    deliver(fresh)
    fresh.trustinstall("add", CERT, user="alice", check=True)
    shown = on_terminal(fresh, "env", "--shell", "bash").stdout.splitlines()
    assert shown[0] == f'# eval "$({shlex.join(PROGRAM)} env)"'
    piped = fresh.trustinstall("env", "--shell", "bash", user="alice", check=True).stdout.splitlines()
    assert piped == shown[1:]


def test_a_question_is_asked_only_where_something_would_change(fresh: Throwaway) -> None:
    """`--no-input` fails where a question is due and changes nothing; what holds already needs no answer."""
    deliver(fresh, "alice")
    before = snapshot(fresh)
    done = on_terminal(fresh, "add", "--no-input", CERT, answer="")
    assert (done.returncode, "--yes" in done.stdout) == (2, True), done
    assert snapshot(fresh) == before
    assert on_terminal(fresh, "add", "--no-input", "--yes", CERT, answer="").returncode == 0
    for words in ((), ("--no-input",)):
        again = on_terminal(fresh, "add", *words, CERT, answer="")
        assert (again.returncode, "Trust it?" in again.stdout) == (0, False), again
