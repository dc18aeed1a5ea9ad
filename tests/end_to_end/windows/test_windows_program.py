"""The program on Windows, under Wine: stores, the Task Scheduler, the event log, programs that must be restarted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import PureWindowsPath

import pytest

from tests.support.pki import make_root
from tests.support.prefix import PYTHON
from tests.support.wine import Windows

pytestmark = pytest.mark.timeout(600)

BUNDLE = r"C:\Python311\Lib\site-packages\pip\_vendor\certifi\cacert.pem"


@pytest.fixture
def windows() -> Iterator[Windows]:
    """A Windows as it was made."""
    with Windows() as windows:
        yield windows


def test_a_bundle_is_as_before_when_all_is_over(windows: Windows) -> None:
    """Add and remove by the command line: every byte, and no managed file beside it."""
    path = windows.write(r"C:\corp.pem", make_root().pem)
    before, names = windows.read(BUNDLE), sorted(each.name for each in windows.path(BUNDLE).parent.iterdir())
    mode = windows.path(BUNDLE).stat().st_mode
    added = windows.trustinstall("add", "--store", "certifi", path)
    assert added.returncode == 0, added
    assert windows.read(BUNDLE) != before
    assert windows.path(BUNDLE).stat().st_mode == mode
    assert "1 of 1" in windows.trustinstall("list").stdout
    removed = windows.trustinstall("remove", "--all", "--yes", "--store", "certifi")
    assert removed.returncode == 0, removed
    assert windows.read(BUNDLE) == before
    assert sorted(each.name for each in windows.path(BUNDLE).parent.iterdir()) == names


@pytest.mark.parametrize("elevated", [True, False])
def test_the_task_scheduler_takes_the_agent(windows: Windows, *, elevated: bool) -> None:
    """Wine's own schtasks registers the task from its XML, twice as well, and takes it out; the status says so."""
    tasks = windows.path(r"C:\windows\system32\tasks")
    for changed in (True, False):
        done = windows.trustinstall("agent", "install", "--json", elevated=elevated, check=True)
        said = json.loads(done.stdout)
        assert (said["kind"], said["installed"], said["changed"]) == ("task-scheduler", True, changed)
        assert [one.name for one in tasks.rglob("*")] == ["trustinstall repair"]
    assert "task scheduler runs it each hour" in windows.trustinstall("agent", "status", elevated=elevated).stdout
    windows.trustinstall("agent", "remove", elevated=elevated, check=True)
    assert [*tasks.rglob("*")] == []
    assert not json.loads(windows.trustinstall("agent", "status", "--json", elevated=elevated).stdout)["files"]


@pytest.mark.parametrize("elevated", [True, False])
def test_windows_event_log_has_each_change(windows: Windows, *, elevated: bool) -> None:
    """Windows' library gets each line of the audit log, without rights, too; no source is left in the registry."""
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog"
    before = windows.registry(key)
    path = windows.write(r"C:\input\corp.crt", make_root("Corp Root").pem)
    seen = {"WINEDEBUG": "-all,trace+eventlog"}  # Wine keeps no events: it only prints what its library is handed
    words = ("--store", "windows" if elevated else "windows-user", path)
    added = windows.trustinstall("add", *words, env=seen, elevated=elevated, check=True)
    again = windows.trustinstall("add", *words, env=seen, elevated=elevated, check=True)
    handed = [line for line in added.stderr.splitlines() if "ReportEventW" in line]
    assert "add Corp Root in " in handed[0]
    assert "uid" in handed[1]
    assert (len(handed), "ReportEventW" in again.stderr) == (2, False)
    assert windows.registry(key) == before


def test_environments_are_named_as_windows_names_them(windows: Windows) -> None:
    """By an interpreter, by a directory with backslashes, in any case of letters."""
    bundle = r"C:\Work\App\Lib\site-packages\certifi\cacert.pem"
    windows.write(bundle, windows.read(BUNDLE))
    windows.write(r"C:\Work\App\pyvenv.cfg", "home = C:\\Python311\n")
    windows.write(r"C:\Work\App\Scripts\python.exe", b"MZ")
    for words in (
        ["--search", r"c:\work\APP"],
        ["--search", r"C:\Work\App\Scripts\python.exe"],
        ["--search", "C:/Work"],
    ):
        stores = json.loads(windows.trustinstall("stores", "--json", *words, check=True).stdout)["stores"]
        assert "certifi:C:/Work/App/Lib/site-packages/certifi/cacert.pem" in {one["id"] for one in stores}, words
    words = ["--search", r"C:\Work", "--store", r"certifi:C:\Work\App"]
    path = windows.write(r"C:\corp.pem", make_root().pem)
    done = windows.trustinstall("add", "--dry-run", "--json", *words, path)
    assert [one["result"] for one in json.loads(done.stdout)["stores"]] == ["planned"], done


def test_the_companys_root_comes_out_of_the_machines_store(windows: Windows) -> None:
    """For an account without a file of it; a root where Windows Update puts its roots is not the company's."""
    company, fetched = (make_root(f"Harvest {name}") for name in ("Corp", "Update"))
    for store, root in (("Root", company), ("AuthRoot", fetched)):
        windows.certutil("-f", "-addstore", store, windows.write(r"C:\corp.pem", root.pem), check=True)
    (there,) = windows.registry(r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\Certificates")
    assert hashlib.sha1(fetched.der, usedforsecurity=False).hexdigest().upper() in there
    offered = windows.trustinstall("add", "--from", "system", "--match", "harvest", "--dry-run", check=True).stdout
    assert (company.sha256 in offered, fetched.sha256 in offered) == (True, False)
    done = windows.trustinstall("add", "--from", "system", "--sha256", company.sha256, "--json", check=True)
    assert {one["id"].partition(":")[0]: one["result"] for one in json.loads(done.stdout)["stores"]} == {
        "windows": "present",
        "certifi": "added",
        "own-bundle": "added",
        "environment": "added",
    }
    assert company.pem.strip() in windows.read(BUNDLE).replace(b"\r", b"")
    assert windows.trustinstall("remove", company.sha256).returncode == 0
    assert company.sha256 in windows.roots()


def test_who_must_be_restarted_is_told(windows: Windows) -> None:
    """A program that has read the machine's roots when it started, while it runs."""
    path = windows.write(r"C:\corp.pem", make_root().pem)
    program = windows.write(rf"{PureWindowsPath(PYTHON).parent}\Docker Desktop.exe", windows.read(PYTHON))
    words = ["--store", "windows", "--json", path]
    with windows.popen([program, "-I", "-c", "import time; print('ready', flush=True); time.sleep(600)"]) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            added = json.loads(windows.trustinstall("add", *words, check=True).stdout)
        finally:
            running.kill()
    assert added["restart_needed"] == ["Docker Desktop"]
    assert json.loads(windows.trustinstall("remove", *words, check=True).stdout)["restart_needed"] == []


def test_a_removal_that_fails_afterwards_is_undone(windows: Windows) -> None:
    """Certutil deletes another author's root and says that it failed: the root is there again, and that is told."""
    root = make_root()
    windows.certutil("-addstore", "Root", windows.write(r"C:\corp.pem", root.pem), check=True)
    windows.behave(change="late")
    done = windows.trustinstall("remove", "--not-ours", "--sha256", root.sha256, "--store", "windows", "--json")
    (store,) = json.loads(done.stdout)["stores"]
    assert (done.returncode, store["result"], root.sha256 in windows.roots()) == (1, "failed", True), store
    assert "certutil.exe failed with status 0x80004005" in store["detail"]
    windows.behave()
    assert windows.trustinstall("remove", "--not-ours", "--sha256", root.sha256, "--store", "windows").returncode == 0
    assert root.sha256 not in windows.roots()
