"""A setting as a change: journalled, made, and undone after any change in between."""

from __future__ import annotations

import hashlib

import pytest

from trustinstall.editing.pem_blocks import Original
from trustinstall.editing.setting import SetKey
from trustinstall.state.step_json import step_from_json, step_to_json
from trustinstall.stores.steps import ABSENT, Edit

CERT = SetKey("ini", ("global", "cert"), "/ours.pem")


@pytest.mark.parametrize("content", [b"", b"[global]\r\ntimeout = 1", b"[install]\nx = 1\n"])
def test_undo_is_exact(content: bytes) -> None:
    """What `inverse` says before the change takes it back to the byte, through the journal's JSON, too."""
    undo = CERT.inverse(content)
    read = step_from_json(step_to_json(Edit("/x", undo, ABSENT)))
    assert isinstance(read, Edit)
    assert read.transform == undo
    assert undo.apply(CERT.apply(content)) == content


def test_undo_of_a_removal_is_exact() -> None:
    """A key that was taken out comes back where it stood, however odd the place."""
    content = b"[global]\ncert = /ours.pem\n# and more\ntimeout = 1\n"
    gone = SetKey("ini", ("global", "cert"), "/ours.pem", present=False)
    read = SetKey.from_json(gone.inverse(content).to_json())
    assert gone.apply(content) == b"[global]\n# and more\ntimeout = 1\n"
    assert read.apply(gone.apply(content)) == content


def test_made_twice_is_made_once() -> None:
    """A change that was made already changes nothing, and neither does its undoing twice."""
    once = CERT.apply(b"[global]\n")
    undo = CERT.inverse(b"[global]\n")
    assert CERT.apply(once) == once
    assert undo.apply(undo.apply(once)) == b"[global]\n"


def test_what_others_have_set_stays() -> None:
    """Another author's value is neither overwritten nor taken out."""
    theirs = b"[global]\ncert = /theirs.pem\n"
    assert CERT.apply(theirs) == theirs
    assert CERT.inverse(b"[global]\n").apply(theirs) == theirs


def test_undo_in_a_file_that_somebody_has_damaged() -> None:
    """Where the file can no longer be read, our very text goes all the same: it must not name what will be gone."""
    undo = CERT.inverse(b"[global]\nx = 1\n")
    assert undo.apply(CERT.apply(b"[global]\nx = 1\n") + b"???\n") == b"[global]\nx = 1\n???\n"


def test_others_are_kept_when_undone_later() -> None:
    """Text that another program wrote in between stays when the change is undone."""
    undo = CERT.inverse(b"[global]\n")
    assert undo.apply(CERT.apply(b"[global]\n") + b"retries = 1\n") == b"[global]\nretries = 1\n"


def test_a_line_that_takes_the_place_of_another_comes_and_goes() -> None:
    """A change from one exact content to another is undone to the byte, and changes no other content of the key."""
    before, after = b"a: 1\nssl_verify: true\n", b'a: 1\nssl_verify: "/x"\n'
    original = Original(hashlib.sha256(before).hexdigest(), after)
    change = SetKey("yaml", ("ssl_verify",), "/x", original=original)
    assert change.apply(before) == after
    assert change.inverse(before).apply(after) == before
    assert SetKey.from_json(change.to_json()) == change
    assert change.apply(b"ssl_verify: false\n") == b"ssl_verify: false\n"
