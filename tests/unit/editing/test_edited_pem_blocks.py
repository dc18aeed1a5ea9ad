"""Our blocks after others have edited the bundle: only what is certainly ours goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.editing.made_blocks import OURS, STRANGER, A, B, add, block, remove
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked


def test_an_unmarked_copy_is_not_added_again() -> None:
    """A certificate that another program has put there is left as it is, and stays when the managed ones go."""
    for copy in (A.pem, A.pem.replace(b"\n", b"\r\n")):
        assert add(A).apply(copy) == copy
        assert remove(A).apply(copy) == copy
        assert [sha256 for sha256, _ in unmarked(copy)] == [A.sha256]


def test_a_copy_that_not_every_reader_takes_gets_a_plain_one_beside_it() -> None:
    """A copy under a label of OpenSSL's own is left as it is, and a plain one comes and goes."""
    for label in (b"X509 CERT", b"TRUSTED CERT"):
        copy = A.pem.replace(b"CERT", label)
        added = add(A).apply(copy)
        assert added.startswith(copy)
        assert A.pem in added
        assert add(A).inverse(copy).apply(added) == copy


def test_a_foreign_copy_goes_alone() -> None:
    """Only the PEM of that certificate goes: not the comment above it, not our own block of it."""
    old = b"# theirs\n" + A.pem + STRANGER.pem + block(A)
    change = Blocks(foreign=(A.sha256,))
    assert change.apply(old) == b"# theirs\n" + STRANGER.pem + block(A)
    assert change.inverse(old).apply(change.apply(old)) == old


def test_an_inverse_spares_what_others_changed_since() -> None:
    """Undone after another program has written, only the managed part of the change is undone."""
    old = A.pem + block(B)
    change = Blocks(add=(OURS[2],), remove=(B.sha256,), foreign=(A.sha256,))
    later = change.apply(old) + STRANGER.pem
    assert change.inverse(old).apply(later) == STRANGER.pem + block(B)


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        pytest.param(
            block(A).partition(b"# trustinstall end")[0] + STRANGER.pem,
            STRANGER.pem,
            id="the end line is gone",
        ),
        pytest.param(
            block(A).partition(b"\n")[2] + STRANGER.pem,
            A.pem + STRANGER.pem,
            id="the begin line is gone, and so nobody knows whose it is",
        ),
        pytest.param(
            block(A).replace(A.pem, A.pem[:200] + b"\n") + STRANGER.pem,
            STRANGER.pem,
            id="the certificate is cut short between both lines",
        ),
        pytest.param(
            block(A)[:300] + b"\n" + STRANGER.pem,
            block(A)[:300].partition(b"\n")[2] + b"\n" + STRANGER.pem,
            id="it is cut short and the end line is gone",
        ),
        pytest.param(
            block(A).replace(A.pem, STRANGER.pem),
            STRANGER.pem,
            id="another certificate stands between our lines",
        ),
        pytest.param(
            block(A).replace(A.pem, A.pem + STRANGER.pem),
            STRANGER.pem,
            id="another certificate stands behind ours between our lines",
        ),
        pytest.param(
            block(A).replace(A.pem, b"# a note\n" + A.pem + b"# another\n"),
            b"# a note\n# another\n",
            id="somebody has written notes into it",
        ),
        pytest.param(block(A).replace(A.pem, b""), b"", id="the certificate is gone and the lines stand"),
        pytest.param(
            (STRANGER.pem + block(A)).replace(b"\n", b"\r\n"),
            STRANGER.pem.replace(b"\n", b"\r\n"),
            id="an editor has changed every line end",
        ),
        pytest.param(block(A) + block(A), b"", id="it stands there twice"),
        pytest.param(b"x" + block(A), b"x" + block(A).partition(b"\n")[0] + b"\n" + A.pem, id="glued"),
    ],
)
def test_edited_blocks_lose_only_what_is_certainly_ours(edited: bytes, left: bytes) -> None:
    """After any edit of a managed block, only marker lines and managed certificates are removed."""
    assert remove(A).apply(edited) == left


INSIDE = (b"# why this one is here\n", STRANGER.pem, b"Subject: CN=Corp\n", STRANGER.pem.replace(b"\n", b"\r\n"))


@given(others=st.lists(st.sampled_from(INSIDE), min_size=1, max_size=3), before=st.booleans())
def test_what_others_write_between_our_marks_stays(*, others: list[bytes], before: bool) -> None:
    """Text and certificates of others between our marker lines stay; our certificate goes, wherever it stands."""
    mine, whole = b"".join(others), block(A)
    begin, end = whole.split(b"\n", 1)[0] + b"\n", b"# trustinstall end " + A.sha256.encode() + b"\n"
    edited = STRANGER.pem + (begin + mine + A.pem + end if before else begin + A.pem + mine + end)
    assert marked(edited).keys() == {A.sha256}
    assert remove(A).apply(edited) == STRANGER.pem + mine


def test_a_line_in_the_middle_of_our_certificate_stays() -> None:
    """A line that damages our certificate stays when the certificate goes."""
    lines = block(A).splitlines(keepends=True)
    edited = b"".join((*lines[:5], b"# a note, by mistake\n", *lines[5:]))
    assert remove(A).apply(edited) == b"# a note, by mistake\n"
    assert add(A).apply(STRANGER.pem + edited) == STRANGER.pem + b"# a note, by mistake\n" + block(A)
