"""`--domain` on a machine where no store can keep a root to some names."""

from __future__ import annotations

from tests.end_to_end.cli.machine import ALICE, CERT, ROOT, deliver
from tests.support.throwaway import Throwaway


def test_nothing_can_do_it(fresh: Throwaway) -> None:
    """Without root no store is trusted for more than was asked, and the administrator's command asks for no more."""
    deliver(fresh, "alice")
    before = fresh.read(ALICE)
    added = fresh.trustinstall("add", CERT, "--domain", "Corp.Example", "--domain", "10.0.0.0/8", "--yes", user="alice")
    assert added.returncode == 1
    assert "No store in this scope can limit a root to certain names" in added.stdout
    assert f"add {CERT} --sha256 {ROOT.sha256} --domain 10.0.0.0/8 --domain corp.example" in added.stdout
    assert fresh.read(ALICE) == before
    assert fresh.trustinstall("add", CERT, "--domain", "*.corp.example").returncode == 2
