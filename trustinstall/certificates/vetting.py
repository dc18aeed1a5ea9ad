"""Whether a certificate that parses should be trusted.

The tables here and in `quirks` were tried on Debian 12 with a real server and, as its trust anchor, a root that has
each fault: Python 3.11 and 3.13 and curl 7.88 (OpenSSL 3.0), GNU Wget (GnuTLS 3.7), Node.js 20, Java 17, and the
verifier in `cryptography` 50. Rows that say "documented" come from RFC 5280 or a program's own release notes.

A refusal is *policy* if clients could work with the certificate, but trusting it would put people at risk;
`--allow-expired` or `--allow-weak` turns it into a warning. It is structural if all clients, or most, could not use
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.certificates.fields import CertificateFields
from trustinstall.certificates.quirks import QUARRELS
from trustinstall.errors import CertificateRefused, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate

#: The faults of policy that a caller may allow, by the words of the options `--allow-…`; for the last see
#: `same_subject`.
EXPIRED, WEAK, SAME_NAME = "expired", "weak", "same-name"
ALLOWABLE = frozenset({EXPIRED, WEAK, SAME_NAME})

_RSA_BITS = 2048
_EC_BITS = 224  # as strong as RSA 2048 (NIST SP 800-57 part 1); Debian's OpenSSL refuses less
#: Signatures that can be forged.
_BROKEN_SIGNATURES = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.3": "MD4",
    "1.2.840.113549.1.1.4": "MD5",
}
_SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
_ANY_PURPOSE = "2.5.29.37.0"

#: Extensions that OpenSSL 3.0 handles (`X509_supported_extension` in v3_purp.c); any other that is critical makes it
#: refuse the chain, the key identifiers included. GnuTLS and Go know fewer.
_HANDLED = frozenset(
    {
        "2.16.840.1.113730.1.1",  # Netscape certificate type
        "2.5.29.15",  # key usage
        "2.5.29.17",  # subject alternative name
        "2.5.29.19",  # basic constraints
        "2.5.29.30",  # name constraints
        "2.5.29.31",  # CRL distribution points
        "2.5.29.32",  # certificate policies
        "2.5.29.33",  # policy mappings
        "2.5.29.36",  # policy constraints
        "2.5.29.37",  # extended key usage
        "2.5.29.54",  # inhibit any policy
        "1.3.6.1.5.5.7.1.7",  # IP address blocks
        "1.3.6.1.5.5.7.1.8",  # AS numbers
    }
)


def vet(
    certificate: Certificate, *, now: datetime, allow: Collection[str], allow_intermediate: bool
) -> tuple[str, ...]:
    """Return the warnings about a certificate that `parsing` has accepted; `now` has a zone.

    Raises `CertificateRefused` with the first structural fault, else the first fault of policy that `allow` (words of
    `ALLOWABLE`) does not name; the allowed ones become warnings. A certificate that is not a root is refused unless
    `allow_intermediate`.
    """
    fields = CertificateFields(certificate, now)
    for fault in _STRUCTURAL:
        sentence = fault(fields)
        if sentence:
            raise _refusal(certificate, sentence)
    if not certificate.is_root and not allow_intermediate:
        raise _refusal(certificate, "is an intermediate, not a root; pass the root that has signed it", "intermediate")
    doubts = [(word, sentence) for word, fault in _POLICY if (sentence := fault(fields))]
    for word, sentence in doubts:
        if word not in allow:
            raise _refusal(certificate, sentence, word)
    quirks = [quarrel.sentence for quarrel in QUARRELS if quarrel.holds(fields)]
    allowed = [f"{sentence} (--allow-{word})" for word, sentence in doubts]
    return tuple(f"{certificate.name} {sentence}" for sentence in (*allowed, *quirks))


def _refusal(certificate: Certificate, sentence: str, allowed_as: str = "") -> CertificateRefused:
    return CertificateRefused(f"{certificate.name} {sentence}", allowed_as=allowed_as, judged=not allowed_as)


# --- structural faults ---------------------------------------------------------------------------


def _no_authority(fields: CertificateFields) -> str | None:
    """Version 1 has no such flag: Python 3.13 refuses even a root without it, and strict clients must."""
    if fields.is_authority:
        return None
    if not fields.certificate.self_issued:
        return "is a server's own certificate and not a CA (no CA:TRUE); pass the root that signs it"
    if fields.loaded.version.value == 0:
        return "is an X.509 version 1 certificate, which cannot say that it is an authority; ask for a version 3 root"
    return "is a server's own self-signed certificate and not a CA (no CA:TRUE); ask IT for the root that signs it"


def _cannot_sign(fields: CertificateFields) -> str | None:
    """Every client tried refuses it."""
    usage = fields.key_usage
    if usage is None or usage.value.key_cert_sign:
        return None
    return (
        "must not sign certificates (its key usage lacks keyCertSign), so every client refuses it; ask for a "
        "root that may"
    )


def _damaged(fields: CertificateFields) -> str | None:
    """No client checks a root's own signature, so no other check would notice a flipped bit."""
    own = fields.certificate
    if not own.signature_well_formed or (own.self_issued and not own.is_root and not own.is_rollover):
        return "is damaged: its own signature does not fit; get the file again"
    return None


def _unhandled_extension(fields: CertificateFields) -> str | None:
    """RFC 5280 4.2: a verifier must refuse a critical extension that it does not know."""
    for extension in fields.extensions:
        if extension.critical and extension.oid.dotted_string not in _HANDLED:
            oid = printable(extension.oid.dotted_string, 60)
            return (
                f"has a critical extension ({oid}) that clients do not know, so they refuse it; ask for a "
                "root without it"
            )
    return None


def _wrong_purpose(fields: CertificateFields) -> str | None:
    """OpenSSL checks a root's extended key usage, so Python, curl and Node.js refuse (wget and Java do not)."""
    if fields.purposes is None or fields.purposes & {_SERVER_AUTH, _ANY_PURPOSE}:
        return None
    return (
        "is limited by its extended key usage to other purposes than servers, so curl, Python and Node.js refuse it; "
        "ask for the root that signs servers"
    )


def _explicit_curve(fields: CertificateFields) -> str | None:
    """RFC 5480 2.1.1 forbids it. `cryptography` recognises well-known curves; no client tried accepts it."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(fields.key, ec.EllipticCurvePublicKey) or fields.certificate.key_parameters_tag != der.SEQUENCE:
        return None
    return (
        "spells its elliptic curve out instead of naming it, and every client refuses that; ask for a root "
        "with a named curve"
    )


_STRUCTURAL: tuple[Callable[[CertificateFields], str | None], ...] = (
    _no_authority,
    _cannot_sign,
    _damaged,
    _unhandled_extension,
    _wrong_purpose,
    _explicit_curve,
)


# --- faults of policy ----------------------------------------------------------------------------


def _expired(fields: CertificateFields) -> str | None:
    own = fields.certificate
    if own.not_after >= fields.now:
        return None
    if own.not_after < own.not_before and own.validity_tags[1] == der.UTC_TIME:
        return (
            f"ends in {own.not_after.year}, before it begins: its end is written with two digits of year, which "
            "from 50 on means the last century (RFC 5280 4.1.2.5), so clients take it for expired; ask for one "
            "with a GeneralizedTime"
        )
    return f"expired on {own.not_after:%Y-%m-%d}; ask IT for its successor"


def _early(fields: CertificateFields) -> str | None:
    own = fields.certificate
    if own.not_before <= fields.now:
        return None
    return f"is not valid before {own.not_before:%Y-%m-%d %H:%M} UTC; check this machine's clock, or wait"


def _weak_key(fields: CertificateFields) -> str | None:
    """OpenSSL's security level 2, Debian's default, refuses each of these ("CA certificate key too weak")."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    key = fields.key
    if isinstance(key, dsa.DSAPublicKey):
        return "has a DSA key, which clients no longer support; ask for a root with RSA or an elliptic curve"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS:
        return f"has an RSA key of only {key.key_size} bits, where {_RSA_BITS} are the least; ask for a stronger root"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS:
        return (
            f"has an elliptic curve key of only {key.key_size} bits, where {_EC_BITS} are the least; ask for "
            "a stronger root"
        )
    return None


def _weak_signature(fields: CertificateFields) -> str | None:
    digest = _BROKEN_SIGNATURES.get(fields.signature)
    return digest and f"is signed with {digest}, which can be forged; ask IT for its successor"


_POLICY: tuple[tuple[str, Callable[[CertificateFields], str | None]], ...] = (
    (EXPIRED, _expired),
    (EXPIRED, _early),
    (WEAK, _weak_key),
    (WEAK, _weak_signature),
)
