"""Our blocks in other people's bundles: what goes in comes out again, and nothing else does."""

from __future__ import annotations

import json
import ssl
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.editing.made_blocks import JOINED, OURS, STRANGER, THEIRS, A, B, add, block, remove
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import Blocks, marked

KNOWN = (*OURS[:3], STRANGER)
TEXT = (
    b"\n",
    b"\r\n",
    b"\r",
    b"# Issuer: CN=Somebody\n",
    "# Société\n".encode(),
    b"no line break",
    b"\xef\xbb\xbf",
    STRANGER.pem,
    STRANGER.pem[:-1],
    STRANGER.pem[: len(STRANGER.pem) // 2],
    STRANGER.pem.replace(b"\n", b"\r\n"),
    b"-----BEGIN CERTIFICATE-----\n",
    b"-----END CERTIFICATE-----\n",
)
OTHERS = (  # managed, too, but not of the certificates that come and go
    block(THEIRS[1]),
    b"# trustinstall begin " + THEIRS[2].sha256.encode() + b"\n",
    b"# trustinstall end " + THEIRS[2].sha256.encode(),
)
DEBRIS = (
    JOINED,
    JOINED.replace(b"\n", b"\r\n"),
    *(block(one) for one in OURS[:2]),
    *(block(one)[:-1] for one in OURS[:2]),
    *(block(one).replace(b"\n", b"\r\n") for one in OURS[:2]),
    *(block(one)[:300] for one in OURS[:2]),
    *(block(one)[80:] for one in OURS[:2]),
    *(one.pem for one in OURS[:2]),
)


def pieces(*fragments: bytes) -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, with what bundles are made of among them."""
    one = st.one_of(st.sampled_from(fragments), st.binary(max_size=20))
    return st.lists(one, max_size=6).map(b"".join)


foreign_text = pieces(*TEXT)
any_text = pieces(*TEXT, *OTHERS)
anything = pieces(*TEXT, *OTHERS, *DEBRIS)
ours = st.permutations(OURS)


@given(any_text, ours, ours)
def test_add_then_remove_restores_any_bytes(old: bytes, coming: list[Certificate], going: list[Certificate]) -> None:
    """The original bytes are restored, with any order in which certificates came and went."""
    data = old
    for one in coming:
        data = add(one).apply(data)
        assert one.sha256 in marked(data)
    for one in going:
        data = remove(one).apply(data)
        assert one.sha256 not in marked(data)
    assert data == old


@given(any_text, ours)
def test_the_order_of_coming_does_not_matter(old: bytes, coming: list[Certificate]) -> None:
    """One after the other in any order gives the same bytes as all at once."""
    data = old
    for one in coming:
        data = add(one).apply(data)
    assert data == add(*OURS).apply(old)


@given(
    foreign_text,
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(OURS)),
            st.tuples(st.just("append"), foreign_text),
            st.tuples(st.just("prepend"), foreign_text.map(lambda text: text + b"\n")),
        ),
        max_size=12,
    ),
    ours,
)
@settings(max_examples=300)
def test_what_others_write_in_between_stays(
    old: bytes, deeds: list[tuple[str, Certificate | bytes]], going: list[Certificate]
) -> None:
    """Other programs write before and behind managed certificates; after these are removed, only that text is there."""
    data = plain = old
    for deed, what in deeds:
        if isinstance(what, Certificate):
            data = (add if deed == "add" else remove)(what).apply(data)
        elif deed == "prepend":
            data, plain = what + data, what + plain
        elif what:
            behind_ours = any(end == len(data) for _, end in marked(data).values())
            glued = behind_ours and plain and not plain.endswith(b"\n")
            data, plain = data + what, plain + (b"\n" if glued else b"") + what
    for one in going:
        data = remove(one).apply(data)
    assert data == plain


@st.composite
def changes(draw: st.DrawFn) -> Blocks:
    """Draw a change in which each certificate has at most one role."""
    roles = {one: draw(st.sampled_from(["", "add", "remove", "foreign", "both"])) for one in KNOWN}
    return Blocks(
        tuple(one for one, role in roles.items() if role == "add"),
        tuple(one.sha256 for one, role in roles.items() if role in {"remove", "both"}),
        tuple(one.sha256 for one, role in roles.items() if role in {"foreign", "both"}),
    )


@given(anything, changes())
@settings(max_examples=500)
def test_the_inverse_is_exact(old: bytes, change: Blocks) -> None:
    """Any change of any bytes, debris of our own among them, is undone to the byte."""
    assert change.inverse(old).apply(change.apply(old)) == old


@given(anything, changes())
@settings(max_examples=500)
def test_twice_is_once(old: bytes, change: Blocks) -> None:
    """Applying a change to its own result changes nothing."""
    once = change.apply(old)
    assert change.apply(once) == once


@given(anything, changes())
def test_json_holds_a_change_and_its_inverse(old: bytes, change: Blocks) -> None:
    """A change comes back from the journal as it went in."""
    for one in (change, change.inverse(old)):
        assert Blocks.from_json(json.loads(json.dumps(one.to_json()))) == one


@pytest.mark.parametrize(
    "change",
    [
        {"add": ["%"]},
        {"remove": ["../../etc"]},
        {"remove": [7]},
        {"foreign": ["AB" * 32]},
        {"original": {"instead_of": "0" * 64}},
        {"original": ["instead_of"]},
    ],
)
def test_json_of_something_else_is_refused(change: dict[str, object]) -> None:
    """What did not come from `to_json` raises one of the three documented errors."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        Blocks.from_json({**Blocks().to_json(), **change})


def loaded(bundle: bytes) -> set[bytes]:
    """Return what OpenSSL takes from a bundle; it raises where it refuses a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "bundle.pem")
        path.write_bytes(bundle)
        context.load_verify_locations(cafile=str(path))
    return set(context.get_ca_certs(binary_form=True))


@given(
    st.lists(
        st.sampled_from(
            [
                *(one.pem for one in THEIRS),
                *(one.pem.replace(b"\n", b"\r\n") for one in THEIRS),
                b"# a comment\n",
                b"\n",
            ]
        ),
        min_size=1,
    ),
    st.sampled_from([b"", b"\r\n"]),
    st.sets(st.sampled_from(OURS), min_size=1),
)
@settings(max_examples=50, deadline=None)
def test_openssl_loads_the_old_ones_and_ours(
    parts: list[bytes],
    strip: bytes,
    new: set[Certificate],
) -> None:
    """Added to any valid bundle, OpenSSL sees exactly those that were there, and those added."""
    old = b"".join([THEIRS[0].pem, *parts]).rstrip(strip)
    assert loaded(add(*new).apply(old)) == loaded(old) | {one.der for one in new}


def test_a_bundle_without_final_line_break() -> None:
    """The documented form where a line break had to be added, and nothing of it when it goes."""
    old = STRANGER.pem[:-1]
    new = add(A).apply(old)
    assert new == old + b"\n" + JOINED + block(A)
    assert remove(A).apply(new) == old
    assert remove(A).apply(new + b"theirs") == old + b"\ntheirs"


def test_removing_an_early_one_keeps_the_line_break_for_a_late_one() -> None:
    """The added line break outlives the block that it came with, while another needs it."""
    old = b"no line break"
    new = remove(A).apply(add(A, B).apply(old))
    assert new == old + b"\n" + JOINED + block(B)
    assert remove(B).apply(new) == old


def test_a_joined_line_at_the_very_start() -> None:
    """If a program has cut away the text above the managed line, taking that out still keeps the rest."""
    assert remove(A).apply(JOINED + block(A)) == b""
    assert remove(A).apply(JOINED + block(A) + b"theirs\n") == b"theirs\n"


def test_a_note_in_a_block_keeps_the_line_break() -> None:
    """Text that a person wrote into a managed block is not joined to the line above when the block goes."""
    noted = add(A).apply(b"no line break").replace(A.pem, b"# a note\n" + A.pem)
    assert remove(A).apply(noted) == b"no line break\n# a note\n"


def test_a_block_that_lost_its_final_line_break_gets_it_back() -> None:
    """A bundle without its final line break takes the next certificate, and gets the line break back."""
    assert add(B).apply(block(A)[:-1]) == add(A, B).apply(b"")


def test_adding_mends_an_emptied_block() -> None:
    """Marker lines around nothing are no certificate, and no second pair of them is written."""
    assert add(A).apply(block(A).replace(A.pem, b"") + STRANGER.pem) == STRANGER.pem + block(A)


@pytest.mark.parametrize("junk", ["nothing", "begin lines", "blocks", "joined lines", "dashes"])
def test_time_is_linear(junk: str) -> None:
    """Megabytes of the worst take seconds: something quadratic would take an hour."""
    line = b"# trustinstall begin " + STRANGER.sha256.encode() + b"\n-----BEGIN CERTIFICATE-----\n"
    old = {
        "nothing": b"",
        "begin lines": line * 30_000,
        "blocks": block(STRANGER) * 4_000,
        "joined lines": b"x\n" + JOINED * 60_000,
        "dashes": b"-" * 3_000_000,
    }[junk]
    start = time.monotonic()
    change = Blocks(add=(A,), remove=(STRANGER.sha256,), foreign=(B.sha256,))
    assert change.inverse(old).apply(change.apply(old)) == old
    assert time.monotonic() - start < 30
