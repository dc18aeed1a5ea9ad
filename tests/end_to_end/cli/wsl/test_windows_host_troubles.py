"""A Linux in WSL whose Windows refuses, lies or is gone, and a Linux without any Windows."""

from __future__ import annotations

import pytest

from tests.end_to_end.cli.machine import CERT, FULL, ROOT
from tests.end_to_end.cli.wsl.calls import ADD, HOST, alice, held
from tests.support.throwaway import PROGRAM
from tests.support.wsl.linux import INTEROP, KERNEL, MOUNTS, Wsl


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("denied", "access is denied"),
        ("lies", "does not show"),
        ("fails", "its exit status: 5"),
        ("no share", "does not reach the files of this Linux"),
    ],
)
def test_a_bad_tool(wsl: Wsl, how: str, word: str) -> None:
    """What certutil says is no evidence; what it refuses is put into words. Windows and the ledger are as before."""
    wsl.behave(elevated=True, tool=how)
    done = alice(wsl, *ADD, "--store", "windows-host")
    assert (done.returncode, wsl.roots(), held(wsl)) == (1, {}, {}), done
    assert word in " ".join(done.stderr.split())


def test_a_delete_that_lies(wsl: Wsl) -> None:
    """It says that it has deleted, and has not: the root is still there, and still managed."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.behave(tool="lies")
    assert alice(wsl, "remove", ROOT.sha256).returncode == 3
    assert (wsl.held(), held(wsl)[HOST]) == ({ROOT.sha256}, "trusted")


@pytest.mark.parametrize("how", ["no socket", "no interop", "no drive", "no registry"] if FULL else ["no interop"])
def test_windows_out_of_reach(wsl: Wsl, how: str) -> None:
    """`remove` fails and says what to do, `list` shows that it cannot be read; later it is taken back after all."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    root = wsl.throwaway
    mounts, kept = root.read(MOUNTS), root.read(INTEROP)
    if how == "no interop":
        root.run(["sh", "-c", f"rm -r {INTEROP} /run/WSL"], check=True)
    elif how == "no drive":
        root.write(MOUNTS, "/dev/sdc / ext4 rw 0 0\n")
    else:
        wsl.behave(**({"reached": False} if how == "no socket" else {"reg": "broken"}))
    removed = alice(wsl, "remove", ROOT.sha256)
    assert (removed.returncode, "windows-host" in removed.stderr) == (3, True), removed
    if how.startswith("no d") or how == "no interop":
        assert "/etc/wsl.conf" in " ".join(removed.stderr.split())
    assert held(wsl)[HOST] == "unreadable"
    assert wsl.held() == {ROOT.sha256}
    wsl.behave(reached=True, reg="good")
    root.write(MOUNTS, mounts)
    root.write(INTEROP, kept)
    assert (alice(wsl, "remove", ROOT.sha256).returncode, wsl.roots()) == (0, {})


def test_a_home_that_moved_out_of_wsl(wsl: Wsl) -> None:
    """On a Linux without any Windows, what was there is gone, and is forgotten."""
    wsl.behave(elevated=True)
    assert alice(wsl, *ADD).returncode == 0
    wsl.throwaway.write(KERNEL, "6.1.0-18-amd64\n")
    assert held(wsl)[HOST] == "gone"
    assert alice(wsl, "remove", ROOT.sha256).returncode == 0
    assert held(wsl) == {}


def test_killed_meanwhile(wsl: Wsl) -> None:
    """The next command waits for the tool that has outlived this one, and takes back what it had done."""
    wsl.behave(elevated=True)
    root = wsl.throwaway
    real = root.read("/mnt/c/Windows/System32/certutil.exe")
    slow = '#!/bin/sh\nmkdir -p /tmp/c && cp "$0.real" /tmp/c/certutil.exe && /tmp/c/certutil.exe "$@"; sleep 3\n'
    root.write("/mnt/c/Windows/System32/certutil.exe.real", real, mode=0o777)
    root.write("/mnt/c/Windows/System32/certutil.exe", slow, mode=0o777)
    running = root.popen([*PROGRAM, *ADD, "--store", "windows-host"], user="alice")
    while not wsl.roots():
        assert running.poll() is None
    running.kill()
    running.communicate()
    root.write("/mnt/c/Windows/System32/certutil.exe", real, mode=0o777)
    assert alice(wsl, "add", CERT).returncode == 0
    assert wsl.roots() == {}


# --- without any WSL ---


@pytest.mark.parametrize(
    "words",
    [
        ADD,
        ("remove", "--with-windows", CERT),
        ("list", "--with-windows"),
        ("stores", "--with-windows"),
        ("add", "--from", "windows"),
        ("add", "--with-windows", "--sysroot", "/srv", CERT),
    ],
)
def test_no_windows_here(wsl: Wsl, words: tuple[str, ...]) -> None:
    """One sentence, and nothing is changed."""
    if "--sysroot" not in words:
        wsl.throwaway.write(KERNEL, "6.1.0-18-amd64\n")
    wsl.throwaway.run(["mkdir", "-p", "/srv"], check=True)
    done = alice(wsl, *words) if "--sysroot" not in words else wsl.throwaway.trustinstall(*words)
    assert (done.returncode, done.stdout, len(done.stderr.strip().splitlines())) == (2, "", 1), done
    assert "does not run under Windows" in done.stderr
