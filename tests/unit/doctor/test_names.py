"""Names of servers and name constraints: what verifiers read in them, and what a hostile certificate makes of them."""

from __future__ import annotations

import ipaddress
from unittest.mock import Mock

import pytest
from cryptography import x509

from tests.support.chain_making import NOW, constraints, made, network
from tests.support.pki import Made, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import judging, names, paths
from trustinstall.doctor.families import FAMILIES

_A = "a" * 63


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("*.corp.test", "a.corp.test", {"java", "go", "openssl", "curl", "rustls"}),
        ("a*c.corp.test", "abc.corp.test", {"java", "openssl"}),
        ("a*c.corp.test", "ac.corp.test", {"java", "openssl"}),
        ("ab*bc.corp.test", "abc.corp.test", set[str]()),
        ("a*b*c.corp.test", "a1b2c.corp.test", {"java"}),
        ("a*b*c.corp.test", "a1c2b.corp.test", set[str]()),
        ("xn--*.corp.test", "xn--a.corp.test", {"java"}),
        ("*.*.test", "a.b.test", {"java"}),
        ("*.test", "a.test", {"java", "go"}),
        ("*", "a", {"go"}),
        (".".join(["*a" * 30 + "b", "corp", "test"]), f"{_A}.corp.test", set[str]()),
    ],
)
def test_a_star_stands_for_what_each_verifier_takes(name: str, host: str, fits: set[str]) -> None:
    """The whole first label for all; more than that for some; and many stars take no longer than few."""
    leaf = made(make_root("R"), names=[name]).certificate
    asked = ("java", "go", "openssl", "curl", "rustls")
    assert {word for word in asked if names.is_for(leaf, host, FAMILIES[word].names)} == fits


@pytest.mark.parametrize("word", FAMILIES)
def test_many_constraints_are_looked_up(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of DNS constraints and names none is compared with each other; addresses are, but not all."""
    compare = Mock(side_effect=names.covers)
    monkeypatch.setattr(names, "covers", compare)
    many = [f"h{number}.corp.test" for number in range(1500)]
    root = make_root("R", extensions=[constraints(["localhost", "corp.test"], many)])
    found = _judged(word, made(root, names=["localhost", *(f"*.{one}" for one in many)]), root)
    assert compare.call_count == 0
    assert found.accepted is not True or word == "java"  # which does not apply the constraints of an anchor
    networks = [network(f"10.{number // 256}.{number % 256}.0/24") for number in range(1000)]
    root = make_root("R", extensions=[constraints(networks)])
    addresses = [str(ipaddress.ip_address("10.200.0.1") + number) for number in range(1000)]
    found = _judged(word, made(root, names=["localhost", *addresses]), root)
    assert found.accepted is not True or word == "java"
    assert compare.call_count <= 1 << 16


def _judged(word: str, leaf: Made, root: Made) -> judging.Judgement:
    anchors = paths.by_subject([Certificate(root.der)])
    return judging.judge([Certificate(leaf.der)], anchors, "localhost", NOW, FAMILIES[word])


def test_certificates_that_have_signed_each_other_end() -> None:
    """Eight authorities that have all signed each other make thousands of paths: few are tried."""
    every = [make_root(f"A{number}") for number in range(8)]
    signed = [make_root("x", key=one.key, subject=one.name_der, issuer=by) for one in every for by in every]
    chain = [Certificate(one.der) for one in (made(every[0]), *signed)]
    case = paths.Case(chain, {}, FAMILIES["go"], NOW)
    assert 0 < len(paths.paths(case)) <= 16
    assert not judging.judge(chain, {}, "localhost", NOW, FAMILIES["go"]).accepted


def test_a_name_of_a_certificate_is_no_pattern() -> None:
    """Letters with a meaning in regular expressions mean themselves."""
    leaf = made(make_root("R"), names=["a.c*.corp.test", "[a-z]*.corp.test"]).certificate
    assert isinstance(leaf, x509.Certificate)
    assert not names.is_for(leaf, "abc.corp.test", FAMILIES["java"].names)
