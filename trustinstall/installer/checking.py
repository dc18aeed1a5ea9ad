"""The verdict of `check`: whether certificates are trusted in every store that should trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.state.ledger import moment
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trustinstall.installer.views import Held, View

#: The exit code of `check`, `list --exit-code` and a dry run with `--exit-code` if something is missing.
NOT_AS_WANTED = 10


@dataclass(frozen=True)
class Verdict:
    """The result of `check`.

    Attributes:
        wanted: the number of checked certificates.
        absent: the SHA-256 of those that trustinstall has added to no store.
        stores: the number of stores that trust them.
        missing: the ids of stores that no longer trust them, each once.
        lacking: the ids of stores that do not trust them yet: `repair` would change them.
        over: the SHA-256 of those whose trust has ended, and that a store still trusts: `repair` would take them out.
    """

    wanted: int
    absent: tuple[str, ...]
    stores: int
    missing: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    over: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0: all are trusted; 10: something is missing, or is trusted beyond its end."""
        return NOT_AS_WANTED if self.absent or self.missing or self.lacking or self.over else 0


def verdict(view: View, wanted: Sequence[str], lacking: Sequence[str] = (), now: datetime | None = None) -> Verdict:
    """Return the verdict about certificates, by their SHA-256. A store that cannot be read counts as neither.

    `lacking`: the stores that `repair` would change. `now`: the time, with its zone, at which trust may be over; with
    None, no end counts.
    """
    held = {sha256: _held(view, sha256) for sha256 in wanted}
    absent = tuple(sha256 for sha256, found in held.items() if not any(one.holds for one in found))
    every = [one for found in held.values() for one in found]
    missing = [*dict.fromkeys(one.store for one in every if one.missing)]
    new = tuple(one for one in lacking if one not in missing)
    ended = {one.sha256 for one in view.certificates if now and one.until and moment(one.until) <= now}
    over = tuple(sha256 for sha256, found in held.items() if sha256 in ended and any(one.holds for one in found))
    return Verdict(len(held), absent, len({one.store for one in every if one.holds}), tuple(missing), new, over)


def _held(view: View, sha256: str) -> list[Held]:
    return [held for one in view.certificates if one.sha256 == sha256 for held in one.stores if not held.foreign]
