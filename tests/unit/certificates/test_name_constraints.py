"""Names and networks behind `--domain`: how they are read, and which words are refused."""

from __future__ import annotations

import pytest

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
