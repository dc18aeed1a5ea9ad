"""The Debian package in a throw-away root; at full level in a new Debian 12 and a new Debian 13."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[3]))
FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package: scripts/test has built it, or it is built now, which needs the network."""
    directory = Path(os.environ.get("TRUSTINSTALL_TEST_DEB") or tmp_path_factory.mktemp("deb"))
    if "TRUSTINSTALL_TEST_DEB" not in os.environ:
        subprocess.run([CHECKOUT / "scripts" / "build-deb", directory], check=True, capture_output=True)
    return next(directory.glob("*.deb"))


class _Tree:
    """A Debian that debootstrap made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root."""
        mounts = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        words = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", mounts, str(self.directory), *command]
        return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=100)

    def path(self, inside: str) -> Path:
        """Where a path of it is."""
        return self.directory / inside.lstrip("/")


@pytest.fixture(params=["bookworm", "trixie"] if FULL else ["this machine's Debian"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Tree | Throwaway]:
    """A Debian with Python and ca-certificates."""
    if not FULL:
        with Throwaway(java=False) as throwaway:
            yield throwaway
        return
    include = "--include=python3,ca-certificates"
    command = ["debootstrap", "--variant=minbase", include, str(request.param), str(tmp_path / "root")]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    (tmp_path / "root" / "etc" / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")
    yield _Tree(tmp_path / "root")
    shutil.rmtree(tmp_path / "root")


@pytest.mark.timeout(900)
def test_the_package_is_installed_used_and_purged(package: Path, machine: _Tree | Throwaway) -> None:
    """A real client trusts after `add` and not after `remove`; dpkg's purge leaves no file of the package."""
    root = make_root("Corp Root")
    machine.path("/root/corp.crt").write_bytes(root.pem)
    shutil.copy(package, machine.path("/root/trustinstall.deb"))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return machine.run(list(words))

    def good(*words: str) -> str:
        done = run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    with Server(root.issue("localhost", "127.0.0.1")) as server:
        ask = ("/usr/bin/python3", "-I", "-c", ASK, server.url)
        assert "CERTIFICATE_VERIFY_FAILED" in run(*ask).stderr
        good("dpkg", "--install", "/root/trustinstall.deb")
        assert good("trustinstall", "--version").startswith("trustinstall ")
        good("trustinstall", "add", "/root/corp.crt", "--sha256", root.sha256)
        assert "hello" in good(*ask)

        removed = run("dpkg", "--remove", "trustinstall")
        assert removed.returncode == 0
        assert "stay trusted" in removed.stderr
        assert "hello" in good(*ask)

        good("dpkg", "--install", "/root/trustinstall.deb")
        good("trustinstall", "remove", "--all", "--yes")
        assert "CERTIFICATE_VERIFY_FAILED" in run(*ask).stderr
        assert "trusted" not in run("dpkg", "--purge", "trustinstall").stderr
    left = [
        "/opt/trustinstall/package",
        "/usr/bin/trustinstall",
        "/var/lib/trustinstall",
        "/usr/local/share/trustinstall",
    ]
    left += ["/usr/share/man/man1/trustinstall.1.gz", "/usr/share/bash-completion/completions/trustinstall"]
    assert [path for path in left if machine.path(path).exists()] == []
