"""Which operating system this is."""

from __future__ import annotations


def distribution(root: str) -> frozenset[str]:
    """What os-release(5) below `root` says in ID and ID_LIKE, in lower case; empty where there is none.

    Deepin, openEuler and others do not keep to lower case, although the manual page asks for it.
    """
    import distro  # 10 ms that only Linux needs

    found = distro.LinuxDistribution(root_dir=root)  # with a root, it runs nothing (no lsb_release, no uname)
    words = f"{found.os_release_attr('id')} {found.os_release_attr('id_like')}"
    return frozenset(words.lower().split())
