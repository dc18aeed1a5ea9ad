"""Whether a connection is inspected: by the name of a product, or by one authority for unrelated servers."""

from __future__ import annotations

from functools import partial
from unittest.mock import Mock

from tests.support import fake_host
from tests.support.chain_making import made
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
    with fake_host.played() as host:
        return inspected.judge(host.image(host.root), look, beside, public=public, past_proxy=past).state


def test_a_public_root_says_that_it_is_not() -> None:
    """With any other evidence; if NO_PROXY leads past the proxy, that is said."""
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


ZSCALER = make_root("Zscaler Intermediate Root CA (zscloud.example)")


def test_the_name_of_a_product_alone_proves_nothing() -> None:
    """Any authority may have that name: the product's files, or an unrelated server, show that it inspects."""
    look, beside = _look("a.example", made(ZSCALER)), _look("b.test", made(ZSCALER))._replace(authority="b.test:443")
    with fake_host.played() as host:
        image = host.image(host.root)
        judge = partial(inspected.judge, image, look, public=None, past_proxy=False)
        named = judge(None)
        assert named == (Inspected.PERHAPS, "Zscaler", "", "")
        assert judge(beside) == (Inspected.YES, "Zscaler", "b.test:443", "")
        compared = inspected.compare(named, look, [beside], public=None)
        assert compared == (Inspected.YES, "Zscaler", "b.test:443", "")
        path = fake_host.write(host, "/opt/zscaler/.config.ini")
        assert judge(None) == (Inspected.YES, "Zscaler", "", f"a certificate has its name, and its client has {path}")


def test_a_process_of_a_product_is_said_to_run() -> None:
    """The evidence is named: any account may call a process like a product's."""
    host = Mock(is_image=False, platform="linux")
    host.running.return_value, host.status.return_value, host.names.return_value = {"zstunnel"}, None, []
    found = inspected.judge(host, _look("a.example", made(ZSCALER)), None, public=False, past_proxy=False)
    assert found.evidence == "a certificate has its name, and the process zstunnel runs"


def test_the_root_in_a_products_file_shows_the_product_whatever_its_name() -> None:
    """A company may sign with an authority of its own; the client's file holds that root, which servers do not send."""
    path = "/opt/netskope/stagent/data/nscacert.pem"
    with fake_host.played() as host:
        image = host.image(host.root)
        fake_host.write(host, path, ROOT.pem)
        judge = partial(inspected.judge, image, beside=None, public=False, past_proxy=False)
        found = (Inspected.YES, "Netskope", "", f"{path} holds its root")
        assert judge(_look("a.example", LEAF, ROOT)) == judge(_look("a.example", LEAF)) == found
        assert judge(_look("a.example", OTHER)).state is Inspected.PERHAPS


def test_octets_that_are_no_certificate_are_unknown() -> None:
    """Nothing is raised."""
    look = Look("a.example", [Certificate.held(b"\x30\x80junk")], None)
    assert _state(look, look._replace(host="b.test"), public=None) is Inspected.UNKNOWN
