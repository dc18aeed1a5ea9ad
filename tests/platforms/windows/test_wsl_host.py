"""What Windows' programs print, as a Linux beside it reads it: untrusted bytes in an unknown language and encoding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.host import Account, Host
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.windows.reg_query import MOST, RegQuery, parse
from trustinstall_platforms.windows.registry_stores import Kind
from trustinstall_platforms.windows.wsl_host import (
    HOST_ACCOUNT,
    HOST_MACHINE,
    HostRoots,
    WindowsHost,
    parse_groups,
)

HOST = Host("linux", "/", {}, Account(1000, 1000, "alice", "/home/alice"))
KEY = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\Root\\Certificates"
PLACE = r"SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
LOW = rf"HKLM\{PLACE}".lower()


def printed(*blobs: tuple[str, str], tail: str = "Ende der Suche: 2 Übereinstimmung(en) gefunden.") -> bytes:
    """What reg.exe prints for `query KEY /s /v Blob` in German, redirected."""
    parts = [f"\n{KEY}\\{name}\n    Blob    REG_BINARY    {data}\n" for name, data in blobs]
    return "".join([*parts, f"\n{tail}\n"]).replace("\n", "\r\n").encode("cp850")


# --- what reg.exe prints ---


def test_keys_and_values() -> None:
    """Lines of keys and of values count; summaries in any language do not."""
    for tail in ("End of search: 2 match(es) found.", "検索の完了: 2 件", "搜索结束: 找到 2 匹配"):
        answer = printed(("AA", "0102FF"), ("BB", "")).replace(b"\r\nEnde", tail.encode("utf-16") + b"\r\nEnde")
        assert parse(answer) == {rf"{LOW}\aa": {"blob": b"\1\2\xff"}, rf"{LOW}\bb": {"blob": b""}}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    Flags    REG_DWORD    0x1", 1),
        ("\tFlags\tREG_DWORD\t0xffffffff", 0xFFFFFFFF),
        ("    Flags    REG_DWORD    1", None),
        ("    Flags    REG_DWORD    0x1ffffffff", None),
        ("    Flags    REG_DWORD    0x-1", None),
        ("    Flags    REG_DWORD    ", None),
        ("    Flags    REG_BINARY    0x", None),
        ("    Flags    REG_BINARY    012", None),
        ("    Flags    REG_BINARY    ÄÖ", None),
    ],
)
def test_values(line: str, expected: int | None) -> None:
    """A number, in 32 bits; anything else is no value."""
    answer = f"HKEY_CURRENT_USER\\Software\\X\r\n{line}\r\n".encode()
    assert parse(answer) == {r"hkcu\software\x": {"flags": expected}}


@pytest.mark.parametrize(
    "line",
    ["Flags    REG_DWORD    0x1", "    Flags    REG_SZ    0x1", "    Fl ags    REG_DWORD    0x1", "    REG_DWORD"],
)
def test_no_values(line: str) -> None:
    """A line that is not indented, of a type that is not read, or of three words is none."""
    assert parse(f"HKEY_LOCAL_MACHINE\\X\n{line}\n".encode()) == {r"hklm\x": {}}


def test_values_without_a_key() -> None:
    """They belong to nothing."""
    assert parse(b"    Blob    REG_BINARY    00\r\nHKEY_USERS\\X\r\n    Blob    REG_BINARY    00\r\n") == {}


def test_the_first_one_counts() -> None:
    """Of two values of a name in a key, in any case."""
    text = f"{KEY}\\AA\n    Blob    REG_BINARY    01\n{KEY}\\aa\n    BLOB    REG_BINARY    02\n"
    assert parse(text.encode()) == {rf"{LOW}\aa": {"blob": b"\1"}}


def test_too_many_keys() -> None:
    """It is an error, before memory is."""
    many = b"".join(b"HKEY_LOCAL_MACHINE\\%d\n" % number for number in range(MOST + 1))
    with pytest.raises(OSError, match="more than"):
        parse(many)


@given(st.binary(max_size=4000))
def test_garbage_is_no_error(answer: bytes) -> None:
    """With any output."""
    assert isinstance(parse(answer), dict)
    assert isinstance(parse_groups(answer), frozenset)


@given(st.lists(st.sampled_from([KEY, "HKEY_", "\\", "    Blob", "    REG_BINARY    ", "00", "\r\n", '"', ",", "é"])))
def test_garbage_of_the_right_words_is_no_error(words: list[str]) -> None:
    """Nor where it is made of what is looked for."""
    answer = "".join(words).encode("cp850")
    for key, values in parse(answer).items():
        assert key.startswith("hklm\\")
        assert all(one is None or isinstance(one, bytes) for one in values.values())
    parse_groups(answer)


@given(st.dictionaries(st.from_regex("[0-9A-F]{40}", fullmatch=True), st.binary(max_size=200), max_size=5))
def test_what_was_printed_is_read(blobs: dict[str, bytes]) -> None:
    """Every key with its bytes."""
    answer = printed(*((name, data.hex().upper()) for name, data in blobs.items()))
    assert parse(answer) == {rf"{LOW}\{name.lower()}": {"blob": data} for name, data in blobs.items()}


# --- what whoami.exe prints ---


def test_groups() -> None:
    """Only the third column counts: names may say anything, in any language."""
    lines = (
        '"Everyone","Well-known group","S-1-1-0","Mandatory group, Enabled by default"',
        '"VORDEFINIERT\\Administratoren","Alias","S-1-5-32-544","Gruppe, die nur zum Verweigern verwendet wird"',
        '"CORP\\S-1-16-12288","S-1-16-12288","S-1-5-21-1-2-3-500","S-1-16-12288"',
        '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""',
        "",
        '"a","b"',
    )
    found = parse_groups("\r\n".join(lines).encode("cp932", "replace"))
    assert found == {"S-1-1-0", "S-1-5-32-544", "S-1-5-21-1-2-3-500", "S-1-16-8192"}


def test_groups_that_make_no_sense() -> None:
    """Damaged output names no group."""
    assert parse_groups(b'"open\r\n"x","y","S-1-16-12288"') == frozenset()


# --- what is asked ---


SCRIPT = """#!/bin/sh
echo "$@" >>{root}/asked
case "$*" in
    *CurrentBuild*) {always};;
    *Root*) {answer};;
esac
exit 1
"""


@pytest.fixture
def registry(tmp_path: Path) -> Callable[..., RegQuery]:
    """A registry behind a script."""

    def make(answer: str, always: str = "exit 0") -> RegQuery:
        tool = tmp_path / "reg.exe"
        tool.write_text(SCRIPT.format(root=tmp_path, answer=answer, always=always))
        tool.chmod(0o755)
        return RegQuery(HOST, str(tmp_path))

    return make


def test_one_question_for_a_whole_place(registry: Callable[..., RegQuery], tmp_path: Path) -> None:
    """Keys, and then their values, are one run of the tool; keys of keys are none of the place's."""
    (tmp_path / "said").write_bytes(printed(("AA", "01"), ("BB\\CC", "02")))
    one = registry(f"cat {tmp_path}/said; exit 0")
    assert one.registry_keys("HKLM", PLACE) == ["aa"]
    assert one.registry_value("HKLM", rf"{PLACE}\AA", "Blob") == b"\1"
    assert one.registry_keys("HKLM", PLACE) == ["aa"]
    assert (tmp_path / "asked").read_text() == rf"query HKLM\{PLACE} /s /v Blob /reg:64" + "\n"


def test_not_there_is_believed_of_a_tool_that_works(registry: Callable[..., RegQuery], tmp_path: Path) -> None:
    """Status 1 is a key that is not there, if what every Windows has is found; that is asked once."""
    one = registry("exit 1")
    assert one.registry_keys("HKLM", PLACE) is None
    assert one.registry_value("HKLM", r"SOFTWARE\Root", "Flags") is None
    assert (tmp_path / "asked").read_text().count("CurrentBuild") == 1


@pytest.mark.parametrize("how", [{"always": "exit 1"}, {"answer": "exit 5"}, {"answer": "kill -9 $$"}])
def test_a_tool_that_does_not_work(registry: Callable[..., RegQuery], how: dict[str, str]) -> None:
    """It is an error, and never an empty store."""
    with pytest.raises(OSError, match=r"reg\.exe"):
        registry(**{"answer": "exit 1", **how}).registry_keys("HKLM", PLACE)


def test_no_tool(tmp_path: Path) -> None:
    """Nor where there is none."""
    with pytest.raises(OSError, match=r"reg\.exe is missing"):
        RegQuery(HOST, str(tmp_path)).registry_keys("HKLM", PLACE)


# --- where it is looked for ---


@pytest.mark.parametrize("kind", [HOST_MACHINE, HOST_ACCOUNT])
def test_no_windows_no_store(tmp_path: Path, kind: Kind) -> None:
    """Not looked for without the option; and a Linux of its own remembers none."""
    backend = WindowsHost(kind)
    host = replace(HOST, root=str(tmp_path))
    assert backend.discover(host, DiscoveryOptions()) == []
    assert backend.at(host, rf"{kind.own.hive}\{kind.own.path}") is None
    (source,) = HostRoots(HOST_MACHINE).discover(host, DiscoveryOptions())
    with pytest.raises(OSError, match="does not run under Windows"):
        HostRoots(HOST_MACHINE).observe(host, source, frozenset())
