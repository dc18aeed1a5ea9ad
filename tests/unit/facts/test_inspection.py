"""Which product inspects this machine's connections, and which roots are its own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.der_writing import name
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.facts import inspection
from trustinstall.host import ActingHost

BY_NAME = {one.name: one for one in inspection.PRODUCTS}


def named(common_name: str, organisation: str = "", unit: str = "") -> Root:
    """Return a root of one made-up authority."""
    parts = (("2.5.4.10", organisation), ("2.5.4.11", unit), ("2.5.4.3", common_name))
    return make_root(common_name, subject=name(*((kind, 0x0C, text.encode()) for kind, text in parts if text)))


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """Return an image of an ordinary Linux: no process of the tests' machine is looked at."""
    return fake_host.make(tmp_path).image(str(tmp_path))


def of(root: Root) -> str:
    """Return the name of a root's product, or ""."""
    found = inspection.product_of(Certificate(root.der))
    return found.name if found else ""


@pytest.mark.parametrize(
    ("common_name", "organisation", "unit", "product"),
    [
        ("Zscaler Root CA", "Zscaler Inc.", "Zscaler Inc.", "Zscaler"),
        ("certadmin", "Netskope Inc.", "certadmin", "Netskope"),
        ("ca.corp.goskope.com", "Corp", "", "Netskope"),
        ("Gateway CA - Cloudflare Managed G1 d4cab1c0e0", "Cloudflare, Inc.", "", "Cloudflare WARP"),
        ("Cloudflare for Teams ECC Certificate Authority", "Cloudflare, Inc", "", "Cloudflare WARP"),
        ("Cisco Umbrella Root CA", "Cisco", "", "Cisco Umbrella or Secure Access"),
        ("Cisco Secure Access Root CA", "Cisco", "", "Cisco Umbrella or Secure Access"),
        ("FG6H0FTB22903890", "Fortinet", "Certificate Authority", "Fortinet"),
        ("Forcepoint Cloud CA", "Forcepoint LLC", "", "Forcepoint"),
        ("Sophos SSL CA_C320ABPCBJ8BQ6B", "Sophos", "NSG", "Sophos"),
        ("Corp Root", "Corp", "", ""),
        ("We moved from Zscaler Root CA", "Corp", "", ""),
        ("a,O=Zscaler Inc.", "Corp", "", ""),
    ],
)
def test_roots_are_known_by_their_subject(common_name: str, organisation: str, unit: str, product: str) -> None:
    """A product's own root has its product; a company's has none, not even where its name speaks of one."""
    assert of(named(common_name, organisation, unit)) == product


SHOWING = [
    (one.name, platform, path)
    for one in inspection.PRODUCTS
    for platform in ("linux", "darwin")
    for path in one.files.get(platform, ())
]


@pytest.mark.parametrize(("product", "platform", "path"), SHOWING)
def test_a_file_shows_that_a_product_is_installed(host: ActingHost, product: str, platform: str, path: str) -> None:
    """Each documented file does so alone, and is named."""
    host = replace(host, platform=platform)
    assert inspection.installed(host) == ()
    assert not inspection.shown_by_file(host)
    fake_host.write(host, path)
    (found,) = inspection.installed(host)
    assert inspection.shown_by_file(host)
    assert (found.product.name, found.where, found.by_file) == (product, path, True)


def test_what_every_account_may_write_shows_nothing(host: ActingHost) -> None:
    """Another account could have put it there."""
    fake_host.write(host, "/opt/netskope/stagent/data/nscacert.pem", named("certadmin", "Netskope Inc.").pem)
    Path(host.where("/opt")).chmod(0o777)
    assert inspection.installed(host) == ()
    assert not inspection.shown_by_file(host)
    assert list(inspection.roots(host, BY_NAME["Netskope"])) == []


def test_a_process_shows_a_product_by_the_start_of_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Linux keeps 15 characters of a name."""
    monkeypatch.setattr("trustinstall.host.other_processes.programs", lambda: {"csc_umbrellaage"})
    (found,) = inspection.installed(fake_host.make(tmp_path))
    assert not inspection.shown_by_file(fake_host.make(tmp_path))
    assert (found.product.name, found.by_file) == ("Cisco Umbrella or Secure Access", False)


def test_roots_in_a_products_files(host: ActingHost) -> None:
    """Files and directories give their roots with the path; intermediates and damaged files give nothing."""
    first, second = named("Gateway CA - Cloudflare Managed G1 a"), make_root("Corp Root")
    directory = "/var/lib/cloudflare-warp/installed_certs"
    fake_host.write(host, f"{directory}/a.pem", first.pem + first.intermediate("Sub").pem)
    fake_host.write(host, f"{directory}/b.pem", second.pem)
    fake_host.write(host, f"{directory}/c.pem", b"no certificate")
    fake_host.write(host, f"{directory}/d.txt", named("Unread").pem)
    found = list(inspection.roots(host, BY_NAME["Cloudflare WARP"]))
    assert [(one.sha256, path) for one, path in found] == [
        (first.sha256, f"{directory}/a.pem"),
        (second.sha256, f"{directory}/b.pem"),
    ]


def test_every_row_has_a_source_and_paths_of_its_systems() -> None:
    """A row without a source is not believed; a path that is not absolute would be looked for nowhere."""
    for one in inspection.PRODUCTS:
        assert one.source
        re.compile(one.subject)
        for platform, paths in (*one.files.items(), *one.certificates.items()):
            assert all(path.startswith("C:/" if platform == "win32" else "/") for path in paths), one.name
