"""The agent under a real systemd: the timer waits, the path unit notices, and the hardened service does its work."""

from __future__ import annotations

import json
import time

import pytest

from tests.end_to_end.cli.machine import CERT, deliver
from tests.end_to_end.declared.events import environment, holds_root
from tests.support.booted import booted
from tests.support.throwaway import PROGRAM, Throwaway

pytestmark = pytest.mark.timeout(240)

NAME = "trustinstall-repair"


def test_systemd_runs_repair(fresh: Throwaway) -> None:
    """An upgrade and a new environment get the root by themselves, and what is installed while it runs starts."""
    deliver(fresh, "alice")
    environment(fresh, "/home/alice/app", "alice")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    with booted(fresh) as system:
        done = system.run(*PROGRAM, "agent", "install")
        assert done.returncode == 0, done
        assert "systemd runs it each hour" in done.stdout
        assert f"{NAME}.timer" in system.run("systemctl", "list-timers", "--no-pager").stdout
        hers = environment(fresh, "/home/alice/app", "alice")
        assert not holds_root(fresh, hers)
        assert system.run("systemctl", "start", f"{NAME}.service").returncode == 0
        assert holds_root(fresh, hers)
        said = json.loads(system.run(*PROGRAM, "agent", "status", "--json").stdout)
        assert (said["active"], said["last_change"]["command"]) == (True, "repair"), said
        assert said["next_run"], said
        # The path unit watches /opt, where an environment appears.
        new = environment(fresh, "/opt/new")
        system.run("sh", "-c", "mkdir /opt/noticed")
        deadline = time.monotonic() + 30
        while not holds_root(fresh, new) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert holds_root(fresh, new)
        assert system.run(*PROGRAM, "agent", "remove").returncode == 0
        left = system.run("systemctl", "list-units", "--all", "--no-pager").stdout
        assert not {f"{NAME}.timer", f"{NAME}.path"} & set(left.split())  # a service that runs ends by itself
