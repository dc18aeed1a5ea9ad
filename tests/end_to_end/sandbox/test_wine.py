"""The throw-away Windows of the tests: what is real in it, whom its clients trust, and what rights a program has."""

from __future__ import annotations

import pytest

from tests.end_to_end.sandbox.wine_machine import (
    ACCESS_DENIED,
    ENTERPRISE,
    FILE,
    MACHINE,
    POLICY,
    USER,
    certutil,
    places,
    thumbprint,
)
from tests.support.pki import Root
from tests.support.prefix import PYTHON
from tests.support.tls import Server
from tests.support.wine import CERTUTIL, Windows

pytestmark = pytest.mark.timeout(900)  # the first makes the template


# --- the machine -----------------------------------------------------------------------------------


def test_it_is_windows(windows: Windows) -> None:
    """The interpreter is CPython for Windows, and the program's requirements load in it."""
    script = "import cryptography.x509, json, os, sys, typer, winreg; print(json.dumps([os.name, sys.platform]))"
    assert windows.python(script) == ["nt", "win32"]


def test_nothing_of_the_machine_is_within_reach(windows: Windows) -> None:
    """There is no drive but C:, and no directory of the account's profile is one of the machine's."""
    script = r"import json, os; print(json.dumps([each for each in 'ABCDEFGHIJZ' if os.path.exists(each + ':\\')]))"
    assert windows.python(script) == ["C"]
    profile = windows.path(windows.home)
    assert not [path for path in profile.rglob("*") if path.is_symlink()]


def test_what_one_does_another_does_not_see(windows: Windows, root: Root) -> None:
    """Files and registry of two are apart, although they share the files that no program writes in place."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    with Windows() as other:
        assert not other.path(FILE).exists()
        assert root.sha256 not in other.roots()
        other.write(CERTUTIL, b"changed")
        assert windows.read(CERTUTIL) != b"changed"


def test_nothing_stays() -> None:
    """At the end its processes and its directory are gone."""
    with Windows() as windows:
        place = windows.path("C:\\").parent
        running = windows.popen([PYTHON, "-I", "-c", "import time; print('ready', flush=True); time.sleep(600)"])
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
    running.communicate(timeout=60)
    assert not place.exists()


# --- trust -----------------------------------------------------------------------------------------


def test_clients_follow_the_store(windows: Windows, root: Root) -> None:
    """Programs in Go and in Python reject a server, trust it while its root is in the store, and reject it again."""
    with Server(root.issue("localhost")) as server:
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)
        windows.certutil("-addstore", "Root", FILE, check=True)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (True, True)
        assert root.sha256 in windows.roots()
        windows.certutil("-delstore", "Root", thumbprint(root), check=True)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)
        assert root.sha256 not in windows.roots()


def test_clients_follow_the_accounts_store(windows: Windows, root: Root) -> None:
    """The same for a root of the account's own, put there without an administrator's rights."""
    with Server(root.issue("localhost")) as server:
        windows.certutil("-user", "-addstore", "Root", FILE, check=True, elevated=False)
        assert places(windows, root) == {USER}
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (True, True)
        windows.certutil("-user", "-delstore", "Root", thumbprint(root), check=True, elevated=False)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)


@pytest.mark.parametrize(("option", "place"), [("-grouppolicy", POLICY), ("-enterprise", ENTERPRISE)])
def test_the_machines_store_is_a_view(windows: Windows, root: Root, option: str, place: str) -> None:
    """What a policy or the enterprise put there is shown as the machine's, and is neither added again nor replaced."""
    windows.certutil(option, "-addstore", "Root", FILE, check=True)
    assert places(windows, root) == {place}
    assert certutil(windows, "-store", "Root", thumbprint(root))[0] == 0
    assert "already in store" in windows.certutil("-addstore", "Root", FILE, check=True).stdout
    assert certutil(windows, "-f", "-addstore", "Root", FILE)[0] == ACCESS_DENIED
    assert places(windows, root) == {place}
    windows.certutil(option, "-delstore", "Root", thumbprint(root), check=True)
    assert places(windows, root) == set()


def test_an_accounts_view_has_the_machines_roots(windows: Windows, root: Root) -> None:
    """An administrator who deletes by the merged view deletes the machine's copy; others may not."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    assert certutil(windows, "-user", "-store", "Root", thumbprint(root))[0] == 0
    refused = windows.certutil("-user", "-delstore", "Root", thumbprint(root), elevated=False)
    assert refused.returncode == ACCESS_DENIED & 0xFF
    assert places(windows, root) == {MACHINE}
    windows.certutil("-user", "-delstore", "Root", thumbprint(root), check=True)
    assert places(windows, root) == set()


# --- without an administrator's rights ---------------------------------------------------------------------

_RIGHTS = r"""
import ctypes, json, winreg
from ctypes import wintypes
class Elevation(ctypes.Structure):
    _fields_ = [("elevated", wintypes.DWORD)]
token, found, size = wintypes.HANDLE(), Elevation(), wintypes.DWORD()
process = ctypes.windll.kernel32.GetCurrentProcess
process.restype = wintypes.HANDLE
assert ctypes.windll.advapi32.OpenProcessToken(wintypes.HANDLE(process()), 8, ctypes.byref(token))
assert ctypes.windll.advapi32.GetTokenInformation(token, 20, ctypes.byref(found), 4, ctypes.byref(size))
certificates = r"SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
try:
    winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, certificates, 0, winreg.KEY_WRITE)
    writable = True
except PermissionError:
    writable = False
print(json.dumps([bool(ctypes.windll.shell32.IsUserAnAdmin()), bool(found.elevated), writable]))
"""


@pytest.mark.parametrize("elevated", [True, False])
def test_rights(windows: Windows, elevated: bool) -> None:  # noqa: FBT001 - a case
    """An account without rights is no administrator by any account, and may not write the machine's certificates."""
    done = windows.run([PYTHON, "-I", "-c", _RIGHTS], elevated=elevated, check=True)
    word = "true" if elevated else "false"
    assert done.stdout == f"[{word}, {word}, {word}]\n"


def test_without_rights_a_program_is_killed_alone(windows: Windows) -> None:
    """Killing it leaves the programs that it has started."""
    script = r"""
import subprocess, sys
child = "import sys, time; sys.stdin.read(); open(r'C:\survived', 'w').close()"
keep = subprocess.Popen([sys.executable, "-I", "-c", child], stdin=subprocess.PIPE)
print("ready", flush=True)
keep.wait()
"""
    running = windows.popen([PYTHON, "-I", "-c", script], elevated=False)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.kill()
    running.communicate(timeout=60)  # ends only when both have closed standard output
    assert windows.path(r"C:\survived").exists()
