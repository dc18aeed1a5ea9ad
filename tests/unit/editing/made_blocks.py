"""Certificates, our blocks of them, and the two changes, for tests of bundles."""

from __future__ import annotations

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.editing.pem_blocks import Blocks

OURS = tuple(Certificate(make_root(f"Ours {number}").der) for number in range(4))
THEIRS = tuple(Certificate(make_root(f"Theirs {number}").der) for number in range(4))
A, B = sorted(OURS[:2], key=lambda one: one.sha256)
STRANGER = THEIRS[0]


def block(certificate: Certificate) -> bytes:
    """Write a block as the documentation shows it."""
    name = certificate.sha256.encode()
    return b"# trustinstall begin " + name + b"\n" + certificate.pem + b"# trustinstall end " + name + b"\n"


def add(*certificates: Certificate) -> Blocks:
    """Make the change that adds these."""
    return Blocks(add=certificates)


def remove(*certificates: Certificate) -> Blocks:
    """Make the change that removes our blocks of these."""
    return Blocks(remove=tuple(one.sha256 for one in certificates))


JOINED = b"# trustinstall joined: the line break above is ours\n"
