"""Each store of a machine is a column of the doctor, with the other roots of its readers, by their own verifier."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import certifi
import pytest

from tests.support import fake_host
from tests.support.jks import jks
from tests.support.pki import Root, make_root
from tests.support.tls import Server
from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.host import ActingHost
from trustinstall.installer import store_columns
from trustinstall.installer.callers import calling
from trustinstall.installer.client_anchors import Anchors
from trustinstall.installer.client_views import ClientView
from trustinstall.installer.diagnosis import diagnose
from trustinstall.installer.store_columns import Column
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.dotnet import DotNet

HOME = "/home/alice"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
EMBEDDED = "/opt/chef/embedded/ssl/certs/cacert.pem"
NSSDB, PROFILE = f"{HOME}/.pki/nssdb", f"{HOME}/.mozilla/firefox/x.default"
PUBLIC = Path(certifi.where()).read_bytes()
ROOTS = frozenset(ders_of(PUBLIC, CERTIFICATE_LABELS))
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")


def delivered(host: ActingHost) -> ActingHost:
    """A Debian with public roots, Chromium and Firefox."""
    fake_host.write(host, "/etc/os-release", "ID=debian\n")
    fake_host.write(host, BUNDLE, PUBLIC)
    fake_host.write(host, "/etc/ca-certificates.conf")
    for path in ("/usr/bin/update-ca-certificates", "/usr/bin/chromium", "/usr/lib/firefox-esr/firefox-esr"):
        fake_host.program(host, path)
    fake_host.write(host, f"{HOME}/.profile")
    return replace(host, environ={"PATH": "/usr/bin"})


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """The machine, seen by alice."""
    with fake_host.played() as played:
        yield delivered(played)


def column(host: ActingHost, place: str) -> Column:
    """The column of a place."""
    return next(one for one in Anchors(host.remembering(), calling(host)).stores if one.place == place)


def asked(host: ActingHost, root: Root) -> dict[str, ClientView]:
    """Return the judgement of each store here about a server of this root."""
    with Server(root.issue("localhost")) as server:
        return {one.decided_by: one for one in diagnose(host, server.url).clients}


def nss(host: ActingHost, place: str, trust: str, root: Root) -> None:
    """A database of NSS with one certificate."""
    real = Path(host.where(place))
    real.mkdir(parents=True)
    for words, data in ((("-N", "--empty-password"), b""), (("-A", "-n", "x", "-t", trust, "-a"), root.pem)):
        subprocess.run(["certutil", "-d", f"sql:{real}", *words], input=data, check=True, timeout=60)


def policy(host: ActingHost, **policies: object) -> None:
    """Chromium's policies of the machine."""
    fake_host.write(host, "/etc/chromium/policies/managed/x.json", json.dumps(policies))


def text(root: Root) -> str:
    """A certificate as policies hold it."""
    return base64.b64encode(root.der).decode()


def test_a_walked_bundle_is_a_column(host: ActingHost) -> None:
    """A program's own bundle that an earlier walk has found holds all the roots of its readers."""
    fake_host.write(host, EMBEDDED, PUBLIC + CORP.pem)
    found = store_columns.columns(host, DiscoveryOptions(known=(EMBEDDED,)), (), frozenset)
    (one,) = (one for one in found if one.place == EMBEDDED)
    assert (one.kind, one.anchors) == ("embedded", ROOTS | {CORP.der})


def test_dotnets_store_adds_to_the_systems(host: ActingHost) -> None:
    """Its programs trust both, and are judged by .NET's rules."""
    place = f"{HOME}/.dotnet/corefx/cryptography/x509stores/root"
    fake_host.program(host, "/usr/bin/dotnet")
    fake_host.change(host, [DotNet()], fake_host.wish(CORP.der))
    assert column(host, place).anchors == ROOTS | {CORP.der}
    found = asked(host, CORP)[place]
    assert (found.accepts, found.verifier) == ("yes", ".NET")


def test_a_browsers_database_stands_beside_its_built_in_roots(host: ActingHost) -> None:
    """Chromium trusts the roots of its database and of its policy; Firefox's profile has none of these."""
    nss(host, NSSDB, "C,,", CORP)
    nss(host, PROFILE, "C,,", OTHER)
    fake_host.write(host, f"{HOME}/.mozilla/firefox/profiles.ini", "[Profile0]\nPath=x.default\n")
    assert column(host, NSSDB).anchors == column(host, "/etc/chromium/policies/managed").anchors == ROOTS | {CORP.der}
    assert column(host, PROFILE).anchors == ROOTS | {OTHER.der}
    found = asked(host, CORP)
    assert {place: found[place].verifier for place in (NSSDB, PROFILE)} == {NSSDB: "Chromium", PROFILE: "Firefox"}
    assert (found[NSSDB].accepts, found[PROFILE].accepts) == ("yes", "no")
    policy(host, CACertificates=[text(OTHER)])
    assert column(host, NSSDB).anchors == ROOTS | {CORP.der, OTHER.der}


def test_what_a_browser_distrusts_is_no_anchor(host: ActingHost) -> None:
    """A public root that a policy or a database distrusts is not trusted for the browser's servers."""
    public = min(ROOTS)
    policy(host, CACertificates=[text(CORP)], CADistrustedCertificates=[text(CORP), base64.b64encode(public).decode()])
    assert column(host, "/etc/chromium/policies/managed").anchors == ROOTS - {public}
    nss(host, PROFILE, "p,,", CORP)
    fake_host.write(host, f"{HOME}/.mozilla/firefox/profiles.ini", "[Profile0]\nPath=x.default\n")
    assert column(host, PROFILE).anchors == ROOTS


@pytest.mark.parametrize(("domain", "accepts"), [("localhost", "yes"), ("corp.example", "no")])
def test_a_root_for_some_names_counts_for_these(host: ActingHost, domain: str, accepts: str) -> None:
    """Chromium's policy may limit a root: it is an anchor for those servers, and for no other."""
    limits = {"permitted_dns_names": [domain], "permitted_cidrs": ["192.0.2.0/32"]}
    policy(host, CACertificatesWithConstraints=[{"certificate": text(CORP), "constraints": limits}])
    assert asked(host, CORP)["/etc/chromium/policies/managed"].accepts == accepts


def test_profiles_stand_for_the_policy_that_they_import(tmp_path: Path) -> None:
    """Without a profile, Firefox's policy is the column; with one, the profile is, with the roots to import."""
    host = delivered(fake_host.make(tmp_path, "root", HOME))
    place = "/etc/firefox/policies/policies.json"
    fake_host.write(host, "/srv/corp.pem", CORP.pem)
    fake_host.write(host, place, json.dumps({"policies": {"Certificates": {"Install": ["/srv/corp.pem"]}}}))
    assert column(host, place).anchors == ROOTS | {CORP.der}
    nss(host, PROFILE, "C,,", OTHER)
    fake_host.write(host, f"{HOME}/.mozilla/firefox/profiles.ini", "[Profile0]\nPath=x.default\n")
    every = Anchors(host.remembering(), calling(host)).stores
    assert place not in {one.place for one in every}
    assert column(host, PROFILE).anchors == ROOTS | {CORP.der, OTHER.der}


def test_a_keystore_that_cannot_be_read_has_no_verdict(host: ActingHost) -> None:
    """The roots of its Java are not known: it is not said to refuse the server."""
    fake_host.program(host, "/usr/lib/jvm/own/bin/java")
    place = fake_host.write(host, "/usr/lib/jvm/own/lib/security/cacerts", jks(("x", CORP.der))[:-30])
    found = asked(host, CORP)[place]
    assert (found.accepts, found.verifier) == ("unknown", "")
    assert found.reasons[0].code == "not-known"
