"""Turns the caller's inputs (files, directories, standard input) into certificates that may be trusted.

All inputs are read and vetted before the machine is examined, and one bad input refuses all of them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from trustinstall.certificates.fields import CertificateFields
from trustinstall.certificates.parsing import check_both_parsers, read_certificates
from trustinstall.certificates.vetting import vet
from trustinstall.errors import CertificateRefused, UsageProblem, printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate

#: The files that are read in a directory; other files there are named and passed over.
SUFFIXES = frozenset({".crt", ".pem", ".cer", ".der", ".p7b", ".p7c"})
STANDARD_INPUT = "-"
#: The first line of a file that `doctor --save-root` has written.
UNVERIFIED = b"# Unverified: a server or a proxy has shown this certificate to trustinstall doctor."

_FINGERPRINT = regex("[0-9a-f]{64}")
#: What OpenSSL, and pages of authorities, write before the digits: "sha256 Fingerprint=46:C2:98".
LABEL = r"(?:sha-?256\s*(?:fingerprint\s*)?[:=])?\s*"
_LABEL = regex(LABEL, re.IGNORECASE)
_INTERMEDIATE = "an intermediate, which servers send themselves; --allow-intermediate takes it"
_SERVER = "no authority but a server's own certificate, which the root covers"


class Source(Protocol):
    """The place from which inputs are read; `host.Host` is an example."""

    def read_input(self, path: str) -> bytes:
        """Return the whole file; raises `CertificateRefused` if it is not a regular file, too large or unreadable."""
        ...

    def read_stdin(self) -> bytes:
        """Return all of standard input, within the same limit as a file."""
        ...

    def list_input(self, path: str) -> list[str] | None:
        """Return the regular files directly in a directory, sorted; None if the path is not a directory."""
        ...

    def now(self) -> datetime:
        """Return the time, with its zone."""
        ...


@dataclass(frozen=True)
class Vetted:
    """A certificate that may be trusted, its input, and the quirks that some programs object to.

    `found`: the caller named no file; the certificate was found in a store of this machine, whose id `origin` is, or in
    the file of a product that inspects connections. `product` names that product, or is "".
    """

    certificate: Certificate
    origin: str
    warnings: tuple[str, ...]
    found: bool = False
    product: str = ""


class Held(NamedTuple):
    """A certificate that this machine holds: its store or file, its product or "", and why it may be idle, or ""."""

    certificate: Certificate
    origin: str
    product: str = ""
    idle: str = ""


@dataclass(frozen=True)
class Intake:
    """The accepted certificates (at least one), those left out with the reason, and files of a directory not read."""

    accepted: tuple[Vetted, ...]
    left_out: tuple[tuple[Certificate, str], ...]
    passed_over: tuple[str, ...] = ()


class _Found(NamedTuple):
    certificate: Certificate
    origin: str


class _Files(NamedTuple):
    chosen: list[str]
    passed_over: list[str]


def take(
    source: Source,
    inputs: Sequence[str],
    *,
    sha256: Sequence[str] = (),
    allow: Collection[str] = (),
    allow_intermediate: bool = False,
) -> Intake:
    """Read and vet all inputs: paths of files and directories, "-" for standard input.

    `allow`: the faults of policy that are accepted, words of `vetting.ALLOWABLE`.
    With `sha256`, the inputs must hold exactly the certificates with these fingerprints (intermediates and servers' own
    certificates, which are left out, do not count). Raises `CertificateRefused` for the first fault, and `UsageProblem`
    if the request itself is wrong.
    """
    expected = frozenset(normalise_fingerprint(each) for each in sha256)
    files = _files(source, inputs)
    with _about_options(used=bool(allow)):
        found = _read(source, files.chosen, vouched=bool(expected))
        now = source.now()
        wanted = [each for each in found if _is_wanted(each.certificate, now, allow_intermediate=allow_intermediate)]
        if not wanted:
            raise _no_root(found, now)
        accepted = [_vetted(each, now, allow=allow, allow_intermediate=allow_intermediate) for each in wanted]
        if expected:
            _compare(accepted, expected)
    chosen = {each.certificate.sha256 for each in wanted}
    left_out = [
        (each.certificate, _INTERMEDIATE if CertificateFields(each.certificate, now).is_authority else _SERVER)
        for each in found
        if each.certificate.sha256 not in chosen
    ]
    return Intake(tuple(accepted), tuple(left_out), tuple(files.passed_over))


def take_held(
    held: Sequence[Held],
    now: datetime,
    *,
    sha256: Sequence[str] = (),
    allow: Collection[str] = (),
    allow_intermediate: bool = False,
) -> Intake:
    """Vet certificates that this machine holds.

    With `sha256`, vet only the certificates with these fingerprints. An idle or refused certificate is left out, unless
    its fingerprint was given: then CertificateRefused is raised, as when no certificate is left. Raises UsageProblem if
    a fingerprint is not among them.
    """
    expected = frozenset(normalise_fingerprint(each) for each in sha256)
    idle = [] if expected else [(one.certificate, one.idle) for one in held if one.idle]
    chosen = [one for one in held if (one.certificate.sha256 in expected if expected else not one.idle)]
    missing = expected - {one.certificate.sha256 for one in chosen}
    if missing:
        raise UsageProblem(f"no store holds a root of the fingerprint {min(missing)}; check it, or name a file")
    accepted: list[Vetted] = []
    refused: list[tuple[Certificate, CertificateRefused]] = []
    for one in chosen:
        try:
            check_both_parsers(one.certificate)
            vetted = _vetted(one, now, allow=allow, allow_intermediate=allow_intermediate)
            accepted.append(replace(vetted, found=True, product=one.product))
        except CertificateRefused as refusal:
            refused.append((one.certificate, refusal))
    if refused and (expected or not accepted):
        with _about_options(used=bool(allow)):
            raise refused[0][1]
    if not accepted:
        raise UsageProblem(f"every root that was found may be idle: {idle[0][0].name}: {idle[0][1]}")
    return Intake(tuple(accepted), (*((one, str(why)) for one, why in refused), *idle))


def vetted(certificate: Certificate, now: datetime) -> Certificate:
    """Return a certificate that may be trusted, marked as vetted; a marked one is not vetted again.

    Raises CertificateRefused for the same faults as `take`.
    """
    if certificate.vetted:
        return certificate
    check_both_parsers(certificate)
    vet(certificate, now=now, allow=(), allow_intermediate=False)
    return certificate.after_vetting()


@contextmanager
def _about_options(*, used: bool) -> Generator[None, None, None]:
    """Add to a refusal, if the caller has used an option `--allow-…`, that none of these options helps."""
    try:
        yield
    except CertificateRefused as refusal:
        raise (refusal.after_allowing() if used else refusal) from refusal.__cause__


def normalise_fingerprint(text: str) -> str:
    """Return a SHA-256 as 64 lower-case digits, from any case, with colons, blanks or a label; raises `UsageProblem`.

    >>> normalise_fingerprint("sha256 Fingerprint=" + "46:C2:" * 16)[:8]
    '46c246c2'
    """
    digits = re.sub(r"[\s:]", "", _LABEL.sub("", text.strip(), count=1)).lower()
    if not _FINGERPRINT.fullmatch(digits):
        message = f"{printable(text, 80)} is no SHA-256 fingerprint; give all 64 hexadecimal digits"
        raise UsageProblem(message)
    return digits


def _files(source: Source, inputs: Sequence[str]) -> _Files:
    if not inputs:
        message = "no certificate named; give a file, a directory, or - for standard input"
        raise UsageProblem(message)
    if list(inputs).count(STANDARD_INPUT) > 1:
        message = "standard input (-) can be read only once; name it once"
        raise UsageProblem(message)
    files = _Files([], [])
    for path in inputs:
        inside = None if path == STANDARD_INPUT else source.list_input(path)
        if inside is None:
            files.chosen.append(path)
            continue
        chosen = [each for each in inside if PurePath(each).suffix.lower() in SUFFIXES]
        if not chosen:
            suffixes = ", ".join(sorted(SUFFIXES))
            message = f"{printable(path)}: the directory holds no certificate file ({suffixes}); name the file"
            raise CertificateRefused(message)
        files.chosen.extend(chosen)
        files.passed_over.extend(sorted(set(inside) - set(chosen)))
    return files


def _read(source: Source, paths: Sequence[str], *, vouched: bool) -> list[_Found]:
    """Return every certificate, in order, each once. Raises UsageProblem if a person must vouch for it."""
    found: dict[Certificate, _Found] = {}
    for path in paths:
        if path.lower().startswith(("http://", "https://")):
            raise UsageProblem(
                f"{printable(path)} is an address, and `add` downloads nothing; get the file, and add it with --sha256 "
                "and the fingerprint that its authority publishes"
            )
        origin = "standard input" if path == STANDARD_INPUT else path
        data = source.read_stdin() if path == STANDARD_INPUT else source.read_input(path)
        if UNVERIFIED in data and not vouched:
            raise UsageProblem(
                f"{printable(origin)} was saved by `doctor` without verification; ask the administrator for the "
                "fingerprint of the root, and give it (--sha256 HEX; in a document: sha256)"
            )
        for certificate in read_certificates(data, origin):
            found.setdefault(certificate, _Found(certificate, origin))
    return list(found.values())


def _is_wanted(certificate: Certificate, now: datetime, *, allow_intermediate: bool) -> bool:
    """Whether the certificate is meant to be trusted, good or bad; the others only accompany it."""
    if certificate.self_issued and not certificate.is_rollover:
        return True
    return allow_intermediate and CertificateFields(certificate, now).is_authority


def _no_root(found: Sequence[_Found], now: datetime) -> CertificateRefused:
    """Return the refusal that says which certificate to get: the issuer of the highest one in the input."""
    authorities = [each for each in found if CertificateFields(each.certificate, now).is_authority]
    if authorities:
        certificate, origin = authorities[-1]
        kind = "an intermediate"
        advice = "pass the root that has signed it"
    else:
        certificate, origin = found[-1]
        kind = "a server's own certificate (no CA:TRUE)"
        advice = "ask IT for the root that signs it"
    return CertificateRefused(
        f"{printable(origin)}: no root is in it; {certificate.name} is {kind}, issued by "
        f"{certificate.issuer_name}; {advice}",
        allowed_as="intermediate" if authorities else "",
    )


def _vetted(found: _Found | Held, now: datetime, *, allow: Collection[str], allow_intermediate: bool) -> Vetted:
    try:
        warnings = vet(found.certificate, now=now, allow=allow, allow_intermediate=allow_intermediate)
    except CertificateRefused as refusal:
        raise refusal.prefixed(printable(found.origin)) from refusal
    return Vetted(found.certificate.after_vetting(), found.origin, warnings)


def _compare(accepted: Sequence[Vetted], expected: frozenset[str]) -> None:
    missing = sorted(expected - {each.certificate.sha256 for each in accepted})
    for each in accepted:
        if each.certificate.sha256 not in expected:
            wanted = f"expected {missing[0]}" if len(missing) == 1 else "no --sha256 names it"
            message = (
                f"{printable(each.origin)}: {each.certificate.name} is not the certificate that --sha256 names; "
                f"{wanted}; found {each.certificate.sha256}"
            )
            differs = f"{each.certificate.name} has another fingerprint: {each.certificate.sha256}"
            raise CertificateRefused(message, differs=differs)
    if missing:
        message = f"no root has the fingerprint that --sha256 names; expected {missing[0]}; name the file that holds it"
        raise CertificateRefused(message)
