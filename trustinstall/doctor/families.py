"""The families of verifiers: the rules by which each differs from RFC 5280 and from the others. Data only.

A source that says "real" is tested: a test gives the program a chain of each kind
(tests/unit/doctor/test_verifiers.py, tests/end_to_end/browsers/test_verifiers.py). A source that says "documented"
relies on the vendor's page that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trustinstall.doctor.family import (
    ANY,
    AS_LABELS,
    AS_SENT,
    AT_ANCHOR,
    BRAINPOOL,
    DATES,
    EDWARDS,
    EVERYWHERE,
    IN_PART,
    KEYS,
    KNOWN,
    LIMITED,
    NEWEST,
    NIST,
    OID,
    PURPOSES,
    STRICT,
    USUAL,
    WEB,
    WEBPKI,
    WITHOUT_DNS,
    WITHOUT_NAMES,
    Family,
    Limits,
    Names,
)

_IDENTIFIERS = frozenset({"other-key-identifier"})
_ADDRESSED = frozenset({"dns", "ip"})
_FETCHED = "this program may fetch it"
_COMPARED = "this program compares as many as there are"
_ONE_NAME = {"same-name-anchors": "which of them it tries depends on their order"}
_NO_DNS = Names(WITHOUT_DNS)

#: For a store that several programs read: the rules of most of them.
COMMON = Family(
    "most programs",
    below=USUAL | _IDENTIFIERS,
    anchor=AT_ANCHOR | _IDENTIFIERS,
    unsure={"other-key-identifier": "programs with OpenSSL, GnuTLS or Java refuse that"},
    source="RFC 5280; RFC 9525; CA/Browser Forum, Baseline Requirements 6.1.5, 7.1.3.2",
)

OPENSSL = Family(
    "OpenSSL",
    partial=False,
    below=USUAL | _IDENTIFIERS | {"leaf-no-tls"},
    anchor=AT_ANCHOR | _IDENTIFIERS,
    keys=NIST | EDWARDS | BRAINPOOL | {"dsa"},
    known=KNOWN - {f"{OID}14", f"{OID}35", "1.3.6.1.5.5.7.1.1"},
    names=Names(WITHOUT_DNS, stars=IN_PART),
    one_of_a_name=True,
    unsure=_ONE_NAME,
    source="openssl-verification-options(1); SSL_CTX_set_security_level(3), level 2; X509_check_host(3); real",
)
CURL = OPENSSL._replace(
    name="curl",
    partial=True,
    below=OPENSSL.below | {"no-authority-name"},
    anchor=OPENSSL.anchor | {"no-authority-name"},
    names=Names(WITHOUT_NAMES, common_name_of_address=True, last_dot=True),
    source="CURLOPT_SSL_OPTIONS(3), CURLSSLOPT_NO_PARTIALCHAIN; real",
)
PYTHON = OPENSSL._replace(
    name="Python's ssl", names=_NO_DNS, source="Python documentation, ssl, create_default_context; real"
)
PYTHON_STRICT = PYTHON._replace(
    name="Python's ssl from 3.13 on",
    partial=True,
    below=PYTHON.below | STRICT,
    anchor=PYTHON.anchor | STRICT,
    source="Python documentation, ssl, create_default_context, changed in version 3.13; real",
)
NODE = OPENSSL._replace(
    name="Node.js",
    names=Names(WITHOUT_DNS, stars=IN_PART, last_dot=True),
    unsure={**_ONE_NAME, "small-key": "Node.js from 24 on", "key-type": "Node.js from 24 on"},
    source="Node.js documentation, tls, ciphers, allowPartialTrustChain; OpenSSL level 1 before 24; real",
)
DOTNET = OPENSSL._replace(
    name=".NET",
    names=Names(WITHOUT_NAMES),
    one_of_a_name=False,
    unsure={"missing-intermediate": _FETCHED},
    source=".NET runtime, OpenSslX509ChainProcessor.cs (OpenSSL, and certificates that it fetches); documented",
)
_ASKED = "programs that have GnuTLS ask for the purpose, as gnutls-cli does"
GNUTLS = Family(
    "GnuTLS",
    below=USUAL | _IDENTIFIERS | {"self-signed", "leaf-usage", "leaf-no-tls"},
    anchor=AT_ANCHOR | _IDENTIFIERS | {"no-authority-name"},
    rsa=1024,
    keys=NIST | EDWARDS | {"secp192r1", "dsa"},
    known=KNOWN - {f"{OID}33", f"{OID}36"},
    names=Names(WITHOUT_NAMES),
    limits=Limits(_ADDRESSED, frozenset({"other", "excluded directory"}), of_authorities=False),
    picks=AS_SENT,
    counts_self_issued=True,
    unsure={
        **dict.fromkeys(("purpose", "authority-purpose", "leaf-usage", "leaf-no-tls"), _ASKED),
        **dict.fromkeys(("self-signed", "no-authority-name"), "certtool does"),
    },
    source="GnuTLS manual, Verifying X.509 certificate paths; Priority strings; real (gnutls-cli, certtool, wget)",
)
FIREFOX = Family(
    "Firefox",
    below=USUAL | {"authority-leaf", "leaf-no-tls"},
    anchor=AT_ANCHOR | {"no-authority", "no-authority-name"},
    rsa=1024,
    keys=WEB,
    known=KNOWN - {f"{OID}14", f"{OID}31", f"{OID}33", f"{OID}35"},
    limits=Limits(star_overlaps=True, of_self_issued=True),
    picks=ANY,
    counts_self_issued=True,
    unsure={
        "many-constraints": _COMPARED,
        "missing-intermediate": "Firefox holds the intermediates of public roots, and those it has seen",
    },
    source="mozilla::pkix, pkixcheck.cpp; real",
)
NSS = Family(
    "NSS",
    below=USUAL - {"weak-signature", "authority-purpose"}
    | _IDENTIFIERS
    | {"authority-leaf", "self-signed", "leaf-encipherment", "leaf-no-tls"},
    anchor=DATES | KEYS | LIMITED | _IDENTIFIERS | {"not-authority"},
    rsa=1024,
    keys=WEB | {"dsa"},
    known=KNOWN - {f"{OID}{number}" for number in (31, 32, 33, 36, 54)},
    names=Names(WITHOUT_NAMES),
    limits=Limits(other_kinds=False),
    picks=NEWEST,
    unsure={"many-constraints": _COMPARED},
    source="NSS, certvfy.c, CERT_VerifyCert; real (vfychain), but for names",
)
CHROMIUM = Family(
    "Chromium",
    below=USUAL | {"leaf-usage", "self-signed", "no-subject", "policy"},
    anchor=AT_ANCHOR | {"policy"},
    rsa=1024,
    keys=WEB,
    known=KNOWN - {f"{OID}14", f"{OID}31", f"{OID}35", "1.3.6.1.5.5.7.1.1"},
    names=Names(last_dot=True),
    limits=Limits(star_overlaps=True),
    picks=ANY,
    any_leaf=True,
    unsure={"missing-intermediate": _FETCHED},
    source="Chromium, net/cert/internal; real",
)
GO = Family(
    "Go",
    below=USUAL | {"negative-serial"},
    anchor=AT_ANCHOR | {"no-authority"},
    rsa=1024,
    keys=NIST | {"ed25519"},
    known=KNOWN - {f"{OID}33", f"{OID}36", f"{OID}54"},
    names=Names(stars=AS_LABELS),
    limits=Limits(_ADDRESSED, frozenset({"other", "directory"}), of_authorities=False, of_itself=True),
    picks=ANY,
    counts_self_issued=True,
    any_leaf=True,
    unsure={"negative-serial": "Go from 1.23 on"},
    source="Go, crypto/x509, verify.go; release notes of 1.15, 1.18, 1.23; real (1.19)",
)
RUSTLS = Family(
    "rustls",
    below=DATES
    | KEYS
    | LIMITED
    | PURPOSES
    | {"critical-extension", "weak-signature", "authority-leaf", "not-authority"},
    anchor=KEYS | {"name-constraints", "many-constraints", "not-authority"},
    keys=WEB | {"ed25519"},
    known=WEBPKI,
    limits=Limits(_ADDRESSED, frozenset({"directory"}), star_overlaps=True, of_self_issued=True),
    picks=ANY,
    counts_self_issued=True,
    any_authority=False,
    source="rustls-webpki, cert.rs and verify_cert.rs; real (uv)",
)
JAVA = Family(
    "Java",
    below=USUAL - {"authority-purpose"} | _IDENTIFIERS | {"leaf-usage", "no-subject", "no-authority-name", "policy"},
    anchor=KEYS | _IDENTIFIERS | {"key-usage", "no-authority", "no-authority-name", "not-authority"},
    rsa=1024,
    keys=NIST | EDWARDS | {"dsa"},
    digests=frozenset({"md5"}),
    known=KNOWN - {f"{OID}14", f"{OID}31", f"{OID}35", "1.3.6.1.5.5.7.1.1"},
    names=Names(WITHOUT_DNS, stars=EVERYWHERE, underscores=False),
    picks=ANY,
    any_leaf=True,
    source="java.security, jdk.certpath.disabledAlgorithms; Java PKI Programmer's Guide; real (17, 25)",
)
SCHANNEL = Family(
    "Schannel",
    partial=False,
    below=USUAL | {"no-revocation"},
    names=Names(WITHOUT_NAMES),
    picks=ANY,
    any_leaf=True,
    unsure={
        "no-revocation": "curl, git and Cargo by Schannel say CRYPT_E_NO_REVOCATION_CHECK",
        "missing-intermediate": _FETCHED,
    },
    source="CERT_CHAIN_POLICY_STATUS, dwError; curl documentation, CURLSSLOPT_NO_REVOKE; documented",
)
APPLE = Family(
    "Apple",
    below=USUAL | {"long-lived", "no-purpose"},
    picks=ANY,
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
