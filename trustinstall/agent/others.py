"""The agent on systems without systemd: launchd, Windows' Task Scheduler, and cron's hourly directory.

Sources: launchd.plist(5), launchctl(1); Task Scheduler schema (MS-TSCH 2.5), schtasks' documentation; run-parts(8) and
Alpine's busybox (names without a dot). Documented, and not run on these systems here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from trustinstall.agent.systemd import MARK
from trustinstall.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

LABEL = "trustinstall.repair"
DAEMON = f"/Library/LaunchDaemons/{LABEL}.plist"
AGENT = f"~/Library/LaunchAgents/{LABEL}.plist"
HOURLY = ("/etc/periodic/hourly", "/etc/cron.hourly")
TASK = "trustinstall repair"
_WORDS = "Keeps certificates trusted where trustinstall was asked to"
#: The mark in these files.
MARKS = (f"<string>{LABEL}</string>".encode(), _WORDS.encode("utf-16-le"))
_HOUR = 3600  # seconds


def plist(program: Sequence[str]) -> bytes:
    """Return launchd's property list: it runs at the start and each hour, in the background, with low priority."""
    import plistlib

    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": [*program, "repair", "--quiet"],
            "RunAtLoad": True,
            "StartInterval": _HOUR,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "Nice": 10,
        }
    )


def script(program: Sequence[str]) -> str:
    """Return a script for cron's hourly directory."""
    import shlex

    return f"#!/bin/sh\n{MARK}{shlex.join((*program, 'repair', '--quiet'))} || true\n"


def task(program: Sequence[str], *, machine: bool) -> bytes:
    """Return the Task Scheduler's XML: SYSTEM runs it from the start on, or the account from its login on; each hour.

    Raises UsageProblem if a path has a quotation mark, which Windows does not allow.
    """
    if any('"' in one for one in program):
        raise UsageProblem("a path of the program holds a quotation mark; install it elsewhere")
    first, *rest = (one.replace("/", "\\") if one.startswith(program[0]) else one for one in program)
    words = " ".join(f'"{one}"' if " " in one else one for one in (*rest, "repair", "--quiet"))
    begins = "BootTrigger" if machine else "LogonTrigger"
    who = "<UserId>S-1-5-18</UserId>" if machine else "<LogonType>InteractiveToken</LogonType>"
    level = "HighestAvailable" if machine else "LeastPrivilege"
    text = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{_WORDS}</Description></RegistrationInfo>
  <Triggers>
    <{begins}><Repetition><Interval>PT1H</Interval></Repetition><Delay>PT2M</Delay></{begins}>
  </Triggers>
  <Principals><Principal id="Author">{who}<RunLevel>{level}</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT1H</ExecutionTimeLimit>
    <Priority>8</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>{escape(first)}</Command><Arguments>{escape(words)}</Arguments></Exec>
  </Actions>
</Task>
"""
    return text.encode("utf-16")
