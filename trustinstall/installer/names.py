"""The meaning of the words after `remove`: a file, a fingerprint or its start, a subject, or everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.certificates.intake import LABEL, normalise_fingerprint
from trustinstall.certificates.parsing import read_certificates
from trustinstall.errors import UsageProblem, printable
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host

_FINGERPRINT = regex(LABEL + "([0-9a-f]{2}[0-9a-f: ]{2,})", re.IGNORECASE)
_FULL = 64  # hexadecimal digits of a SHA-256


def resolve(
    host: Host,
    words: Sequence[str],
    known: Mapping[str, Certificate],
    find: Callable[[str], Certificate | None],
) -> tuple[Certificate, ...]:
    """Return the certificates that words name, without vetting: an expired or weak root can always be removed.

    `known` holds the managed certificates, by SHA-256; `find` looks up any other certificate by its full fingerprint in
    the stores. An unknown fingerprint, or start of one, yields nothing. Raises UsageProblem for a word that names no
    certificate or more than one, and CertificateRefused for a file that holds none.
    """
    chosen: dict[str, Certificate] = {}
    for word in words:
        for one in _resolve(host, word, known, find):
            chosen[one.sha256] = one
    return tuple(chosen.values())


def fingerprints(host: Host, paths: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Return the SHA-256 of the certificates in files, and of full fingerprints in any spelling; nothing is vetted.

    Raises UsageProblem for a missing file or a word that is no full fingerprint, CertificateRefused for a file
    without a certificate.
    """
    found = [normalise_fingerprint(word) for word in words]
    for path in paths:
        content = host.read_stdin() if path == "-" else host.read_input(host.absolute(path))
        found += [one.sha256 for one in read_certificates(content, printable(path))]
    return tuple(dict.fromkeys(found))


def _resolve(
    host: Host,
    word: str,
    known: Mapping[str, Certificate],
    find: Callable[[str], Certificate | None],
) -> Sequence[Certificate]:
    match = _FINGERPRINT.fullmatch(word.strip())
    digits = re.sub("[: ]", "", match[1]).lower() if match else ""
    if match and (len(digits) == _FULL or any(sha256.startswith(digits) for sha256 in known)):
        return _by_fingerprint(digits, known, find)
    if word == "-" or host.is_file(host.absolute(word)):
        content = host.read_stdin() if word == "-" else host.read_input(host.absolute(word))
        found = read_certificates(content, printable(word))
        return [one for one in found if one.sha256 in known] or found
    named = [one for one in known.values() if word.casefold() in one.subject.casefold()]
    if match and len(digits) < _FULL and not named:
        return []  # no added certificate has a fingerprint that starts so
    return [_only(named, word)]


def _by_fingerprint(
    digits: str, known: Mapping[str, Certificate], find: Callable[[str], Certificate | None]
) -> Sequence[Certificate]:
    if len(digits) == _FULL:
        one = known.get(digits) or find(digits)
        return [one] if one else []
    return [_only([one for sha256, one in known.items() if sha256.startswith(digits)], digits)]


def _only(found: Sequence[Certificate], word: str) -> Certificate:
    if not found:
        raise UsageProblem(
            f"{printable(word)} is neither a file nor a certificate that trustinstall added; see: trustinstall list"
        )
    if len(found) > 1:
        names = ", ".join(f"{one.sha256[:12]} ({printable(one.name, 30)})" for one in found[:5])
        raise UsageProblem(f"{printable(word)} names {len(found)} certificates; say which one: {names}")
    return found[0]
