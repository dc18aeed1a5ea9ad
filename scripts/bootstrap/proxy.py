"""Which certificate pip is to trust for the first download, behind a proxy that re-signs TLS.

pip cannot fetch anything before the proxy's root is trusted, and that root cannot be installed before
pip has fetched. So where a certificate file among the command's arguments has the fingerprint that
`--sha256`, TRUSTINSTALL_SHA256 or TRUSTINSTALL_BOOTSTRAP_SHA256 names, pip trusts it for this one
download. Without a named fingerprint no file is looked at: the owner of the network could have
made one.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

LARGEST_FILE = 1024 * 1024  # bytes, as the program itself has it

PEM_CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END")


def named_fingerprint(arguments: Sequence[str]) -> str:
    """Return the SHA-256 that the arguments or the environment name, in lower case, or ''."""
    named = os.environ.get("TRUSTINSTALL_BOOTSTRAP_SHA256") or os.environ.get("TRUSTINSTALL_SHA256", "")
    for position, argument in enumerate(arguments):
        if argument == "--sha256":
            named = "".join(arguments[position + 1 : position + 2])
        elif argument.startswith("--sha256="):
            named = argument.removeprefix("--sha256=")
    digits = re.sub(r"^\s*sha-?256\s*(?:fingerprint\s*)?[:=]", "", named, flags=re.IGNORECASE)  # as OpenSSL prints it
    return re.sub(r"[\s:]", "", digits).lower()


def find_certificate(fingerprint: str, arguments: Sequence[str]) -> bytes | None:
    """Return the DER of the certificate with this fingerprint from the files that are named."""
    for argument in arguments:
        for der in certificates(Path(argument)):
            if hashlib.sha256(der).hexdigest() == fingerprint:
                return der
    return None


def certificates(path: Path) -> Iterator[bytes]:
    """Yield the DER of each certificate in a PEM or DER file; nothing from anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return  # an option or a sub-command; the program itself says what is wrong with a file
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        content = os.read(descriptor, LARGEST_FILE)
    finally:
        os.close(descriptor)
    yield first_element(content)
    for block in PEM_CERTIFICATE.finditer(content):
        with contextlib.suppress(binascii.Error):
            yield first_element(base64.b64decode(block[1]))


def first_element(content: bytes) -> bytes:
    """Return the first DER element (X.690 8.1), without what a TRUSTED CERTIFICATE has after it."""
    if content[:1] != b"\x30" or len(content) < 2:
        return b""
    length, start = content[1], 2
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(content[2:start], "big")
    return content[: start + length]


def pem(der: bytes) -> bytes:
    """Return a certificate as PEM, after a line feed in case what stands before has none."""
    body = base64.encodebytes(der)
    return b"\n-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


def hint(fingerprint: str, *, found: bool) -> str:
    """Return what to do when pip meets a certificate that it does not trust."""
    if found:
        return "The certificate that was named has not signed what this server shows."
    if fingerprint:
        return (
            "None of the files named has a certificate (PEM or DER) with the SHA-256 "
            f"{fingerprint[:64]}, so pip was not made to trust any."
        )
    return (
        "If a proxy of your organisation re-signs TLS here, give its root certificate and the "
        "SHA-256 fingerprint that your administrators publish: "
        "scripts/trustinstall add corp.crt --sha256 FINGERPRINT"
    )
