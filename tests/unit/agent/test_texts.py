"""The agent's files for systems that are not here: valid in their own form, with any path of the program."""

from __future__ import annotations

import plistlib
import shlex
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import fake_host
from trustinstall.agent import agent, hooks, others, systemd, tools
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.host import Account, ActingHost
from trustinstall.host.commands import Run
from trustinstall.host.process import ToolResult

_PATHS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).map(lambda one: f"/{one}")
_TASKS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@given(_PATHS)
def test_launchds_list_says_the_program(path: str) -> None:
    """It is a property list with these words, and runs at the start and each hour."""
    found = plistlib.loads(others.plist((path, "-I")))
    assert found["ProgramArguments"] == [path, "-I", "repair", "--quiet"]
    assert (found["RunAtLoad"], found["StartInterval"]) == (True, 3600)


@given(path=_PATHS.filter(lambda one: '"' not in one), machine=st.booleans())
def test_windows_task_says_the_program(path: str, *, machine: bool) -> None:
    """It is XML in UTF-16 with this command; SYSTEM runs the machine's, the account its own."""
    text = others.task((f"C:{path}", "-I"), machine=machine).decode("utf-16").partition("\n")[2]
    task = ET.fromstring(text)  # noqa: S314  this program has written the text in the line before
    assert task.findtext(f".//{_TASKS}Command") == f"C:{path}".replace("/", "\\")
    assert str(task.findtext(f".//{_TASKS}Arguments")).endswith("repair --quiet")
    assert (task.findtext(f".//{_TASKS}UserId") == "S-1-5-18") == machine


@given(_PATHS)
def test_crons_script_says_the_program(path: str) -> None:
    """A shell reads the same words."""
    _, line = others.script((path,)).split(systemd.MARK)
    assert shlex.split(line) == [path, "repair", "--quiet", "||", "true"]


@given(_PATHS)
def test_a_units_command_is_one_word_for_each(path: str) -> None:
    """Blanks, quotes, %, $ and backslashes of a path do not end the word, or the path is refused."""
    try:
        text = systemd.service((path,), machine=True)
    except UsageProblem:
        return
    (start,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    word = start.removeprefix("ExecStart=").removesuffix(" repair --quiet")
    plain = word[1:-1] if word.startswith('"') else word
    said = plain.replace("%%", "%").replace("$$", "$").replace('\\"', '"').replace("\\\\", "\\")
    assert said == path
    assert word.startswith('"') or not set(path) & set(" '\";")


@pytest.mark.parametrize("hook", hooks.HOOKS, ids=lambda one: one.path)
def test_every_hook_asks_and_cannot_fail(hook: hooks.Hook) -> None:
    """Each carries our mark, does not wait, and ends well: by systemd, and in cron's place by a session of its own."""
    for ask, words in (
        (hooks.BY_SYSTEMD, "--no-block start"),
        (hooks.by_cron("/etc/periodic/hourly/x"), "setsid /etc/"),
    ):
        text = hook.text(ask)
        assert systemd.MARK in text
        said = text.replace("\\ ", " ")
        assert words in said
        assert "|| true" in said or "2>&1 &" in said


#: As the documents of each tool show it.
_LAUNCHD = """system/trustinstall.repair = {
\tactive count = 0
\tpath = /Library/LaunchDaemons/trustinstall.repair.plist
\tstate = not running

\tprogram = /usr/bin/true
\truns = 12
\tlast exit code = 0

\trun interval = 3600 seconds
}
"""
_SCHTASKS = (
    '"PC","\\trustinstall repair","11/30/2026 8:00:00 AM","Ready","Interactive/Background","11/30/2026 7:00:00 AM","0",'
    '"N/A","C:\\t.exe repair --quiet","N/A","Keeps, ""them""","Enabled","Disabled","","SYSTEM","Disabled","01:00:00",'
    '"Scheduling data is not available in this format.","At system start up","N/A","N/A","N/A","N/A","N/A","1 Hour",'
    '"None","Disabled","Disabled"\r\n'
)


@pytest.mark.parametrize(
    ("platform", "status", "answer", "expected"),
    [
        ("darwin", 0, _LAUNCHD, (True, "12 since the job was loaded; the last one ended with 0", "an hour after")),
        (
            "darwin",
            0,
            _LAUNCHD.replace("= 12", "= 0").replace("= 0\n\n", "= (never exited)\n\n"),
            (True, "", "an hour"),
        ),
        ("darwin", 113, "Could not find service", (False, "", "")),
        ("win32", 0, _SCHTASKS, (True, "11/30/2026 7:00:00 AM; it ended with 0", "11/30/2026 8:00:00 AM")),
        ("win32", 0, _SCHTASKS.replace("11/30/2026 7:", "30.11.1999 0:"), (True, "", "11/30/2026 8:00:00 AM")),
        ("win32", 1, "", (False, "", "")),
        ("win32", 0, "INFO: no tasks\r\n", (None, "", "")),
    ],
)
def test_the_system_tells_of_the_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    status: int,
    answer: str,
    expected: tuple[bool | None, str, str],
) -> None:
    """Counters of launchd and the Task Scheduler's columns say the last run and the next; a job that is gone is off."""
    asked: list[tuple[str, ...]] = []

    def query(_host: ActingHost, command: Run) -> ToolResult:
        asked.append(command.argv)
        return ToolResult(status, "", answer.encode())

    monkeypatch.setattr(ActingHost, "query", query)
    monkeypatch.setattr(ActingHost, "is_image", property(lambda _host: False))
    runs = tools.found(fake_host.make(tmp_path, platform=platform))
    assert any(word.endswith((others.LABEL, others.TASK)) for word in asked[0])
    assert (runs.on, runs.last) == expected[:2]
    assert runs.next.startswith(expected[2])
    assert (not runs.next) == (not expected[2])
    words = ("print",) if platform == "darwin" else ("/TN", others.TASK, "/FO", "CSV")
    assert set(words) <= set(asked[0])


def test_other_systems_and_none(tmp_path: Path) -> None:
    """Cron's hourly directory is used where there is no systemd; without either, the error says what to schedule."""
    host = fake_host.make(tmp_path, "root")
    host = replace(host, account=Account(0, 0, "root", "/root"))
    with pytest.raises(TrustInstallError, match="repair --quiet"):
        agent.status(host)
    fake_host.write(host, "/etc/cron.hourly/.placeholder")
    assert agent.status(host).missing == ("/etc/cron.hourly/trustinstall",)
    mac = replace(host, platform="darwin")
    assert agent.status(mac).missing == (others.DAEMON,)
