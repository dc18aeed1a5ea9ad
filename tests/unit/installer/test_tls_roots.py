"""The roots of a TLS client: what of a ledger counts for programs in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pki import make_root
from tests.unit.installer.test_library import lay_out
from trustinstall import Certificate, Installer, Terms
from trustinstall.installer import tls_roots
from trustinstall.state.ledger import Claim, Ledger

CORP = Certificate(make_root("Corp Root").der)
#: The terms of a claim, and whether programs in Python then trust the root.
TERMS: dict[Terms, bool] = {
    Terms(): True,
    Terms(domains=("corp.example",)): False,
    Terms(stores=("browsers",)): False,
    Terms(stores=("browsers", "python")): True,
    Terms(stores=("certifi",)): True,
    Terms(skip=("python",)): False,
    Terms(skip=("browsers",)): True,
}


@pytest.mark.parametrize("terms", TERMS, ids=lambda one: str(one.to_json()))
def test_what_a_claim_says_counts(terms: Terms) -> None:
    """A root for some names would be trusted for every name; a root for other programs is not for this one."""
    claim = Claim(CORP.sha256, "alice", "2026-01-01T00:00:00Z", terms=terms)
    found = list(tls_roots.added(Ledger({CORP.sha256: CORP}, {CORP.sha256: claim})))
    assert found == ([CORP] if TERMS[terms] else [])


@pytest.mark.parametrize(("until", "trusted"), [("2999-01-01T00:00:00Z", True), ("2001-01-01T00:00:00Z", False)])
def test_trust_that_has_ended_counts_no_more(until: str, trusted: bool, tmp_path: Path) -> None:  # noqa: FBT001  a value
    """Even while a store still holds the root, because no command has run since the end."""
    lay_out(tmp_path / "image")
    installer = Installer(sysroot=tmp_path / "image")
    installer.add(CORP, terms=Terms(until))
    assert CORP.pem in (tmp_path / "image/etc/ssl/certs/ca-certificates.crt").read_bytes()
    found = {one.sha256 for one in tls_roots.roots(installer.host)}
    assert (CORP.sha256 in found, len(found)) == (trusted, 1 + trusted)
