"""Windows' environment variables, in a real registry and with real programs that are started after it, under Wine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machines import FULL
from tests.support.pki import make_root
from tests.support.prefix import PYTHON
from tests.support.wine import Windows

pytestmark = pytest.mark.timeout(600)
ROOT, OTHER = make_root("Corp Root"), make_root("Other Root")
CERT = r"C:\input\corp.crt"
MACHINE = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
ACCOUNT = r"HKCU\Environment"
NO_BUNDLES = (r"C:\gone.pem", "gone.pem", r"\\server\share\corp.pem")
SWITCHES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true", "DENO_TLS_CA_STORE": "system,mozilla"}
ONLY = ("--json", "--store", "environment")
_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
_EVERYBODYS = """
import ctypes, sys
advapi32 = ctypes.WinDLL("advapi32")
descriptor = ctypes.c_void_p()
convert = advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW
assert convert("D:P(A;;FA;;;WD)", 1, ctypes.byref(descriptor), None)
assert advapi32.SetFileSecurityW(sys.argv[1], 4, descriptor)
print("{}")
"""
_LISTEN = """
import ctypes, sys
from ctypes import wintypes
user32, kernel32 = ctypes.WinDLL("user32"), ctypes.WinDLL("kernel32")
Called = ctypes.WINFUNCTYPE(ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
user32.DefWindowProcW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
user32.DefWindowProcW.restype = ctypes.c_ssize_t
class Class(ctypes.Structure):
    _fields_ = (("style", wintypes.UINT), ("called", Called), ("a", ctypes.c_int), ("b", ctypes.c_int),
                ("instance", wintypes.HINSTANCE), ("icon", wintypes.HANDLE), ("cursor", wintypes.HANDLE),
                ("brush", wintypes.HANDLE), ("menu", wintypes.LPCWSTR), ("name", wintypes.LPCWSTR))
@Called
def called(window, message, wide, long):
    if message == 0x001A and long and ctypes.wstring_at(long) == "Environment":
        print("told", flush=True)
    return user32.DefWindowProcW(window, message, wide, long)
made = Class(called=called, name="listener")
user32.RegisterClassW(ctypes.byref(made))
user32.CreateWindowExW.restype = wintypes.HWND
assert user32.CreateWindowExW(0, "listener", "listener", 0, 0, 0, 0, 0, None, None, None, None)
print("ready", flush=True)
message = wintypes.MSG()
while user32.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
    user32.DispatchMessageW(ctypes.byref(message))
"""


@pytest.fixture
def windows() -> Iterator[Windows]:
    """A Windows as it was made, with the company's certificate."""
    with Windows() as windows:
        windows.write(CERT, ROOT.pem)
        yield windows


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What was printed as JSON."""
    assert done.stdout, done
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def values(windows: Windows, key: str) -> dict[str, Any]:
    """What is in a key."""
    return windows.registry(key)[0].get("", {})


@pytest.mark.parametrize("elevated", [True, False], ids=["the machine", "an account"])
def test_programs_that_are_started_later_have_them(windows: Windows, *, elevated: bool) -> None:
    """What adds and switches is in the key, and in a new program; once more changes nothing; all of it goes again."""
    key, other = (MACHINE, ACCOUNT) if elevated else (ACCOUNT, MACHINE)
    directory = r"C:\ProgramData\trustinstall" if elevated else rf"{windows.home}\AppData\Local\trustinstall"
    anchors = rf"{directory}\anchors.pem"
    before, others = values(windows, key), values(windows, other)
    done = windows.trustinstall("add", *ONLY, CERT, elevated=elevated)
    assert done.returncode == 0, done
    assert values(windows, key) == {**before, "NODE_EXTRA_CA_CERTS": anchors, **SWITCHES}
    assert values(windows, other) == others
    assert windows.python(_ENVIRONMENT)["NODE_EXTRA_CA_CERTS"] == anchors
    assert windows.read(anchors).count(b"BEGIN CERT") == 1
    assert told(windows.trustinstall("add", *ONLY, CERT, elevated=elevated))["changed"] is False
    printed = windows.trustinstall("env", "--shell", "cmd", elevated=elevated, check=True).stdout
    assert f'set "NODE_EXTRA_CA_CERTS={anchors}"'.replace("\\", "/") in printed
    windows.trustinstall("remove", *ONLY, CERT, elevated=elevated, check=True)
    assert (values(windows, key), values(windows, other)) == (before, others)
    assert "NODE_EXTRA_CA_CERTS" not in windows.python(_ENVIRONMENT)
    assert not windows.path(anchors).exists()


def test_the_desktop_is_told(windows: Windows) -> None:
    """A window of another program gets WM_SETTINGCHANGE with the word Environment, once for each change."""
    with windows.popen([PYTHON, "-I", "-c", _LISTEN]) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        windows.trustinstall("add", *ONLY, CERT, check=True)
        windows.trustinstall("remove", *ONLY, CERT, check=True)
        listener.kill()
        assert listener.stdout.read() == "told\ntold\n"


def test_somebodys_own_values_stay(windows: Windows) -> None:
    """A switch that is already set is left by add and remove; a named bundle gets the root, and loses it again."""
    mine = windows.write(rf"{windows.home}\mine.pem", OTHER.pem)
    for name, value in (("UV_SYSTEM_CERTS", "true"), ("DENO_TLS_CA_STORE", "mozilla")):
        windows.run(["reg.exe", "add", ACCOUNT, "/v", name, "/d", value, "/f"], check=True, elevated=False)
    before = values(windows, ACCOUNT)
    windows.trustinstall("add", *ONLY, CERT, check=True, elevated=False)
    after = values(windows, ACCOUNT)
    assert (after["DENO_TLS_CA_STORE"], after["UV_NATIVE_TLS"]) == ("mozilla", "true")
    windows.trustinstall("remove", *ONLY, CERT, check=True, elevated=False)
    assert values(windows, ACCOUNT) == before
    windows.run(["reg.exe", "add", ACCOUNT, "/v", "NODE_EXTRA_CA_CERTS", "/d", mine, "/f"], check=True, elevated=False)
    before = values(windows, ACCOUNT)
    windows.trustinstall("add", *ONLY, CERT, check=True, elevated=False)
    assert (values(windows, ACCOUNT), windows.read(mine).count(b"BEGIN CERT")) == (before, 2)
    windows.trustinstall("remove", *ONLY, CERT, check=True, elevated=False)
    assert (values(windows, ACCOUNT), windows.read(mine)) == (before, OTHER.pem)


def test_what_was_changed_since_stays(windows: Windows) -> None:
    """A managed value to which a person has given another meaning is not managed any more, and remove leaves it."""
    windows.trustinstall("add", *ONLY, CERT, check=True, elevated=False)
    windows.run(["reg.exe", "add", ACCOUNT, "/v", "UV_SYSTEM_CERTS", "/d", "false", "/f"], check=True, elevated=False)
    windows.trustinstall("remove", *ONLY, CERT, check=True, elevated=False)
    after = values(windows, ACCOUNT)
    assert after["UV_SYSTEM_CERTS"] == "false"
    assert not {"NODE_EXTRA_CA_CERTS", "UV_NATIVE_TLS", "DENO_TLS_CA_STORE"} & after.keys()


def test_a_profile_has_moved(windows: Windows) -> None:
    """A value that names the managed file of a profile's former path is ours: repair renews it, remove takes it out.

    Values that a person has deleted stay away, and repair says so.
    """
    windows.trustinstall("add", *ONLY, CERT, check=True, elevated=False)
    after = values(windows, ACCOUNT)
    former = r"C:\users\former\AppData\Local\trustinstall\anchors.pem"
    moved = ["reg.exe", "add", ACCOUNT, "/v", "NODE_EXTRA_CA_CERTS", "/d", former, "/f"]
    windows.run(moved, check=True, elevated=False)
    windows.trustinstall("repair", check=True, elevated=False)
    assert values(windows, ACCOUNT) == after
    for name in ("NODE_EXTRA_CA_CERTS", *SWITCHES):
        windows.run(["reg.exe", "delete", ACCOUNT, "/v", name, "/f"], check=True, elevated=False)
    left = windows.trustinstall("repair", check=True, elevated=False)
    assert "it was changed after that, and stays as it is" in " ".join(left.stdout.split())
    assert "NODE_EXTRA_CA_CERTS" not in values(windows, ACCOUNT)
    windows.run(moved, check=True, elevated=False)
    windows.trustinstall("remove", *ONLY, CERT, check=True, elevated=False)
    assert not {"NODE_EXTRA_CA_CERTS", *SWITCHES} & values(windows, ACCOUNT).keys()
    assert not windows.path(rf"{windows.home}\AppData\Local\trustinstall\anchors.pem").exists()


def test_what_others_may_change_is_not_read_for_the_machine(windows: Windows) -> None:
    """An administrator's add leaves a bundle that the machine's variable names in a directory open to all accounts."""
    mine = windows.write(r"C:\users\Public\mine.pem", OTHER.pem)
    windows.run(["reg.exe", "add", MACHINE, "/v", "NODE_EXTRA_CA_CERTS", "/d", mine, "/f"], check=True)
    windows.python(_EVERYBODYS, mine)
    windows.trustinstall("add", *ONLY, CERT)
    assert (values(windows, MACHINE)["NODE_EXTRA_CA_CERTS"], windows.read(mine)) == (mine, OTHER.pem)


def test_nothing_replaces(windows: Windows) -> None:
    """--variables replace is refused with the reason, and --variables none sets nothing."""
    before = values(windows, MACHINE)
    refused = told(windows.trustinstall("add", *ONLY, "--variables", "replace", CERT))
    (one,) = (each for each in refused["stores"] if each["backend"] == "environment")
    assert (one["result"], "no bundle of public roots" in one["detail"]) == ("failed", True)
    windows.trustinstall("add", "--json", "--variables", "none", CERT, check=True)
    assert values(windows, MACHINE) == before


@pytest.mark.parametrize("value", NO_BUNDLES if FULL else NO_BUNDLES[:1])
def test_a_value_that_names_no_bundle_is_said(windows: Windows, value: str) -> None:
    """A person's value that trustinstall cannot change is an error with its name and what to do, and stays."""
    key = ["reg.exe", "add", ACCOUNT, "/v", "NODE_EXTRA_CA_CERTS", "/d", value, "/f"]
    windows.run(key, check=True, elevated=False)
    before = values(windows, ACCOUNT)
    done = windows.trustinstall("add", *ONLY, CERT, elevated=False)
    (outcome,) = told(done)["stores"]
    assert done.returncode != 0
    assert f"NODE_EXTRA_CA_CERTS is set to {value}" in outcome["detail"]
    assert values(windows, ACCOUNT) == before
    windows.trustinstall("remove", *ONLY, CERT, elevated=False)
    assert values(windows, ACCOUNT) == before


def test_what_replaces_is_refused_by_env_too(windows: Windows) -> None:
    """`env --variables replace` says that there is nothing to name; `remove` says what programs that run still have."""
    windows.trustinstall("add", *ONLY, CERT, check=True)
    done = windows.trustinstall("env", "--variables", "replace")
    assert done.returncode == 2
    assert "no bundle of public roots" in " ".join(done.stderr.split())
    removed = windows.trustinstall("remove", "--store", "environment", CERT, check=True)
    assert "Running programs still have the variables" in " ".join((removed.stdout + removed.stderr).split())
