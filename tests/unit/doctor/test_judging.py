"""Each fault of a chain gives its own reason, and a chain without fault gives none."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.chain_making import made
from tests.support.der_writing import tlv
from tests.support.extensions import ANY_PURPOSE, CLIENT_AUTH, Extension, issuers_at
from tests.support.pki import Made, Root, make_root, odd_version
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import judging, paths
from trustinstall.doctor.families import OPENSSL

NOW = datetime.now(timezone.utc)
PAST = NOW - timedelta(days=10)
ROOT, OTHER = make_root("Corp Root"), make_root("Other Root")
MIDDLE = ROOT.intermediate()
LEAF = MIDDLE.issue("localhost", "*.corp.example", "127.0.0.1")


def codes(sent: tuple[Made, ...], anchors: tuple[Made, ...], host: str = "localhost") -> list[str]:
    """The codes of the reasons against a chain."""
    known = paths.by_subject(Certificate(one.der) for one in anchors)
    return [one.code for one in judging.judge([Certificate(one.der) for one in sent], known, host, NOW).reasons]


def test_a_good_chain_has_no_reason_against_it() -> None:
    """It ends in the anchor, whether the root is sent or not, and in any order."""
    assert codes((LEAF, MIDDLE), (OTHER, ROOT)) == []
    assert codes((LEAF, ROOT, MIDDLE), (ROOT,)) == []


def test_an_intermediate_may_be_the_anchor() -> None:
    """Python from 3.13 on, Go and rustls end there."""
    assert codes((LEAF,), (MIDDLE,)) == []


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("a.corp.example", True),
        ("a.b.corp.example", False),
        ("corp.example", False),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
    ],
)
def test_the_name_is_judged_on_its_own(host: str, *, fits: bool) -> None:
    """A star stands for one label; an address must be there as an address."""
    assert codes((LEAF, MIDDLE), (ROOT,), host) == ([] if fits else ["host-name"])


def test_an_unknown_root_and_a_wrong_name_are_two_reasons() -> None:
    """One fault does not hide another."""
    assert codes((LEAF, MIDDLE, ROOT), (OTHER,), "x.example") == ["host-name", "unknown-issuer"]


def test_an_issuer_of_the_same_name_with_another_key_is_no_issuer() -> None:
    """The signature decides, not the name."""
    assert codes((LEAF, MIDDLE), (make_root("Corp Root"),)) == ["unknown-issuer"]


def test_what_is_expired_is_named() -> None:
    """The end of the leaf, and of the root, are reasons."""
    old = ROOT.issue("localhost", not_before=PAST, not_after=NOW - timedelta(days=1))
    assert codes((old,), (ROOT,)) == ["expired"]
    early = ROOT.issue("localhost", not_before=NOW + timedelta(days=1))
    assert codes((early,), (ROOT,)) == ["not-yet-valid"]
    ended = make_root("Ended", not_before=PAST, not_after=NOW - timedelta(days=1))
    assert codes((ended.issue("localhost"),), (ended,)) == ["expired"]


def test_a_leaf_is_no_issuer() -> None:
    """A certificate that a server's certificate has signed is not trusted."""
    assert codes((LEAF, OTHER.issue("x.example")), (ROOT,)) == ["unknown-issuer"]


def test_small_keys_are_named() -> None:
    """An RSA key of 1024 bits is a reason."""
    assert codes((ROOT.issue("localhost", key="rsa1024"),), (ROOT,)) == ["small-key"]


def test_sha1_is_named_below_the_anchor_only() -> None:
    """A signature with SHA-1 is a reason; that of an anchor is not, for no client verifies it."""
    middle = ROOT.intermediate("Old", digest="sha1")
    leaf = middle.issue("localhost")
    above = make_root("Old Root", digest="sha1")
    below = make_root("Middle", issuer=above, digest="sha256")
    assert "weak-signature" in codes((leaf, middle), (ROOT,))
    assert codes((below.issue("localhost"), below), (above,)) == []


def test_a_missing_intermediate_is_told_with_its_address() -> None:
    """The address comes from the certificate."""
    aia = made(MIDDLE, extensions=[issuers_at("http://ca.example/x.crt")])
    (reason,) = judging.judge([Certificate(aia.der)], {}, "localhost", NOW).reasons
    assert (reason.code, "http://ca.example/x.crt" in reason.text) == ("missing-intermediate", True)


@given(st.lists(st.binary(max_size=200), max_size=4), st.integers(0, len(LEAF.der) - 1), st.integers(0, 255))
def test_no_octets_break_the_judge(sent: list[bytes], at: int, octet: int) -> None:
    """Malformed certificates are refused with a reason, never an error, and never accepted."""
    broken = LEAF.der[:at] + bytes([octet]) + LEAF.der[at + 1 :]
    known = paths.by_subject(map(Certificate.held, (ROOT.der, *sent)))
    for chain in (sent, [broken, MIDDLE.der, *sent]):
        found = judging.judge([*map(Certificate.held, chain)], known, "localhost", NOW)
        assert found.reasons or chain[:1] == [LEAF.der]
        assert all(one.issuer_name and one.self_issued in {True, False} for one in found.path)


def test_of_a_certificate_with_an_extension_twice_nothing_is_known() -> None:
    """OpenSSL takes such a certificate, and `cryptography` cannot read it: the judge says no more than that."""
    doubled = Certificate.held(ROOT.der.replace(b"\x55\x1d\x13", b"\x55\x1d\x0e"))
    assert doubled.is_readable
    found = judging.judge([Certificate(MIDDLE.der), doubled], paths.by_subject([doubled]), "localhost", NOW)
    assert ([one.der for one in found.path], found.trusted) == ([MIDDLE.der, doubled.der], True)
    assert ("malformed" in {one.code for one in found.reasons}, found.accepted) == (True, False)
    assert judging.judge([doubled], {}, "localhost", NOW).reasons
    assert judging.address_of_issuer(doubled) == ""


def test_a_server_cannot_keep_the_judge_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many issuers of one name few are tried, and each signature is verified once for all clients."""
    verify = Mock(side_effect=paths.verify)
    monkeypatch.setattr(paths, "verify", verify)
    paths.issued.cache_clear()
    chain = [Certificate(LEAF.der), *(Certificate(ROOT.intermediate().der) for _ in range(30))]
    for _ in range(3):
        judging.judge(chain, {}, "localhost", NOW)
    assert 0 < verify.call_count <= 10


LIMITED = make_root("Limited Root", permitted=["corp.test"])
SHORT = make_root("Short Root", path_length=0)
UNKNOWN = Extension("1.2.3.4.5", tlv(5), critical=True)
CLIENTS = make_root("Clients' Root", purposes=(CLIENT_AUTH,))


@pytest.mark.parametrize(
    ("anchor", "leaf", "code"),
    [
        (ROOT, ROOT.issue("localhost", purposes=(CLIENT_AUTH,)), "purpose"),
        (ROOT, ROOT.issue("localhost", purposes=(ANY_PURPOSE,)), "purpose"),
        (ROOT, ROOT.intermediate("I", purposes=(CLIENT_AUTH,)).issue("localhost"), "authority-purpose"),
        (CLIENTS, CLIENTS.issue("localhost"), "authority-purpose"),
        (ROOT, ROOT.intermediate("I", usage=("crl_sign",)).issue("localhost"), "key-usage"),
        (SHORT, SHORT.intermediate("I").issue("localhost"), "path-length"),
        (LIMITED, LIMITED.issue("localhost"), "name-constraints"),
        (ROOT, ROOT.intermediate("I", permitted=["corp.test"]).issue("localhost"), "name-constraints"),
        (ROOT, ROOT.intermediate("I", extensions=[UNKNOWN]).issue("localhost"), "critical-extension"),
        (LIMITED, LIMITED.issue("corp.test"), None),
        (SHORT, SHORT.issue("localhost"), None),
        (ROOT, MIDDLE.issue("localhost"), None),
    ],
)
def test_what_a_certificate_may_be_used_for(anchor: Root, leaf: Made, code: str | None, tmp_path: Path) -> None:
    """Purposes, key usage, path length, names and critical extensions: as OpenSSL's own `verify` says of the chain."""
    host = "corp.test" if code is None and anchor is LIMITED else "localhost"
    for name, content in (("ca", anchor.pem), ("leaf", leaf.pem), ("sent", leaf.chain_pem)):
        (tmp_path / name).write_bytes(content)
    trust = ["-no-CApath", "-no-CAstore", "-CAfile", str(tmp_path / "ca"), "-untrusted", str(tmp_path / "sent")]
    options = ["-purpose", "sslserver", "-verify_hostname", host, str(tmp_path / "leaf")]
    done = subprocess.run(["openssl", "verify", *trust, *options], capture_output=True, check=False)
    assert (done.returncode == 0) == (code is None), done
    assert codes((leaf, *leaf.parents[:-1]), (anchor,), host) == ([] if code is None else [code])


MALFORMED = odd_version("Corp Root", 7)
BAD_EXTENSION = make_root("Corp Root", extensions=(Extension("2.5.29.19", b"\xff\xff"),))


@pytest.mark.parametrize("bad", [MALFORMED, BAD_EXTENSION], ids=["version", "extension"])
def test_a_malformed_anchor_is_passed_over(bad: Root) -> None:
    """One of the same name beside the good anchor changes nothing; alone, it is named, and the chain is read."""
    leaf = ROOT.issue("localhost")
    for anchors in ((bad, ROOT), (ROOT, bad)):
        assert codes((leaf,), anchors) == []
    (reason,) = judging.judge([Certificate(leaf.der)], _anchors(bad), "localhost", NOW).reasons
    assert reason == ("unknown-issuer", "the anchor Corp Root is malformed, and programs pass over it")


def test_openssl_may_try_a_malformed_anchor_first(tmp_path: Path) -> None:
    """So says the doctor: of two anchors with one name it takes the first, and fails where that is malformed."""
    leaf = ROOT.issue("localhost")
    found = judging.judge([Certificate(leaf.der)], _anchors(MALFORMED, ROOT), "localhost", NOW, OPENSSL)
    assert ([one.code for one in found.reasons], found.accepted) == (["same-name-anchors"], None)
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    verdicts: list[int] = []
    for anchors in ((MALFORMED, ROOT), (ROOT, MALFORMED)):
        (tmp_path / "anchors.pem").write_bytes(b"".join(one.pem for one in anchors))
        words = ("openssl", "verify", "-CAfile", tmp_path / "anchors.pem", tmp_path / "leaf.pem")
        verdicts.append(subprocess.run(words, capture_output=True, check=False, timeout=60).returncode)
    assert (verdicts[0] != 0, verdicts[1]) == (True, 0)


def _anchors(*anchors: Root) -> dict[bytes, list[Certificate]]:
    return paths.by_subject(Certificate(one.der) for one in anchors)
