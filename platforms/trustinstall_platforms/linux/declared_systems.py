"""Systems whose trust is declared elsewhere, and what to declare there.

Sources: the manuals of NixOS (security.pki), Guix ("X.509 Certificates"), Bottlerocket (settings.pki), Talos
(TrustedRootsConfig) and Container-Optimized OS; OpenWrt's package recipe, by which all links are made beforehand.
"""

from __future__ import annotations

from trustinstall.values import NamedTuple


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
