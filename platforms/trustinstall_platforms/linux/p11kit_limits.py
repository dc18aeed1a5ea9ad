"""Extensions that a file in p11-kit's own format attaches to every certificate with a key: a person's limit.

`trust extract` for TLS servers leaves out a certificate whose purposes are others, or that is no authority by them,
no matter which file brings it.

Sources: p11-kit's trust/{builder,token,types}.h and extract-info.c, "Storing Trust Policy" (stored extensions); tried
with 0.24: an object with `object-id: 2.5.29.37`, its key as `public-key-info` or as PEM, and as value the extension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.certificates.pem import SERVER_PURPOSES, pem_blocks
from trustinstall_platforms.linux import p11kit_format

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLASS = b"x-certificate-extension"
_KEYS = (b"public-key-info", b"x-public-key-info")  # the second one until p11-kit 0.23.11
_PURPOSES, _AUTHORITY, _REJECTED = b"2.5.29.37", b"2.5.29.19", b"1.3.6.1.4.1.3319.6.10.1"
_BOOLEAN, _OCTETS, _IDENTIFIER = 0x01, 0x04, 0x06


def refused_keys(content: bytes) -> Iterator[bytes]:
    """Yield the keys (DER of SubjectPublicKeyInfo) whose certificates the file keeps from TLS servers."""
    if _CLASS not in content or p11kit_format.MAGIC not in content:
        return
    for text in p11kit_format.parts(content)[1:]:
        fields = p11kit_format.fields(text)
        if fields.get(b"class") == _CLASS and _refuses(fields.get(b"object-id", b""), fields.get(b"value", b"")):
            named = (p11kit_format.octets(fields[one]) for one in _KEYS if one in fields)
            blocks = (one.der for one in pem_blocks(text) if one.label == "PUBLIC KEY")
            yield from (one for one in (*named, *blocks) if one is not None)


def _refuses(kind: bytes, value: bytes) -> bool:
    """Whether an extension says that a certificate is not for TLS servers; p11-kit leaves out what it cannot read."""
    if kind not in {_PURPOSES, _AUTHORITY, _REJECTED}:
        return False
    try:
        inner = der.element(_content(der.element(p11kit_format.octets(value) or b"")))
        if kind == _AUTHORITY:
            return not any(one.tag == _BOOLEAN and one.value != b"\0" for one in inner.children())
        for_servers = any(der.dotted(one.value) in SERVER_PURPOSES for one in inner.children())
    except der.Malformed:
        return True
    return for_servers == (kind == _REJECTED)


def _content(extension: der.Element) -> bytes:
    """Return the value of an extension; older files have that alone. Raises Malformed."""
    parts = list(extension.children())
    whole = len(parts) > 1 and (parts[0].tag, parts[-1].tag) == (_IDENTIFIER, _OCTETS)
    return parts[-1].value if whole else extension.whole
