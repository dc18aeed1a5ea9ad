"""Bad input: exit code 4, one sentence, bounded time and memory, and not one byte changed on the whole machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.pki import Root, make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.unit.certificates.test_other_formats import CASES
from tests.unit.certificates.test_refused_inputs import BAD
from tests.unit.certificates.test_vetting import POLICY, SPECIAL, STRUCTURAL

PLACE = "/tmp/input"
MEMORY = 1024 * 1024  # KiB of address space
ROOT = make_root("Corp Root G2")


def odd(changes: dict[str, Any]) -> bytes:
    """A root that is not as it should be."""
    return make_root("Odd", **changes).pem


def special(make: Callable[[], Root]) -> bytes:
    """A root that takes more than an argument to make."""
    return make().pem


FILES: dict[str, Callable[[], bytes]] = {
    **{f"read: {case}": make for case, (make, _) in BAD.items()},
    **{f"other: {case}": make for case, (make, _) in CASES.items()},
    **{f"vet: {case}": partial(odd, changes) for case, (changes, _) in (STRUCTURAL | POLICY).items()},
    **{f"vet: {case}": partial(special, make) for case, make in SPECIAL.items()},
}


def refused(root: Throwaway, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    """Run `add` on bad input, within bounds; the whole machine must be as it was, times of change included."""
    before = root.changes(mtimes=True)
    bounded = ("sh", "-c", f'ulimit -v {MEMORY}; exec "$@"', "sh", *PROGRAM, "add", *arguments)
    done = root.run(bounded, input=stdin, timeout=30)
    assert root.changes(mtimes=True) == before
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_changes_nothing(debian: Throwaway, case: str) -> None:
    """Every refusal of reading and vetting, through the command line."""
    debian.write(f"{PLACE}/corp.crt", FILES[case]())
    done = refused(debian, f"{PLACE}/corp.crt")
    assert (done.returncode, done.stdout) == (4, ""), done
    sentence = done.stderr.strip()
    assert sentence.startswith("error: ")
    assert "\n" not in sentence
    judged = case.startswith("vet: ") or "strict parsers" in sentence or "OpenSSL cannot load" in sentence
    assert ("no option lifts this" in sentence or "--allow-" in sentence) == judged


@pytest.mark.parametrize(
    "case", ["missing", "fifo", "device", "link to a fifo", "directory with nothing", "loop", "dangling link"]
)
def test_what_is_no_file_is_refused_at_once(debian: Throwaway, case: str) -> None:
    """Nothing blocks, and nothing endless is read."""
    folder = debian.path(debian.write(f"{PLACE}/{case.replace(' ', '-')}/x", b"")).parent
    links = {"device": "/dev/zero", "link to a fifo": "fifo", "loop": "corp.crt", "dangling link": "/nowhere"}
    if "fifo" in case:
        os.mkfifo(folder / case.removeprefix("link to a ").replace("fifo", "fifo" if "link" in case else "corp.crt"))
    if case in links:
        (folder / "corp.crt").symlink_to(links[case])
    elif case == "directory with nothing":
        (folder / "corp.crt").mkdir()
    done = refused(debian, f"{PLACE}/{folder.name}/corp.crt")
    assert done.returncode == (2 if case in {"missing", "dangling link"} else 4), done
    assert done.stderr.count("\n") == 1


def test_standard_input(debian: Throwaway) -> None:
    """A key on standard input is refused and not shown; nothing at all is refused, too."""
    done = refused(debian, "-", stdin=ROOT.pem + ROOT.key_pem)
    assert (done.returncode, done.stdout) == (4, "")
    assert ROOT.key_pem.splitlines()[1].decode()[:20] not in done.stderr
    assert refused(debian, "-", stdin=b"").returncode == 4


def test_one_bad_file_among_good_ones_refuses_all(debian: Throwaway) -> None:
    """Everything is read before anything is touched."""
    debian.write(f"{PLACE}/good.crt", ROOT.pem)
    debian.write(f"{PLACE}/bad.crt", b"nothing")
    assert refused(debian, f"{PLACE}/good.crt", f"{PLACE}/bad.crt").returncode == 4


def test_another_fingerprint(debian: Throwaway) -> None:
    """--sha256 that names another certificate refuses, and says so in JSON, too."""
    debian.write(f"{PLACE}/good.crt", ROOT.pem)
    done = refused(debian, "--json", "--sha256", "ab" * 32, f"{PLACE}/good.crt")
    report = json.loads(done.stdout)
    assert (done.returncode, report["error"]["code"], report["changed"]) == (4, "certificate-refused", False)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--store", "nonsense", "GOOD"),
        ("--scope", "galaxy", "GOOD"),
        ("--user", "mallory", "GOOD"),
        ("--search", "/nonexistent", "GOOD"),
        ("--sha256", "zz", "GOOD"),
        ("--no-such-option", "GOOD"),
    ],
    ids=lambda words: " ".join(words) or "nothing",
)
def test_wrong_usage(debian: Throwaway, arguments: tuple[str, ...]) -> None:
    """Exit code 2, a sentence, and nothing changed."""
    debian.write(f"{PLACE}/good.crt", ROOT.pem)
    words = [f"{PLACE}/good.crt" if word == "GOOD" else word for word in arguments]
    done = refused(debian, *words)
    assert done.returncode == 2, done
    assert done.stderr
