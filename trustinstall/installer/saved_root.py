"""The root of a server, in a file that is marked as unverified, so that `add` asks for its fingerprint."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.certificates.intake import UNVERIFIED
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.doctor import fetching
from trustinstall.errors import UsageProblem
from trustinstall.installer import new_file, tls_roots

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import ActingHost
    from trustinstall.installer.diagnosis import Diagnosis


def save(host: ActingHost, found: Diagnosis, path: str) -> Diagnosis:
    """Write the root of a server into a new file, and return the diagnosis with the root and the path.

    The root is the end of the chain, or is fetched from the address in the chain. Raises UsageProblem if no root was
    seen, or if the file exists, and TrustInstallError if it cannot be written.
    """
    path = new_file.free(host, path)
    root = _root(host, found)
    if root is None:
        raise UsageProblem(f"{found.target} shows no root, and none can be fetched; ask the administrator for it")
    lines = [
        UNVERIFIED.decode(),
        f"# Seen at {found.target}{f' through {found.proxy}' if found.proxy else ''} on {host.stamp()}.",
        f"# {root.subject.replace('-----', '- - - - -')}",  # some readers would take its BEGIN CERTIFICATE for a line
        f"# SHA-256 {root.sha256}",
    ]
    new_file.write(host, path, "\n".join([*lines, ""]).encode() + root.pem)
    return replace(found, root=root, public=root.sha256 in FINGERPRINTS, saved=path)


def _root(host: ActingHost, found: Diagnosis) -> Certificate | None:
    if found.root is None or found.names_root:
        return found.root
    above = fetching.above(found.root, lambda url: fetching.get(url, host.environ, partial(tls_roots.context, host)))
    return above[-1] if above and above[-1].self_issued else None
