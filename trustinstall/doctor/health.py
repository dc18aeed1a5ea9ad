"""The problems with the trust of a machine, as data: the kinds of findings, and the faults in a bundle's bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.errors import CertificateRefused, printable
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ERROR, WARNING, FINE = "error", "warning", "ok"
#: Distributions, Mozilla's list and certifi have always had more than 100 public roots.
FEWEST_PUBLIC_ROOTS = 50
_ANEW = "Get the bundle anew from where it came."
_YEAR = timedelta(days=366)
_NAMED = 3  # certificates of a bundle that one sentence names

#: Each kind of finding: its severity, and the layer that it is about.
KINDS: dict[str, tuple[str, str]] = {
    "store-lost-root": (ERROR, "store"),
    "store-faulty": (ERROR, "store"),
    "never-read": (ERROR, "store"),
    "not-updated": (ERROR, "store"),
    "bundle-damaged": (ERROR, "bundle"),
    "bundle-short": (ERROR, "bundle"),
    "bundle-doubled": (WARNING, "bundle"),
    "bundle-expired": (WARNING, "bundle"),
    "no-public-roots": (WARNING, "bundle"),
    "file-gone": (ERROR, "setting"),
    "file-unreadable": (ERROR, "setting"),
    "setting-unknown": (WARNING, "setting"),
    "setting-hidden": (WARNING, "setting"),
    "settings-at-odds": (WARNING, "setting"),
    "root-ends-soon": (WARNING, "certificate"),
    "root-expired": (ERROR, "certificate"),
    "program-older": (WARNING, "program"),
    "verification-off": (ERROR, "verification"),
    "not-looked-at": (WARNING, "account"),
    "store-holds": (FINE, "store"),
    "bundle-sound": (FINE, "bundle"),
    "client-reads": (FINE, "setting"),
}


@dataclass(frozen=True)
class Finding:
    """One finding, bad or good.

    Attributes:
        id: its kind, a key of KINDS.
        client: the program or store that it is about.
        decided_by: the file (and line), the store or the variable.
        reason: the problem, as a sentence.
        remedy: the command that mends it, as words; () if no command does.
        advice: what a person should do if no command mends it, as a sentence; "" otherwise, and for a good finding.
        scope: "machine" or the account's name.
    """

    id: str
    client: str
    decided_by: str
    reason: str
    remedy: tuple[str, ...] = ()
    advice: str = ""
    scope: str = ""

    @property
    def severity(self) -> str:
        """ERROR, WARNING or FINE."""
        return KINDS[self.id][0]

    @property
    def layer(self) -> str:
        """Its subject: a store, a bundle, a setting, a certificate, a program, verification, an account."""
        return KINDS[self.id][1]

    def of(self, scope: str) -> Finding:
        """Return the same finding for a scope."""
        return replace(self, scope=scope)


@dataclass(frozen=True)
class TakenBack:
    """A switch of verification that `--fix` cuts out of a settings file.

    Attributes:
        client: the program that does not verify.
        path: the real path of the file; "" if no file sets it.
        said: the key or variable and its value, for people.
        line, offset: the start of the text: the line from 1, the byte from 0.
        cut: its bytes in hexadecimal digits; inserted at `offset`, they restore the file.
        scope: "machine" or the account's name.
        problem: why it is not cut, and what to do, as a sentence; or "".
        command: the command with which another account cuts it, as words; or ().
    """

    client: str
    path: str
    said: str
    line: int = 0
    offset: int = 0
    cut: str = ""
    scope: str = ""
    problem: str = ""
    command: tuple[str, ...] = ()

    @property
    def removed(self) -> str:
        """The text that is cut; bytes that are not UTF-8 become lone surrogates, as in Python."""
        return bytes.fromhex(self.cut).decode("utf-8", "surrogateescape")

    @property
    def possible(self) -> bool:
        """Whether it is cut out."""
        return not (self.problem or self.command)

    @property
    def data(self) -> dict[str, str | int]:
        """The data for logs and reports."""
        return {
            "client": self.client,
            "path": self.path,
            "line": self.line,
            "offset": self.offset,
            "removed": self.removed,
        }


class Bundle(NamedTuple):
    """The contents and faults of a bundle.

    Attributes:
        total: the number of certificates that can be read.
        public: the number of public roots among them.
        damaged: PEM blocks that no reader understands.
        doubled, expired: names of certificates. Expired public roots do not count: the maker of the bundle removes
            them. In a bundle of public roots, a private root counts for a year: an older one fails no program now.
    """

    total: int
    public: int
    damaged: int
    doubled: tuple[str, ...]
    expired: tuple[str, ...]


def bundle(content: bytes, now: datetime) -> Bundle:
    """Return the contents and faults of a bundle of PEM certificates at a time."""
    blocks = list(pem_blocks(content))
    ders = [one.der for one in blocks if one.der is not None and one.label in CERTIFICATE_LABELS]
    times = Counter(ders)
    unique = {der: Certificate.held(der) for der in times}
    doubled = [one.name for der, one in unique.items() if times[der] > 1]
    public = {der for der, one in unique.items() if one.sha256 in FINGERPRINTS}
    damaged = sum(one.der is None for one in blocks)
    expired: list[str] = []
    oldest = now - _YEAR if len(public) >= FEWEST_PUBLIC_ROOTS else datetime.min.replace(tzinfo=now.tzinfo)
    for der, one in unique.items():
        try:
            ended = der not in public and oldest < one.not_after < now
        except CertificateRefused:
            damaged += 1
            continue
        expired += [one.name] if ended else []
    return Bundle(len(unique), len(public), damaged, tuple(doubled), tuple(expired))


def faults(seen: Bundle) -> Iterator[tuple[str, str, str]]:
    """Yield for each fault of a bundle its kind, the problem and the advice, as sentences."""
    if seen.damaged:
        yield "bundle-damaged", f"{seen.damaged} of its certificates cannot be read", _ANEW
    if seen.doubled:
        yield "bundle-doubled", f"it holds twice: {names(seen.doubled)}", "Take the second copy out of the bundle."
    if seen.expired:
        yield "bundle-expired", f"it holds expired roots: {names(seen.expired)}", "Take them out of the bundle."


def public(ders: Iterable[bytes]) -> int:
    """Return the number of public roots among these certificates."""
    return sum(Certificate.held(one).sha256 in FINGERPRINTS for one in ders)


def anchors(content: bytes) -> frozenset[bytes]:
    """Return the DER of the certificates in a bundle."""
    return frozenset(one.der for one in pem_blocks(content) if one.der is not None and one.label in CERTIFICATE_LABELS)


def names(found: tuple[str, ...]) -> str:
    """Return a few names of certificates, and the number of the others, as a phrase."""
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(printable(one, 80) for one in found[:_NAMED]) + more
