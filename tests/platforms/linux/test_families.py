"""Which distribution belongs to which family: every pair of ID and ID_LIKE that was seen in the wild.

The pairs are from 400 os-release files of real systems (which-distro/os-release, January 2026).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trustinstall import catalog
from trustinstall.host import Account, Host
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.bsd import freebsd
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, GENTOO, RHEL, SUSE, VOID
from trustinstall_platforms.linux.family import Family
from trustinstall_platforms.linux.other_families import CLEAR, FLATCAR, PHOTON, SLACKWARE

FAMILIES = (DEBIAN, GENTOO, VOID, SLACKWARE, RHEL, SUSE, ARCH, ALPINE, PHOTON, FLATCAR, CLEAR)

#: family -> `ID|ID_LIKE`, as they are spelt.
PAIRS = {
    "debian": """
        Deepin|; cumulus-linux|debian; debian|; debian|debian; devuan|debian; elementary|ubuntu; elementary|ubuntu
        debian; endless|ubuntu debian; gnoppix|gnoppix; kali|debian; linuxmint|debian; linuxmint|ubuntu;
        linuxmint|ubuntu debian; neon|ubuntu debian; parrot|debian; pika|debian; pop|ubuntu debian; pureos|;
        raspbian|debian; tails|debian; trisquel|debian; ubuntu|debian; zorin|ubuntu; zorin|ubuntu debian""",
    "rhel": """
        XCP-ng|centos rhel fedora; almalinux|rhel centos fedora; altlinux|; amzn|centos rhel fedora; amzn|fedora;
        amzn|rhel fedora; aurora|fedora; azurelinux|; bazzite|rhel centos fedora bluefin aurora nobara ultramarine;
        bluefin|fedora; centos|rhel fedora; clearos|rhel fedora; eurolinux|rhel fedora centos;
        fedoraremixforwsl|fedora; fedora|; mageia|mandriva fedora; mariner|; miraclelinux|rhel fedora; nobara|;
        nobara|rhel centos fedora; ol|; ol|fedora; openEuler|; openmandriva|; rhel|centos fedora; rhel|fedora;
        rocky|rhel centos fedora; scientific|rhel centos fedora; tencentos|tencentos; ultramarine|fedora;
        virtuozzo|rhel fedora; xenenterprise|centos rhel fedora""",
    "suse": """
        opensuse-leap|suse opensuse; opensuse-tumbleweed|opensuse suse; opensuse|suse; sled|; sled|suse; sles_sap|;
        sles|; sles|suse; suse-microos|suse""",
    "arch": """
        antergos|arch; arch32|arch archlinux; archcraft|arch; arch|; arcolinux|arch; artix|; blackarch|;
        cachyos|arch; chimeraos|arch; endeavouros|arch; garuda|; hyperbola|arch; kaos|; manjaro-arm|; manjaro|arch;
        rebornos|arch; steamos|arch; sysrescue|arch""",
    "alpine": "alpine|; postmarketos|alpine; wolfi|",
    "gentoo": "funtoo|; gentoo|",
    "void": "void|",
    "slackware": "slackware|",
    "photon": "photon|",
    "flatcar": "coreos|; flatcar|coreos",
    "clear": "clear-linux-os|clear-linux-os",
    "declared": "cos|; guix|; nixos|; openwrt|lede openwrt",
    # What keeps its roots in a way that is not known, or that no program should change.
    "": """
        anarchy|anarchylinux; arkane|; blendos|; buildroot|; chimera|; cirros|; dragonfly|; exherbo|; freebsd|;
        ghostbsd|; ios_xr|cisco-wrlinux wrlinux; nexus|wrlinux; nilrt|; omnios|; pclinuxos|mandriva; pisilinux|;
        puppy_fossapup64|; puppy_s15pup32|; puppy_s15pup64|; rancheros|; redox-os|; solaris|; solus|; tinycore|;
        ubios|; wrlinux|""",
}
CASES = [(family, *" ".join(pair.split()).split("|")) for family, pairs in PAIRS.items() for pair in pairs.split(";")]


def machine(top: Path, *release: str, families: tuple[Family, ...] = FAMILIES) -> Host:
    """A machine that says what it is, and has the tools and directories of families."""
    (top / "etc").mkdir(exist_ok=True)
    (top / "etc/os-release").write_text("\n".join(release) + "\n")
    for family in families:
        for directory in (family.anchors, *family.packages[:1], family.bundle.rpartition("/")[0]):
            (top / directory[1:]).mkdir(parents=True, exist_ok=True)
        tool = top / family.tool[1:]
        tool.parent.mkdir(parents=True, exist_ok=True)
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
    return Host("linux", str(top), {}, Account(0, 0, "root", "/root"))


def found(host: Host) -> list[Store]:
    """The system stores that are found."""
    found = [one for backend in catalog.every() for one in backend.discover(host, DiscoveryOptions())]
    return [one for one in found if isinstance(one, Store) and one.system]


@pytest.mark.parametrize(("family", "name", "like"), CASES, ids=lambda text: text or "none")
@pytest.mark.parametrize("quote", ["", '"'])
def test_every_pair(family: str, name: str, like: str, quote: str, tmp_path: Path) -> None:
    """Where all tools and directories are there, os-release alone decides, whether its values are quoted or not."""
    if " " in like and not quote:
        quote = "'"
    host = machine(tmp_path, f"ID={quote}{name}{quote}", *([f"ID_LIKE={quote}{like}{quote}"] if like else []))

    assert [store.backend for store in found(host)] == ([family] if family else [])


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_os_release_tool_and_directory_are_all_asked(family: Family, tmp_path: Path) -> None:
    """The store is found by os-release, and only written where tool and directory are there, too."""
    host = machine(tmp_path, f"ID={min(family.ids)}", families=(family,))

    (store,) = found(host)
    assert (store.backend, store.location, store.why_blocked) == (family.name, family.bundle, None)
    assert found(Host("linux", str(machine_without_release(tmp_path)), {}, host.account)) == []


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_without_the_tool_its_package_is_named(family: Family, tmp_path: Path) -> None:
    """The reason names the command that installs it, and another family's tool of the same name is no help."""
    host = machine(tmp_path, f"ID={min(family.ids)}", families=(family,))
    (tmp_path / family.tool[1:]).unlink()

    (store,) = found(host)
    assert any(word in (store.why_blocked or "") for word in ("install", "apk add", "swupd", "image"))
    assert "ca-certificates" in (store.why_blocked or "")


@pytest.mark.parametrize("family", [RHEL, SUSE, ARCH, ALPINE, FLATCAR, CLEAR], ids=lambda family: family.name)
def test_a_tool_without_its_directories_is_another_familys(family: Family, tmp_path: Path) -> None:
    """A tool of the right name that does not read the family's directories is not run."""
    host = machine(tmp_path, f"ID={min(family.ids)}", families=(family,))
    for directory in (family.anchors, family.packages[0]):
        if (tmp_path / directory[1:]).exists():
            (tmp_path / directory[1:]).rmdir()

    (store,) = found(host)
    assert family.packages[0] in (store.why_blocked or "")


def test_transactional_systems_are_told_apart(tmp_path: Path) -> None:
    """Within transactional-update SUSE's tool makes nothing; the store says so before anything is written."""
    host = machine(tmp_path, "ID=opensuse-microos", families=(SUSE,))
    inside = replace(host, environ={"TRANSACTIONAL_UPDATE": "true"})

    assert found(host)[0].why_blocked is None
    assert "transactional-update" in (found(inside)[0].why_blocked or "")


@pytest.mark.parametrize("platform", ["freebsd13", "freebsd14", "freebsd15"])
def test_freebsd_is_known_by_its_kernel(platform: str, tmp_path: Path) -> None:
    """With any os-release; a FreeBSD whose files are those of a Linux has none of Linux's stores."""
    host = machine(tmp_path, "ID=debian")
    assert [store.backend for store in found(replace(host, platform=platform))] == [freebsd.Certctl.name]
    assert [store.backend for store in found(replace(host, platform="netbsd10"))] == []


def test_no_two_families_share_a_name() -> None:
    """An ID belongs to one family."""
    ids = [name for family in FAMILIES for name in family.ids]
    assert len(ids) == len(set(ids))
    assert ids == [name.lower() for name in ids]


@pytest.mark.parametrize(
    ("name", "known"),
    [*((family.name, family.known) for family in FAMILIES), (freebsd.Certctl.name, freebsd.KNOWN)],
)
def test_every_family_says_how_it_is_known(name: str, known: str) -> None:
    """And the documentation says the same."""
    assert known in {"real", "documented"}
    readme = (Path(__file__).parents[3] / "docs" / "reference" / "stores.md").read_text()
    (row,) = (line for line in readme.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1])
    assert ("run for real" in row) == (known == "real")


def machine_without_release(top: Path) -> Path:
    """The same machine, which does not say what it is."""
    (top / "etc/os-release").unlink()
    return top
