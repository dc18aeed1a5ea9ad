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
from trustinstall.agent import agent, hooks, others, systemd
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.host import Account

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
    """Each carries our mark, does not wait, and ends well."""
    assert systemd.MARK in hook.text
    said = hook.text.replace("\\ ", " ")
    assert "--no-block start" in said
    assert "|| true" in said


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
