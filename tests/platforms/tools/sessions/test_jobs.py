"""Programs that cron, systemd and sudo start: a session counts where a file of theirs sets a variable of a client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import link, make, played, program, write
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.sessions import everyday

NAME, HOME = "SSL_CERT_FILE", "/home/alice"
ETC, LIB, OWN = "/etc/systemd/system", "/usr/lib/systemd/system", f"{HOME}/.config/systemd/user"
SERVICE = f"[Service]\nEnvironment=A=b '{NAME}=/x.pem'\n"
#: What a file of these sets: the session that has it, and the file and line.
Case = tuple[dict[str, str], str, str]

MACHINES: dict[str, Case] = {
    "crontab": (
        {"/etc/crontab": f"# m h\nSHELL=/bin/sh\n {NAME} = '/x.pem'\n"},
        "jobs of /etc/crontab",
        "/etc/crontab 3",
    ),
    "cron.d": (
        {"/etc/cron.d/corp": f'"{NAME}"=/x.pem \n@daily root A=b x\n'},
        "jobs of /etc/cron.d/corp",
        "/etc/cron.d/corp 1",
    ),
    "anacron": ({"/etc/anacrontab": f"{NAME}=/x.pem\n"}, "jobs of /etc/anacrontab", "/etc/anacrontab 1"),
    "root's own crontab": (
        {"/var/spool/cron/crontabs/root": f"{NAME}=/x.pem\n"},
        "jobs of /var/spool/cron/crontabs/root",
        "/var/spool/cron/crontabs/root 1",
    ),
    "a unit": ({f"{ETC}/a.service": SERVICE}, "service a.service", f"{ETC}/a.service 2"),
    "what is dropped in beside a package's unit": (
        {f"{LIB}/a.service": "[Service]\nEnvironment=A=b\n", f"{ETC}/a.service.d/o.conf": SERVICE},
        "service a.service",
        f"{ETC}/a.service.d/o.conf 2",
    ),
    "what counts for all services": ({f"{ETC}/service.d/o.conf": SERVICE}, "services", f"{ETC}/service.d/o.conf 2"),
    "a unit's file, which counts more": (
        {f"{ETC}/a.service": f"{SERVICE}EnvironmentFile=-/srv/*.env\n", "/srv/a.env": f'{NAME}="/y.pem"\n'},
        "service a.service",
        "/srv/a.env 1",
    ),
    "a file that a package's unit names": (
        {f"{LIB}/a.service": "[Service]\nEnvironmentFile=-/etc/default/a\n", "/etc/default/a": f"# a\n{NAME}=/x.pem\n"},
        "service a.service",
        "/etc/default/a 2",
    ),
    "the last of what is dropped in": (
        {
            f"{ETC}/a.service": f"[Service]\nEnvironment={NAME}=/z.pem\n",
            f"{ETC}/a.service.d/20.conf": SERVICE,
            "/run/systemd/system/a.service.d/20.conf": f"[Service]\nEnvironment={NAME}=/hidden.pem\n",
            f"{LIB}/a.service.d/10.conf": f"[Service]\nEnvironment={NAME}=/first.pem\n",
        },
        "service a.service",
        f"{ETC}/a.service.d/20.conf 2",
    ),
    "sudo's file": (
        {
            "/etc/sudoers": "Defaults env_reset, env_file=/etc/sudo.env\n",
            "/etc/sudo.env": f'export {NAME}="/x.pem" # ours\n',
        },
        "sudo",
        "/etc/sudo.env 1",
    ),
    "sudo's file in an included file": (
        {
            "/etc/sudoers": "@includedir sudoers.d\n",
            "/etc/sudoers.d/corp": 'Defaults:%admin \\\n  restricted_env_file = "/etc/sudo.env"\n',
            "/etc/sudo.env": f"{NAME}='/x.pem'\n{NAME}=/later.pem\n",
        },
        "sudo",
        "/etc/sudo.env 1",
    ),
}
NONE: dict[str, dict[str, str]] = {
    "a comment": {"/etc/crontab": f"#{NAME}=/x.pem\n"},
    "a job's command": {"/etc/crontab": f"* * * * * root {NAME}=/x.pem curl\n"},
    "another section": {f"{ETC}/a.service": f"[Unit]\nEnvironment={NAME}=/x.pem\n"},
    "taken back": {f"{ETC}/a.service": f"{SERVICE}Environment=\n"},
    "unset": {f"{ETC}/a.service": f"{SERVICE}UnsetEnvironment=A {NAME}\n"},
    "a file that no unit names": {
        "/etc/default/a": f"{NAME}=/x.pem\n",
        f"{LIB}/a.service": "[Service]\nExecStart=/a\n",
    },
    "a file that is gone": {f"{ETC}/a.service": "[Service]\nEnvironmentFile=/gone\n"},
    "included by a circle": {"/etc/sudoers": "@include /etc/sudoers\nDefaults env_file=/etc/sudoers\n"},
    "a file of a backup": {
        "/etc/sudoers": "#includedir /etc/sudoers.d\n",
        "/etc/sudoers.d/corp~": "Defaults env_file=/e\n",
        "/etc/sudoers.d/corp.old": "Defaults env_file=/e\n",
        "/e": f"{NAME}=/x.pem\n",
    },
}


@pytest.fixture
def linux() -> Iterator[ActingHost]:
    """A Linux with bash, and alice's home."""
    with played() as host:
        program(host, "/bin/bash", "")
        yield host


@pytest.fixture
def root(tmp_path: Path) -> ActingHost:
    """The same, whose files belong to root, as root sees it."""
    host = make(tmp_path)
    program(host, "/bin/bash", "")
    return replace(host, account=replace(host.account, uid=0, name="root", home="/root"))


def found(host: ActingHost) -> dict[str, tuple[str | None, str]]:
    """What each session has in the variable, and the place that sets it."""
    said = {one.name: one.variables[NAME] for one in everyday(host) if NAME in one.variables}
    return {name: (one.value, f"{one.setter.path} {one.setter.line}") for name, one in said.items()}


@pytest.mark.parametrize("case", MACHINES)
def test_what_a_file_of_the_machine_sets(root: ActingHost, case: str) -> None:
    """One session more, for root alone, also where only root may read the file."""
    files, session, place = MACHINES[case]
    for path, text in files.items():
        Path(root.where(write(root, path, text))).chmod(0o600)
    value = "/y.pem" if "more" in case else "/x.pem"
    assert found(root) == {session: (value, place)}
    alice = replace(root, account=replace(root.account, uid=1000, name="alice", home=HOME))
    assert found(alice.remembering()) == {}


@pytest.mark.parametrize("case", NONE)
def test_what_sets_nothing(root: ActingHost, case: str) -> None:
    """No session comes of these."""
    for path, text in NONE[case].items():
        write(root, path, text)
    assert found(root) == {}


def test_a_service_of_the_account(linux: ActingHost) -> None:
    """Its own units, with its home in their values, and what is dropped in beside the machine's units for accounts."""
    write(linux, f"{OWN}/a.service", f"[Service]\nEnvironment={NAME}=%h/x.pem\n")
    write(linux, f"{OWN}/b.service.d/o.conf", f"[Service]\nEnvironment={NAME}=%t/x.pem\n")
    assert found(linux) == {
        "user service a.service": (f"{HOME}/x.pem", f"{OWN}/a.service 2"),
        "user service b.service": (None, f"{OWN}/b.service.d/o.conf 2"),
    }


def test_root_reads_no_file_of_another_account(root: ActingHost) -> None:
    """Neither a file that another account may change, nor what a link or a FIFO stands for."""
    os.chown(root.where(write(root, "/etc/cron.d/theirs", f"{NAME}=/x.pem\n")), 1234, 1234)
    link(root, "/etc/cron.d/link", "/etc/cron.d/theirs")
    os.mkfifo(root.where("/etc/cron.d/fifo"))
    assert found(root) == {}


def test_many_files_cost_little(root: ActingHost) -> None:
    """No more than some hundred are read."""
    for number in range(300):
        write(root, f"/etc/cron.d/{number:03}", f"{NAME}=/x.pem\n")
    assert len(found(root)) == 200


@pytest.mark.parametrize("path", ["/etc/cron.d/long", f"{ETC}/long.service", "/srv/long.env"])
def test_a_file_that_is_too_long_is_unknown(root: ActingHost, path: str) -> None:
    """It is named, and the others count all the same."""
    write(root, f"{ETC}/other.service", "[Service]\nEnvironmentFile=/srv/long.env\n")
    write(root, "/etc/crontab", f"{NAME}=/x.pem\n")
    write(root, path, f"{NAME}=/x.pem\n" + "#" * (1 << 20))
    said = found(root)
    assert said.pop("jobs of /etc/crontab") == ("/x.pem", "/etc/crontab 1")
    assert list(said.values()) == [(None, f"{path} 0")]
