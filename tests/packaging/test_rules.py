"""The rules of the house that no single test of the program would notice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[2]))
RULES = "tests/packaging/test_rules.py"
RUFF = Path(sys.executable).parent / "ruff"

REACHES_OUT = {
    "opens a file": "open('x')",
    "opens a file by its module": "import io\nio.open('x')",
    "opens a file by its path": "import pathlib\npathlib.Path('x').read_text()",
    "opens a file by its path's name": "from pathlib import Path\nPath('x').write_text('')",
    "runs a process": "import subprocess\nsubprocess.run(['x'])",
    "runs a shell": "from os import system\nsystem('x')",
    "reads the environment": "import os\nos.environ",
    "reads one variable": "from os import getenv\ngetenv('x')",
    "reads the clock": "import time\ntime.time()",
    "reads the date": "import datetime\ndatetime.datetime.now(datetime.timezone.utc)",
    "makes a file": "import tempfile\ntempfile.mkstemp()",
    "removes a tree": "import shutil\nshutil.rmtree('x')",
    "opens a socket": "import socket\nsocket.socket()",
    "asks which system this is": "import sys\nsys.platform",
    "asks who runs it": "import getpass\ngetpass.getuser()",
}


@pytest.mark.parametrize("where", ["trustinstall/stores/plan.py", "platforms/trustinstall_platforms/linux/debian.py"])
@pytest.mark.parametrize("code", REACHES_OUT.values(), ids=REACHES_OUT)
def test_only_the_host_reaches_the_operating_system(where: str, code: str) -> None:
    """The linter refuses code that goes past the host, in the tool and in the backends."""
    assert banned(where, code)


@pytest.mark.parametrize("code", REACHES_OUT.values(), ids=REACHES_OUT)
def test_the_host_may_reach_it(code: str) -> None:
    """The same is allowed in the one room that is there for it."""
    assert not banned("trustinstall/host/files.py", code)


def banned(where: str, code: str) -> bool:
    """Whether the linter refuses this code at this place."""
    command = [str(RUFF), "check", "--no-cache", "--select", "TID251,PTH123", "--stdin-filename", where, "-"]
    return subprocess.run(command, cwd=CHECKOUT, input=code.encode(), capture_output=True, check=False).returncode == 1


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
import concurrent.futures, ctypes, cryptography.x509, distro, logging, multiprocessing, os, pathlib, platformdirs
import random, shutil, signal, ssl, subprocess, tempfile, threading, typer, rich.console, urllib.request
system, missing = sys.argv[1], sys.argv[2].split()
for name in missing:
    sys.modules[name] = None
sys.platform = system
import trustinstall, trustinstall_platforms
for package in (trustinstall, trustinstall_platforms):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(len([name for name in sys.modules if name.startswith("trustinstall")]))
"""


@pytest.mark.parametrize(
    ("system", "missing"),
    [
        pytest.param("linux", "winreg msvcrt", id="linux"),
        pytest.param("darwin", "winreg msvcrt", id="darwin"),
        pytest.param("win32", "fcntl grp pwd resource termios tty pty spwd syslog", id="win32"),
        pytest.param("freebsd14", "winreg msvcrt spwd", id="freebsd"),
    ],
)
def test_every_module_imports_on_every_operating_system(system: str, missing: str, tmp_path: Path) -> None:
    """No module needs, at import, what another system's Python does not have; nor does one warn."""
    path = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-W", "error", "-c", IMPORT_EVERYTHING, system, missing]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": path}, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_a_start_imports_what_this_system_needs() -> None:
    """Code for other systems, TLS, certificates, plans and changes is imported only by what needs it."""
    code = "import sys, trustinstall.cli.list, trustinstall.installer.installer; print(*sys.modules)"
    path = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert "trustinstall_platforms.linux.debian" in loaded
    elsewhere = {"trustinstall_platforms.macos.keychain", "trustinstall_platforms.bsd.freebsd"}
    plans = {f"trustinstall_platforms.linux.{one}_plan" for one in ("debian", "anchor_directory")}
    plans |= {f"trustinstall_platforms.browsers.{one}_policy_plan" for one in ("chromium", "firefox")}
    plans |= {f"trustinstall_platforms.linux.{one}" for one in ("concatenated", "link_changes")}
    plans |= {f"trustinstall_platforms.{one}" for one in ("programs.android_reach", "containers.reach")}
    acts = {f"trustinstall.host.{one}" for one in ("replacing", "process", "worker", "darwin")}
    formats = {"trustinstall.editing.json_document", "trustinstall_platforms.tools.effective.yaml_tree"}
    others = {"ssl", "ctypes", "cryptography", "distro", "logging", "argparse", "rich", "urllib.request"}
    assert not loaded & {*elsewhere, *plans, *acts, *formats, *others}


@pytest.mark.parametrize("name", ["build.txt", "dev.txt", "runtime.txt"])
def test_locked_requirements_are_hashed_and_name_no_index(name: str) -> None:
    """Each requirement is pinned with hashes; where it comes from is the machine owner's choice."""
    text = (CHECKOUT / "requirements" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9._-]+(\[\w+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", line)
    assert not re.search(r"https?:|file:|--index|--extra|--find-links|/home/|/root/", text)


def test_no_path_of_a_developers_machine_is_in_the_tree() -> None:
    """Nothing that is committed names the directory it was written in."""
    private = re.compile(re.escape(str(CHECKOUT)).encode() + rb"\b")
    written = [
        path
        for directory, _, names in os.walk(CHECKOUT)
        for path in (Path(directory, name) for name in names)
        if not re.search(
            r"/(\.venv|\.git|\.\w+_cache|\.hypothesis|__pycache__)/", f"{path.relative_to(CHECKOUT.parent)}/"
        )
    ]
    assert CHECKOUT / "pyproject.toml" in written
    found = [path for path in written if path != CHECKOUT / RULES and private.search(path.read_bytes())]
    assert found == []
