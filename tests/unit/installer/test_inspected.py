"""Whether a connection is inspected: by the name of a product, or by one authority for unrelated servers."""

from __future__ import annotations

from tests.support.chains import made
from tests.support.extensions import issuers_at
from tests.support.pki import Made, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.installer import inspected
from trustinstall.installer.inspected import Inspected, Look

ROOT = make_root("Inspecting Root")
LEAF, OTHER = made(ROOT), made(make_root("Other Root"))
PUBLIC = made(ROOT, extensions=[issuers_at("http://ca.example/x")])


def _look(host: str, leaf: Made, root: Made | None = None) -> Look:
    return Look(host, [Certificate(leaf.der)], Certificate(root.der) if root else None)


def _state(look: Look, beside: Look | None = None, *, public: bool | None = False, past: bool = False) -> Inspected:
    return inspected.judge(look, beside, public=public, past_proxy=past).state


def test_a_public_root_says_that_it_is_not() -> None:
    """Whatever else is seen; where NO_PROXY leads past the proxy, that is said."""
    look = _look("a.example", LEAF, ROOT)
    assert _state(look, _look("b.test", LEAF), public=True) is Inspected.NO
    assert _state(look, public=True, past=True) is Inspected.BYPASSED


def test_one_authority_for_unrelated_servers_inspects() -> None:
    """Two servers of one domain may well have one private authority."""
    look = _look("a.corp.example", LEAF, ROOT)
    assert _state(look) is Inspected.PERHAPS
    assert _state(look, _look("pypi.test", LEAF)) is Inspected.YES
    assert _state(look, _look("pypi.test", OTHER)) is Inspected.PERHAPS
    assert _state(look, _look("b.corp.example", LEAF)) is Inspected.PERHAPS


def test_servers_that_nobody_calls_unrelated_say_perhaps() -> None:
    """One owner may have two domains; addresses and names without a domain tell nothing."""

    def compared(other: str, state: Inspected = Inspected.UNKNOWN, host: str = "a.example") -> tuple[object, str]:
        others = [_look(other, LEAF)._replace(authority=f"{other}:443")]
        found = inspected.compare(inspected.Inspection(state), _look(host, LEAF), others, public=None)
        return found.state, found.beside

    assert compared("b.test") == (Inspected.PERHAPS, "b.test:443")
    assert compared("b.test", Inspected.NO) == (Inspected.NO, "")
    for host, other in (("a.example", "localhost"), ("10.0.0.1", "10.0.1.2"), ("a.example", "b.a.example")):
        assert compared(other, host=host) == (Inspected.UNKNOWN, "")


def test_a_public_authority_that_is_not_sent_is_no_inspection() -> None:
    """It says where its certificate is; one that mints certificates does not."""
    beside = _look("b.test", PUBLIC)
    assert _state(_look("a.example", PUBLIC), beside, public=None) is Inspected.UNKNOWN
    assert _state(_look("a.example", LEAF), _look("b.test", LEAF), public=None) is Inspected.YES


def test_the_name_of_a_product_says_that_it_is() -> None:
    """The root, or the issuer of the last certificate where no root is seen."""
    leaf = made(make_root("Zscaler Intermediate Root CA (zscloud.example)"))
    found = inspected.judge(_look("a.example", leaf), None, public=None, past_proxy=False)
    assert found == (Inspected.YES, "Zscaler", "")


def test_octets_that_are_no_certificate_are_unknown() -> None:
    """Nothing is raised."""
    look = Look("a.example", [Certificate.held(b"\x30\x80junk")], None)
    assert _state(look, look._replace(host="b.test"), public=None) is Inspected.UNKNOWN
