"""From files, directories and standard input to what is accepted, what is left out, and what refuses all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Intake, normalise_fingerprint, take
from trustinstall.certificates.vetting import ALLOWABLE
from trustinstall.errors import CertificateRefused, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = make_root("Corp Root G2")
OTHER = make_root("Other Root")
INTERMEDIATE = ROOT.intermediate("Issuing CA 1")
LEAF = INTERMEDIATE.issue("www.corp.test")
EXPIRED = make_root(
    "Old Root",
    not_before=datetime(2001, 1, 1, tzinfo=timezone.utc),
    not_after=datetime(2011, 1, 1, tzinfo=timezone.utc),
)


@dataclass
class Files:
    """Inputs by path; a path that others begin with is a directory."""

    files: dict[str, bytes]
    stdin: bytes = b""
    read: list[str] = field(default_factory=list[str])

    def read_input(self, path: str) -> bytes:
        """The file, which is noted as read."""
        self.read.append(path)
        if path not in self.files:
            message = f"{path}: there is no such file"
            raise CertificateRefused(message)
        return self.files[path]

    def read_stdin(self) -> bytes:
        """What stands on standard input."""
        return self.stdin

    def list_input(self, path: str) -> list[str] | None:
        """The files below the path, or None."""
        if path in self.files:
            return None
        return sorted(each for each in self.files if each.startswith(f"{path}/")) or None

    def now(self) -> datetime:
        """The real time."""
        return datetime.now(timezone.utc)


def accepted(intake: Intake) -> list[bytes]:
    """The DER of what was taken."""
    return [each.certificate.der for each in intake.accepted]


def left_out(intake: Intake) -> list[bytes]:
    """The DER of what was left out."""
    return [certificate.der for certificate, _ in intake.left_out]


def test_takes_one_root() -> None:
    """A file with a root gives that root, where it came from, and no warning."""
    intake = take(Files({"corp.crt": ROOT.pem}), ["corp.crt"])
    (one,) = intake.accepted
    assert (Certificate(ROOT.der), "corp.crt", ()) == (one.certificate, one.origin, one.warnings)
    assert not intake.left_out
    assert not intake.passed_over


def test_takes_several_files_and_standard_input() -> None:
    """Inputs are taken in their order; a root that comes twice is taken once, with its first origin."""
    files = Files({"a.crt": OTHER.der, "b.pem": ROOT.pem}, stdin=ROOT.pem)
    intake = take(files, ["a.crt", "-", "b.pem"])
    assert [(OTHER.der, "a.crt"), (ROOT.der, "standard input")] == [
        (each.certificate.der, each.origin) for each in intake.accepted
    ]


def test_a_chain_file_gives_its_root() -> None:
    """Of a server's chain only the root is taken; the others are named with what they are."""
    intake = take(Files({"chain.pem": LEAF.chain_pem + ROOT.pem}), ["chain.pem"])
    assert [ROOT.der] == accepted(intake)
    assert [LEAF.der, INTERMEDIATE.der] == left_out(intake)
    reasons = [reason for _, reason in intake.left_out]
    assert "server's own certificate" in reasons[0]
    assert "an intermediate, which servers send themselves; --allow-intermediate" in reasons[1]


def test_allow_intermediate() -> None:
    """--allow-intermediate takes the intermediates, too, and still no server's certificate."""
    files = Files({"chain.pem": LEAF.chain_pem + ROOT.pem})
    intake = take(files, ["chain.pem"], allow_intermediate=True)
    assert [INTERMEDIATE.der, ROOT.der] == accepted(intake)
    assert [LEAF.der] == left_out(intake)


def test_a_new_key_signed_with_the_old_one_is_no_root() -> None:
    """A rollover certificate (same name, another key's signature) is left out beside the root itself."""
    new = make_root("Corp Root G2")
    bridge = make_root("Corp Root G2", issuer=ROOT, key=new.key)
    intake = take(Files({"all.pem": bridge.pem + new.pem}), ["all.pem"])
    assert ([new.der], [bridge.der]) == (accepted(intake), left_out(intake))
    with pytest.raises(CertificateRefused, match="no root is in it"):
        take(Files({"all.pem": bridge.pem}), ["all.pem"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (LEAF.chain_pem, "no root is in it; Issuing CA 1 is an intermediate, issued by Corp Root G2; pass the root"),
        (INTERMEDIATE.pem, "no root is in it; Issuing CA 1 is an intermediate, issued by Corp Root G2; pass the root"),
        (
            LEAF.pem,
            "no root is in it; www.corp.test is a server's own certificate (no CA:TRUE), issued by Issuing CA 1",
        ),
    ],
    ids=["chain", "intermediate", "leaf"],
)
def test_without_a_root(data: bytes, expected: str) -> None:
    """Where no root is, the refusal names whose root to get."""
    with pytest.raises(CertificateRefused) as caught:
        take(Files({"x.pem": data}), ["x.pem"], allow=ALLOWABLE)
    assert f"x.pem: {expected}" in str(caught.value)
    assert caught.value.allowed_as == ("intermediate" if "Issuing CA 1 is" in expected else "")


def test_one_bad_input_refuses_all() -> None:
    """Nothing is accepted where one of several inputs is bad, wherever it stands."""
    files = Files({"good.crt": ROOT.pem, "bad.crt": b"-----BEGIN CERTIFICATE-----\n", "key.pem": OTHER.key_pem})
    for inputs in (["good.crt", "bad.crt"], ["bad.crt", "good.crt"], ["good.crt", "key.pem"], ["good.crt", "none"]):
        with pytest.raises(CertificateRefused):
            take(files, inputs)


def test_policy_refusals_name_the_input() -> None:
    """An expired root refuses all with the name of its file, and --allow-expired takes it with a warning."""
    files = Files({"good.crt": ROOT.pem, "old.crt": EXPIRED.pem})
    with pytest.raises(CertificateRefused, match=r"old\.crt: Old Root expired on 2011-01-01") as caught:
        take(files, ["good.crt", "old.crt"])
    assert caught.value.allowed_as
    intake = take(files, ["good.crt", "old.crt"], allow=ALLOWABLE)
    assert [ROOT.der, EXPIRED.der] == accepted(intake)
    assert "expired on 2011-01-01" in intake.accepted[1].warnings[0]


def test_a_directory() -> None:
    """In a directory the certificate files are read, in any case of suffix; others are named and not opened."""
    files = Files({"d/a.CRT": ROOT.der, "d/b.pem": OTHER.pem, "d/README": b"text", "d/x.key": OTHER.key_pem})
    intake = take(files, ["d"])
    assert [ROOT.der, OTHER.der] == accepted(intake)
    assert intake.passed_over == ("d/README", "d/x.key")
    assert files.read == ["d/a.CRT", "d/b.pem"]


def test_a_directory_with_a_bad_certificate_file_refuses_all() -> None:
    """A file that calls itself a certificate and is none is not skipped silently."""
    with pytest.raises(CertificateRefused, match=r"d/b\.crt: it holds no certificate"):
        take(Files({"d/a.crt": ROOT.pem, "d/b.crt": b"oops"}), ["d"])


def test_a_directory_without_certificates() -> None:
    """A directory without certificate files is refused, with the names that count."""
    with pytest.raises(CertificateRefused, match=r"the directory holds no certificate file \(\.cer, \.crt, "):
        take(Files({"d/README": b"text"}), ["d"])


@pytest.mark.parametrize(
    ("inputs", "expected"), [([], "no certificate named"), (["-", "a", "-"], "only once")], ids=["none", "twice"]
)
def test_usage(inputs: list[str], expected: str) -> None:
    """No input at all, and standard input twice, are wrong usage."""
    with pytest.raises(UsageProblem, match=expected):
        take(Files({"a": ROOT.pem}), inputs)


NOTATIONS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "colons": lambda digits: ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper(),
    "a label": lambda digits: f"sha256:{digits}",
    "as OpenSSL prints it": lambda digits: f"sha256 Fingerprint={NOTATIONS['colons'](digits)}",
    "blanks": lambda digits: f" {digits[:32]} {digits[32:]}\n",
}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_expected_fingerprints(notation: str) -> None:
    """--sha256 lets exactly the named certificates through, in any common notation."""
    files = Files({"x.pem": ROOT.pem + OTHER.pem})
    named = [NOTATIONS[notation](each.sha256) for each in (ROOT, OTHER)]
    assert [ROOT.der, OTHER.der] == accepted(take(files, ["x.pem"], sha256=named))


def test_an_unexpected_fingerprint() -> None:
    """A certificate that --sha256 does not name refuses all, and both fingerprints are shown in full."""
    for allow in ((), ALLOWABLE):
        with pytest.raises(
            CertificateRefused, match=f"Other Root is not the certificate that --sha256 names; .*{OTHER.sha256}"
        ) as caught:
            take(Files({"x.pem": ROOT.pem + OTHER.pem}), ["x.pem"], sha256=[ROOT.sha256], allow=allow)
        assert not caught.value.allowed_as


def test_a_missing_fingerprint() -> None:
    """A fingerprint that no accepted certificate has refuses all, also where an intermediate has it."""
    files = Files({"x.pem": ROOT.pem + INTERMEDIATE.pem})
    for missing in (OTHER.sha256, INTERMEDIATE.sha256):
        with pytest.raises(
            CertificateRefused, match=f"no root has the fingerprint that --sha256 names; expected {missing}"
        ):
            take(files, ["x.pem"], sha256=[ROOT.sha256, missing])
    intake = take(files, ["x.pem"], sha256=[ROOT.sha256, INTERMEDIATE.sha256], allow_intermediate=True)
    assert [ROOT.der, INTERMEDIATE.der] == accepted(intake)


@pytest.mark.parametrize(
    "text", ["", "ab", "0" * 63, "0" * 65, "g" * 64, "0" * 40, "sha256:" + "0" * 63, "sha1:" + "0" * 64, "٣" * 64]
)
def test_bad_fingerprints(text: str) -> None:
    """Anything but 64 hexadecimal digits is wrong usage: a prefix must never let a certificate through."""
    with pytest.raises(UsageProblem, match="is no SHA-256 fingerprint"):
        normalise_fingerprint(text)


def test_the_clock_is_the_sources() -> None:
    """Validity is judged by the source's clock."""

    class Later(Files):
        def now(self) -> datetime:
            return datetime.now(timezone.utc) + timedelta(days=20 * 365)

    with pytest.raises(CertificateRefused, match="expired on"):
        take(Later({"a": ROOT.pem}), ["a"])
