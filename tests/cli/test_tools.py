"""`stores --tools`: what the table of developer tools says of this machine."""

from __future__ import annotations

from tests.cli.machine import CERT, deliver, told
from tests.support.throwaway import Throwaway


def _tools(root: Throwaway, user: str) -> dict[str, dict[str, str]]:
    found = told(root.trustinstall("stores", "--tools", "--json", user=user))
    return {one["tool"]: one for one in found["tools"]}


def test_what_is_set_is_said(fresh: Throwaway) -> None:
    """A tool is shown with its file and key, and whether it is set; what follows the system needs nothing."""
    deliver(fresh)
    before = _tools(fresh, "alice")
    assert (before["npm"]["file"], before["npm"]["key"], before["npm"]["mode"]) == (
        "/home/alice/.npmrc",
        "cafile",
        "replaces",
    )
    assert (before["npm"]["state"], before["git"]["mode"]) == ("not set", "follows")
    assert "conda" not in before
    fresh.trustinstall("add", CERT, user="alice", check=True)
    assert _tools(fresh, "alice")["npm"]["state"] == "set"
    said = fresh.trustinstall("stores", "--tools", user="alice", check=True).stdout
    assert "/home/alice/.npmrc: cafile: set; real" in " ".join(said.split())
    fresh.trustinstall("remove", "--all", user="alice", check=True)
    assert _tools(fresh, "alice") == before


def test_root_sees_the_machines_files(fresh: Throwaway) -> None:
    """For root a tool with a file for all accounts is shown with that."""
    assert _tools(fresh, "root")["pip"]["file"] == "/etc/pip.conf"
