"""Configuration profiles for Macs: for an MDM, and for Macs where no program may change trust settings.

Sources: Apple's Device Management documentation (TopLevel, CertificateRoot, CertificatePKCS1).
"""

from __future__ import annotations

import plistlib
import uuid
from typing import TYPE_CHECKING, Any

from trustinstall import plists
from trustinstall.errors import TrustInstallError, UsageProblem, printable
from trustinstall.typed_json import is_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import ActingHost

_OURS = "trustinstall."  # prefix of the identifiers of our profiles
_NAMESPACE = uuid.UUID("7d6b1a5e-52c1-4f0e-9a37-1c0ad3e1b8f4")  # fixed: the same roots make the same profile
_ROOT, _OTHER = "com.apple.security.root", "com.apple.security.pkcs1"
_MODE = 0o644


def make(certificates: Sequence[Certificate]) -> bytes:
    """Return a profile that trusts these certificates on the whole Mac; their order does not change it."""
    ordered = sorted(set(certificates), key=lambda one: one.sha256)
    names = [one.name for one in ordered]
    return plistlib.dumps(
        {
            **_described(
                "".join(one.sha256 for one in ordered), names[0] if len(names) == 1 else f"{len(names)} roots"
            ),
            "PayloadType": "Configuration",
            "PayloadDescription": f"Trusts {printable(', '.join(names), 400)}.",
            "PayloadScope": "System",
            "PayloadRemovalDisallowed": False,
            "PayloadContent": [_payload(one) for one in ordered],
        }
    )


def write(host: ActingHost, path: str, certificates: Sequence[Certificate], *, dry_run: bool) -> bool:
    """Write a profile; return whether the file had to be written (or would have to be).

    A profile of trustinstall is replaced. Raises UsageProblem if another file stands there, and TrustInstallError if
    the file cannot be written.
    """
    path, content = host.absolute(path), make(certificates)
    name = printable(path, 4096)
    try:
        old = host.read_or_none(path, plists.LIMIT)
    except OSError as error:
        raise UsageProblem(f"{name}: {error.strerror}; name a new file for the profile") from None
    if old is not None and not _is_ours(old):
        raise UsageProblem(f"{name} is no profile that trustinstall has written, and is left as it is; name a new file")
    if old != content and not dry_run:
        try:
            host.write(path, content, _MODE, None, host.token())
        except OSError as error:
            raise TrustInstallError(f"cannot write {name}: {error.strerror}; name a file that you may write") from None
    return old != content


def _payload(certificate: Certificate) -> dict[str, Any]:
    return {
        **_described(certificate.sha256, certificate.name),
        "PayloadType": _ROOT if certificate.is_root else _OTHER,
        "PayloadDescription": f"SHA-256 {certificate.sha256}",
        "PayloadCertificateFileName": f"{certificate.slug}.cer",
        "PayloadContent": certificate.der,
    }


def _described(key: str, name: str) -> dict[str, Any]:
    """The keys of every payload."""
    number = str(uuid.uuid5(_NAMESPACE, key)).upper()
    return {
        "PayloadDisplayName": printable(name),
        "PayloadIdentifier": f"{_OURS}{number}",
        "PayloadUUID": number,
        "PayloadVersion": 1,
    }


def _is_ours(content: bytes) -> bool:
    try:
        found = plists.read(content)
    except ValueError:
        return False
    return is_object(found) and str(found.get("PayloadIdentifier")).startswith(_OURS)
