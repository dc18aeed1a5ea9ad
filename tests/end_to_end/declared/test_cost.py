"""What `repair` costs where nothing is to do."""

from __future__ import annotations

import time

from tests.end_to_end.cli.machine import CERT, FULL, deliver
from tests.end_to_end.declared.events import environment, repaired
from tests.support.throwaway import Throwaway


def test_nothing_to_do_costs_at_most_twice_list(fresh: Throwaway) -> None:
    """On a machine with many stores and directories (a hundred and some thousand), by the best runs, side by side."""
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
            began = time.monotonic()
            fresh.trustinstall(command, check=True)
            least[command] = min(known, time.monotonic() - began)
    assert least["repair"] <= 2 * least["list"], least
