"""`add --profile-out`: a profile for Macs, from any machine, and nothing else is changed."""

from __future__ import annotations

import pytest

from tests.end_to_end.cli.machine import CERT, OTHER, ROOT, deliver, snapshot, told
from tests.support.changes import Entry
from tests.support.throwaway import PROGRAM, Throwaway
from trustinstall.certificates.certificate import Certificate
from trustinstall.exports import mobileconfig

FILE = "/home/alice/corp.mobileconfig"
CORP, SECOND = Certificate(ROOT.der), Certificate(OTHER.der)


def test_it_is_written_and_nothing_else(fresh: Throwaway) -> None:
    """A new file that every account may read; written again, it is left as it is."""
    deliver(fresh)
    fresh.freeze()
    words = ["add", "--profile-out", FILE, CERT]
    done = fresh.trustinstall(*words, user="alice", check=True)
    assert f"Wrote the profile {FILE}" in done.stdout
    assert "No store was changed." in done.stdout
    changes = snapshot(fresh)
    assert set(changes) <= {FILE, "/home/alice"}
    entry = changes[FILE]
    assert isinstance(entry, Entry)
    assert (entry.mode & 0o777, fresh.read(FILE)) == (0o644, mobileconfig.make([CORP]))
    assert f"= {FILE} is the same already" in fresh.trustinstall(*words, user="alice", check=True).stdout
    assert snapshot(fresh) == changes


def test_json_says_the_same(fresh: Throwaway) -> None:
    """The report of `add`, without any store, and the file's name."""
    deliver(fresh)
    for expected in (True, False):
        done = fresh.trustinstall("add", "--json", "--profile-out", FILE, CERT, user="alice", check=True)
        said = told(done)
        assert (said["ok"], said["changed"], said["profile"], said["stores"]) == (True, expected, FILE, [])
        assert [one["sha256"] for one in said["certificates"]] == [CORP.sha256]


def test_standard_output_is_the_profile_alone(fresh: Throwaway) -> None:
    """For a pipe: not a word beside it."""
    deliver(fresh)
    done = fresh.trustinstall("add", "--profile-out", "-", CERT, user="alice", check=True)
    assert done.stdout.encode() == mobileconfig.make([CORP])


def test_a_dry_run_writes_nothing(fresh: Throwaway) -> None:
    """It says what it would do."""
    deliver(fresh)
    done = fresh.trustinstall("add", "--dry-run", "--profile-out", FILE, CERT, user="alice", check=True)
    assert "would be written" in done.stdout
    assert not fresh.path(FILE).exists()


def test_a_profile_of_ours_is_replaced(fresh: Throwaway) -> None:
    """The company's next root, in the same file."""
    deliver(fresh)
    fresh.write(FILE, mobileconfig.make([SECOND]), user="alice")
    fresh.trustinstall("add", "--profile-out", FILE, CERT, user="alice", check=True)
    assert fresh.read(FILE) == mobileconfig.make([CORP])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["--profile-out", CERT], 2, "no profile that trustinstall has written", id="another file"),
        pytest.param(["--profile-out", "/home/alice"], 2, "name a new file", id="a directory"),
        pytest.param(["--profile-out", "/root.mobileconfig"], 1, "cannot write", id="no rights"),
        pytest.param(["--profile-out", "-", "--json"], 2, "the profile or the report", id="both on standard output"),
        pytest.param(["--profile-out", FILE, "--store", "debian"], 2, "changes no store", id="a store"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(debian: Throwaway, words: list[str], code: int, said: str) -> None:
    """And nothing is changed."""
    deliver(debian)
    debian.freeze()
    before = snapshot(debian)
    done = debian.run([*PROGRAM, "add", *words, CERT], user="alice")
    assert (done.returncode, snapshot(debian)) == (code, before)
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
