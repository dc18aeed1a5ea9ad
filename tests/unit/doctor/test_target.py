"""Servers are read as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.doctor import target
from trustinstall.doctor.target import Target
from trustinstall.errors import UsageProblem


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Server.Example", Target("server.example", 443)),
        ("server.example:8443", Target("server.example", 8443)),
        ("https://user:pw@server.example/path?x", Target("server.example", 443)),
        ("ldaps://server.example", Target("server.example", 636, is_web=False)),
        ("smtp://server.example", Target("server.example", 25, "smtp", is_web=False)),
        ("postgresql://me:pw@server.example:99/db", Target("server.example", 99, "postgres", is_web=False)),
        ("[::1]:8443", Target("::1", 8443)),
        ("::1", Target("::1", 443)),
        ("bücher.example", Target("xn--bcher-kva.example", 443)),
    ],
)
def test_servers_are_read_as_people_type_them(typed: str, found: Target) -> None:
    """A name, a port, a URL and an address name a server."""
    assert target.parse(typed) == found


@pytest.mark.parametrize(
    ("typed", "starttls", "found"),
    [
        ("server.example", "imap", Target("server.example", 143, "imap", is_web=False)),
        ("server.example:5433", "PostgreSQL", Target("server.example", 5433, "postgres", is_web=False)),
        ("ldap://server.example", "ldap", Target("server.example", 389, "ldap", is_web=False)),
    ],
)
def test_a_protocol_before_tls_gives_its_port(typed: str, starttls: str, found: Target) -> None:
    """`--starttls` says what the scheme says."""
    assert target.parse(typed, starttls) == found


@pytest.mark.parametrize(
    ("typed", "starttls"), [("x.example", "gopher"), ("https://x.example", "smtp"), ("ssh://x", "")]
)
def test_protocols_that_do_not_fit_are_usage_problems(typed: str, starttls: str) -> None:
    """An unknown protocol, two of them, and one without TLS."""
    with pytest.raises(UsageProblem):
        target.parse(typed, starttls)


@pytest.mark.parametrize("typed", ["https://me:sec/ret@x:y", "me:sec?ret@x:y", "https://sec@ret@x:y", "me:sec ret@x y"])
def test_no_login_is_shown_again(typed: str) -> None:
    """What is no server is named without the text before the last @, with any password."""
    with pytest.raises(UsageProblem) as raised:
        target.parse(typed)
    assert ("sec" in str(raised.value), "ret" in str(raised.value)) == (False, False)


@given(st.text(max_size=80))
def test_any_text_is_a_server_or_a_usage_problem(typed: str) -> None:
    """No text breaks the reader, and a name that comes out is printable ASCII."""
    try:
        found = target.parse(typed)
    except UsageProblem:
        return
    assert found.host.isascii()
    assert found.host.isprintable()
