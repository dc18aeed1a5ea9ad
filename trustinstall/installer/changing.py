"""A changing command over all of its scopes: the machine's or the account's own first, then those of other accounts."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.request import Selection
from trustinstall.errors import printable
from trustinstall.installer.acting import engine_of
from trustinstall.installer.other_accounts import OtherAccounts
from trustinstall.installer.policy_imports import PolicyImports
from trustinstall.installer.result import ScopeResult
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.engine.request import Request
    from trustinstall.engine.scope import Scope
    from trustinstall.host import Account, Host
    from trustinstall.installer.inspector import Inspector
    from trustinstall.installer.situation import Situation
    from trustinstall.stores.store import DiscoveryOptions


@dataclass(frozen=True)
class Change:
    """The work of one command.

    Attributes:
        caller: the installer that provides host, backends and the display of progress.
        situation: the decided scopes.
        request: the certificates, and whether to add or to remove them.
        accounts: the other accounts in scope.
        places: additional places to look in.
        selection: the chosen stores.
    """

    caller: Inspector
    situation: Situation
    request: Request
    accounts: tuple[Account, ...]
    places: DiscoveryOptions
    selection: Selection

    def check(self) -> None:
        """Raise UsageProblem if the selection names a store that exists in none of the scopes."""
        if not (self.accounts and (self.selection.stores or self.selection.skip)):
            return
        every = replace(self, request=replace(self.request, dry_run=True), selection=Selection()).parts()
        if not any(part.problem or part.skipped for part in every):  # the store may be an unobserved one
            self.selection.check(one.store for part in every for one in part.outcomes)

    def parts(self) -> list[ScopeResult]:
        """Do the work; return the result of each scope."""
        parts: list[ScopeResult] = []
        handoffs: dict[int, list[str]] = {}
        host, situation, request, engine = self.caller.host, self.situation, self.request, engine_of(self.caller)
        imports = PolicyImports(host, self.caller.backends, engine, self.caller.on_progress)
        everybody = situation.machine and host.account.is_root and not situation.image
        found = imports.before_removing(request) if everybody and not request.trusted else {}
        if situation.machine or situation.own:
            first = replace(request, importing=False) if found else request
            with imports.noted(request, self.selection) if everybody and request.trusted else nullcontext():
                scope = engine.change(first, self.places, self.selection, check=not self.accounts)
            handoffs = scope.handoffs if host.account.is_root else {}
            name = "machine" if situation.machine else host.account.name
            parts.append(ScopeResult(name, scope.outcomes, recovered=scope.recovered, ends=scope.ends))
            if situation.image:
                return parts + _not_in_image(host, request, scope)
        request = replace(request, imposed=imports.gone(found, dry_run=request.dry_run)) if found else request
        own = ScopeResult("machine", imports.take_out_own(request, self.places, self.selection) if found else ())
        parts[:1] = [replace(one, outcomes=(*one.outcomes, *own.outcomes)) for one in parts[:1]]
        others = OtherAccounts(self.caller, request, self.selection, self.places, everybody=situation.machine).change(
            self.accounts, handoffs
        )
        if found:
            others += imports.take_out(request, {one.uid for one in self.accounts})
            imports.after_removing(request, [own, *others])
        return parts + others


def _not_in_image(host: Host, request: Request, scope: Scope) -> list[ScopeResult]:
    """Return the problems of an image: files of other accounts, and an unknown system."""
    problems = [
        f"{paths[0]} belongs to uid {uid} of the image; run trustinstall in the image, as that account"
        for uid, paths in scope.handoffs.items()
    ]
    if request.trusted and not any(one.store.system or one.store.backend == "bundle" for one in scope.outcomes):
        ids = printable(" ".join(sorted(host.distribution()))) or "none"
        problems.append(
            f"no system that is known here lies there (ID and ID_LIKE in its os-release: {ids}); "
            "name the bundle that its programs read: --search FILE"
        )
    return [ScopeResult("machine", problem=problem) for problem in problems]
