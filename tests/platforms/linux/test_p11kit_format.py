"""p11-kit's own files: certificates that stand in them as strings."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall_platforms.linux.anchor_sources import fingerprints
from trustinstall_platforms.linux.p11kit_format import MAGIC, certificates

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")


def encoded(value: bytes) -> bytes:
    """An octet string as p11-kit may write it: letters and digits as they are."""
    return "".join(chr(one) if chr(one).isalnum() and one < 128 else f"%{one:02x}" for one in value).encode()


def item(value: bytes, kind: bytes = b"certificate") -> bytes:
    """One object."""
    return MAGIC + b"\nclass: " + kind + b'\nlabel: "Corp%20Root"\nvalue: "' + encoded(value) + b'"\ntrusted: true\n\n'


def test_each_object_is_read_in_its_own_right() -> None:
    """Strings and PEM, line ends of either kind; an extension's value is no certificate."""
    content = b"# a comment\n\n" + item(CORP.der) + item(b"\x30\x00", b"x-certificate-extension")
    content += MAGIC + b"\ntrusted: true\n" + OTHER.pem

    assert list(certificates(content)) == [CORP.der]
    assert list(certificates(content.replace(b"\n", b"\r\n"))) == [CORP.der]
    assert set(fingerprints(content)) == {CORP.sha256, OTHER.sha256}
    assert list(fingerprints(content.replace(MAGIC, b"[another-format]"))) == [OTHER.sha256]


def test_words_and_broken_strings_are_passed_over() -> None:
    """Only a whole string in quotation marks is a value."""
    for value in (b"true", b'"%30', b'%30"', b'"%30" more', b""):
        assert list(certificates(MAGIC + b"\nclass: certificate\nvalue: " + value)) == []
    assert list(certificates(MAGIC + b'\nvalue: "%30"')) == []


@given(st.lists(st.binary(min_size=1, max_size=80)))
def test_what_is_written_is_read(values: list[bytes]) -> None:
    """Any octets, in order."""
    assert list(certificates(b"".join(map(item, values)))) == values
    found = list(fingerprints(b"".join(map(item, values))))
    assert found == [hashlib.sha256(value).hexdigest() for value in values]


@given(st.lists(st.sampled_from([MAGIC, b"class: certificate", b'value: "%30"', b"-----BEGIN X-----", b"\xff%zz"])))
def test_anything_is_read_or_passed_over(lines: list[bytes]) -> None:
    """No order of lines ends in an error."""
    assert set(certificates(b"\n".join(lines))) <= {b"0"}


@given(st.binary(max_size=300))
def test_hostile_content_never_raises(content: bytes) -> None:
    """Nor does anything else."""
    list(certificates(MAGIC + b"\n" + content))
