"""The meaning of macOS' trust settings for TLS: the file of `security trust-settings-export`, read as data.

Sources: TrustSettingsSchema.h, SecTrustSettings.h and TrustSettings.cpp (evaluateCert) of Apple's Security project.

| settings of a certificate                              | their meaning for TLS                           |
| ------------------------------------------------------ | ----------------------------------------------- |
| none at all, or an empty list                          | trusted, for everything                         |
| one that names another policy                          | nothing: it is passed over                      |
| one that names no policy, or SSL's                     | its result; trusted if it names none            |
| ... for an application, host names or a use of the key | its result, in those cases only: limited        |
| ... with the result "unspecified"                      | nothing: the next one decides, or the next domain |

The first that decides wins, deny or trust alike.
"""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING

from trustinstall import plists
from trustinstall.patterns import regex
from trustinstall.stores.observation import State
from trustinstall.typed_json import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

#: SSL's policy: up to macOS 15.3 the DER content of its object identifier, later that in words.
_SSL_DATA = bytes.fromhex("2a864886f763640103")
_SSL = (_SSL_DATA, "1.2.840.113635.100.1.3")
_POLICY, _RESULT, _USAGE = "kSecTrustSettingsPolicy", "kSecTrustSettingsResult", "kSecTrustSettingsKeyUsage"
_CONDITIONS = ("kSecTrustSettingsApplication", "kSecTrustSettingsPolicyString")
_TRUST_ROOT, _TRUST_AS_ROOT, _DENY, _UNSPECIFIED = 1, 2, 3, 4
_ANY_USAGE = (-1, 0xFFFFFFFF)  # kSecTrustSettingsKeyUseAny, as stored and as defined
_VERSION = 1
_SHA1 = regex(r"[0-9A-F]{40}")
_MOST = 100_000  # certificates

Settings = dict[str, State | None]  # by SHA-1 in upper case; None if they do not concern TLS


def parse(data: bytes) -> Settings:
    """Return the state of each certificate in an exported file. Raises ValueError if it is not such a file."""
    top = plists.read(data, fmt=plistlib.FMT_XML)
    if not is_object(top) or top.get("trustVersion") != _VERSION:
        raise ValueError("its version is unknown")
    listed = top.get("trustList")
    if not is_object(listed) or len(listed) > _MOST:
        raise ValueError("it has no list of certificates")
    # A pseudo-entry that is not a fingerprint holds the default for roots that are not listed.
    return {sha1: _entry(entry) for sha1, entry in listed.items() if _SHA1.fullmatch(str(sha1))}


def _entry(entry: object) -> State | None:
    settings = entry.get("trustSettings", []) if is_object(entry) else None
    if not is_array(settings):
        raise ValueError("an entry of it has no list of settings")
    if not settings:
        return State.TRUSTED
    limited: set[bool] = set()
    for one in settings:
        if not is_object(one):
            raise ValueError("a setting in it is no dictionary")
        trusts = _trusts(one)
        if trusts is None:
            continue
        if _is_conditional(one):
            limited.add(trusts)
        elif limited <= {trusts}:  # the cases before it have the same result
            return State.TRUSTED if trusts else State.DISTRUSTED
        else:
            return State.LIMITED
    return State.LIMITED if limited else None


def _trusts(setting: Mapping[str, object]) -> bool | None:
    """Return whether a setting trusts (True) or denies (False); None if it does not concern TLS."""
    policy, result = setting.get(_POLICY, _SSL_DATA), setting.get(_RESULT, _TRUST_ROOT)
    if result not in (_TRUST_ROOT, _TRUST_AS_ROOT, _DENY, _UNSPECIFIED):
        raise ValueError("a setting in it has an unknown result")
    return None if policy not in _SSL or result == _UNSPECIFIED else result != _DENY


def _is_conditional(setting: Mapping[str, object]) -> bool:
    return any(name in setting for name in _CONDITIONS) or setting.get(_USAGE, _ANY_USAGE[0]) not in _ANY_USAGE
