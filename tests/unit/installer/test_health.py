"""What the doctor finds in the settings of made-up accounts, and what it takes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.doctor.health import TakenBack
from trustinstall.host import ActingHost
from trustinstall.installer import health_fix, health_settings
from trustinstall.state import audit_log
from trustinstall.state.scopes import state_of
from trustinstall_platforms.tools.sessions import everyday

CORP = make_root("Corp Root")
HOME = "/home/alice"
NPMRC = f"{HOME}/.npmrc"
BASHRC = f"{HOME}/.bashrc"
#: What PAM and systemd give to every session.
ENVIRONMENT = ("/etc/environment", "/etc/environment.d/10-corp.conf")


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux on which trustinstall manages a root for alice, and Node.js reads it."""
    with played() as host:
        program(host, "/bin/bash")
        write(host, "/etc/ssl/certs/ca-certificates.crt", CORP.pem)
        write(host, f"{HOME}/.local/share/trustinstall/anchors.pem", CORP.pem)
        for path in ENVIRONMENT:
            write(host, path, f"NODE_EXTRA_CA_CERTS={HOME}/.local/share/trustinstall/anchors.pem\n")
        write(host, BASHRC, "alias a=b\n")
        yield host


def _judged(host: ActingHost) -> list[TakenBack]:
    return [one for _, one in health_fix.judged(host, everyday(host))]


def _content(host: ActingHost, path: str) -> str:
    return Path(host.where(path)).read_text(encoding="utf-8")


def test_a_switch_is_taken_back_and_logged(host: ActingHost) -> None:
    """The file loses one line, and the audit log holds what brings it back to the byte."""
    text = "fund=false\nstrict-ssl=false\nx=1\n"
    write(host, NPMRC, text)
    planned = _judged(host)
    (done,) = health_fix.take_back(host, planned, "alice")
    assert (done.possible, done.removed, _content(host, NPMRC)) == (True, "strict-ssl=false\n", "fund=false\nx=1\n")
    ((entry,), damaged) = audit_log.entries(host, state_of(host, host.account.uid))
    (cut,) = entry["removed"]
    left = _content(host, NPMRC)
    assert (entry["command"], entry["by"], damaged, cut["path"]) == ("doctor", "alice", 0, NPMRC)
    assert left[: cut["offset"]] + cut["removed"] + left[cut["offset"] :] == text


def test_several_switches_in_one_file(host: ActingHost) -> None:
    """Each is cut by itself, also members of one object side by side and a key that stands there twice."""
    write(host, f"{HOME}/.claude/settings.json", '{"env": {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}}')
    write(host, NPMRC, "strict-ssl=false\nstrict-ssl=false\n")
    done = health_fix.take_back(host, _judged(host), "alice")
    assert [one.problem for one in done] == ["", "", ""]
    assert json.loads(_content(host, f"{HOME}/.claude/settings.json")) == {"env": {}}
    assert (_content(host, NPMRC), _judged(host)) == ("", [])


def test_nothing_is_taken_back_where_the_root_is_not_read(host: ActingHost) -> None:
    """Without the variable npm does not read the root: its switch stays, and the finding says what to do first."""
    write(host, NPMRC, "strict-ssl=false\n")
    write(host, ENVIRONMENT[1], "")
    (found,) = _judged(host)
    assert not found.possible
    assert found.problem.startswith("Have npm trust the company's root first:")
    (finding,) = [one for one in health_settings.findings(host) if one.id == "verification-off"]
    assert (finding.remedy, finding.advice) == ((), found.problem)


def test_nothing_is_taken_back_where_nothing_is_managed(host: ActingHost) -> None:
    """What the client needs is not known before a root was added."""
    write(host, NPMRC, "strict-ssl=false\n")
    Path(host.where(f"{HOME}/.local/share/trustinstall/anchors.pem")).unlink()
    (found,) = _judged(host)
    assert found.problem.startswith("Add the company's root first")


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (f"{HOME}/.config/go/env", "GOINSECURE=*.corp\n", "unless it is there for a server without TLS"),
        (f"{HOME}/.hgrc", "[defaults]\npull = --insecure -u\n", "it says more than that"),
        (f"{HOME}/.curlrc", "insecure\nurl = http://x\n", "unless it is there for a server without TLS"),
        (f"{HOME}/.zz", "", ""),
    ],
)
def test_what_may_be_needed_is_left(host: ActingHost, path: str, text: str, why: str) -> None:
    """A switch that does something else as well is a person's to take back."""
    write(host, path, text)
    assert [why in one.problem for one in _judged(host)] == [True] * bool(text)


@pytest.mark.parametrize(
    "text",
    ["if true; then\n  export NODE_TLS_REJECT_UNAUTHORIZED=0\nfi\n", "export A=$NODE_TLS_REJECT_UNAUTHORIZED\n"],
)
def test_a_script_keeps_what_it_needs(host: ActingHost, text: str) -> None:
    """A line of a shell's file is not cut where another command or variable depends on it."""
    head = "" if "if" in text else "export NODE_TLS_REJECT_UNAUTHORIZED=0\n"
    write(host, BASHRC, _content(host, BASHRC) + head + text)
    (found,) = _judged(host)
    assert found.problem.startswith(f"Take {BASHRC} line ")


def test_a_variable_is_taken_back(host: ActingHost) -> None:
    """The line goes, and the session's other variables stay."""
    before = _content(host, BASHRC)
    write(host, BASHRC, f"{before}export NODE_TLS_REJECT_UNAUTHORIZED=0\nPS1=x\n")
    (done,) = health_fix.take_back(host, _judged(host), "alice")
    assert (done.problem, _content(host, BASHRC)) == ("", f"{before}PS1=x\n")


def test_a_file_with_two_names_is_left(host: ActingHost) -> None:
    """A hard link is not separated from its other name."""
    write(host, NPMRC, "strict-ssl=false\n")
    Path(host.where(f"{HOME}/other")).hardlink_to(host.where(NPMRC))
    (done,) = health_fix.take_back(host, _judged(host), "alice")
    assert "has 2 names" in done.problem
    assert _content(host, NPMRC) == "strict-ssl=false\n"


def test_a_file_that_has_changed_since_is_left(host: ActingHost) -> None:
    """What was not shown is not cut."""
    write(host, NPMRC, "strict-ssl=false\n")
    planned = _judged(host)
    write(host, NPMRC, "strict-ssl=0\n")
    (done,) = health_fix.take_back(host, planned, "alice")
    assert (done.possible, _content(host, NPMRC)) == (False, "strict-ssl=0\n")


def test_a_link_into_a_directory_of_dotfiles_is_followed(host: ActingHost) -> None:
    """The file is changed where it really lies, and the link stays."""
    write(host, f"{HOME}/dotfiles/npmrc", "strict-ssl=false\n")
    Path(host.where(NPMRC)).symlink_to("dotfiles/npmrc")
    (done,) = health_fix.take_back(host, _judged(host), "alice")
    assert (done.path, done.possible) == (f"{HOME}/dotfiles/npmrc", True)
    assert (_content(host, f"{HOME}/dotfiles/npmrc"), Path(host.where(NPMRC)).is_symlink()) == ("", True)


def test_a_switch_of_the_calling_session_has_its_sentence(host: ActingHost) -> None:
    """No file says it: the session itself has to forget it."""
    host = replace(host, environ={"GIT_SSL_NO_VERIFY": "1"})
    (found,) = _judged(host)
    assert found.problem.startswith("Run `unset GIT_SSL_NO_VERIFY`")
