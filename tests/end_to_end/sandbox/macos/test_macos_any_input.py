"""The readers of the stand-in for macOS's `security` take any bytes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.macos.standin import certs, machine
from tests.support.macos.standin import settings as records
from tests.support.pki import make_root

pytestmark = pytest.mark.timeout(300)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda tail: make_seed()[:100] + tail))
def test_any_bytes_are_a_certificate_or_none(content: bytes) -> None:
    """Reading never fails in any other way than by saying that it is no certificate."""
    with contextlib.suppress(certs.BadCertificateError):
        decoded = certs.pem_decode(content) if certs.is_pem(content) else content
        assert certs.parse(decoded).der == decoded


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_is_no_surprise(where: int, flip: int) -> None:
    """A damaged certificate is read or refused."""
    der = bytearray(make_seed())
    der[where % len(der)] ^= flip
    with contextlib.suppress(certs.BadCertificateError):
        assert certs.parse(bytes(der)).sha1


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["trustList", "trustVersion", "AB"]), inner),
    )
)
def test_any_plist_is_a_record_or_none(found: object) -> None:
    """For any property list, the question has an answer; only dictionaries are records."""
    assert isinstance(found, dict) or not records.valid(found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_keychain_or_none(content: bytes) -> None:
    """A broken file of the stand-in's own is said to be one; what it writes it reads."""
    for broken in (content, machine.pack_keychain([])[:25] + content, machine.pack_settings({})[:25] + content):
        for unpack in (machine.unpack_keychain, machine.unpack_settings):
            with contextlib.suppress(ValueError):
                json.dumps(unpack(broken), default=repr)
    assert machine.unpack_keychain(machine.pack_keychain([content])) == [content]


def make_seed() -> bytes:
    """The same certificate each time."""
    return _SEED.der


_SEED = make_root("Seed")
