"""The runs of the agent, as the scheduler of the system tells of them: whether it is on, its last run, and its next.

Sources: systemctl(1), show; launchctl(1), print (macOS 14 prints `runs` and `last exit code`); schtasks' documentation,
/query: the columns of /v stand in one order in every language. Those of launchd and Windows are documented here only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNS = regex(r"^\t{1,8}runs = ([0-9]{1,9})$", re.MULTILINE)
_ENDED = regex(r"^\t{1,8}last exit code = ([^\n]{1,80})$", re.MULTILINE)
_COLUMNS = 28  # of schtasks /v
_NEXT, _LAST, _CODE = 2, 5, 6
_NEVER = ("1999", "N/A")  # 11/30/1999: Windows' date of a task that has not run yet
_LONGEST = 80  # characters of a time


class Runs(NamedTuple):
    """The runs, in the system's words; "" if that is unknown, and None if it is unknown whether the scheduler is on."""

    on: bool | None = None
    last: str = ""
    next: str = ""


def of_systemd(properties: Mapping[str, str]) -> Runs:
    """Return the runs by the properties of the timer."""
    last, following = properties.get("LastTriggerUSec", ""), properties.get("NextElapseUSecRealtime", "")
    return Runs(properties.get("ActiveState") == "active", printable(last), printable(following))


def of_launchd(status: int, said: str) -> Runs:
    """Return the runs by what `launchctl print` says; it fails for a job that is not loaded."""
    if status:
        return Runs(on=False)
    runs, ended = _RUNS.search(said), _ENDED.search(said)
    count = int(runs[1]) if runs else 0
    last = f"{count} since the job was loaded" if count else ""
    if last and ended:
        last = f"{last}; the last one ended with {printable(ended[1])}"
    return Runs(on=True, last=last, next="an hour after the last one; at once if the Mac slept then")


def of_schtasks(status: int, said: str) -> Runs:
    """Return the runs by the first line of `schtasks /query /fo csv /v /nh`; it fails if there is no such task."""
    import csv

    if status:
        return Runs(on=False)
    row = next((one for one in csv.reader(said.splitlines()) if len(one) >= _COLUMNS), None)
    if row is None:
        return Runs()
    last, following = _time(row[_LAST]), _time(row[_NEXT])
    if last:
        last = f"{last}; it ended with {printable(row[_CODE], _LONGEST)}"
    return Runs(on=True, last=last, next=following)


def of_cron(path: str) -> Runs:
    """Return the runs by the hourly directory, of which cron keeps no record."""
    return Runs(next=f"when cron runs {printable(path.rpartition('/')[0], 4096)}, each hour")


def _time(text: str) -> str:
    return "" if any(one in text for one in _NEVER) else printable(text.strip(), _LONGEST)
