"""Faults with which a root works in most programs, but some refuse it although it is installed: one row for each.

The source of each row is at `vetting`. Faults that no tried or documented program objects to (a public exponent of 3,
key usage that is not critical, a year 9999) have no row.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.certificates.fields import CertificateFields

_SOON = timedelta(days=30)
_MOST_SERIAL_BITS = 21 * 8 - 1  # RFC 5280 4.1.2.2 allows 20 octets, the verifier named below 21
_GENERALIZED_FROM = datetime(2050, 1, 1, tzinfo=timezone.utc)
_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
#: sha1WithRSA and its twin of OIW, dsaWithSHA1 twice, ecdsaWithSHA1.
_SHA1_SIGNATURES = frozenset(
    {
        "1.2.840.113549.1.1.5",
        "1.3.14.3.2.29",
        "1.2.840.10040.4.3",
        "1.3.14.3.2.27",
        "1.2.840.10045.4.1",
    }
)
_COMMON_CURVES = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})


@dataclass(frozen=True)
class Quirk:
    """A fault: if `holds` is true, `sentence` follows the certificate's name."""

    holds: Callable[[CertificateFields], bool]
    sentence: str


def _ends_soon(fields: CertificateFields) -> bool:
    return fields.now <= fields.certificate.not_after < fields.now + _SOON


def _constraints_not_critical(fields: CertificateFields) -> bool:
    return fields.basic_constraints is not None and not fields.basic_constraints.critical


def _limits_path(fields: CertificateFields, *, to_servers: bool) -> bool:
    length = fields.basic_constraints.value.path_length if fields.basic_constraints else None
    return length is not None and (length == 0) == to_servers


def _end_in_wrong_type(fields: CertificateFields) -> bool:
    pairs = zip(
        fields.certificate.validity_tags,
        (fields.certificate.not_before, fields.certificate.not_after),
        strict=True,
    )
    return any(tag == der.GENERALIZED_TIME and moment < _GENERALIZED_FROM for tag, moment in pairs)


def _rare_curve(fields: CertificateFields) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    return isinstance(fields.key, ec.EllipticCurvePublicKey) and fields.key.curve.name not in _COMMON_CURVES


def _edwards_key(fields: CertificateFields) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

    return isinstance(fields.key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey))


def _any_purpose_only(fields: CertificateFields) -> bool:
    return fields.purposes is not None and _SERVER_AUTH not in fields.purposes


QUARRELS: tuple[Quirk, ...] = (
    Quirk(_ends_soon, "ends within 30 days; ask for its successor"),
    Quirk(
        lambda fields: not fields.certificate.is_root,
        "is an intermediate: Python before 3.13 and Node.js refuse chains that end in it, unless its root is "
        "installed too",
    ),
    Quirk(
        lambda fields: fields.signature in _SHA1_SIGNATURES,
        "is signed with SHA-1: curl, wget, Python, Node.js and Java take it because they do not check a root's own "
        "signature; audits, and programs that do check it, refuse it",
    ),
    Quirk(
        lambda fields: not fields.has_key_identifier,
        "has no subject key identifier: Python 3.13 and later refuses chains under it",
    ),
    Quirk(
        lambda fields: fields.certificate.is_root and fields.certificate.names_other_key,
        "has an authority key identifier that is not its own: Python before 3.13, Node.js and `openssl verify` "
        "look for another root and refuse chains under it",
    ),
    Quirk(
        _constraints_not_critical,
        "has Basic Constraints that are not critical: Python 3.13 and later refuses chains under it",
    ),
    Quirk(
        lambda fields: fields.key_usage is None,
        "has no key usage: Python 3.13 and later refuses chains under it",
    ),
    Quirk(
        lambda fields: _limits_path(fields, to_servers=True),
        "allows no intermediate below it (pathlen:0): curl, wget, Python and Node.js refuse servers whose chain "
        "has one",
    ),
    Quirk(
        lambda fields: _limits_path(fields, to_servers=False),
        "limits the number of intermediates below it (pathlen): curl, wget, Python and Node.js refuse longer chains",
    ),
    Quirk(
        lambda fields: fields.name_constrained,
        "is limited to some names (name constraints): curl, wget, Python and Node.js refuse servers of other names, "
        "Java accepts them all the same",
    ),
    Quirk(
        _any_purpose_only,
        "names any purpose but not servers in its extended key usage: curl, Python and Node.js refuse chains under it",
    ),
    Quirk(
        _end_in_wrong_type,
        "has a date before 2050 as GeneralizedTime, where RFC 5280 wants UTCTime: the verifier of Python's "
        "cryptography refuses chains under it",
    ),
    Quirk(
        lambda fields: fields.serial < 0,
        "has a negative serial number: Go programs (1.23 and later, documented) and the verifier of Python's "
        "cryptography refuse it",
    ),
    Quirk(
        lambda fields: fields.serial == 0,
        "has the serial number zero, which RFC 5280 forbids: later versions of Python's cryptography refuse it "
        "(documented)",
    ),
    Quirk(
        lambda fields: fields.serial.bit_length() > _MOST_SERIAL_BITS,
        "has a serial number of more than 21 octets, where RFC 5280 allows 20: the verifier of Python's "
        "cryptography refuses chains under it",
    ),
    Quirk(
        lambda fields: not fields.certificate.has_subject,
        "has an empty subject: curl, Java and Python 3.13 and later refuse chains under it",
    ),
    Quirk(
        lambda fields: not fields.certificate.subject_is_clean,
        "has a subject with control characters or in an old encoding (T61String): programs built on Python's "
        "cryptography may fail to show it",
    ),
    Quirk(
        _rare_curve,
        "has a key on an uncommon curve: wget and Java refuse chains under it, so do Chrome, Firefox and Go "
        "(documented)",
    ),
    Quirk(
        _edwards_key,
        "has an Ed25519 or Ed448 key: the verifier of Python's cryptography refuses chains under it, so do Chrome and "
        "Firefox (documented)",
    ),
)
