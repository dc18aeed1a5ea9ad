"""trustinstall: make a machine trust a corporate root certificate everywhere, and take it back exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall._version import __version__

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.errors import TrustInstallError
    from trustinstall.installer.installer import Installer

__all__ = ["Certificate", "Installer", "TrustInstallError", "__version__"]


def __getattr__(name: str) -> object:
    """Import what the library offers when it is first used (PEP 562): `trustinstall --version` needs none of it."""
    if name == "Installer":
        from trustinstall.installer.installer import Installer

        return Installer
    if name == "Certificate":
        from trustinstall.certificates.certificate import Certificate

        return Certificate
    if name == "TrustInstallError":
        from trustinstall.errors import TrustInstallError

        return TrustInstallError
    raise AttributeError(f"module 'trustinstall' has no attribute {name!r}")
