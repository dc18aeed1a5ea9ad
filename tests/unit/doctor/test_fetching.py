"""What is above a chain is fetched from where its certificates say, and taken only where the signature fits."""

from __future__ import annotations

import socket

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.support.chain_making import made
from tests.support.extensions import issuers_at
from tests.support.pki import Made, Root, make_root
from tests.unit.doctor.peers import answering, says
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor import fetching

ROOT = make_root("Fetched Root")
MIDDLE = ROOT.intermediate("Fetched Intermediate", extensions=[issuers_at("http://ca.example/root.crt")])
LEAF = made(MIDDLE, extensions=[issuers_at("http://ca.example/middle.p7c")])
OTHER = make_root("Fetched Root")


def _above(leaf: Made, pages: dict[str, bytes]) -> list[bytes]:
    found = fetching.above(Certificate(leaf.der), lambda url: pages.get(url, b""))
    return [one.der for one in found]


def _several(*roots: Root) -> bytes:
    raw: bytes = pkcs7.serialize_certificates([one.certificate for one in roots], Encoding.DER)
    return raw


def test_the_way_to_the_root_is_fetched() -> None:
    """One certificate in DER, and several in PKCS#7 of which one fits."""
    pages = {"http://ca.example/root.crt": ROOT.der, "http://ca.example/middle.p7c": _several(OTHER, MIDDLE)}
    assert _above(LEAF, pages) == [MIDDLE.der, ROOT.der]


@pytest.mark.parametrize("page", [b"", b"<html>", OTHER.der, LEAF.der])
def test_what_has_not_signed_is_not_taken(page: bytes) -> None:
    """A page, another authority of the same name, and the certificate itself."""
    assert _above(LEAF, {"http://ca.example/middle.p7c": page}) == []


def test_a_certificate_that_leads_to_itself_ends() -> None:
    """The number of steps is bounded."""
    one = make_root("A", issuer_name=make_root("B").name_der, extensions=[issuers_at("http://ca.example/a")])
    assert len(_above(one, {"http://ca.example/a": one.der})) < 5


@pytest.mark.parametrize("proxied", [False, True])
def test_an_address_is_read(*, proxied: bool) -> None:
    """By HTTP/1.0, from the server or through the proxy of HTTP_PROXY."""
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\ncontent")

    with answering(answer) as port:
        url = "http://ca.example/x?y" if proxied else f"http://127.0.0.1:{port}/x?y"
        environ = {"http_proxy": f"http://me:pw@127.0.0.1:{port}"} if proxied else {"HTTPS_PROXY": "http://x.invalid"}
        assert fetching.get(url, environ) == b"content"
    assert asked[0].startswith(b"GET http://ca.example:80/x?y HTTP/1.0\r\n" if proxied else b"GET /x?y HTTP/1.0\r\n")
    assert (b"Proxy-Authorization: Basic bWU6cHc=\r\n" in asked[0]) is proxied


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 no\r\n\r\nx", b"HTTP/1.1 200 OK\r\n", b"\x00", b"x" * 300_000])
def test_other_answers_are_nothing(answer: bytes) -> None:
    """A missing page, a cut answer, another protocol, and too much."""
    with answering(says(answer)) as port:
        assert fetching.get(f"http://127.0.0.1:{port}/", {}) == b""


def test_a_proxy_that_does_not_connect_leads_to_nothing() -> None:
    """Nothing is fetched through a proxy of SOCKS that refuses, and nothing is raised."""
    with answering(says(b"\5\xff")) as port:
        assert fetching.get("http://ca.example/", {"http_proxy": f"socks5h://127.0.0.1:{port}"}) == b""


@pytest.mark.parametrize("url", ["ldap:///x", "https://a/", "http://", "http://a b/", "http://[", "http://a/\r\nX: y"])
def test_other_addresses_are_not_asked(url: str) -> None:
    """Only http is, and no address that breaks the request."""
    assert fetching.get(url, {}) == b""
