"""An oddity of a certificate causes no library's warning on a terminal."""

from __future__ import annotations

import warnings
from datetime import datetime, timezone

import pytest
from cryptography import x509

from tests.support.der_writing import name, sequence, tlv
from tests.support.extensions import Extension
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.loaded import extensions_of, key_identifiers
from trustinstall.certificates.vetting import ALLOWABLE, vet
from trustinstall_platforms.linux import p11kit_writing

LAND = name(("2.5.4.6", 0x13, b"GERMANY"), ("2.5.4.3", 0x0C, b"Corp"))
#: An authority key identifier that names its issuer, in a country of seven letters.
NAMED = Extension("2.5.29.35", sequence(tlv(0x80, b"x" * 20), tlv(0xA1, tlv(0xA4, LAND)), tlv(0x82, b"\1")))
ODD = {
    "serial number zero": {"serial": 0},
    "negative serial number": {"serial": -5},
    "a long country": {"subject": LAND, "issuer_name": LAND},
    "a long country in an extension": {"aki": False, "extensions": [NAMED]},
}


@pytest.mark.parametrize("case", ODD)
def test_nothing_warns(case: str) -> None:
    """All that is asked of a certificate is answered without a warning, where the library has one."""
    der = make_root(**ODD[case]).der  # type: ignore[arg-type]  # arguments of many types
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = x509.load_der_x509_certificate(der)
        _ = loaded.extensions, loaded.serial_number, loaded.subject
    assert caught  # there is something to be quiet about
    asked = (
        lambda: Certificate(der).is_root,
        lambda: Certificate(der).names_other_key,
        lambda: Certificate(der).is_rollover,
        lambda: key_identifiers(Certificate(der).load()),
        lambda: extensions_of(Certificate(der).load()),
        lambda: vet(Certificate(der), now=datetime.now(timezone.utc), allow=ALLOWABLE, allow_intermediate=True),
        lambda: p11kit_writing.authority(Certificate(der)),
        lambda: p11kit_writing.good_for(Certificate(der), "1.3.6.1.5.5.7.3.1"),
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for ask in asked:
            ask()
    assert caught == []
