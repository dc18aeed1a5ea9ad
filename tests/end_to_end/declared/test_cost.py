"""What `repair` costs where nothing is to do."""

from __future__ import annotations

import resource

from tests.end_to_end.cli.machine import CERT, FULL, deliver
from tests.end_to_end.declared.events import environment, repaired
from tests.support.throwaway import PROGRAM, Throwaway


def _seconds(root: Throwaway, command: str) -> float:
    """Return the processor time of a command and all of its processes, which a busy machine hardly changes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    root.run([*PROGRAM, command], check=True)  # a process of this one's, and with its imports
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_nothing_to_do_costs_at_most_twice_list(fresh: Throwaway) -> None:
    """On a machine with many stores and directories (a hundred, some thousand), by the best processor times."""
    deliver(fresh)
    for number in range(100 if FULL else 30):
        environment(fresh, f"/opt/app{number}")
    tree = (
        f"mkdir -p /opt/tree; cd /opt/tree; for i in $(seq {1000 if FULL else 300}); do mkdir -p $i/a; : >$i/a/x; done"
    )
    fresh.run(["sh", "-c", tree], check=True)
    fresh.trustinstall("add", CERT, check=True)
    assert repaired(fresh)["stores"] == []
    least = {"list": float("inf"), "repair": float("inf")}
    for _ in range(5 if FULL else 3):
        for command, known in least.items():
            least[command] = min(known, _seconds(fresh, command))
    assert least["repair"] <= 2 * least["list"], least
