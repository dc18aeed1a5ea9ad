"""The contents of a keychain and of the trust settings beside it: the two halves of being trusted, joined.

Sources: SecTrustSettingsEvaluateCert in SecTrustSettings.cpp of Apple's Security project: an account's own settings
are asked first, then the machine's; the first that decides wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.fields import CertificateFields
from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import CertificateRefused
from trustinstall.stores.observation import Copy, State
from trustinstall.values import NamedTuple
from trustinstall_platforms.macos import security_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from trustinstall.host import Host
    from trustinstall_platforms.macos.security_tool import Certificates
    from trustinstall_platforms.macos.trust_settings import Settings

SYSTEM = "/Library/Keychains/System.keychain"
_TRUSTING = frozenset({State.TRUSTED, State.LIMITED})
APPLE = "/System/Library/Keychains/SystemRootCertificates.keychain"  # trust settings may override these, too


def keychain_entry(location: str, sha1: str) -> str:
    """Return the ledger's name of the half in a keychain."""
    return f"{location}: SHA-1 {sha1}"


def settings_entry(sha1: str, *, machine: bool) -> str:
    """Return the ledger's name of the half in trust settings."""
    return f"trust settings, {'admin' if machine else 'user'} domain: SHA-1 {sha1}"


class Contents(NamedTuple):
    """Both halves of a store; certificates by SHA-1 in upper case.

    Attributes:
        location: the store's keychain.
        machine: whether the store is the machine's.
        keychain: the certificates in that keychain.
        settings: the store's own trust settings.
        above: the machine's, if the store is an account's.
        elsewhere: certificates of other keychains that trust settings name.
    """

    location: str
    machine: bool
    keychain: Certificates
    settings: Settings
    above: Settings
    elsewhere: Certificates

    @property
    def known(self) -> Certificates:
        """Every certificate of which more is known than its SHA-1."""
        return self.elsewhere | self.keychain

    def naming(self, certificates: Iterable[Certificate]) -> Contents:
        """Return the contents if more is known of these certificates than what keychains say."""
        ders = {one.sha1.upper(): one.der for one in certificates}
        return self._replace(elsewhere=ders | self.elsewhere)

    @property
    def named_only(self) -> dict[str, State]:
        """The certificates in no keychain that trust settings trust: PARTIAL, until a server sends them."""
        named = {sha1 for sha1, one in {**self.above, **self.settings}.items() if one in _TRUSTING}
        return dict.fromkeys(named & self.known.keys() - self.keychain.keys(), State.PARTIAL)

    def states(self, now: datetime) -> dict[str, State]:
        """Return the state of every certificate that trust settings name, and of roots in the keychain without any.

        Settings that do not concern TLS keep their certificate WITHDRAWN: trustinstall never writes such.
        """
        found = dict.fromkeys(self.settings.keys() & self.known.keys(), State.WITHDRAWN)
        for settings in (self.above, self.settings):  # an account's own have precedence, and so are written last
            found |= {sha1: state for sha1, state in settings.items() if state is not None and sha1 in self.known}
        idle = [sha1 for sha1, der in self.keychain.items() if sha1 not in found and _is_root(der, now)]
        return found | dict.fromkeys(idle, State.PARTIAL)

    def copies(self, names: frozenset[str]) -> Iterator[Copy]:
        """Yield the halves of these certificates (SHA-256): in the keychain, in its settings, in the machine's.

        Settings that trustinstall never writes (a limit, another policy) have no name in the ledger. A distrust, and
        the machine's settings in an account's store, cannot be removed.
        """
        for sha1, der in self.known.items():
            if (sha256 := sha256_of(der)) not in names:
                continue
            if sha1 in self.keychain:
                yield Copy(sha256, keychain_entry(self.location, sha1))
            if sha1 in self.settings:
                state = self.settings[sha1]
                entry = settings_entry(sha1, machine=self.machine) if state is State.TRUSTED else ""
                yield Copy(sha256, entry, removable=state is not State.DISTRUSTED, trusts=state in _TRUSTING)
            if sha1 in self.above:
                entry, trusts = settings_entry(sha1, machine=True), self.above[sha1] in _TRUSTING
                yield Copy(sha256, entry, removable=False, trusts=trusts)


def read_contents(host: Host, keychain: str, *, machine: bool) -> Contents:
    """Read a keychain that exists, and the trust settings of its domain. Raises ToolFailed."""
    present = security_tool.certificates(host, keychain)
    settings = security_tool.settings(host, machine=machine)
    above: Settings = {} if machine else security_tool.settings(host, machine=True)
    elsewhere: Certificates = {}
    for path in (SYSTEM, APPLE):
        missing = (settings.keys() | above.keys()) - present.keys() - elsewhere.keys()
        if missing and path != keychain and host.status(path) is not None:
            found = security_tool.certificates(host, path)
            elsewhere |= {sha1: found[sha1] for sha1 in missing & found.keys()}
    return Contents(keychain, machine, present, settings, above, elsewhere)


def _is_root(der: bytes, now: datetime) -> bool:
    """Whether this is an authority's root: it could be trusted, unlike the many identities in a keychain."""
    certificate = Certificate.held(der)
    try:
        return certificate.self_issued and CertificateFields(certificate, now).is_authority
    except (CertificateRefused, ValueError):
        return False
