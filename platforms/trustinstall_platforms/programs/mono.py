"""Mono's store of one account: for accounts that cannot change the machine's, which Mono's own hook fills.

It has a file for each subject, named by its hash as OpenSSL made it before 1.0. Mono's TLS (BoringSSL) searches for
that name, too; `cert-sync` and others write by the newer hash, so their files have other names. All certificates of one
subject are in one file, each in a block with marker lines, because the numbers after a hash may have no gap.

Sources: cert-sync(1); Mono 6.8's MonoBtlsX509StoreManager; BoringSSL's crypto/x509/by_dir. Tried with Mono 6.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import pem_blocks
from trustinstall.editing.pem_blocks import Blocks
from trustinstall.facts import programs
from trustinstall.patterns import regex
from trustinstall.stores import bundle
from trustinstall.stores.directory import CertificateDirectories, Directory, certificates, own_home
from trustinstall.stores.steps import ABSENT, Delete, Edit, digest
from trustinstall_platforms.linux.subject_hash import old_subject_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.observation import Copy
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store

_PLACE = ".config/.mono/new-certs/Trust"
_NAME = regex(r"[0-9a-f]{8}\.\d{1,4}")


class Mono(CertificateDirectories):
    """The backend of that directory."""

    name = "mono"

    def directories(self, host: Host) -> Iterator[Directory]:
        """Yield the acting account's directory, if Mono is installed or has been used."""
        home = own_home(host)
        path = f"{home}/{_PLACE}"
        if home and (programs.programs(host, ("mono",)) or host.status(path) is not None):
            yield Directory(path, "mono", "this account's programs on Mono")

    def reads(self, name: str) -> bool:
        """Whether a name is the hash of a subject and a number, as Mono searches for."""
        return _NAME.fullmatch(name) is not None

    def file_name(self, certificate: Certificate) -> str:
        """Return the first name that Mono searches for."""
        return f"{old_subject_hash(certificate)}.0"

    def ders(self, data: bytes) -> Sequence[bytes]:
        """Return the DER of every certificate in a file: Mono reads all of them."""
        return certificates(data)

    def copies(self, path: str, data: bytes) -> Iterator[Copy]:
        """Yield the copies of certificates in a file; those of trustinstall have marker lines."""
        return bundle.copies(data, path, frozenset(sha256_of(one) for one in self.ders(data)))

    def step(
        self, _store: Store, path: str, old: bytes | None, added: Sequence[Certificate], removed: Collection[Copy], /
    ) -> Step:
        """Return the edit of one file; a file that would be empty is deleted."""
        edit = Blocks(
            tuple(added),
            tuple(sorted({one.sha256 for one in removed if one.marked})),
            tuple(sorted({one.sha256 for one in removed if not one.marked})),
        )
        if old is None:
            return Edit(path, edit, ABSENT)
        return Edit(path, edit, digest(old)) if any(pem_blocks(edit.apply(old))) else Delete(path, digest(old))
