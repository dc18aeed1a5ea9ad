""".NET's store of one account on Linux, which adds to the system's: for accounts that cannot change the machine's.

It has a PKCS#12 file without a password for each certificate. .NET reads each `*.pfx`. When a program removes a
certificate (`X509Store`), .NET finds the file whose name begins with the SHA-1 thumbprint, so the managed files' names
do, too. On macOS and Windows .NET reads the system's own stores.

Sources: .NET runtime, OpenSslDirectoryBasedStoreProvider.cs, OpenSslX509ChainProcessor.cs. Tried with .NET 8.0.4: a PEM
file of such a name has no effect.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import printable
from trustinstall.facts import programs
from trustinstall.stores.backend import Capability
from trustinstall.stores.directory import CertificateDirectories, Directory, own_home, refusal
from trustinstall.stores.observation import Copy
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall_platforms.programs.dotnet_files import bags, file_name, pfx

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store

_PLACE = ".dotnet/corefx/cryptography/x509stores/root"


class DotNet(CertificateDirectories):
    """The backend of that directory."""

    name = "dotnet"
    capabilities = frozenset({Capability.REACHES_EVERY_ACCOUNT})  # if the machine is changed, its system's store does
    suffixes = (".pfx",)

    def directories(self, host: Host) -> Iterator[Directory]:
        """Yield the acting account's directory, if .NET is installed or has been used."""
        home = own_home(host) if host.platform == "linux" else None
        if home and (programs.programs(host, ("dotnet", "pwsh")) or host.status(f"{home}/.dotnet") is not None):
            yield Directory(f"{home}/{_PLACE}", "dotnet", "this account's programs on .NET")

    def file_name(self, certificate: Certificate) -> str:
        """Return the name of the file for a certificate."""
        return file_name(certificate.der)

    def ders(self, data: bytes) -> Sequence[bytes]:
        """Return the DER of the certificate in a file; of several, .NET takes an unknown one."""
        found = [one.der for one in bags(data) if one.der is not None]
        return found if len(found) == 1 else []

    def copies(self, path: str, data: bytes) -> Iterator[Copy]:
        """Yield the copy in a file; the copies of trustinstall are recognised by the file's name."""
        for der in self.ders(data):
            yield Copy(sha256_of(der), path, marked=posixpath.basename(path) == file_name(der))

    def step(
        self, store: Store, path: str, old: bytes | None, added: Sequence[Certificate], _removed: Collection[Copy], /
    ) -> Step:
        """Return the step that writes the file of an added certificate, or deletes the file of a removed one."""
        from trustinstall_platforms.keystores.pkcs12_parts import KEYS

        if added:
            content = pfx(added[0])
            return Edit(path, Content(content), ABSENT if old is None else digest(old))
        if old is not None and any(one.kind in KEYS for one in bags(old)):
            raise refusal(store, f"{printable(path)} holds a private key as well")
        return Delete(path, digest(old or b""))
