"""What a program says when TLS fails: which fault it names, and which servers. Its text is untrusted.

Sources: the programs' own words, as tests make them say (tests/unit/doctor/test_complaints.py), and their documents:
X509_verify_cert_error_string(3), Node.js' tls, Go's crypto/x509, rustls' CertificateError, Java's PKIX exceptions.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.doctor import target
from trustinstall.errors import UsageProblem
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trustinstall.doctor.target import Target

_MOST_SERVERS = 3
_MANUALS = frozenset({"curl.se", "curl.haxx.se"})  # that messages of errors point to
_MOST_TEXT = 65_536  # characters that are looked at: the last ones
#: By the code of the reason; the first that is found counts, and the last is for what names no reason.
_SIGNS: Mapping[str, re.Pattern[str]] = {
    code: regex(words, re.IGNORECASE)
    for code, words in {
        "host-name": "hostname mismatch|no alternative certificate subject name|ERR_TLS_CERT_ALTNAME_INVALID"
        "|certificate is valid for .{1,300}, not |NotValidForName|no subject alternative|no name matching"
        "|certificate common name|certificate's owner does not match|does not match target host",
        "expired": "certificate has expired|CERT_HAS_EXPIRED|certificate expired|validity check failed"
        "|certificate is not yet valid|peer certificate: expired",
        "weak-signature": "(CA|EE)_MD_TOO_WEAK|(ca|ee) md too weak|SIGNATURE_ALGORITHM_DISABLED"
        "|(insecure|weak) signature algorithm|WEAK_SIGNATURE_ALGORITHM|algorithm constraints check failed",
        "small-key": "(CA|EE)_KEY_TOO_SMALL|(ca|ee) key too small|ERR_CERT_WEAK_KEY|INADEQUATE_KEY_SIZE",
        "no-authority": "missing authority key identifier",
        "unknown-issuer": "unable to get (local )?issuer certificate|self.signed certificate|UNABLE_TO_GET_ISSUER_CERT"
        "|SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify the first certificate|unknown authority"
        "|UnknownIssuer|unable to find valid certification path|unknown issuer|issuer is unknown|UNKNOWN_ISSUER"
        "|UNTRUSTEDROOT|ERR_CERT_AUTHORITY_INVALID|locally verify the issuer|have a known issuer",
        "certificate": "certificate verify failed|CERTIFICATE_VERIFY_FAILED|SSL certificate problem|x509: "
        "|invalid peer certificate|PKIX path|certificate is not trusted|server certificate verification failed"
        "|SSLHandshakeException|certificate verification failed",
    }.items()
}
_PORT = r"(?::\d{1,5})?"
_URL = regex(rf"\b((?:https|wss|ftps|ldaps|imaps|pop3s|smtps)://)(?:[^\s/@'\"<>]{{1,200}}@)?([\w.-]{{1,253}}{_PORT})")
_POOL = regex(r"host='([\w.-]{1,253})', port=(\d{1,5})")  # urllib3 names its pool like that


def fault(said: str) -> str:
    """Return the code of the fault of TLS that a program names; "certificate" for one without a reason, "" for none."""
    text = said[-_MOST_TEXT:]
    return next((code for code, sign in _SIGNS.items() if sign.search(text)), "")


def servers(said: str, words: Sequence[str]) -> tuple[Target, ...]:
    """Return the servers that a program's text names, those beside the fault first, then those in its arguments."""
    lines = said[-_MOST_TEXT:].splitlines()
    beside = [line for line in lines if any(sign.search(line) for sign in _SIGNS.values())]
    found = dict.fromkeys(_named([*beside, *lines, *words]))
    return tuple(found)[:_MOST_SERVERS]


def _named(texts: Iterable[str]) -> Iterator[Target]:
    for text in texts:
        names = [scheme + name for scheme, name in _URL.findall(text)]
        for one in (*(f"{host}:{port}" for host, port in _POOL.findall(text)), *names):
            with suppress(UsageProblem):
                found = target.parse(one.rstrip("."))
                yield from [] if found.host in _MANUALS else [found]
