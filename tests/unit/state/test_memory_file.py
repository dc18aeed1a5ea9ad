"""The file of what a repair has read: when it is believed, and that nothing in it can do harm."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from trustinstall.host import ActingHost
from trustinstall.host.memory import Answer, Contents, Listing, Memory, rights
from trustinstall.state import memory_file
from trustinstall.state.directory import State
from trustinstall.stores.steps import digest

NOW = 10**18
FOUND = Contents(
    "names",
    NOW - 10**9,
    {("keystore", "/opt/jre/cacerts"): Answer(("1 2 3",), (("ab",), ("alias \udcff",)))},
    {"/opt/\udcff": Listing("4 5 6", 7, ("ca.pem",), ("below",))},
)
NOTHING = Contents("names", 0, {}, {})


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A host with the directory of our state."""
    host = make(tmp_path)
    write(host, "/proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
    Path(host.where("/state")).mkdir()
    Path(host.where("/state/private")).mkdir(mode=0o700)
    return host


def state(host: ActingHost) -> State:
    """The paths of that state."""
    return State("/state", host.account.uid, machine=True)


def kept(host: ActingHost) -> str:
    """Keep what was found; returns the file's real path."""
    now = round(host.now().timestamp() * 10**9) - 10**9
    host.write(
        "/state/private/memory.json", memory_file.dump(FOUND._replace(since=now), now), 0o600, None, host.token()
    )
    return host.where("/state/private/memory.json")


def believed(host: ActingHost) -> bool:
    """Whether the file counts."""
    memory = memory_file.recall(host, state(host), "names")
    assert memory is not None
    path = "/opt/\udcff"
    return path in memory.known.listings


def changed(**fields: Any) -> bytes:  # noqa: ANN401  JSON
    """The file's content with other fields, and with the right digest."""
    text = memory_file.dump(FOUND, NOW).partition(b"\n")[2]
    text = json.dumps({**json.loads(text), **fields}).encode()
    return digest(text).encode() + b"\n" + text


def test_what_is_written_is_read() -> None:
    """Paths and aliases of any bytes come back as they were."""
    assert memory_file.parse(memory_file.dump(FOUND, NOW), NOW) == FOUND


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"program": "0.0.1"},
        {"rights": [*rights(), 4711]},
        {"rights": []},
        {"written": NOW + 1},
        {"since": NOW + 1},
        {"since": NOW - memory_file.OLDEST - 1},
    ],
)
def test_another_state_of_things_is_not_believed(fields: dict[str, Any]) -> None:
    """Another version, other rights, a future and a time long past."""
    assert memory_file.parse(changed(**fields), NOW) is None


_OTHER_SHAPES: list[dict[str, Any]] = [
    {"answers": [["a", ["b"], 0]]},
    {"answers": [[["a"], ["b"], 1]]},
    {"answers": [[["a"], ["b"], "0"]]},
    {"answers": [[["a"], ["b"]]]},
    {"lists": [["a"]]},
    {"lists": [[[1]]]},
    {"listings": [["/opt", ["4", 5, [], [6]]]]},
    {"listings": [["/opt", ["4", True, [], []]]]},
    {"listings": [["/opt", ["4", 5, []]]]},
    {"listings": {"/opt": 1}},
    {"since": "now"},
    {"since": None},
]


@pytest.mark.parametrize("fields", _OTHER_SHAPES)
def test_another_shape_is_refused(host: ActingHost, fields: dict[str, Any]) -> None:
    """With the right digest, and other types."""
    with pytest.raises((KeyError, IndexError, TypeError, ValueError)):
        memory_file.parse(changed(**fields), NOW)
    write(host, "/state/private/memory.json", changed(**fields), 0o600)
    assert not believed(host)


@given(st.binary(max_size=200), st.integers(0, 600), st.integers(0, 600))
def test_a_damaged_file_is_refused(junk: bytes, start: int, length: int) -> None:
    """Any bytes in place of some: it is refused as a whole, or is what it was."""
    good = memory_file.dump(FOUND, NOW)
    bad = good[:start] + junk + good[start + length :]
    try:
        assert memory_file.parse(bad, NOW) == FOUND
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        assert bad != good


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    st.sampled_from(["version", "program", "rights", "since", "written", "question", "lists", "answers", "listings"]),
)
def test_hostile_values_do_no_harm(value: Any, field: str) -> None:  # noqa: ANN401  JSON
    """Whatever a field holds, under the right digest: it is refused, not believed, or of the declared types."""
    try:
        found = memory_file.parse(changed(**{field: value}), NOW)
    except (KeyError, IndexError, TypeError, ValueError, RecursionError):
        return
    for answer in (found or NOTHING).answers.values():
        assert all(isinstance(word, str) for one in (answer.statuses, *answer.lists) for word in one)
    for listing in (found or NOTHING).listings.values():
        assert all(isinstance(word, str) for word in (listing.status, *listing.files, *listing.directories))


def _writable(path: str) -> None:
    os.chmod(path, 0o620)  # noqa: PTH101


def _anothers(path: str) -> None:
    os.chown(path, 4711, 4711)


def _a_link(path: str) -> None:
    os.rename(path, f"{path}~")  # noqa: PTH104
    os.symlink("memory.json~", path)  # noqa: PTH211


def _a_directory(path: str) -> None:
    os.unlink(path)  # noqa: PTH108
    os.mkdir(path)  # noqa: PTH102


@pytest.mark.parametrize("spoil", [_writable, _anothers, _a_link, _a_directory])
def test_the_file_of_another_account_is_not_believed(host: ActingHost, spoil: Callable[[str], None]) -> None:
    """One that others may write or own, a link, and a directory: everything is read again."""
    path = kept(host)
    assert believed(host)
    if spoil is _anothers and os.geteuid() != 0:
        pytest.fail("run as root")
    spoil(path)
    assert not believed(host)


def test_nothing_is_kept_where_nothing_can_be(host: ActingHost) -> None:
    """On other systems, in images, and before there is a ledger."""
    kept(host)
    assert memory_file.recall(replace(host, platform="darwin"), state(host), "names") is None
    assert memory_file.recall(replace(host, platform="win32"), state(host), "names") is None
    assert memory_file.recall(host, State("/elsewhere", host.account.uid, machine=True), "names") is None
    image = make(Path(host.root)).image(host.root)
    assert memory_file.recall(image, state(host), "names") is None


def test_a_memory_is_made_afresh_on_request(host: ActingHost) -> None:
    """With another question about files, nothing of the old one counts."""
    kept(host)
    assert believed(host)
    other = memory_file.recall(host, state(host), "other names")
    assert other is not None
    assert other.seen == Contents("other names", other.began, {}, {})


def test_a_full_disk_is_told(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stays."""
    path = kept(host)
    before = Path(path).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        memory_file.keep(host, state(host), Memory(FOUND, NOW, lambda _path: True))
    assert Path(path).read_bytes() == before
