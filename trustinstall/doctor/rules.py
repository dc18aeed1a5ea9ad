"""The faults for which verifiers refuse a certificate of a path: a table of rules, by the code of the reason.

`families` says which verifiers apply which rule. A rule takes a Step and returns words that follow the certificate's
name ("expired on 2026-01-31"), or "" if the certificate complies. Sources: RFC 5280, 4.1.2.2 (serial number), 4.2 (an
unknown critical extension), 4.2.1.3, 4.2.1.9, 4.2.1.10 and 4.2.1.12; CA/Browser Forum 6.1.5 and 7.1.3.2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from trustinstall.certificates import der
from trustinstall.doctor import authorities, names
from trustinstall.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trustinstall.doctor.step import Step

_LONGEST_LIFE = timedelta(days=825)


def against(step: Step, codes: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the code and the words of each rule that a certificate breaks; only the rules of `codes` are tried."""
    for code, rule in RULES.items():
        said = rule(step) if code in codes else ""
        if said:
            yield code, said


def _expired(step: Step) -> str:
    end = step.one.not_valid_after_utc
    return f"expired on {end:%Y-%m-%d}" if step.now > end else ""


def _early(step: Step) -> str:
    start = step.one.not_valid_before_utc
    return f"is valid from {start:%Y-%m-%d} on" if step.now < start else ""


def _signature(step: Step) -> str:
    digest = step.one.signature_hash_algorithm
    return f"is signed with {digest.name.upper()}" if digest and digest.name in step.family.digests else ""


def _small(step: Step) -> str:
    key = step.one.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < step.family.rsa:
        return f"has an RSA key of {key.key_size} bits"
    return ""


def _kind(step: Step) -> str:
    try:
        key = step.one.public_key()
    except UnsupportedAlgorithm:
        return "has a key of a kind that is not known here"
    kind = type(key).__name__.removesuffix("PublicKey").lower()
    name = key.curve.name if isinstance(key, EllipticCurvePublicKey) else kind
    if isinstance(key, EllipticCurvePublicKey) and step.own.key_parameters_tag == der.SEQUENCE:
        return "spells out its elliptic curve and does not name it"  # RFC 5480 2.1.1; CVE-2020-0601
    taken = isinstance(key, RSAPublicKey) or name in step.family.keys
    return "" if taken else f"has a key of the kind {printable(name, 40)}, which {step.family.name} does not take"


def _critical(step: Step) -> str:
    unknown = (one.oid.dotted_string for one in step.one.extensions if one.critical)
    oid = next((one for one in unknown if one not in step.family.known), "")
    return f"has a critical extension that {step.family.name} does not know ({printable(oid, 60)})" if oid else ""


def _purpose(step: Step) -> str:
    return "" if step.at else _not_for_servers(step, any_too=step.family.any_leaf)


def _authority_purpose(step: Step) -> str:
    return _not_for_servers(step, any_too=step.family.any_authority) if step.at else ""


def _not_for_servers(step: Step, *, any_too: bool) -> str:
    purposes = step.value(x509.ExtendedKeyUsage)
    allowed = {ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE] if any_too else [])}
    unfit = purposes is not None and allowed.isdisjoint(purposes)
    return "is not for servers (extended key usage)" if unfit else ""


def _no_purpose(step: Step) -> str:
    missing = not step.at and step.value(x509.ExtendedKeyUsage) is None
    return "does not say that it is for servers (extended key usage)" if missing else ""


def _name_constraints(step: Step) -> str:
    return names.limit_broken(step.path, step.at, step.family) if step.at else ""


def _many_constraints(step: Step) -> str:
    many = step.at and names.too_many(step.path, step.at, step.family)
    return "has too many name constraints for the names below it" if many else ""


def _negative(step: Step) -> str:
    return "has a negative serial number" if step.one.serial_number < 0 else ""


def _no_subject(step: Step) -> str:
    if step.at or len(step.one.subject.rdns):
        return ""
    names_of = [one for one in step.one.extensions if isinstance(one.value, x509.SubjectAlternativeName)]
    weak = any(not one.critical for one in names_of)
    return "has no subject, and does not mark its other names as critical" if weak else ""


def _authority_leaf(step: Step) -> str:
    basic = None if step.at else step.value(x509.BasicConstraints)
    return "is an authority's certificate, and no server's" if basic is not None and basic.ca else ""


def _self_signed(step: Step) -> str:
    alone = len(step.path) == 1 and step.one.issuer == step.one.subject
    return "is signed by itself, and no authority" if alone else ""


def _leaf_usage(step: Step) -> str:
    usage = None if step.at or isinstance(step.one.public_key(), RSAPublicKey) else step.value(x509.KeyUsage)
    return "may not make signatures (key usage)" if usage is not None and not usage.digital_signature else ""


def _leaf_no_tls(step: Step) -> str:
    usage = None if step.at else step.value(x509.KeyUsage)
    may = usage is None or usage.digital_signature or usage.key_encipherment or usage.key_agreement
    return "" if may else "may be used for no part of a handshake (key usage)"


def _leaf_signs(step: Step) -> str:
    usage, basic = (None, None) if step.at else (step.value(x509.KeyUsage), step.value(x509.BasicConstraints))
    wrong = usage is not None and usage.key_cert_sign and not (basic is not None and basic.ca)
    return "may sign certificates, and is no authority (key usage)" if wrong else ""


def _leaf_encipherment(step: Step) -> str:
    usage = step.value(x509.KeyUsage) if not step.at and isinstance(step.one.public_key(), RSAPublicKey) else None
    return "may not encipher keys (key usage)" if usage is not None and not usage.key_encipherment else ""


def _no_key_identifier(step: Step) -> str:
    if step.one.version is not x509.Version.v3:
        return ""
    names = step.value(x509.AuthorityKeyIdentifier)
    if step.at + 1 < len(step.path) and (names is None or names.key_identifier is None):
        return "does not name its issuer's key (authority key identifier)"
    missing = step.at and step.value(x509.SubjectKeyIdentifier) is None
    return "does not name its key (subject key identifier)" if missing else ""


def _long_lived(step: Step) -> str:
    days = step.one.not_valid_after_utc - step.one.not_valid_before_utc
    return f"is valid for {days.days} days, more than 825" if not step.at and days > _LONGEST_LIFE else ""


def _no_revocation(step: Step) -> str:
    access = step.value(x509.AuthorityInformationAccess) or ()
    asked = any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access)
    missing = not asked and step.value(x509.CRLDistributionPoints) is None and step.at + 1 < len(step.path)
    return "names no address where its revocation can be asked for" if missing else ""


#: By the code of the reason; reasons are shown in this order.
RULES: Mapping[str, Callable[[Step], str]] = {
    "expired": _expired,
    "not-yet-valid": _early,
    "weak-signature": _signature,
    "small-key": _small,
    "key-type": _kind,
    "critical-extension": _critical,
    "purpose": _purpose,
    "no-purpose": _no_purpose,
    "authority-purpose": _authority_purpose,
    "key-usage": authorities.key_usage,
    "path-length": authorities.path_length,
    "name-constraints": _name_constraints,
    "many-constraints": _many_constraints,
    "policy": authorities.policy,
    "not-authority": authorities.not_authority,
    "other-key-identifier": authorities.other_key_identifier,
    "negative-serial": _negative,
    "no-subject": _no_subject,
    "no-authority-name": authorities.no_authority_name,
    "no-authority": authorities.no_authority,
    "version-1": authorities.version_1,
    "authority-leaf": _authority_leaf,
    "self-signed": _self_signed,
    "leaf-usage": _leaf_usage,
    "leaf-encipherment": _leaf_encipherment,
    "leaf-no-tls": _leaf_no_tls,
    "leaf-signs": _leaf_signs,
    "no-key-identifier": _no_key_identifier,
    "no-key-usage": authorities.no_key_usage,
    "not-critical": authorities.not_critical,
    "long-lived": _long_lived,
    "no-revocation": _no_revocation,
}
