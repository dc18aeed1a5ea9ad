"""The faults for which verifiers refuse an authority's certificate: rules of the table in `rules`.

Sources: RFC 5280, 4.1.2.6 (subject), 4.2.1.1 and 4.2.1.2 (key identifiers), 4.2.1.3 (key usage), 4.2.1.9 (basic
constraints) and 4.2.1.11 (policy constraints).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from trustinstall.certificates.loaded import key_identifiers
from trustinstall.doctor.step import value_of

if TYPE_CHECKING:
    from trustinstall.doctor.step import Step


def key_usage(step: Step) -> str:
    """Refuse an authority whose key usage does not allow it to sign certificates."""
    usage = step.value(x509.KeyUsage) if step.at else None
    return "may not sign certificates (key usage)" if usage is not None and not usage.key_cert_sign else ""


def path_length(step: Step) -> str:
    """Refuse an authority with more authorities below it than it allows."""
    basic = step.value(x509.BasicConstraints) if step.at else None
    counts_all = step.family.counts_self_issued
    between = sum(counts_all or below.issuer != below.subject for below in step.path[1 : step.at])
    if basic is None or basic.path_length is None or between <= basic.path_length:
        return ""
    return f"allows {basic.path_length} authorities below it, and there are {between}"


def not_authority(step: Step) -> str:
    """Refuse an issuer that is no authority: only an anchor, or version 1, may lack basic constraints."""
    if not step.at:
        return ""
    basic = step.value(x509.BasicConstraints)
    if basic is None:
        is_old = step.one.version is x509.Version.v1
        is_anchor = step.at == len(step.path) - 1 and step.own.self_issued
        return "" if is_old or is_anchor else "does not say that it is an authority (basic constraints)"
    return "" if basic.ca else "says that it is no authority (basic constraints)"


def other_key_identifier(step: Step) -> str:
    """Refuse an authority whose key identifier is not the one that the certificate below names."""
    if not step.at:
        return ""
    below = step.path[step.at - 1]
    named, own = key_identifiers(below)[1], key_identifiers(step.one)[0]
    differs = None not in {named, own} and named != own
    return "has another key identifier than the certificate that it has signed asks for" if differs else ""


def no_authority_name(step: Step) -> str:
    """Refuse an authority without a subject."""
    return "has no subject" if step.at and not len(step.one.subject.rdns) else ""


def policy(step: Step) -> str:
    """Refuse an authority that requires a policy which a certificate below it lacks."""
    limits = step.value(x509.PolicyConstraints) if step.at else None
    if limits is None or limits.require_explicit_policy is None or limits.require_explicit_policy >= step.at:
        return ""
    without = any(value_of(one, x509.CertificatePolicies) is None for one in step.path[: step.at])
    return "requires a policy that a certificate below it does not have (policy constraints)" if without else ""


def no_authority(step: Step) -> str:
    """Refuse an authority without basic constraints."""
    missing = step.at and step.one.version is x509.Version.v3 and step.value(x509.BasicConstraints) is None
    return "does not say that it is an authority (basic constraints)" if missing else ""


def version_1(step: Step) -> str:
    """Refuse an authority of version 1."""
    return "is of version 1, and no authority's" if step.at and step.one.version is x509.Version.v1 else ""


def no_key_usage(step: Step) -> str:
    """Refuse an authority without key usage."""
    missing = step.at and step.one.version is x509.Version.v3 and step.value(x509.KeyUsage) is None
    return "does not say that it may sign certificates (key usage)" if missing else ""


def not_critical(step: Step) -> str:
    """Refuse an authority whose basic constraints are not critical."""
    every = [one for one in step.one.extensions if isinstance(one.value, x509.BasicConstraints)]
    weak = step.at and any(not one.critical for one in every)
    return "does not mark its basic constraints as critical" if weak else ""
