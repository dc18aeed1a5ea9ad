"""Settings files of tools on Windows: Git is switched to Windows' store, with each choice of its installer."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.machines import FULL
from tests.support.pki import make_root
from tests.support.wine import Windows

pytestmark = pytest.mark.timeout(600)
ROOT, PUBLIC = make_root("Corp Root"), make_root("Public Root")
CERT = r"C:\input\corp.crt"
GIT = r"C:\Program Files\Git"
SYSTEM, SHIPPED = rf"{GIT}\etc\gitconfig", rf"{GIT}\mingw64\etc\ssl\certs\ca-bundle.crt"
OPENSSL = (
    "[core]\r\n\tautocrlf = true\r\n[http]\r\n\tsslBackend = openssl\r\n\tsslCAInfo = {}\r\n[pull]\r\n\trebase = no"
)
NAMES = ["/mingw64/etc/ssl/certs/ca-bundle.crt", SHIPPED.replace("\\", "/"), SHIPPED.replace("\\", "\\\\")]
CONTENTS = ["", "[user]\n\tname = Alice\n", "[http]\r\n\tproxy = x\r\n[user]\r\n\tname = Alice"]


@pytest.fixture
def windows() -> Iterator[Windows]:
    """A Windows with the company's certificate, and Git for Windows as its installer leaves it."""
    with Windows() as windows:
        windows.write(CERT, ROOT.pem)
        windows.write(rf"{GIT}\cmd\git.exe", "MZ")
        windows.write(SHIPPED, PUBLIC.pem)
        yield windows


def says(windows: Windows, path: str) -> str:
    """What Git itself reads in a file."""
    words = ["git", "config", "--file", str(windows.path(path)), "http.sslBackend"]
    clean = {"PATH": os.defpath, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(words, env=clean, capture_output=True, text=True, check=False, timeout=30).stdout.strip()


def change(windows: Windows, command: str, *, elevated: bool = True) -> dict[str, dict[str, Any]]:
    """Run it for Windows' store and for settings; what became of each store."""
    store = "windows" if elevated else "windows-user"
    words = (command, "--json", "--store", store, "--store", "settings", CERT)
    done = windows.trustinstall(*words, elevated=elevated, check=True)
    return {one["id"]: one for one in json.loads(done.stdout)["stores"]}


def git(outcomes: dict[str, dict[str, Any]], path: str) -> str:
    """What became of one file."""
    return str(outcomes[f"settings:{path}".replace("\\", "/")]["result"])


@pytest.mark.parametrize("content", CONTENTS if FULL else CONTENTS[2:])
def test_a_machines_git_is_switched(windows: Windows, content: str) -> None:
    """Where nothing is said, the machine's file says it, once; a second add changes nothing; every byte comes back."""
    windows.write(SYSTEM, content)
    assert git(change(windows, "add"), SYSTEM) == "added"
    assert says(windows, SYSTEM) == "schannel"
    assert git(change(windows, "add"), SYSTEM) == "present"
    listed = json.loads(windows.trustinstall("list", "--json", check=True).stdout)
    assert f"settings:{SYSTEM}".replace("\\", "/") in json.dumps(listed)
    assert git(change(windows, "remove"), SYSTEM) == "removed"
    assert windows.read(SYSTEM) == content.encode()
    assert ROOT.sha256 not in windows.roots()


@pytest.mark.parametrize("named", NAMES if FULL else NAMES[:1])
def test_what_the_installer_has_chosen_stays(windows: Windows, named: str) -> None:
    """A Git that was installed with OpenSSL keeps it: the root goes into the bundle that it names, and out again."""
    content = OPENSSL.format(named)
    windows.write(SYSTEM, content)
    before = windows.read(SHIPPED)
    assert git(change(windows, "add"), SYSTEM) == "added"
    assert windows.read(SHIPPED).count(b"BEGIN CERT") == 2
    change(windows, "remove")
    assert (windows.read(SHIPPED), windows.read(SYSTEM)) == (before, content.encode())


def test_an_account_is_switched_by_its_own_file(windows: Windows) -> None:
    """Without rights, the account's own file says it over the machine's; the file goes again where it was not there."""
    windows.write(SYSTEM, OPENSSL.format("/mingw64/etc/ssl/certs/ca-bundle.crt"))
    own = rf"{windows.home}\.gitconfig"
    assert git(change(windows, "add", elevated=False), own) == "added"
    assert says(windows, own) == "schannel"
    change(windows, "remove", elevated=False)
    assert not windows.path(own).exists()
    windows.write(own, "[user]\n\tname = Alice\n[http]\n\tsslBackend = openssl\n")
    done = windows.trustinstall("add", "--json", "--store", "settings", CERT, elevated=False)
    (outcome,) = json.loads(done.stdout)["stores"]
    assert "sslbackend says openssl" in outcome["detail"]
    assert says(windows, own) == "openssl"


def test_what_follows_already_is_left(windows: Windows) -> None:
    """Where the installer, or a person, has chosen Windows' store, Git follows it, and nothing is written."""
    own = rf"{windows.home}\.gitconfig"
    windows.write(SYSTEM, "[http]\n\tsslBackend = schannel # chosen\n")
    outcomes = change(windows, "add")
    assert git(outcomes, SYSTEM) == "via-system"
    change(windows, "remove")
    assert git(change(windows, "add", elevated=False), own) == "via-system"
    assert not windows.path(own).exists()
    change(windows, "remove", elevated=False)
    windows.write(SYSTEM, "[http]\n\tsslBackend = openssl\n")
    windows.write(own, '[http]\n\tsslBackend = "SChannel"\n')
    assert git(change(windows, "add", elevated=False), own) == "via-system"
    change(windows, "remove", elevated=False)
    assert windows.read(own) == b'[http]\n\tsslBackend = "SChannel"\n'


def test_an_assistant_of_an_account(windows: Windows) -> None:
    """Claude Code's settings name our roots alone, in an account's files and in no elevated prompt's."""
    path = rf"{windows.home}\.claude\settings.json"
    windows.write(path, '{\r\n  "model": "x"\r\n}')
    assert f"settings:{path}".replace("\\", "/") not in change(windows, "add")
    change(windows, "remove")
    change(windows, "add", elevated=False)
    said = json.loads(windows.read(path))
    assert windows.read(said["env"]["NODE_EXTRA_CA_CERTS"].replace("/", "\\")).count(b"BEGIN CERT") == 1
    change(windows, "remove", elevated=False)
    assert windows.read(path) == b'{\r\n  "model": "x"\r\n}'
