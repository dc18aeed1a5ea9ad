"""Probes of several servers run at the same time, keep the given order, and end with Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

from tests.support.pki import make_root
from tests.support.tls import Server
from tests.unit.doctor.peers import answering
from trustinstall.doctor import looks
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.doctor.probe import Seen
from trustinstall.doctor.target import Target

LEAF = make_root("Corp Root").issue("localhost")


def test_the_waiting_times_of_servers_do_not_add_up() -> None:
    """Seven silent servers take the time of one; the eighth is probed, and the results are in the given order."""
    over = threading.Event()
    with ExitStack() as stack:
        silent = [stack.enter_context(answering(lambda _: (over.wait(10), None)[1])) for _ in range(7)]
        server = stack.enter_context(Server(LEAF))
        wanted = [(Target("127.0.0.1", port), None) for port in silent]
        begun = time.monotonic()
        found = looks.look([*wanted[:3], (Target("localhost", server.port), None), *wanted[3:]], 1.0)
        took = time.monotonic() - begun
        over.set()
    assert isinstance(seen := found.pop(3), Seen)
    assert seen.chain[0] == LEAF.der
    assert all(isinstance(one, ProbeFailed) and "does not answer in time" in str(one) for one in found)
    assert took < 2.5


def test_a_server_whose_turn_does_not_come_is_named() -> None:
    """If eight silent servers take all the time, the ninth is reported as not probed."""
    over = threading.Event()
    with ExitStack() as stack:
        silent = [stack.enter_context(answering(lambda _: (over.wait(10), None)[1])) for _ in range(8)]
        found = looks.look([(Target("127.0.0.1", port), None) for port in (*silent, 9)], 0.5)
        over.set()
    assert [one.layer for one in found if isinstance(one, ProbeFailed)] == [Layer.TLS] * 8 + [Layer.NOT_LOOKED]
    assert "name fewer at once" in str(found[-1])


_WAITING = """
import sys
from trustinstall.doctor import looks
from trustinstall.doctor.target import Target
print("ready", flush=True)
looks.look([(Target("127.0.0.1", int(port)), None) for port in sys.argv[1:]])
"""


def test_ctrl_c_ends_the_looks_at_once() -> None:
    """A process that waits for silent servers ends with the signal, and not after their time."""
    over, reached = threading.Event(), threading.Barrier(3)
    with ExitStack() as stack:
        for_signal = [
            stack.enter_context(answering(lambda _: (reached.wait(20), over.wait(20), None)[2])) for _ in range(2)
        ]
        words = (sys.executable, "-c", _WAITING, *map(str, for_signal))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            reached.wait(20)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(10)
            took = time.monotonic() - begun
        over.set()
    assert (process.returncode, took < 3) == (-signal.SIGINT, True)
