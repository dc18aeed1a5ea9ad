"""trustinstall: make a machine trust a corporate root certificate everywhere, and undo that exactly.

The library does what the command line does, and returns data instead of printing. Every error that a caller may want to
handle is a `TrustInstallError`; one store's failure is in the report and raises nothing.

>>> from trustinstall import Installer, load_certificates
>>> roots = load_certificates(CORP_PEM)
>>> installer = Installer(sysroot=IMAGE)
>>> report = installer.add(roots)
>>> report.ok, report.covered
(True, (1, 1))
>>> [(one.name, one.complete) for one in installer.list()]
[('Corp Root', True)]
>>> installer.remove(roots).changed
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall._version import __version__

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.doctor.judging import Reason
    from trustinstall.engine.outcome import Outcome, Planned, Result
    from trustinstall.engine.request import Selection
    from trustinstall.errors import (
        Busy,
        CertificateRefused,
        NoRights,
        StateError,
        StoreError,
        StoreLocked,
        TrustInstallError,
        UsageProblem,
    )
    from trustinstall.host import Account, ActingHost
    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.installer.explaining import Explanation, explain
    from trustinstall.installer.inspector import Inspector
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.loading import load_certificates
    from trustinstall.installer.result import Report, ScopeResult
    from trustinstall.installer.situation import ScopeOptions, Situation
    from trustinstall.installer.still_trusting import StillTrusted
    from trustinstall.installer.tls_context import VerifiedServer, VerifyingContext, create_ssl_context
    from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
    from trustinstall.state.terms import Terms
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import DiscoveryOptions, Store

#: The module of each public name. It is imported when the name is first used (PEP 562): `--version` needs none of it.
_MODULES = {
    "Account": "host",
    "ActingHost": "host",
    "Anchor": "installer.views",
    "Backend": "stores.backend",
    "Busy": "errors",
    "Certificate": "certificates.certificate",
    "CertificateRefused": "errors",
    "ClientView": "installer.client_views",
    "Diagnosis": "installer.diagnosis",
    "DiscoveryOptions": "stores.store",
    "Explanation": "installer.explaining",
    "Held": "installer.views",
    "Inspector": "installer.inspector",
    "Installer": "installer.installer",
    "Listed": "installer.views",
    "NoRights": "errors",
    "Outcome": "engine.outcome",
    "Planned": "engine.outcome",
    "Reason": "doctor.judging",
    "Report": "installer.result",
    "Result": "engine.outcome",
    "ScopeOptions": "installer.situation",
    "ScopeResult": "installer.result",
    "Selection": "engine.request",
    "Situation": "installer.situation",
    "StateError": "errors",
    "StillTrusted": "installer.still_trusting",
    "Store": "stores.store",
    "StoreError": "errors",
    "StoreLocked": "errors",
    "StoreView": "installer.views",
    "Terms": "state.terms",
    "TrustInstallError": "errors",
    "UsageProblem": "errors",
    "VerifiedServer": "installer.tls_context",
    "VerifyingContext": "installer.tls_context",
    "View": "installer.views",
    "create_ssl_context": "installer.tls_context",
    "explain": "installer.explaining",
    "load_certificates": "installer.loading",
}

__all__ = [
    "Account",
    "ActingHost",
    "Anchor",
    "Backend",
    "Busy",
    "Certificate",
    "CertificateRefused",
    "ClientView",
    "Diagnosis",
    "DiscoveryOptions",
    "Explanation",
    "Held",
    "Inspector",
    "Installer",
    "Listed",
    "NoRights",
    "Outcome",
    "Planned",
    "Reason",
    "Report",
    "Result",
    "ScopeOptions",
    "ScopeResult",
    "Selection",
    "Situation",
    "StateError",
    "StillTrusted",
    "Store",
    "StoreError",
    "StoreLocked",
    "StoreView",
    "Terms",
    "TrustInstallError",
    "UsageProblem",
    "VerifiedServer",
    "VerifyingContext",
    "View",
    "__version__",
    "create_ssl_context",
    "explain",
    "load_certificates",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used. Raises AttributeError for any other name."""
    if name not in _MODULES:
        raise AttributeError(f"module 'trustinstall' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"trustinstall.{_MODULES[name]}"), name)
