"""Systems whose trust is declared elsewhere: nothing is written there, and the error says what to declare.

Sources: the manuals of NixOS (security.pki), Guix ("X.509 Certificates"), Bottlerocket (settings.pki), Talos
(TrustedRootsConfig) and Container-Optimized OS; OpenWrt's package recipe, by which all links are made beforehand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import StoreError
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import read
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.store import Store, blocked
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions


class Declared(NamedTuple):
    """One system.

    Attributes:
        id: its ID or ID_LIKE in os-release(5), in lower case.
        bundle: the file that clients read.
        advice: what to declare, and how it takes effect.
    """

    id: str
    bundle: str
    advice: str


_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_RHEL_BUNDLE = "/etc/pki/tls/certs/ca-bundle.crt"

# All documented: none of these systems is run in the tests.
SYSTEMS = (
    Declared(
        "nixos",
        _BUNDLE,
        "NixOS makes it of its configuration; add security.pki.certificateFiles = [ ./corp.crt ]; to "
        "/etc/nixos/configuration.nix, and run nixos-rebuild switch",
    ),
    Declared(
        "guix",
        _BUNDLE,
        "Guix makes it of its packages; add a package that installs the certificate as etc/ssl/certs/corp.pem to "
        "(packages …) of the operating-system declaration, and run guix system reconfigure",
    ),
    Declared(
        "bottlerocket",
        _RHEL_BUNDLE,
        "Bottlerocket makes it of its settings; run apiclient set settings.pki.corp.trusted=true "
        'settings.pki.corp.data="$(base64 -w0 corp.crt)", or put the same into the user data',
    ),
    Declared(
        "talos",
        _BUNDLE,
        "Talos makes it of its machine configuration; add a document with apiVersion: v1alpha1, kind: "
        "TrustedRootsConfig, name: corp and the PEM text under certificates: | with talosctl patch machineconfig",
    ),
    Declared(
        "cos",
        _BUNDLE,
        "Container-Optimized OS forgets /etc when it stops; have its cloud-init user data write the certificate to "
        "/etc/ssl/certs/corp.pem and run update-ca-certificates at each start",
    ),
    Declared(
        "openwrt",
        _BUNDLE,
        "OpenWrt has no tool for it; run cp corp.crt /etc/ssl/certs/ && "
        "cat corp.crt >>/etc/ssl/certs/ca-certificates.crt && "
        "ln -s corp.crt /etc/ssl/certs/$(openssl x509 -hash -noout -in corp.crt).0, and name these files "
        "in /etc/sysupgrade.conf",
    ),
)


class DeclaredStore(Backend):
    """The backend of such systems: it observes, and never plans."""

    name = "declared"

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the store on such a system."""
        if host.platform != "linux":
            return []
        ids = host.distribution()
        return [_store(system) for system in SYSTEMS if system.id in ids]

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        ids = host.distribution() if host.platform == "linux" else frozenset[str]()
        return next((_store(one) for one in SYSTEMS if one.id in ids and one.bundle == location), None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the bundle's clients."""
        anchors = {sha256_of(der): State.TRUSTED for der in self.anchors(host, store)}
        copies = (Copy(sha256, removable=False) for sha256 in anchors if sha256 in names)
        return Observation(anchors, copies=tuple(copies))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle, which is usually a link."""
        for block in pem_blocks(read(host, store.location) or b""):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield block.der

    def plan(self, _host: Host, store: Store, _seen: Observation, _change: Change) -> Plan:
        """Refuse: the engine plans nothing for a store that it cannot write."""
        raise StoreError(store=store.id, cause="it is not written by programs", advice=store.why_blocked or "")


def _store(system: Declared) -> Store:
    return Store(
        backend=DeclaredStore.name,
        location=system.bundle,
        owner=0,
        id=DeclaredStore.name,
        clients="all programs with the system's roots",
        label=system.id,
        blocked=blocked(system.advice),
        system=True,
    )
