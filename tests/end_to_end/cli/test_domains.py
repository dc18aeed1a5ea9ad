"""What may be written behind `--domain`, and what becomes of a machine where nothing can do it."""

from __future__ import annotations

import pytest

from tests.end_to_end.cli.machine import ALICE, CERT, deliver
from tests.support.throwaway import Throwaway
from trustinstall.certificates.name_constraints import names, networks, parse
from trustinstall.errors import UsageProblem


def test_what_is_taken() -> None:
    """Names in any case and script, networks of both kinds, single addresses; each once."""
    words = ("Corp.Example.", "corp.example", "bücher.example", "10.0.0.0/8", "2001:db8::/32", "192.0.2.1")
    assert parse(words) == (
        "10.0.0.0/8",
        "192.0.2.1/32",
        "2001:db8::/32",
        "corp.example",
        "xn--bcher-kva.example",
    )
    assert networks(parse(words)) == ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]
    assert names(parse(words)) == ["corp.example", "xn--bcher-kva.example"]


@pytest.mark.parametrize(
    "word",
    ["", ".", "*.corp.example", "-x.example", "a..b", "10.0.0.1/8", "10.0.0", "10.0.0.0/40", "x/8", "::g"],
)
def test_what_is_refused(word: str) -> None:
    """Wildcards, networks with addresses in them, and what is no name: the error shows how to write it."""
    with pytest.raises(UsageProblem, match="write it as"):
        parse((word,))


def test_nothing_can_do_it(fresh: Throwaway) -> None:
    """Without root no store is trusted for more than was asked, and the administrator's command asks for no more."""
    deliver(fresh, "alice")
    before = fresh.read(ALICE)
    added = fresh.trustinstall("add", CERT, "--domain", "Corp.Example", "--domain", "10.0.0.0/8", "--yes", user="alice")
    assert added.returncode == 1
    assert "No store in this scope can keep a root to some names." in added.stdout
    assert f"add {CERT} --domain 10.0.0.0/8 --domain corp.example" in added.stdout
    assert fresh.read(ALICE) == before
    assert fresh.trustinstall("add", CERT, "--domain", "*.corp.example").returncode == 2
