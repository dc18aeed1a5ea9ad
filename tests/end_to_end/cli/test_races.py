"""Files that are swapped while root works for their owner: nothing else is touched, and others are served."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.end_to_end.cli.machine import (
    ALICE,
    BOB,
    CERT,
    FULL,
    ROOT,
    deliver,
    quick,
    snapshot,
    told,
    venv,
)
from tests.support.jks import jks
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

KEYSTORE = "lib/security/cacerts"
#: By kind: root's own, alice's and bob's.
PLACES = {
    "java": (f"/opt/jdk/{KEYSTORE}", f"/home/alice/.jdks/x/{KEYSTORE}", f"/home/bob/.jdks/x/{KEYSTORE}"),
    "certifi": ("/opt/app/lib/python3.11/site-packages/certifi/cacert.pem", ALICE, BOB),
}
#: What alice does every other moment: `name` is her file, `here` its directory, and `root` that of root's.
SWAPS = {
    "a link to root's directory": "os.chdir('..'); os.symlink(root, 'l'); swap(here, 'l')",
    "a link to root's file": "os.symlink('/etc/shadow', 'l'); swap(name, 'l')",
    "a pipe": "os.mkfifo('l'); swap(name, 'l')",
}
_SWAP = """
import os, sys
name, root = sys.argv[1:]
here = os.path.basename(os.getcwd())
def swap(one, other):
    while True:
        for pair in ((one, "x"), (other, one), (one, other), ("x", one)):
            os.rename(*pair)
"""
CASES = [(kind, swap) for kind in PLACES for swap in SWAPS]


@pytest.mark.parametrize(("kind", "swap"), CASES[:: 1 if FULL else 2])
def test_swapped_while_we_run(fresh: Throwaway, kind: str, swap: str) -> None:
    """Her process opens every file with her rights: root's and bob's are unchanged, and no other moves."""
    deliver(fresh, "alice", "bob")
    quick(fresh)
    roots, hers, his = PLACES[kind]
    venv(fresh, "/opt/app")
    for path, user in zip(PLACES["java"], ("root", "alice", "bob"), strict=True):
        fresh.write(path, jks(("other", make_root("Other Root").der)), user=user)
    before = snapshot(fresh, "/home/alice")
    directory, _, name = hers.rpartition("/")
    words = ["python3", "-c", _SWAP + SWAPS[swap], name, roots.rpartition("/")[0]]
    swapper = fresh.popen(words, user="alice", cwd=directory)
    search = ("--search", "/opt/app") if kind == "certifi" else ()
    try:
        for command in ("add", "remove") * (3 if FULL else 1):
            started = time.monotonic()
            done = fresh.trustinstall(command, "--json", "--scope", "all-users", "--store", kind, *search, CERT)
            assert time.monotonic() - started < 30
            assert told(done)["exit_code"] in {0, 3}
            assert "Traceback" not in done.stderr
            holds = [ROOT.der in fresh.read(path) or ROOT.pem in fresh.read(path) for path in (roots, his)]
            assert holds == [command == "add"] * 2
    finally:
        os.killpg(swapper.pid, signal.SIGKILL)
        swapper.communicate()
    after = snapshot(fresh, "/home/alice")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    ours = ("/var/lib", "/home/bob", roots.rpartition("/")[0])
    assert {path for path in changed if not path.startswith(ours)} <= {"/var", "/home"}
