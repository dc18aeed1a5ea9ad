"""The line of `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.reporting import words

if TYPE_CHECKING:
    from trustinstall.installer.checking import Verdict

_SHOWN = 3  # stores and fingerprints that the line names


def sentence(verdict: Verdict) -> str:
    """Return the verdict on one line."""
    wanted = words.count(verdict.wanted, "certificate")
    if verdict.absent:
        few = ", ".join(one[: words.SHORT] for one in verdict.absent[:_SHOWN])
        return f"missing: {len(verdict.absent)} of {wanted} not added here ({few})"
    if verdict.missing or verdict.lacking:
        stores, when = (verdict.missing, "any more") if verdict.missing else (verdict.lacking, "yet")
        few, rest = ", ".join(stores[:_SHOWN]), stores[_SHOWN:]
        more = f" and {len(rest)} more" if rest else ""
        does = "does" if len(stores) == 1 else "do"
        return f"incomplete: {words.count(len(stores), 'store')} {does} not trust it {when}: {few}{more}"
    if verdict.over:
        few = ", ".join(one[: words.SHORT] for one in verdict.over[:_SHOWN])
        return f"over: the trust of {len(verdict.over)} of {wanted} has ended, and stores still have it ({few})"
    if not verdict.wanted:
        return "ok: trustinstall has added nothing here"
    return f"ok: {wanted} trusted in {words.count(verdict.stores, 'store')}"
