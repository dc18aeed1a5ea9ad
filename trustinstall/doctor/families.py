"""The families of verifiers: the rules by which each differs from RFC 5280 and from the others. Data only.

A source that says "real" is tested: a test gives the program a chain of each kind
(tests/unit/doctor/test_verifiers.py, tests/end_to_end/browsers/test_verifiers.py). A source that says "documented"
relies on the vendor's page that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trustinstall.values import NamedTuple

_NIST = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
_WEB = _NIST - {"secp224r1"}
_EDWARDS = frozenset({"ed25519", "ed448"})
_BRAINPOOL = frozenset({"brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"})

_KEYS = frozenset({"small-key", "key-type"})
_DATES = frozenset({"expired", "not-yet-valid"})
_LIMITS = frozenset({"path-length", "name-constraints"})
_PURPOSES = frozenset({"purpose", "authority-purpose"})
_EXTENSIONS = _LIMITS | _PURPOSES | {"critical-extension", "key-usage"}
_USUAL = _DATES | _KEYS | _EXTENSIONS | {"weak-signature"}
_AT_ANCHOR = _USUAL - {"weak-signature"}
#: The rules that X509_V_FLAG_X509_STRICT adds (openssl-verification-options(1), -x509_strict).
_STRICT = frozenset({"no-key-identifier", "no-key-usage", "not-critical", "no-authority", "version-1"})

_OID = "2.5.29."
#: Extensions of RFC 5280 4.2.1 that verifiers process, or may ignore even if they are critical.
_WEBPKI = frozenset(f"{_OID}{number}" for number in (15, 17, 19, 30, 31, 37))
_KNOWN = _WEBPKI | frozenset(f"{_OID}{number}" for number in (14, 32, 33, 35, 36, 54)) | {"1.3.6.1.5.5.7.1.1"}

_NONE: Mapping[str, str] = MappingProxyType({})
_FETCHED = "this program may fetch it"


class Family(NamedTuple):
    """The rules of one verifier. `below`, `anchor` and `unsure` hold codes of reasons, see `rules.RULES`.

    Attributes:
        name: the verifier, for people.
        partial: whether a path may end in an anchor that is not self-issued.
        below: the faults for which it refuses a certificate below the anchor.
        anchor: the faults for which it refuses the anchor.
        rsa: the least size of an RSA key, in bits.
        keys: the other kinds of keys that it accepts, by curve.
        digests: the digests of signatures that it refuses.
        known: the dotted object identifiers of the extensions that may be critical.
        common_name: whether it uses the subject's common name if there is no subject alternative name.
        any_leaf: whether it accepts the purpose "any" in a server's certificate.
        any_authority: whether it accepts the purpose "any" in an authority's certificate.
        one_of_a_name: whether it may try only one of several anchors with the same name.
        unsure: by code, the versions or settings of the verifier to which the reason applies.
        source: the evidence for these rules.
    """

    name: str
    partial: bool = True
    below: frozenset[str] = _USUAL
    anchor: frozenset[str] = _AT_ANCHOR
    rsa: int = 2048
    keys: frozenset[str] = _NIST | _EDWARDS | _BRAINPOOL
    digests: frozenset[str] = frozenset({"md5", "sha1"})
    known: frozenset[str] = _KNOWN
    common_name: bool = False
    any_leaf: bool = False
    any_authority: bool = True
    one_of_a_name: bool = False
    unsure: Mapping[str, str] = _NONE
    source: str = ""


_ONE_NAME = {"same-name-anchors": "which of them it tries depends on their order"}

#: For a store that several programs read: the rules of most of them.
COMMON = Family("most programs", source="RFC 5280; RFC 9525; CA/Browser Forum, Baseline Requirements 6.1.5, 7.1.3.2")

OPENSSL = Family(
    "OpenSSL",
    partial=False,
    common_name=True,
    one_of_a_name=True,
    unsure=_ONE_NAME,
    source="openssl-verification-options(1); SSL_CTX_set_security_level(3), level 2; X509_check_host(3); real",
)
CURL = OPENSSL._replace(name="curl", partial=True, source="CURLOPT_SSL_OPTIONS(3), CURLSSLOPT_NO_PARTIALCHAIN; real")
PYTHON = OPENSSL._replace(name="Python's ssl", source="Python documentation, ssl, create_default_context; real")
PYTHON_STRICT = PYTHON._replace(
    name="Python's ssl from 3.13 on",
    partial=True,
    below=_USUAL | _STRICT,
    anchor=_AT_ANCHOR | _STRICT,
    source="Python documentation, ssl, create_default_context, changed in version 3.13; real",
)
NODE = OPENSSL._replace(
    name="Node.js",
    unsure={**_ONE_NAME, "small-key": "Node.js from 24 on", "key-type": "Node.js from 24 on"},
    source="Node.js documentation, tls, ciphers, allowPartialTrustChain; OpenSSL level 1 before 24; real",
)
DOTNET = OPENSSL._replace(
    name=".NET",
    one_of_a_name=False,
    unsure={"missing-intermediate": _FETCHED},
    source=".NET runtime, OpenSslX509ChainProcessor.cs (OpenSSL, and certificates that it fetches); documented",
)
GNUTLS = Family(
    "GnuTLS",
    below=_USUAL - _PURPOSES,
    anchor=_AT_ANCHOR - _PURPOSES,
    rsa=1024,
    keys=_NIST | _EDWARDS | {"secp192r1"},
    known=_KNOWN - {f"{_OID}36"},
    common_name=True,
    source="GnuTLS manual, Verifying X.509 certificate paths; Priority strings, NORMAL; real (wget)",
)
FIREFOX = Family(
    "Firefox",
    below=_USUAL | {"authority-leaf"},
    anchor=_AT_ANCHOR | {"no-authority"},
    rsa=1024,
    keys=_WEB,
    unsure={"missing-intermediate": "Firefox holds the intermediates of public roots, and those it has seen"},
    source="mozilla::pkix, pkixcheck.cpp; real",
)
NSS = Family(
    "NSS",
    below=_USUAL - {"weak-signature", "authority-purpose"} | {"authority-leaf", "self-signed", "leaf-encipherment"},
    anchor=_DATES | _KEYS | _LIMITS,
    rsa=1024,
    keys=_WEB,
    known=_KNOWN - {f"{_OID}32", f"{_OID}36"},
    common_name=True,
    source="NSS, certvfy.c, CERT_VerifyCert; real (vfychain), but for names",
)
CHROMIUM = Family(
    "Chromium",
    below=_USUAL | {"leaf-usage", "self-signed"},
    rsa=1024,
    keys=_WEB,
    any_leaf=True,
    unsure={"missing-intermediate": _FETCHED},
    source="Chromium, net/cert/internal; real",
)
GO = Family(
    "Go",
    below=_USUAL | {"negative-serial"},
    anchor=_AT_ANCHOR | {"no-authority"},
    rsa=1024,
    keys=_NIST | {"ed25519"},
    known=_KNOWN - {f"{_OID}36"},
    any_leaf=True,
    unsure={"negative-serial": "Go from 1.23 on"},
    source="Go, crypto/x509, verify.go; release notes of 1.15, 1.18, 1.23; real (1.19)",
)
RUSTLS = Family(
    "rustls",
    below=_DATES | _KEYS | _LIMITS | _PURPOSES | {"critical-extension", "weak-signature", "authority-leaf"},
    anchor=_KEYS | {"name-constraints"},
    keys=_WEB | {"ed25519"},
    known=_WEBPKI,
    any_authority=False,
    source="rustls-webpki, cert.rs and verify_cert.rs; real (uv)",
)
JAVA = Family(
    "Java",
    below=_USUAL - {"authority-purpose"} | {"leaf-usage"},
    anchor=_KEYS | {"key-usage", "no-authority"},
    rsa=1024,
    keys=_NIST | _EDWARDS,
    digests=frozenset({"md5"}),
    common_name=True,
    any_leaf=True,
    source="java.security, jdk.certpath.disabledAlgorithms; Java PKI Programmer's Guide; real (17, 25)",
)
SCHANNEL = Family(
    "Schannel",
    partial=False,
    below=_USUAL | {"no-revocation"},
    common_name=True,
    any_leaf=True,
    unsure={
        "no-revocation": "curl, git and Cargo by Schannel say CRYPT_E_NO_REVOCATION_CHECK",
        "missing-intermediate": _FETCHED,
    },
    source="CERT_CHAIN_POLICY_STATUS, dwError; curl documentation, CURLSSLOPT_NO_REVOKE; documented",
)
APPLE = Family(
    "Apple",
    below=_USUAL | {"long-lived", "no-purpose"},
    any_leaf=True,
    unsure={"missing-intermediate": _FETCHED},
    source="Apple Support 103769 (Requirements for trusted certificates in iOS 13 and macOS 10.15); documented",
)

#: By the word in the rows of the tables of clients (`rows.Client.verifier`).
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "": COMMON,
        "openssl": OPENSSL,
        "curl": CURL,
        "python": PYTHON,
        "python-strict": PYTHON_STRICT,
        "node": NODE,
        "dotnet": DOTNET,
        "gnutls": GNUTLS,
        "firefox": FIREFOX,
        "nss": NSS,
        "chromium": CHROMIUM,
        "go": GO,
        "rustls": RUSTLS,
        "java": JAVA,
        "schannel": SCHANNEL,
        "apple": APPLE,
    }
)
