"""Trust settings as data: what one certificate's record says, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, cast

from . import machine, status
from .certs import Certificate

TRUST_ROOT, TRUST_AS_ROOT, DENY, UNSPECIFIED = 1, 2, 3, 4
RESULTS = {"trustRoot": TRUST_ROOT, "trustAsRoot": TRUST_AS_ROOT, "deny": DENY, "unspecified": UNSPECIFIED}
RESULT_NAMES = {
    0: "kSecTrustSettingsResultInvalid",
    TRUST_ROOT: "kSecTrustSettingsResultTrustRoot",
    TRUST_AS_ROOT: "kSecTrustSettingsResultTrustAsRoot",
    DENY: "kSecTrustSettingsResultDeny",
    UNSPECIFIED: "kSecTrustSettingsResultUnspecified",
}
_APPLE_POLICY = bytes.fromhex("2a864886f76364")  # 1.2.840.113635.100, then what follows
# word of -p: (what follows, name in the record, name in the dump)
POLICIES = {
    "ssl": (b"\x01\x03", "sslServer", "SSL"),
    "basic": (b"\x01\x02", "basicX509", "Apple X509 Basic"),
    "smime": (b"\x01\x08", "SMIME", "SMIME"),
    "eap": (b"\x01\x09", "eapServer", "EAP"),
    "codeSign": (b"\x01\x10", "CodeSigning", "Code Signing"),
}
POLICY = {word: _APPLE_POLICY + tail for word, (tail, _, _) in POLICIES.items()}
_TYPES = {
    "kSecTrustSettingsPolicy": (bytes, str),
    "kSecTrustSettingsApplication": (bytes,),
    "kSecTrustSettingsPolicyString": (str,),
    "kSecTrustSettingsAllowedError": (int,),
    "kSecTrustSettingsResult": (int,),
    "kSecTrustSettingsKeyUsage": (int,),
}
_RECORD = {"issuerName": bytes, "serialNumber": bytes, "modDate": datetime}
Constraint = dict[str, Any]


def empty() -> machine.Settings:
    """A record of nothing."""
    return {"trustList": {}, "trustVersion": 1}


def valid(settings: object) -> bool:
    """Whether a property list is a record of trust settings."""
    found = _dictionary(settings)
    if found is None or found.get("trustVersion") != 1:
        return False
    records = _dictionary(found.get("trustList"))
    return records is not None and all(map(_valid_record, records.values()))


def _valid_record(record: object) -> bool:
    found = _dictionary(record)
    if found is None or not all(isinstance(found.get(key), kind) for key, kind in _RECORD.items()):
        return False
    constraints = found.get("trustSettings", [])
    return isinstance(constraints, list) and all(map(_valid_constraint, cast("list[object]", constraints)))


def _valid_constraint(constraint: object) -> bool:
    found = _dictionary(constraint)
    return found is not None and all(
        key not in found or (isinstance(found[key], kinds) and not isinstance(found[key], bool))
        for key, kinds in _TYPES.items()
    )


def _dictionary(found: object) -> dict[str, object] | None:
    return cast("dict[str, object]", found) if isinstance(found, dict) else None


def check(certificate: Certificate, constraints: Sequence[Constraint] | None, reading: str) -> list[Constraint]:
    """What is written for constraints that a caller asks for; raises OSStatusError where they make no sense."""
    if constraints is None:
        if reading == "source" and not certificate.self_signed:
            raise status.OSStatusError(status.PARAM)
        return []
    kept = [one for one in constraints if one or reading == "notes"]  # the source drops what says nothing
    for one in kept:
        result = one.get("kSecTrustSettingsResult", TRUST_ROOT)
        if result == (TRUST_AS_ROOT if certificate.self_signed else TRUST_ROOT):
            raise status.OSStatusError(status.PARAM)
    return kept


def put(settings: machine.Settings, certificate: Certificate, constraints: list[Constraint]) -> None:
    """Write one certificate's record."""
    record = settings["trustList"].setdefault(
        certificate.sha1, {"issuerName": certificate.issuer, "serialNumber": certificate.serial}
    )
    record["modDate"] = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
    record.pop("trustSettings", None)
    if constraints:
        record["trustSettings"] = constraints


def result(record: Mapping[str, Any], policy: str, host: str | None = None) -> int:
    """What a record comes to for a policy, and a host: one of the results, UNSPECIFIED where nothing of it applies.

    The first constraint that applies counts (SecPVCGetTrustSettingsResult in SecPolicyServer.c).
    """
    constraints: list[Constraint] = record.get("trustSettings") or [{}]
    for one in constraints:
        wanted = one.get("kSecTrustSettingsPolicy")
        narrower = {"kSecTrustSettingsApplication", "kSecTrustSettingsKeyUsage"}
        if (wanted is not None and wanted not in {POLICY[policy], dotted(POLICY[policy])}) or narrower & one.keys():
            continue
        if "kSecTrustSettingsPolicyString" in one and not _is_for(one, host if policy == "ssl" else None):
            continue
        found = int(one.get("kSecTrustSettingsResult", TRUST_ROOT))
        if found != UNSPECIFIED:
            return found
    return UNSPECIFIED


def _is_for(one: Constraint, host: str | None) -> bool:
    """Whether a string is the very host that is asked for, in any case (SecPVCContainsString); without policy, never.

    Older versions wrote a NUL behind it.
    """
    text = str(one["kSecTrustSettingsPolicyString"]).removesuffix("\0")
    return "kSecTrustSettingsPolicy" in one and host is not None and text.casefold() == host.casefold()


def dotted(oid: bytes) -> str:
    """An object identifier in figures: newer versions write policies so."""
    numbers, number = [oid[0] // 40, oid[0] % 40], 0
    for byte in oid[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    return ".".join(map(str, numbers))
