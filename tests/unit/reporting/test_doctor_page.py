"""The page for a help desk is one file, runs nothing, loads nothing, and escapes what comes from outside."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from tests.support.pki import make_root
from tests.unit.reporting import diagnoses, results
from tests.unit.reporting.test_json import HOST
from trustinstall.certificates.certificate import Certificate
from trustinstall.doctor.judging import Reason
from trustinstall.installer.client_views import ClientView
from trustinstall.reporting.doctor_page import doctor_page

HOSTILE = '<script>alert("x")</script>\x1b[31m\u202e&'


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def _read(page: str) -> _Tags:
    found = _Tags()
    found.feed(page)
    return found


def test_it_shows_what_the_screen_shows() -> None:
    """The verdict, the clients with who decides, the chain and the command."""
    page = doctor_page(HOST, [diagnoses.REFUSED])
    for words in ("1 of 3 clients here refuse", "/home/alice/.curlrc line 2", results.CORP.sha256, "--sha256"):
        assert words in page
    assert "asks for a login (407)" in doctor_page(HOST, [diagnoses.UNREACHED])


def test_several_servers_are_one_page() -> None:
    """The number that all accept comes first, then each server with its own headings."""
    page = doctor_page(HOST, [diagnoses.REFUSED, diagnoses.UNREACHED])
    assert "<h1>0 of 2 servers are accepted by every client that was judged</h1>" in page
    assert [page.count(f"<h{level}") for level in (1, 2)] == [1, 2]
    assert "<title>Certificates of intranet.example:443, intranet.example:443</title>" in page


def test_it_runs_and_loads_nothing() -> None:
    """No script, no link, no picture, and a policy that forbids them."""
    found = _read(doctor_page(HOST, [diagnoses.REFUSED]))
    assert not found.tags & {"script", "link", "img", "iframe", "a", "object", "form"}
    assert not found.attributes & {"src", "href", "style"}
    assert "default-src 'none'" in doctor_page(HOST, [diagnoses.REFUSED])


def test_text_from_outside_is_text() -> None:
    """A name, a reason and a path that hold marks, escapes and directions stay within their cells."""
    evil = Certificate(make_root(HOSTILE).der)
    view = ClientView(HOSTILE, "no", (Reason("unknown-issuer", HOSTILE),), HOSTILE, HOSTILE)
    found = replace(diagnoses.REFUSED, chain=(evil, Certificate.held(b"junk")), root=evil, clients=(view,))
    page = doctor_page(HOST, [found])
    assert "script" not in _read(page).tags
    assert not {"\x1b", "\u202e"} & set(page)


def test_dates_that_cannot_be_read_are_told() -> None:
    """A server may send a time that is none: the page is made all the same."""
    root = make_root("Corp Root")
    start = root.certificate.not_valid_before_utc.strftime("%y%m").encode()
    timeless = Certificate.held(root.der.replace(start, start[:2] + b"99", 1))
    page = doctor_page(HOST, [replace(diagnoses.REFUSED, chain=(timeless,), root=timeless)])
    assert (timeless.is_readable, "it cannot be read" in page) == (True, True)
