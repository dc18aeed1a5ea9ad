"""The types for the rules of a verifier: the faults that it refuses, the names and keys that it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trustinstall.values import NamedTuple

NIST = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
WEB = NIST - {"secp224r1"}
EDWARDS = frozenset({"ed25519", "ed448"})
BRAINPOOL = frozenset({"brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"})

KEYS = frozenset({"small-key", "key-type"})
DATES = frozenset({"expired", "not-yet-valid"})
LIMITED = frozenset({"path-length", "name-constraints", "many-constraints"})
PURPOSES = frozenset({"purpose", "authority-purpose"})
EXTENSIONS = LIMITED | PURPOSES | {"critical-extension", "key-usage", "not-authority"}
USUAL = DATES | KEYS | EXTENSIONS | {"weak-signature"}
AT_ANCHOR = USUAL - {"weak-signature"}
#: The rules that X509_V_FLAG_X509_STRICT adds (openssl-verification-options(1), -x509_strict).
STRICT = frozenset(
    {"no-key-identifier", "no-key-usage", "not-critical", "no-authority", "version-1", "leaf-signs", "no-subject"}
) | {"no-authority-name"}

OID = "2.5.29."
#: Extensions of RFC 5280 4.2.1 that verifiers process, or may ignore even if they are critical.
WEBPKI = frozenset(f"{OID}{number}" for number in (15, 17, 19, 30, 31, 37))
KNOWN = WEBPKI | frozenset(f"{OID}{number}" for number in (14, 32, 33, 35, 36, 54)) | {"1.3.6.1.5.5.7.1.1"}

_NONE: Mapping[str, str] = MappingProxyType({})


#: When the subject's common name counts as a name of the server (`Names.common_name`).
NEVER, WITHOUT_NAMES, WITHOUT_DNS = "never", "no alternative name", "no alternative DNS name"
#: What a star stands for (`Names.stars`): the first of three labels or more; the first label; a part of the first
#: label; a part of any label.
AS_FIRST, AS_LABELS, IN_PART, EVERYWHERE = "first of three", "first", "part of the first", "part of any"
#: Which issuer of several a verifier tries (`Family.picks`): all of them; one that is valid; the first that was sent;
#: the newest.
ANY, VALID, AS_SENT, NEWEST = "any", "valid", "as sent", "newest"


class Names(NamedTuple):
    """How a verifier compares the name of a server.

    Attributes:
        common_name: when the subject's common name counts: NEVER, WITHOUT_NAMES or WITHOUT_DNS.
        common_name_of_address: whether it counts for an IP address, if there is no alternative name.
        stars: what a star stands for: AS_FIRST, AS_LABELS, IN_PART or EVERYWHERE.
        last_dot: whether a dot at the end of a certificate's name is left out.
        underscores: whether a host name may have one.
    """

    common_name: str = NEVER
    common_name_of_address: bool = False
    stars: str = AS_FIRST
    last_dot: bool = False
    underscores: bool = True


class Limits(NamedTuple):
    """How a verifier reads name constraints.

    Attributes:
        kinds: the kinds of names that it compares: "dns", "ip", "directory".
        refused: the kinds whose mere presence it refuses; "excluded KIND" for those that are excluded.
        other_kinds: whether it refuses a name of a kind that it does not know if constraints name that kind.
        star_overlaps: whether it refuses a star that may stand for an excluded name.
        of_authorities: whether the names of authorities below count, too.
        of_self_issued: whether those of self-issued authorities do.
        of_itself: whether the alternative names of the certificate with the constraints do.
    """

    kinds: frozenset[str] = frozenset({"dns", "ip", "directory"})
    refused: frozenset[str] = frozenset()
    other_kinds: bool = True
    star_overlaps: bool = False
    of_authorities: bool = True
    of_self_issued: bool = False
    of_itself: bool = False


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
        names: how it compares the name of the server.
        limits: how it reads name constraints.
        picks: which issuer of several it tries: ANY, VALID, AS_SENT or NEWEST.
        counts_self_issued: whether a path length counts self-issued authorities.
        any_leaf: whether it accepts the purpose "any" in a server's certificate.
        any_authority: whether it accepts the purpose "any" in an authority's certificate.
        one_of_a_name: whether it may try only one of several anchors with the same name.
        unsure: by code, the versions or settings of the verifier to which the reason applies.
        source: the evidence for these rules.
    """

    name: str
    partial: bool = True
    below: frozenset[str] = USUAL
    anchor: frozenset[str] = AT_ANCHOR
    rsa: int = 2048
    keys: frozenset[str] = NIST | EDWARDS | BRAINPOOL
    digests: frozenset[str] = frozenset({"md5", "sha1"})
    known: frozenset[str] = KNOWN
    names: Names = Names()
    limits: Limits = Limits()
    picks: str = VALID
    counts_self_issued: bool = False
    any_leaf: bool = False
    any_authority: bool = True
    one_of_a_name: bool = False
    unsure: Mapping[str, str] = _NONE
    source: str = ""

    @property
    def is_tested(self) -> bool:
        """Whether tests hold the rules against the program; else they are those of documents."""
        return "; real" in self.source
