"""A program whose files only root may read, as an installation under an umask of 077 is: it works for every account."""

from __future__ import annotations

import subprocess

from tests.end_to_end.cli.machine import CERT, FULL, deliver
from tests.support.throwaway import Throwaway

#: The program, in whose processes that have dropped root's rights no module can be loaded any more.
CLOSED = """
import os, sys
from trustinstall.__main__ import main

class Closed:
    def find_spec(self, name, path=None, target=None):
        if os.getuid():
            with open("/var/tmp/wanted", "a") as file:
                file.write(name + "\\n")
            raise ImportError(name)

sys.meta_path.insert(0, Closed())
main()
"""
ADD, REMOVE = ("add", "--yes", "--user", "alice", CERT), ("remove", "--yes", "--user", "alice", "--all")
LIST = ("list", "--user", "alice")
SHORT = (LIST, ADD, REMOVE)
LONG = (LIST, ("stores", "--user", "alice"), ADD, LIST, ("doctor",), ("repair",), REMOVE)


def closed(root: Throwaway, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    return root.run(["/opt/trustinstall/bin/python", "-I", "-c", CLOSED, *words])


def test_no_worker_loads_a_module(fresh: Throwaway) -> None:
    """Each command's processes for accounts find all that they use loaded, and answer."""
    deliver(fresh)
    fresh.run(["mkdir", "-p", "/home/alice/.pki/nssdb", "/home/alice/.mozilla/firefox"], user="alice", check=True)
    fresh.write("/home/alice/.npmrc", "fund=false\n", user="alice")
    fresh.write("/var/tmp/wanted", "", mode=0o666)
    fresh.trustinstall(
        "add", "--yes", CERT, user="alice", check=True
    )  # the machine has no root: nothing is loaded for it
    fresh.path("/opt/trustinstall").chmod(0o700)
    for words in LONG if FULL else SHORT:
        done = closed(fresh, *words)
        assert "no answer" not in done.stdout + done.stderr, (words, done.stdout, done.stderr)
        assert done.returncode in {0, 1, 3}, (words, done.stdout, done.stderr)
        assert fresh.read("/var/tmp/wanted") == b"", words
