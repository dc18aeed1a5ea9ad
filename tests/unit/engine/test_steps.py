"""Steps, their inverses, and their JSON: every step can be undone, byte for byte."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import Blocks
from trustinstall.engine.perform import Changed, inverse, perform, undo
from trustinstall.host import Account, ActingHost
from trustinstall.state.step_json import step_from_json, step_to_json
from trustinstall.stores.steps import (
    ABSENT,
    ANY,
    Content,
    Delete,
    Edit,
    Link,
    MakeDirectory,
    RemoveDirectory,
    Step,
    digest,
    link_digest,
)

ROOTS = [Certificate(make_root(common_name=f"Step Root {number}").der) for number in range(3)]
WORD = "0123456789abcdef"


def host_at(root: Path) -> ActingHost:
    """A host below a directory."""
    return ActingHost("linux", str(root), {}, Account(os.geteuid(), os.getegid(), "tester", "/home"))


def tree(root: Path) -> dict[str, object]:
    """Everything below a directory."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        kind: object = (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "directory"
        )
        found[str(path.relative_to(root))] = (kind, path.lstat().st_mode)
    return found


contents = st.one_of(st.none(), st.binary(max_size=200))
transforms = st.one_of(
    st.binary(max_size=200).map(Content),
    st.builds(
        Blocks,
        add=st.lists(st.sampled_from(ROOTS), unique=True).map(tuple),
        remove=st.lists(st.sampled_from([one.sha256 for one in ROOTS]), unique=True).map(tuple),
    ),
)


@given(old=contents, transform=transforms)
def test_an_edit_and_its_inverse(old: bytes | None, transform: Content | Blocks) -> None:
    """Undoing an edit gives back the file as it was, or its absence."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        if old is not None:
            (root / "file").write_bytes(old)
        before, host = tree(root), host_at(root)
        step = Edit("/file", transform, ABSENT if old is None else digest(old), 0o640)
        backwards = inverse(host, step)
        assert backwards is not None
        perform(host, step, WORD)
        assert (root / "file").read_bytes() == transform.apply(old or b"")
        undo(host, [step_from_json(json.loads(json.dumps(step_to_json(backwards))))], WORD)
        assert tree(root) == before


@given(
    st.one_of(
        st.builds(Edit, st.just("/a"), transforms, st.sampled_from([ANY, ABSENT]), st.integers(0, 0o777)),
        st.builds(Delete, st.just("/a"), st.text(max_size=80)),
        st.builds(Link, st.just("/a"), st.text(max_size=80), owner=st.one_of(st.none(), st.just((7, 8)))),
        st.builds(MakeDirectory, st.just("/a"), st.integers(0, 0o777)),
        st.builds(RemoveDirectory, st.just("/a")),
    )
)
def test_a_step_survives_the_journal(step: Step) -> None:
    """What is read back from JSON is the step that was written."""
    assert step_from_json(json.loads(json.dumps(step_to_json(step)))) == step


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_deleting_and_its_inverse(tmp_path: Path, kind: str) -> None:
    """A deleted file, link or directory comes back as it was."""
    path, host = tmp_path / "thing", host_at(tmp_path)
    step: Step = RemoveDirectory("/thing")
    if kind == "file":
        path.write_bytes(b"content")
        path.chmod(0o640)
        step = Delete("/thing", digest(b"content"))
    elif kind == "link":
        path.symlink_to("/nowhere")
        step = Delete("/thing", link_digest("/nowhere"))
    else:
        path.mkdir(0o750)
    before = tree(tmp_path)
    backwards = inverse(host, step)
    perform(host, step, WORD)
    assert tree(tmp_path) == {}
    assert backwards is not None
    undo(host, [backwards], WORD)
    assert tree(tmp_path) == before


def test_turning_a_link_and_its_inverse(tmp_path: Path) -> None:
    """A link that is made to lead elsewhere leads where it did again; it leaves nothing beside."""
    path, host = tmp_path / "link", host_at(tmp_path)
    path.symlink_to("before")
    before, step = tree(tmp_path), Link("/link", "behind", link_digest("before"))
    backwards = inverse(host, step)
    perform(host, step, WORD)
    assert [each.name for each in tmp_path.iterdir()] == ["link"]
    assert str(path.readlink()) == "behind"
    assert backwards is not None
    for _ in range(2):
        undo(host, [step_from_json(json.loads(json.dumps(step_to_json(backwards))))], WORD)
        assert tree(tmp_path) == before


def test_a_link_that_is_restored_has_its_old_owner(tmp_path: Path) -> None:
    """Also after the undo was read from a journal."""
    host, step = host_at(tmp_path), Delete("/link", link_digest("/nowhere"))
    (tmp_path / "link").symlink_to("/nowhere")
    os.lchown(tmp_path / "link", 1234, 5678)
    undoing = step_from_json(json.loads(json.dumps(step_to_json(inverse(host, step) or step))))
    perform(host, step, WORD)
    assert undo(host, [undoing], WORD) == []
    found = (tmp_path / "link").lstat()
    assert (str((tmp_path / "link").readlink()), found.st_uid, found.st_gid) == ("/nowhere", 1234, 5678)


@pytest.mark.parametrize(
    "step",
    [
        Edit("/file", Content(b"new"), ABSENT),
        Edit("/file", Content(b"new"), digest(b"something else")),
        Delete("/file", digest(b"something else")),
        Delete("/file", link_digest("/file")),
        Link("/file", "/nowhere"),
        Link("/file", "/nowhere", link_digest("/elsewhere")),
    ],
)
def test_what_was_changed_meanwhile_is_not_overwritten(tmp_path: Path, step: Step) -> None:
    """A step that was planned against something else does nothing."""
    (tmp_path / "file").write_bytes(b"theirs")
    with pytest.raises(Changed):
        inverse(host_at(tmp_path), step)
    with pytest.raises(Changed):
        perform(host_at(tmp_path), step, WORD)
    assert (tmp_path / "file").read_bytes() == b"theirs"


def test_undoing_leaves_what_others_wrote_since(tmp_path: Path) -> None:
    """A managed file that another program has changed since is left as it is."""
    host, step = host_at(tmp_path), Edit("/file", Content(b"ours"), ABSENT)
    backwards = inverse(host, step)
    assert backwards is not None
    perform(host, step, WORD)
    (tmp_path / "file").write_bytes(b"theirs")
    assert undo(host, [backwards], WORD) == []
    assert (tmp_path / "file").read_bytes() == b"theirs"


def test_undoing_twice_is_undoing_once(tmp_path: Path) -> None:
    """Recovery may itself be killed and begin again."""
    (tmp_path / "old").write_bytes(b"old")
    host = host_at(tmp_path)
    steps: list[Step] = [
        MakeDirectory("/new", 0o755),
        Edit("/new/file", Content(b"x"), ABSENT),
        Delete("/old", digest(b"old")),
    ]
    before = tree(tmp_path)
    backwards = [one for one in [inverse(host, step) for step in steps] if one is not None][::-1]
    for step in steps:
        perform(host, step, WORD)
    assert undo(host, backwards, WORD) == ["/new/file"]
    assert undo(host, backwards, WORD) == ["/new/file"]  # gone already: what is derived from it may not know yet
    assert tree(tmp_path) == before
