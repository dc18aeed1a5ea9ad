"""Work as another account, whose process may be unable to read the program's files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trustinstall.host import Account, ActingHost
from trustinstall.installer import acting
from trustinstall.state.ledger import UNKNOWN_UID, Covered

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[3]))

#: Prints what functions import at their first use, and what `answer_of` has not loaded before it forks.
LEFT = """
import ast, importlib.util, sys
from importlib import import_module
from trustinstall.installer import acting

# of other systems: the catalogue and the worker load those of their own before a process is another account
ELSEWHERE = ("msvcrt", "winreg", "trustinstall.host.darwin", "trustinstall.host.freebsd",
             "trustinstall.host.windows.", "trustinstall_platforms.bsd.",
             "trustinstall_platforms.macos.")

class Host:
    def as_account(self, *_): return b""

for name in ("agent.accounts", "catalog", "declared.proxies", "declared.repair", "installer.changing",
             "installer.diagnosis", "installer.health", "installer.installer"):
    import_module(f"trustinstall.{name}")
acting.answer_of(Host(), None, None, None)
import_module("trustinstall.host.worker").load_modules()
loaded = set(sys.modules)

def is_module(name):
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):
        return False

def targets(node):
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    inner = [f"{node.module}.{one.name}" for one in node.names]
    return [one if is_module(one) else node.module for one in inner]

for name in sorted(one for one in loaded if one.startswith("trustinstall")):
    tree = ast.parse(open(sys.modules[name].__file__).read())
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for target in targets(node):
                    if target not in loaded and not target.startswith(ELSEWHERE):
                        print(f"{name}.{function.name} imports {target}")
"""


def test_all_that_a_job_may_import_is_loaded_before_its_process_is_another_account() -> None:
    """A function of a loaded module imports only loaded modules: an installation of root's has the mode 0700."""
    path = os.pathsep.join([str(CHECKOUT / "platforms"), str(CHECKOUT)])
    done = subprocess.run(
        [sys.executable, "-c", LEFT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_every_command_works_as_an_account_by_that_function() -> None:
    """Only `acting` and the host's own module call the worker."""
    sources = [*(CHECKOUT / "trustinstall").rglob("*.py"), *(CHECKOUT / "platforms").rglob("*.py")]
    callers = {one.relative_to(CHECKOUT).as_posix() for one in sources if ".as_account(" in one.read_text("utf-8")}
    assert callers == {"trustinstall/host/acting.py", "trustinstall/installer/acting.py"}


def _have_only(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Give every host one account."""

    def by_uid(_self: object, uid: int) -> Account | None:
        return account if uid == account.uid else None

    def by_name(_self: object, name: str) -> Account | None:
        return account if name == account.name else None

    monkeypatch.setattr(ActingHost, "account_of", by_uid)
    monkeypatch.setattr(ActingHost, "account_named", by_name)


@pytest.mark.parametrize(
    ("covered", "found"),
    [
        (Covered("renamed", 1001), "alice"),
        (Covered("alice", 1234), "alice"),
        (Covered("alice", UNKNOWN_UID), "alice"),
        (Covered("gone", 1234), ""),
    ],
    ids=["renamed", "made anew", "of an old ledger", "gone"],
)
def test_the_account_of_a_record(monkeypatch: pytest.MonkeyPatch, covered: Covered, found: str) -> None:
    """It is known by its uid, or else by its name."""
    alice = Account(1001, 1001, "alice", "/home/alice")
    _have_only(monkeypatch, alice)
    account = acting.covered_account(ActingHost("linux", "/", {}, alice), covered)
    assert (account.name if account else "") == found


@pytest.mark.parametrize(("state", "found"), [("own", True), ("another's", False), ("none", False)])
@pytest.mark.parametrize("changed", ["name", "uid"])
def test_an_account_that_was_made_anew_is_another_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str, state: str, *, found: bool
) -> None:
    """A name or a uid can be used again: an account that was renamed, or got another uid, has the state in its home."""
    uid = os.geteuid() or 1000
    alice = Account(uid if state != "another's" else uid + 1, os.getegid(), "alice", "/home/alice")
    place = tmp_path / "home/alice" / ("" if state == "none" else ".local/state/trustinstall")
    place.mkdir(parents=True)
    os.chown(place, uid, -1)
    covered = Covered("other", alice.uid) if changed == "name" else Covered("alice", 4321)
    _have_only(monkeypatch, alice)
    host = ActingHost("linux", str(tmp_path), {}, alice)
    assert (acting.covered_account(host, covered) == alice) == found
    beside = [covered, Covered(alice.name, alice.uid)]
    assert acting.covered_account(host, covered, beside) is None
    assert acting.covered_account(host, beside[1], beside) == alice
