"""Proxies: which texts every program reads alike, and what is told of the others."""

from __future__ import annotations

import pytest

from trustinstall.facts import proxies
from trustinstall.facts.proxies import Proxies


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("http://proxy.corp.example:3128", True),
        ("https://user:p%40ss@proxy:1/", True),
        ("http://proxy.corp.example", False),
        ("http://proxy:0", False),
        ("http://proxy:65536", False),
        ("socks5h://proxy:1080", False),
        ("proxy:3128", False),
        ("http://user:p@ss@proxy:1", False),
        ("http://proxy:1/path", False),
        ("http://proxy:1\n", False),
        ("http://pro'xy:1", False),
        ("http://:1", False),
    ],
)
def test_an_address_means_the_same_to_every_program(text: str, right: bool) -> None:  # noqa: FBT001  pytest passes it by name
    """A port is there, nothing has to be quoted, and no password ends before its @."""
    assert proxies.is_address(text) is right


@pytest.mark.parametrize("text", ["localhost", ".corp.example", "10.0.0.1", "10.0.0.0/8", "::1", "fe80::/10"])
def test_entries_of_no_proxy(text: str) -> None:
    """Names, domains, addresses and networks are entries."""
    assert proxies.is_bypass(text)
    assert not proxies.wrong_network(text)


@pytest.mark.parametrize("text", ["*", "*.corp.example", "host:80", "", "a b", "a,b", "host/8", "http://a"])
def test_what_is_no_entry_of_no_proxy(text: str) -> None:
    """Patterns, ports and lists are none."""
    assert not proxies.is_bypass(text)


@pytest.mark.parametrize("text", ["10.0.0.300/8", "10.0.0.0/33", "1:2", "::1/129"])
def test_networks_that_are_none(text: str) -> None:
    """A text that looks like a network and is none is told."""
    assert proxies.wrong_network(text)


def test_passwords_are_known_and_logins_taken_out() -> None:
    """Files that others read may have a user's name, and no password; reports have neither: a name may be a token."""
    plain = Proxies("http://user@a:1", "http://b:2")
    assert not plain.secret
    secret = plain._replace(https="http://user:word@b:2")
    assert secret.secret
    assert plain.without_secrets == secret.without_secrets._replace(https="http://b:2")
    assert secret.without_secrets == Proxies("http://a:1", "http://b:2")
