"""The progress of the work on the stores of one scope, in words for a display."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trustinstall.host import Account

_NAMED = 2  # kinds of stores that are named


def working_for(account: Account) -> str:
    """Return the words for the progress display while another account's process works."""
    return f"Working for {account.name} …"


class Tally:
    """Counts stores, and tells the count to a progress display."""

    def __init__(self, on_progress: Callable[[str], None], verb: str, total: int) -> None:
        """`verb` is the activity ("Adding"), `total` the number of stores."""
        self._on_progress, self._verb, self._total, self._done = on_progress, verb, total, 0

    def add(self, number: int) -> None:
        """Count stores that are done."""
        self._done += number

    def tell(self, done: int, running: Iterable[str]) -> None:
        """Tell the count; `done` more stores are finished and not yet counted, and `running` are worked on."""
        kinds = list(dict.fromkeys(running))
        more = f" and {len(kinds) - _NAMED} more" if len(kinds) > _NAMED else ""
        doing = f" ({', '.join(kinds[:_NAMED])}{more})" if kinds else ""
        done = min(self._done + done, self._total)
        self._on_progress(f"{self._verb} … {done:,} of {self._total:,}{doing}")
