"""Switched-off verification in documents: told, or taken out where the client does without; nothing without a word."""

from __future__ import annotations

import json
from typing import Any

from tests.end_to_end.cli.machine import ROOT
from tests.end_to_end.declared.events import results
from tests.support.throwaway import Throwaway

TRUST = "/srv/trust.toml"
GITCONFIG = "[user]\n\tname = A\n[http]\n\tsslVerify = false\n"
HERS = "/home/alice/.gitconfig"


def applied(
    root: Throwaway, wish: str, *options: str, accounts: str = '"machine"', user: str = "root"
) -> dict[str, Any]:
    """Apply a document with the company's root; the JSON report."""
    said = f'[verification]\nswitched_off = "{wish}"\n' if wish else ""
    scope = f"accounts = {accounts}\n" if user == "root" else ""
    root.write(TRUST, f"version = 1\n{said}[[certificate]]\npem = '''\n{ROOT.pem.decode()}'''\n{scope}")
    found: dict[str, Any] = json.loads(
        root.trustinstall("apply", TRUST, "--json", *options, user=user, check=True).stdout
    )
    return found


def test_a_document_has_it_told_or_taken_out(fresh: Throwaway) -> None:
    """Without a word nothing is said; told it stays, with its line; a plan changes nothing; then only the line goes."""
    fresh.write(HERS, GITCONFIG, user="alice")
    name = f"verification:{HERS}"
    assert name not in results(applied(fresh, "", accounts='"all"'))
    told = applied(fresh, "report", accounts='"all"')
    assert results(told)[name] == "foreign"
    (detail,) = (one["detail"] for one in told["stores"] if one["id"] == name)
    assert "line 4" in detail
    assert "switches verification off" in detail
    assert results(applied(fresh, "fix", "--dry-run", accounts='"all"'))[name] == "planned"
    assert fresh.read(HERS).decode() == GITCONFIG
    assert results(applied(fresh, "fix", accounts='"all"'))[name] == "removed"
    assert fresh.read(HERS).decode() == "[user]\n\tname = A\n[http]\n"
    assert fresh.path(HERS).stat().st_uid == fresh.user("alice").uid
    assert name not in results(applied(fresh, "fix", accounts='"all"'))


def test_what_cannot_be_done_without_or_is_not_meant_stays(fresh: Throwaway) -> None:
    """A document for the machine looks at no account; git keeps its line where it lacks the root in a session."""
    fresh.write(HERS, GITCONFIG, user="alice")
    found = applied(fresh, "fix", user="alice")
    assert results(found)[f"verification:{HERS}"] == "foreign"
    assert f"verification:{HERS}" not in results(applied(fresh, "fix"))
    assert fresh.read(HERS).decode() == GITCONFIG


def test_documents_that_disagree_are_a_mistake(fresh: Throwaway) -> None:
    """Two fragments that say different things change nothing; another word is a mistake with its line."""
    for name, word in (("a", "fix"), ("b", "report")):
        fresh.write(f"/srv/d/{name}.toml", f'version = 1\n[verification]\nswitched_off = "{word}"\n')
    done = fresh.trustinstall("apply", "/srv/d")
    assert (done.returncode, "b.toml:3: verification.switched_off: another document" in done.stderr) == (2, True), done
    fresh.write(TRUST, 'version = 1\n[verification]\nswitched_off = "ignore"\n')
    assert 'must be "report" or "fix"' in fresh.trustinstall("apply", TRUST).stderr
