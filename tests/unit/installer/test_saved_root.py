"""The file with the root of a server, which the server has named."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from tests.support import fake_host
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.installer import saved_root
from trustinstall.installer.diagnosis import Diagnosis


@pytest.mark.parametrize(
    "name", ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n", "x\r\n-----BEGIN PRIVATE KEY-----"]
)
def test_a_name_is_no_part_of_the_certificate(name: str) -> None:
    """A reader of PEM finds one certificate, whatever the server calls its root."""
    root = Certificate(make_root(name).der)
    with fake_host.played() as host:
        fake_host.write(host, "/tmp/keep")
        found = saved_root.save(host, Diagnosis("localhost:443", chain=(root,), root=root), "/tmp/root.pem")
        content = Path(host.where(found.saved)).read_bytes()
    (loaded,) = x509.load_pem_x509_certificates(content)
    assert (loaded, content.count(b"-----")) == (root.load(), 4)
