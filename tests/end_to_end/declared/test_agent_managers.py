"""Hooks of package managers that Debian has beside its own: each real manager runs the agent's, and none fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.declared.events import sh
from tests.end_to_end.declared.test_agent import ASKED, NAME, SYSTEMCTL
from tests.support.throwaway import Throwaway
from tests.support.unpacked import unpack

_PKGINFO = "pkgname = nothing\npkgbase = nothing\npkgver = 1-1\npkgdesc = x\nsize = 1\narch = any\n"
_SPEC = (
    "Name: nothing\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n"
    "%install\nmkdir -p %{buildroot}/srv\ntouch %{buildroot}/srv/nothing\n%files\n/srv/nothing\n"
)
_DNF = "dnf --assumeyes --quiet --disablerepo='*' --disableplugin=local --releasever=1"


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """One with pacman, dnf and rpm, and a package for each; in the place of systemctl is one that notes and fails."""
    with Throwaway(java=False) as root:
        unpack(root, "pacman-package-manager", "dnf", "dnf-plugins-core", "rpm")
        root.write("/srv/pacman/.PKGINFO", _PKGINFO)
        root.write("/srv/pacman/usr/share/nothing/nothing", "1")
        root.write("/srv/nothing.spec", _SPEC)
        sh(
            root,
            "mkdir -p /etc/pacman.d\n"  # Arch has it: its list of mirrors
            "tar -C /srv/pacman -cf /srv/nothing-1-1-any.pkg.tar .PKGINFO usr\n"
            "rpmbuild -bb --quiet --define '_topdir /srv/rpm' /srv/nothing.spec\n"
            # Debian's plugin calls a function by the name that an older SWIG gave it, and so runs no action at all.
            "sed -i 's/ConfigParser_substitute/ConfigParser.substitute/' "
            "/usr/lib/python3/dist-packages/dnf-plugins/post-transaction-actions.py",
        )
        root.write("/usr/local/sbin/systemctl", SYSTEMCTL, mode=0o755)
        root.freeze()
        yield root


@pytest.mark.parametrize(
    ("install", "remove"),
    [
        ("pacman -U --noconfirm /srv/nothing-1-1-any.pkg.tar", "pacman -R --noconfirm nothing"),
        (f"{_DNF} install /srv/rpm/RPMS/noarch/nothing-1-1.noarch.rpm", f"{_DNF} remove nothing"),
    ],
    ids=["pacman", "dnf"],
)
def test_real_managers_run_the_hook(fresh: Throwaway, install: str, remove: str) -> None:
    """It asks once when a package comes and once when it goes, and never after `agent remove`, which leaves nothing."""
    before = sh(fresh, "find /etc | sort").stdout
    fresh.trustinstall("agent", "install", check=True)
    for count, command in enumerate((install, remove), 1):
        done = sh(fresh, command)
        assert fresh.path(ASKED).exists(), done
        asked = fresh.read(ASKED).decode().splitlines()
        assert (asked, "error" in done.stdout.lower()) == ([f"--no-block start {NAME}.service"] * count, False), done
    fresh.trustinstall("agent", "remove", check=True)
    sh(fresh, f"{install}; {remove}")
    assert len(fresh.read(ASKED).splitlines()) == 2
    assert sh(fresh, "find /etc | sort").stdout == before
