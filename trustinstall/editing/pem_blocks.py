"""The certificates of trustinstall inside a bundle of another owner: added, and removed to the byte.

    # trustinstall begin 3f9a… (64 hexadecimal digits)
    -----BEGIN CERTIFICATE-----
    …
    -----END CERTIFICATE-----
    # trustinstall end 3f9a…

Readers of bundles skip text outside PEM (RFC 7468 section 2); the marker lines are ASCII, because the result of
`certifi.contents` is decoded as ASCII. The lines end in LF in a bundle with CRLF, too: OpenSSL and BoringSSL accept
both, and so the block of a certificate is the same bytes everywhere. If a bundle does not end in a line break (grpc's
does not), trustinstall adds one, and a line that says so, which stays until the last managed block after it goes.

Text and certificates that others write between the marker lines stay when the block goes.

The managed blocks at the end of a bundle stand in the order of their fingerprints: the result does not depend on the
order in which certificates came, and a removed one returns to its old place.
"""

from __future__ import annotations

import base64
import hashlib
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trustinstall.certificates.pem import PemBlock

Span = tuple[int, int]  # data[start:end]

_JOINED = b"# trustinstall joined: the line break above is ours\n"
# A whole line; it starts where `pem` lets a line start (a byte-order mark may stand in front). The start is checked
# after the literal, so that the scan can skip to it.
_LINE = regex(
    rb"# trustinstall (?:(?<![^\r\n]# trustinstall )|(?<=\xef\xbb\xbf# trustinstall ))"
    rb"(?:joined: [ -~]*|(?P<word>begin|end) (?P<sha256>[0-9a-f]{64}))\r?(?:\n|\Z)"
)
_ANY_LINE = regex(rb"[^\n]*\n|[^\n]+")
_PEM_LINE = regex(rb"-----(?:BEGIN|END)(?: [ -~]*)?|[A-Za-z0-9+/]*={0,2}")  # of a managed PEM, without its end
_SHA256 = regex("[0-9a-f]{64}")


@dataclass(frozen=True)
class Original:
    """A whole content that replaces another, which is known by its SHA-256 (hex)."""

    instead_of: str
    content: bytes

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON data; `from_json` reads it back."""
        return {"instead_of": self.instead_of, "content": _base64(self.content)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Original:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        return cls(_fingerprint(data["instead_of"]), _bytes(data["content"]))


@dataclass(frozen=True)
class Blocks:
    """A change of a bundle; it is idempotent.

    Attributes:
        add: certificates to be present; existing copies, managed or not, are left unchanged.
        remove: SHA-256 (hex) of certificates whose managed blocks are to go.
        foreign: the same for copies that trustinstall does not manage: their PEM goes, and nothing around it.
        original: set only in an inverse that would not be exact otherwise.
    """

    add: tuple[Certificate, ...] = ()
    remove: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    original: Original | None = None

    def apply(self, old: bytes) -> bytes:
        """Return the changed bundle, in time proportional to its size."""
        if self.original and _digest(old) == self.original.instead_of:
            return self.original.content
        new = _absent(old, self.add)
        kept = _without(old, {*self.remove, *(one.sha256 for one in new)}, set(self.foreign))
        return _with(kept, new)

    def inverse(self, old: bytes) -> Blocks:
        """Return the inverse of `apply(old)`.

        It is exact on that very content. If the bundle has changed since, it removes the certificates that `apply`
        added, adds those that it removed, and leaves the rest (foreign copies, too) alone.
        """
        new = self.apply(old)
        gone = [one.holds for one in _blocks(old) if one.holds and one.sha256 in self.remove]
        added = _absent(old, self.add)
        undo = Blocks(add=tuple(gone), remove=tuple(one.sha256 for one in added))
        if undo.apply(new) == old:
            return undo
        return Blocks(undo.add, undo.remove, original=Original(_digest(new), old))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON data; `from_json` reads it back."""
        return {
            "add": [_base64(one.der) for one in self.add],
            "remove": list(self.remove),
            "foreign": list(self.foreign),
            "original": self.original.to_json() if self.original else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Blocks:
        """Read what `to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        return cls(
            tuple(Certificate.held(_bytes(one)) for one in data["add"]),
            tuple(_fingerprint(one) for one in data["remove"]),
            tuple(_fingerprint(one) for one in data["foreign"]),
            Original.from_json(data["original"]) if data["original"] else None,
        )


def marked(data: bytes) -> dict[str, Span]:
    """Find the managed blocks that really hold the certificate that they name: SHA-256 (hex) to place."""
    return {one.sha256: (one.start, one.end) for one in _blocks(data) if one.holds}


def unmarked(data: bytes, pems: Iterable[PemBlock] | None = None) -> Iterator[tuple[str, Span]]:
    """Find the certificates outside managed blocks: SHA-256 (hex), and the PEM's place; `pems`: all PEM, if known."""
    ours = {one.pem[0][0] for one in _blocks(data) if one.pem}
    for pem in pem_blocks(data) if pems is None else pems:
        if pem.der is not None and pem.label in CERTIFICATE_LABELS and pem.start not in ours:
            yield sha256_of(pem.der), (pem.start, pem.end)


class _Block(NamedTuple):
    """The text that certainly belongs to trustinstall: one or two marker lines, and the PEM that belongs to them."""

    sha256: str
    lines: tuple[Span, ...]
    pem: tuple[Span, ...] = ()  # in several parts if others have written into it
    holds: Certificate | None = None  # the PEM's certificate, if the marker names it

    @property
    def spans(self) -> list[Span]:
        return sorted((*self.lines, *self.pem))

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]

    @property
    def unbroken(self) -> bool:
        """Whether it contains no text of others."""
        return all(one[1] == after[0] for one, after in pairwise(self.spans))


def _blocks(data: bytes) -> Iterator[_Block]:
    """Find the managed blocks, in order. A marker line without a partner is a block of its own."""
    lines = list(_LINE.finditer(data))
    closed_by = None
    for line, after in zip_longest(lines, lines[1:]):
        if line is closed_by or line["word"] is None:
            continue
        sha256 = line["sha256"].decode()
        if line["word"] == b"end":
            yield _Block(sha256, (line.span(),))
        elif after and after["word"] == b"end" and after["sha256"] == line["sha256"]:
            closed_by = after
            yield _filled(data, sha256, (line.span(), after.span()), after.start())
        else:
            yield _filled(data, sha256, (line.span(),), after.start() if after else len(data))


def _filled(data: bytes, sha256: str, lines: tuple[Span, ...], stop: int) -> _Block:
    """Return the block that begins with lines[0], with the managed PEM before `stop`.

    A damaged PEM counts as managed only between two marker lines: otherwise its end is not known. The PEM of another
    certificate never does.
    """
    offset = lines[0][1]
    pems = [pem for pem in pem_blocks(data[offset:stop]) if pem.label in CERTIFICATE_LABELS]
    for pem in pems:
        if pem.der is not None and sha256_of(pem.der) == sha256:
            return _Block(sha256, lines, ((offset + pem.start, offset + pem.end),), Certificate.held(pem.der))
    damaged = next((pem for pem in pems if pem.der is None), None)
    if damaged is None or not lines[1:]:
        return _Block(sha256, lines)
    return _Block(sha256, lines, tuple(_ours_in(data, offset + damaged.start, offset + damaged.end)))


def _ours_in(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Yield the parts of a damaged PEM that trustinstall may have written: all but the lines that it never writes."""
    for line in _ANY_LINE.finditer(data, start, end):
        if _PEM_LINE.fullmatch(line[0].rstrip(b" \t\r\n")):
            yield line.span()


def _absent(data: bytes, certificates: Iterable[Certificate]) -> list[Certificate]:
    """Return the certificates without a plain PEM in the bundle, each once: some readers ignore other labels."""
    wanted = dict.fromkeys(certificates)
    if not wanted:
        return []
    present = {pem.der for pem in pem_blocks(data) if pem.label == "CERTIFICATE"}
    return [one for one in wanted if one.der not in present]


def _with(data: bytes, new: list[Certificate]) -> bytes:
    """Add certificates that are not in the bundle to the managed blocks at its end."""
    if not new:
        return data
    tail = [(one.sha256, _written(one)) for one in new]
    ends = {one.end: one for one in _blocks(data) if one.holds and one.unbroken}
    at = len(data)
    while block := ends.get(at):
        text = data[block.start : at]
        tail.append((block.sha256, text if text.endswith(b"\n") else text + b"\n"))
        at = block.start
    seam = b"\n" + _JOINED if at == len(data) > 0 and not data.endswith(b"\n") else b""
    return data[:at] + seam + b"".join(text for _, text in sorted(tail))


def _written(certificate: Certificate) -> bytes:
    name = certificate.sha256.encode()
    return b"# trustinstall begin %b\n%b# trustinstall end %b\n" % (name, certificate.pem, name)


def _without(data: bytes, ours: set[str], foreign: set[str]) -> bytes:
    """Cut out the managed blocks of some certificates, and the foreign copies of others."""
    starts = {one.start: one for one in _blocks(data)}
    cuts = [span for one in starts.values() if one.sha256 in ours for span in one.spans]
    for line in _LINE.finditer(data):
        if line["word"] is None:
            cuts += _seam(data, line.span(), starts, ours)
    if foreign:
        cuts += [span for sha256, span in unmarked(data) if sha256 in foreign]
    kept: list[bytes] = []
    at = 0
    for start, end in sorted(cuts):
        kept.append(data[at:start])
        at = end
    return b"".join((*kept, data[at:]))


def _seam(data: bytes, line: Span, starts: Mapping[int, _Block], gone: set[str]) -> list[Span]:
    """Return the part of a `joined` line that goes with removed blocks: nothing while a block after it stays.

    Its line break goes, too, at the end of the data; text that others have written after it needs the line break.
    """
    at = line[1]
    while block := starts.get(at):
        if block.sha256 not in gone:
            return []
        at = block.end if block.unbroken else -1
    if at == line[1]:
        return []
    crlf = data[line[0] - 2 : line[0]] == b"\r\n" == data[line[1] - 2 : line[1]]
    return [(max(line[0] - (2 if crlf else 1), 0), line[1]) if at == len(data) else line]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: object) -> bytes:
    return base64.b64decode(str(text), validate=True)


def _fingerprint(text: object) -> str:
    if not isinstance(text, str) or not _SHA256.fullmatch(text):
        raise ValueError("not a SHA-256 fingerprint")
    return text
