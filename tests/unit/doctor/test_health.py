"""What the bytes of a bundle show."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.support.pki import make_root
from trustinstall.certificates.pem import pem_blocks, to_pem
from trustinstall.doctor import health

NOW = datetime(2026, 11, 29, tzinfo=timezone.utc)
ROOT, OTHER = make_root("Root"), make_root("Other Root")
PAST = make_root("Past Root", not_before=NOW - timedelta(days=20), not_after=NOW - timedelta(days=1))


def test_a_sound_bundle_has_no_fault() -> None:
    """Two private roots, each once."""
    assert health.bundle(ROOT.pem + b"# text\n" + OTHER.pem, NOW) == health.Bundle(2, 0, 0, (), ())


def test_each_fault_is_counted_alone() -> None:
    """A damaged block, a root that stands there twice, and one that is expired."""
    damaged = ROOT.pem.replace(b"M", b"!", 1)
    seen = health.bundle(damaged + OTHER.pem + OTHER.pem + PAST.pem, NOW)
    assert (seen.damaged, seen.doubled, seen.expired) == (1, ("Other Root",), ("Past Root",))


def test_bytes_that_are_no_certificate_are_damaged() -> None:
    """A block of base64 whose DER no reader takes counts as damaged, however it looks."""
    assert health.bundle(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NOW).damaged == 1


def test_a_cut_off_bundle_is_damaged() -> None:
    """The last certificate of a bundle whose end is missing."""
    assert health.bundle(ROOT.pem + OTHER.pem[:-40], NOW).damaged == 1


def test_a_large_bundle_is_read_once() -> None:
    """Ten thousand copies of one root are one certificate, found twice."""
    seen = health.bundle(ROOT.pem * 10_000, NOW)
    assert (seen.total, seen.doubled) == (1, ("Root",))


def test_only_a_few_names_are_shown() -> None:
    """A sentence names three certificates, and says how many more there are; no name holds a control character."""
    assert health.names(("a", "b\x1b[31m", "c", "d", "e")) == "a, b\\x1b[31m, c and 2 more"


def test_anchors_are_the_certificates() -> None:
    """What is no certificate is none of the anchors."""
    (block,) = pem_blocks(ROOT.pem)
    key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    assert health.anchors(key + ROOT.pem) == frozenset({block.der})


def test_old_leftovers_of_a_public_bundle_are_no_fault() -> None:
    """What has expired years ago fails no program now; what has expired this year may, and says so."""
    blocks = pem_blocks(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    public = b"".join(to_pem(one.der) for one in blocks if one.der is not None)
    old = make_root("Old Root", not_before=NOW - timedelta(days=900), not_after=NOW - timedelta(days=800))
    assert health.bundle(public + old.pem + PAST.pem, NOW).expired == ("Past Root",)
    assert health.bundle(old.pem, NOW).expired == ("Old Root",)


def test_each_fault_has_its_sentence() -> None:
    """Kinds of findings, each with what is wrong and what to do."""
    found = list(health.faults(health.Bundle(3, 0, 1, ("A",), ("B",))))
    assert [kind for kind, _, _ in found] == ["bundle-damaged", "bundle-doubled", "bundle-expired"]
    assert all(kind in health.KINDS and reason and advice for kind, reason, advice in found)
    assert list(health.faults(health.Bundle(3, 3, 0, (), ()))) == []
