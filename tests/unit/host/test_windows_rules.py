"""What Windows calls files, and whom it lets change them: the rules alone, on any system."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.host.windows import paths, sddl

ME = "S-1-5-21-1-2-3-1001"
INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"


@pytest.mark.parametrize(
    ("path", "native"),
    [
        ("C:/", "C:\\"),
        ("C:/Users/alice", "C:\\Users\\alice"),
        ("C:\\Users\\alice\\", "C:\\Users\\alice"),
        ("C:/a/./b/../c", "C:\\a\\c"),
        ("//server/share/x", "\\\\server\\share\\x"),
        ("C:/a/con", "\\\\?\\C:\\a\\con"),
        ("C:/a/NUL.pem", "\\\\?\\C:\\a\\NUL.pem"),
        ("C:/a/com1.b/c", "\\\\?\\C:\\a\\com1.b\\c"),
        ("C:/a/cacert.pem.", "\\\\?\\C:\\a\\cacert.pem."),
        ("C:/a /b", "\\\\?\\C:\\a \\b"),
        ("//server/share/aux", "\\\\?\\UNC\\server\\share\\aux"),
        ("C:/" + "d/" * 130 + "f", "\\\\?\\C:\\" + "d\\" * 130 + "f"),
    ],
)
def test_a_path_means_exactly_its_names(path: str, native: str) -> None:
    """Devices, dots at the end and long paths are taken as names, which Windows does not do by itself."""
    assert paths.native(path) == native


@pytest.mark.parametrize(
    "path", ["", "a", "a/b", "C:", "C:a", "1:/a", "//server", "//./pipe/x", "\\\\.\\PhysicalDrive0", "C:/a\0b"]
)
def test_what_is_no_absolute_path_is_refused(path: str) -> None:
    """What depends on a current directory or drive, and what is a device."""
    with pytest.raises(ValueError, match="not an absolute path"):
        paths.native(path)


def test_another_systems_path_leads_nowhere() -> None:
    """Not to the current drive, where every account may make such a directory."""
    assert paths.native("/etc/os-release") == "\\\\?\\\\etc\\os-release"


@given(st.lists(st.text(st.characters(exclude_characters='/\\:\0<>"|?*'), min_size=1), min_size=1, max_size=5))
def test_there_and_back(names: list[str]) -> None:
    """What the program writes down is what it meant."""
    path = "C:/" + "/".join(name for name in names if name not in {".", ".."})
    assert paths.slashed(paths.native(path)) == path


@pytest.mark.parametrize(("path", "true"), [("C:\\a.pem", False), ("C:\\a.pem:x", True), ("C:/d:e/f", True)])
def test_streams(path: str, true: bool) -> None:  # noqa: FBT001
    """A colon that is not the drive's."""
    assert paths.names_a_stream(path) is true


@pytest.mark.parametrize(
    ("descriptor", "owner", "writers"),
    [
        ("O:BAG:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)", "BA", {"SY", "BA"}),
        (f"O:{ME}D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;{ME})(A;;FRFX;;;WD)", ME, {"SY", ME}),
        ("O:SYD:(A;;FA;;;SY)(A;OICI;0x1301bf;;;AU)", "SY", {"SY", "AU"}),
        ("O:SYD:(A;;DCLC;;;BU)(A;OICIIO;GA;;;CO)", "SY", {"BU"}),
        ("O:SYD:(A;OICIIO;GA;;;AU)(D;;FA;;;WD)(A;;GR;;;BU)", "SY", set[str]()),
        ("O:SYD:(XA;;FW;;;WD;(@User.x == 1))", "SY", {"WD"}),
        ("O:SYD:(OA;;WO;;;AN)", "SY", {"AN"}),
        ("O:SYD:(A;;0x10000;;;IU)(A;;0x40000000;;;NU)", "SY", {"IU", "NU"}),
        ("O:BAD:NO_ACCESS_CONTROL", "BA", {"WD"}),
        ("O:BA", "BA", {"WD"}),
        (f"O:{INSTALLER}D:P", INSTALLER, set[str]()),
        ("", "", {"WD"}),
    ],
)
def test_who_may_change_a_file(descriptor: str, owner: str, writers: set[str]) -> None:
    """Every account with a right to its content, its name, its list or its owner; no list means all accounts."""
    assert sddl.owner(descriptor) == owner
    assert sddl.who_may_change(descriptor) == writers


def test_on_the_way_only_those_count_who_may_exchange_what_is_there() -> None:
    """Every account may make a directory in C:, and only its owner may take one away."""
    drive = f"O:{INSTALLER}D:PAI(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;FA;;;SY)(A;;DCLCRPCR;;;BU)"
    assert sddl.who_may_change(drive) == {"AU", "BU", "SY"}
    assert sddl.who_may_change(drive, on_the_way=True) == {"SY"}
    assert sddl.who_may_change("O:SYD:(A;;DT;;;AU)(A;;0x40;;;BU)", on_the_way=True) == {"AU", "BU"}


@pytest.mark.parametrize("word", ["P", "PAI", "PAR"])
def test_a_list_of_its_own(word: str) -> None:
    """What is protected takes nothing over."""
    assert sddl.is_protected(f"O:SYD:{word}(A;;FA;;;SY)")
    assert not sddl.is_protected("O:PSD:AI(A;;FA;;;SY)")


def test_what_we_make_only_we_may_change() -> None:
    """All accounts may read the machine's directory, and no other account may read a private one."""
    for descriptor, trusted in (
        (sddl.shared(), sddl.MACHINE),
        (sddl.private(None), sddl.MACHINE),
        (sddl.private(ME), sddl.MACHINE | {ME}),
    ):
        assert sddl.owner(descriptor) in trusted
        assert sddl.who_may_change(descriptor) <= trusted
        assert sddl.is_protected(descriptor)
    assert sddl.USERS in sddl.shared()
    assert sddl.USERS not in sddl.private(None)
