"""`apply`: adds the certificates that documents ask for; with `--prune`, removes those that they no longer name.

The certificates of the documents become claims of the ledger that name their origin; the rest is `repair`. New roots
are added before old ones are removed, so that one of them is trusted at any moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.certificates import same_subject
from trustinstall.certificates.intake import Intake, Vetted
from trustinstall.declared import repair as repairs
from trustinstall.declared.difference import no_longer_named
from trustinstall.declared.proxies import Wish, with_proxies
from trustinstall.declared.reading import without_options
from trustinstall.declared.unmatched import unknown_words
from trustinstall.declared.verification import with_verification
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.errors import CertificateRefused, printable
from trustinstall.installer.result import ScopeResult
from trustinstall.installer.situation import ScopeOptions
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.declared.declaration import Declaration
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.result import Report


def compared(installer: Installer, declaration: Declaration) -> Declaration:
    """Return a declaration with notes on other authorities of the same name, in it and among the system's anchors.

    Raises CertificateRefused if clients could not distinguish two of them, as `add` does.
    """
    named = (Vetted(one.certificate, one.where, ()) for one in declaration.certificates)
    try:
        found = same_subject.check(Intake(tuple(named), ()), installer.system_anchors(), installer.host.now(), allow=())
    except CertificateRefused as refusal:
        raise CertificateRefused(without_options(refusal)) from None
    notes = (f"{one.origin}: {warning}" for one in found.accepted for warning in one.warnings)
    return declaration._replace(notes=(*declaration.notes, *notes))


def apply(installer: Installer, declaration: Declaration, *, prune: bool = False, dry_run: bool = False) -> Report:
    """Add the certificates of a declaration; `prune`: remove those that the same documents named earlier.

    Nothing is pruned while a root of the declaration is missing in a store that failed, or may be in none because its
    document chooses stores by words that name none here. The report has the stores that differed. Raises StateError,
    Busy and NoRights as `Installer.add`.
    """
    ProxyEngine(installer.host, installer.backends, installer.on_progress).kept()  # damaged records change nothing
    report = replace(repairs.repair(installer, declaration.certificates, dry_run=dry_run), command="apply")
    gone = no_longer_named(installer, declaration) if prune else []
    if gone and (why := _why_kept(installer, declaration, report)):
        report = replace(report, scopes=(*report.scopes, _kept(report, gone, why)))
    elif gone:
        # A skipped account is skipped here, too: its stores keep the old roots.
        ask = ScopeOptions(scope="machine" if installer.host.account.is_root else None, no_input=True)
        removed = installer.remove(gone, ask, dry_run=dry_run)
        parts = (replace(one, outcomes=repairs.telling(one.outcomes)) for one in removed.scopes)
        report = replace(report, scopes=(*report.scopes, *parts))
    report = with_proxies(installer, report, Wish(declaration.proxies, declaration.origin, prune=prune))
    everybody = any(one.terms.all_users for one in declaration.certificates)
    return with_verification(installer, report, declaration.switched_off, all_users=everybody)


def _why_kept(installer: Installer, declaration: Declaration, report: Report) -> str:
    """Return why a root of the declaration may be trusted nowhere yet, so that no old one may go; or ""."""
    if declaration.certificates and not all(one.done or one.skipped for one in report.scopes):
        return "a store failed, and may lack a new root"
    unknown = {word for word, _ in unknown_words(installer, declaration)}
    for one in declaration.certificates:
        if one.terms.stores and unknown.issuperset(one.terms.stores):
            return f"{printable(one.certificate.name)} is for stores whose names mean none here ({one.where})"
    return ""


def _kept(report: Report, roots: Sequence[Certificate], reason: str) -> ScopeResult:
    """Return the part that says why roots were not pruned."""
    names = ", ".join(one.name for one in roots)
    why = f"not pruned: {names}; {reason}; mend it, and run apply --prune again"
    return made_printable(ScopeResult(report.scopes[0].scope, problem=why))
