"""The page about the library: each of its examples runs as it is printed, in a throw-away Debian."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

CORP = make_root("Corp Root")
_PAGE = Path(__file__).parents[3] / "docs/reference/library.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def block(first: str) -> str:
    """The example that begins with a line, with the fingerprint of the test's own root."""
    found = [text for text in _BLOCK.findall(_PAGE.read_text()) if text.startswith(first)]
    assert len(found) == 1
    return _FINGERPRINT.sub(CORP.sha256, found[0])


def test_the_first_example_adds_and_removes(fresh: Throwaway) -> None:
    """It says how many stores would change, changes them, finds them complete, and leaves its records alone behind."""
    fresh.write("/srv/corp.crt", CORP.pem)
    fresh.write("/srv/example.py", block("from trustinstall import Installer, TrustInstallError"))
    before = fresh.changes()
    done = fresh.run([*PROGRAM[:2], "example.py"], cwd="/srv", check=True)
    planned, verdict = done.stdout.splitlines()
    number, of = re.findall(r"\d+", planned)
    assert (0 < int(number) <= int(of), verdict, done.stderr) == (True, "True True 2", "")
    assert {path for path in fresh.changes() if not path.startswith("/var/lib/trustinstall")} == set(before)


def test_its_error_is_a_stable_word_and_a_sentence(fresh: Throwaway) -> None:
    """A file of another fingerprint is refused before anything is looked at."""
    fresh.write("/srv/corp.crt", make_root("Another Root").pem)
    fresh.write("/srv/example.py", block("from trustinstall import Installer, TrustInstallError"))
    done = fresh.run([*PROGRAM[:2], "example.py"], cwd="/srv")
    assert (done.returncode, done.stderr.startswith("certificate-refused: corp.crt: Another Root")) == (1, True)
