"""The engine for the proxies that a document sets in one scope, under the scope's lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine import audit
from trustinstall.engine.kept_keys import Keeper, unwritten
from trustinstall.engine.scope import Engine
from trustinstall.state import kept_keys
from trustinstall.state.directory import prepare

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Request
    from trustinstall.host import ActingHost
    from trustinstall.state.kept_keys import Kept
    from trustinstall.state.ledger import Covered
    from trustinstall.stores.keys import FileKeys


class ProxyEngine(Engine):
    """The engine of one account's scope, for its proxies."""

    def kept(self) -> Kept:
        """Return the proxies that are set, and the files that set them. Raises StateError."""
        return kept_keys.load(self._host, self._state)

    def keep(self, asked: Kept, wanted: Sequence[FileKeys], request: Request) -> tuple[Outcome, ...]:
        """Set the proxies of `asked` in the `wanted` files, and remove all other managed ones.

        Raises StateError and Busy.
        """
        if request.dry_run:
            return self._bring(self._host, asked, wanted, request)
        prepare(self._host, self._state)
        with self._locked() as host:
            outcomes = self._bring(host, asked, wanted, request)
            audit.record(host, self._state, request, self._name, outcomes)
            return outcomes

    def forget_accounts(self, accounts: Collection[Covered]) -> None:
        """Note the other accounts in which nothing is left to take back. Raises StateError and Busy."""
        with self._locked() as host:
            kept = self.kept()
            left = tuple(one for one in kept.accounts if one not in accounts)
            if left != kept.accounts:
                try:
                    kept_keys.save(host, self._state, replace(kept, accounts=left))
                except OSError as error:
                    raise unwritten(self._state.kept_keys, error) from None

    def _bring(
        self, host: ActingHost, asked: Kept, wanted: Sequence[FileKeys], request: Request
    ) -> tuple[Outcome, ...]:
        kept = self.kept()
        keeper = Keeper(host, self._state, self.ledger(), dry_run=request.dry_run)
        return keeper.bring(replace(asked, rows=kept.rows, directories=kept.directories), wanted)
