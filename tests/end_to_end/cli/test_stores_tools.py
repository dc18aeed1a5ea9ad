"""`stores --tools`: what the table of developer tools says of this machine."""

from __future__ import annotations

import stat

from tests.end_to_end.cli.machine import CERT, deliver, holds, result, sudo, told, venv
from tests.support.throwaway import Throwaway

OWN, PIP = "/usr/local/share/trustinstall", "/etc/pip.conf"


def _tools(root: Throwaway, user: str) -> dict[str, dict[str, str]]:
    found = told(root.trustinstall("tools", "--json", user=user))
    return {one["name"]: one for one in found["tools"]}


def test_what_is_set_is_said(fresh: Throwaway) -> None:
    """A tool is shown with its file and key, and whether it is set; what follows the system needs nothing."""
    deliver(fresh)
    before = _tools(fresh, "alice")
    assert (before["npm"]["file"], before["npm"]["key"], before["npm"]["mode"]) == (
        "/home/alice/.npmrc",
        "cafile",
        "replaces",
    )
    assert (before["npm"]["state"], before["git"]["mode"]) == ("not-set", "follows")
    assert "conda" not in before
    fresh.trustinstall("add", CERT, user="alice", check=True)
    assert _tools(fresh, "alice")["npm"]["state"] == "set"
    said = fresh.trustinstall("stores", "--tools", user="alice", check=True).stdout
    assert "npm set /home/alice/.npmrc cafile" in " ".join(said.split())
    fresh.trustinstall("remove", "--all", user="alice", check=True)
    assert _tools(fresh, "alice") == before


def test_root_sees_the_machines_files(fresh: Throwaway) -> None:
    """For root a tool with a file for all accounts is shown with that."""
    assert _tools(fresh, "root")["pip"]["file"] == "/etc/pip.conf"


def test_the_machines_files_are_everybodys_to_read(fresh: Throwaway) -> None:
    """Root makes the machine's bundle, which all may read and only root may write; `remove` leaves nothing."""
    deliver(fresh)
    before = set(fresh.changes())
    fresh.trustinstall("add", CERT, check=True)
    assert fresh.read("/etc/pip.conf") == f"[global]\ncert = {OWN}/bundle.pem\n".encode()
    assert holds(fresh, f"{OWN}/bundle.pem")
    for path, mode in ((OWN, 0o755), (f"{OWN}/bundle.pem", 0o644), (f"{OWN}/anchors.pem", 0o644), (PIP, 0o644)):
        found = fresh.path(path).stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, mode), path
    assert f"{OWN}/bundle.pem" in fresh.run(["pip3", "config", "list"], user="alice").stdout
    fresh.trustinstall("remove", "--all", check=True)
    left = {path for path in set(fresh.changes()) - before if not path.startswith("/var/lib/trustinstall")}
    assert left <= {"/usr/local/share", "/var/lib"}  # times of change


def test_a_machines_place_that_others_may_write_is_not_used(fresh: Throwaway) -> None:
    """Where another account may write above the managed file, neither it nor a setting that names it is made."""
    deliver(fresh)
    fresh.run(["chown", "alice", "/usr/local/share"], check=True)
    found = told(fresh.trustinstall("add", "--json", CERT))
    assert (result(found, f"own-bundle:{OWN}/bundle.pem"), result(found, f"settings:{PIP}")) == ("failed", "failed")
    assert not fresh.path(PIP).exists()


def test_what_says_nothing_itself_follows_all_accounts(fresh: Throwaway) -> None:
    """Where sudo has done the machine, a setting of alice's that says nothing follows that, foreseen by a dry run."""
    deliver(fresh)
    wgetrc = "settings:/home/alice/.wgetrc"
    for words in (("--dry-run",), ()):
        found = told(fresh.trustinstall("add", "--json", *words, CERT, env=sudo(fresh)))
        assert (result(found, wgetrc), result(found, "settings:/home/alice/.config/pip/pip.conf")) == (
            "via-system",
        ) * 2
    assert not fresh.path("/home/alice/.wgetrc").exists()
    alone = told(fresh.trustinstall("remove", "--json", CERT, env=sudo(fresh)))
    assert alone["exit_code"] == 0
    assert result(told(fresh.trustinstall("add", "--json", CERT, user="alice")), wgetrc) == "added"


def test_an_account_sees_what_the_machine_has(fresh: Throwaway) -> None:
    """Alice's list shows the machine's settings and variables as they are, and says what she may not read."""
    deliver(fresh)
    hidden = venv(fresh, "/root/work/.venv")
    fresh.run(["chmod", "700", "/root"], check=True)
    fresh.trustinstall("add", CERT, "--search", "/root/work", check=True)
    (listed,) = told(fresh.trustinstall("list", "--json", user="alice"))["certificates"]
    states = {one["id"]: one["state"] for one in listed["stores"]}
    assert states["environment:/etc/environment"] == states[f"settings:{PIP}"] == "trusted"
    assert states[f"own-bundle:{OWN}/bundle.pem"] == "trusted"
    assert states["settings:/root/.npmrc"] == states[f"certifi:{hidden}"] == "unreadable"
    assert "gone" not in states.values()
    stores = told(fresh.trustinstall("stores", "--json", user="alice"))["stores"]
    assert not [one for one in stores if one["detail"] == "the bundle holds no certificate"]
