"""The certificates in a directory of Chromium's policies, file by file."""

from __future__ import annotations

import base64
import binascii
from dataclasses import field
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.name_constraints import names, networks
from trustinstall.editing.json_document import Document
from trustinstall.errors import printable
from trustinstall.host import Kind
from trustinstall.stores.observation import Copy, State
from trustinstall.typed_json import is_array, is_object
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.browsers.chromium_browsers import OWN_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host

TRUSTED, LIMITED, DISTRUSTED = "CACertificates", "CACertificatesWithConstraints", "CADistrustedCertificates"
STATES = {LIMITED: State.LIMITED, TRUSTED: State.TRUSTED, DISTRUSTED: State.DISTRUSTED}  # the last one counts
PLACES = (TRUSTED, LIMITED)  # the lists that trustinstall writes
_CERTIFICATE, _CONSTRAINTS = "certificate", "constraints"
_DNS, _CIDRS = "permitted_dns_names", "permitted_cidrs"
_NO_NAME, _NO_NETWORK = "invalid", "255.255.255.255/32"  # RFC 6761 section 6.4; RFC 919 section 7
_UNLIMITED = {_DNS: ("*",), _CIDRS: ("0.0.0.0/0", "::/0")}
_LIMIT = 16 * 1024 * 1024  # bytes


class PolicyFile(NamedTuple):
    """One file of policies: its path (links resolved), its text, and its policies."""

    path: str
    content: bytes
    document: Document

    @property
    def marked(self) -> bool:
        """Whether it has the name of trustinstall's own file."""
        return self.path.endswith(f"/{OWN_FILE}")

    def items(self, policy: str) -> list[tuple[bytes, Any]]:
        """Return the items of a list that name a certificate, with its DER."""
        value = self.document.get(policy)
        ders = [(der_of(one), one) for one in (value if is_array(value) else [])]
        return [(der, one) for der, one in ders if der]


@dataclass(frozen=True)
class Contents:
    """All files of a directory, in the order in which they count, and those that are not policies, with the reason."""

    files: tuple[PolicyFile, ...] = ()
    problems: dict[str, str] = field(default_factory=dict[str, str])

    def counting(self, policy: str) -> PolicyFile | None:
        """Return the file whose value of a policy counts."""
        return next((one for one in reversed(self.files) if one.document.get(policy) is not None), None)

    def deciding(self) -> list[str]:
        """Return the files whose lists of trusted certificates count."""
        counting = (self.counting(policy) for policy in PLACES)
        return [one.path for one in counting if one is not None]

    def ders(self) -> Iterator[bytes]:
        """Yield the DER of every certificate that a list which counts names, each once."""
        yield from {sha256: der for one in STATES for sha256, (der, _) in self.items(one).items()}.values()

    def items(self, policy: str) -> dict[str, tuple[bytes, Any]]:
        """Return the DER and the item of each certificate that a policy names, by SHA-256."""
        file = self.counting(policy)
        return {sha256_of(der): (der, item) for der, item in (file.items(policy) if file else ())}

    def states(self) -> dict[str, State]:
        """Return how far the browser trusts each certificate."""
        return {sha256: state for policy, state in STATES.items() for sha256 in self.items(policy)}

    def limits(self) -> dict[str, tuple[str, ...]]:
        """Return the names and networks that certificates are limited to."""
        return {sha256: _domains(item) for sha256, (_, item) in self.items(LIMITED).items()}

    def copies(self) -> Iterator[Copy]:
        """Yield every copy in every file, those that do not count included.

        Of equal items in a list of others the first is trustinstall's, if the ledger names the file: it was there
        alone. An item of the list of distrusted certificates is never removed.
        """
        for file in self.files:
            for policy in PLACES:
                seen: set[str] = set()
                for der, _ in file.items(policy):
                    sha256 = sha256_of(der)
                    yield Copy(sha256, file.path if file.marked or sha256 not in seen else "", file.marked)
                    seen.add(sha256)
        yield from (Copy(sha256, removable=False, trusts=False) for sha256 in self.items(DISTRUSTED))


def read_contents(host: Host, directory: str) -> Contents:
    """Read a directory as the browser does. Raises OSError if one of its files cannot be read."""
    files: list[PolicyFile] = []
    problems: dict[str, str] = {}
    for name in sorted(host.names(directory), key=lambda name: name.encode("utf-8", "surrogateescape")):
        path = f"{directory}/{name}"
        real = host.real(path)
        status = host.status(real)
        if status is None or status.kind is not Kind.FILE or name.startswith(host.temporary_name("")):
            continue
        content = host.read(real, _LIMIT)
        try:
            files.append(PolicyFile(real, content, Document(content, lenient=True)))
        except ValueError as error:
            problems[real] = f"{printable(path)} is not a policy ({error}), so the browser ignores it"
    return Contents(tuple(files), problems)


def item_of(certificate: Certificate, domains: tuple[str, ...]) -> object:
    """Return the item of a list for a certificate."""
    der = base64.b64encode(certificate.der).decode()
    if not domains:
        return der
    constraints = {_DNS: names(domains) or [_NO_NAME], _CIDRS: networks(domains) or [_NO_NETWORK]}
    return {_CERTIFICATE: der, _CONSTRAINTS: constraints}


def der_of(item: object) -> bytes | None:
    """Return the certificate that an item of any of the lists names, or None."""
    item = item.get(_CERTIFICATE) if is_object(item) else item
    try:
        return base64.b64decode(item, validate=True) if isinstance(item, str) else None
    except (binascii.Error, ValueError):
        return None


def names_certificate(item: object, sha256: str) -> bool:
    """Whether an item of any of the lists names a certificate."""
    der = der_of(item)
    return der is not None and sha256_of(der) == sha256


def _domains(item: object) -> tuple[str, ...]:
    """Return the names and networks of an item in the order of `name_constraints.parse`; a missing list is no limit."""
    constraints = item.get(_CONSTRAINTS) if is_object(item) else None
    words: set[str] = set()
    for key, everything in _UNLIMITED.items():
        listed = constraints.get(key) if is_object(constraints) else None
        words |= set(map(str, listed)) if is_array(listed) else set(everything)
    return tuple(sorted(words - {_NO_NAME, _NO_NETWORK}))
