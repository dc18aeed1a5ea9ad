"""Whose homes there are, directory services included, and which of them is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trustinstall.facts import homes
from trustinstall.host import Account, Host, Status

ALICE = Account(1000, 1000, "alice", "/home/alice", "/bin/bash")
UNLISTED = Account(70001, 70001, "CORP\\bob", "/home/CORP/bob", "/bin/bash")
DAEMON = Account(998, 998, "daemon", "/home/daemon", "/bin/sh")
SEALED = Account(70002, 70002, "sealed", "/home/sealed", "/usr/sbin/nologin")
ELSEWHERE = Account(70003, 70003, "moved", "/srv/moved", "/bin/bash")
KNOWN = {one.uid: one for one in (ALICE, UNLISTED, DAEMON, SEALED, ELSEWHERE)}


class Machine(Host):
    """A host whose directory service lists alice only."""

    def account_of(self, uid: int) -> Account | None:
        """By number."""
        return KNOWN.get(uid)

    def people(self) -> list[Account]:
        """Who is listed."""
        return [ALICE]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a home for each of them, of which nothing is mounted."""
    for path, uid in {
        "home/alice": 1000,
        "home/CORP/bob": 70001,
        "home/daemon": 998,
        "home/sealed": 70002,
        "home/moved": 70003,
        "home/stranger": 4711,
    }.items():
        (tmp_path / path).mkdir(parents=True)
        os.chown(tmp_path / path, uid, uid)
    (tmp_path / "home/link").symlink_to(tmp_path / "home/alice")
    mount(tmp_path)
    return Machine("linux", str(tmp_path), {}, Account(0, 0, "root", "/root"))


def mount(top: Path, *mounts: tuple[str, str]) -> None:
    """Have the kernel say that this is mounted: paths and types."""
    lines = [f"{at} 1 8:{at} / {path} rw shared:{at} - {kind} source rw" for at, (path, kind) in enumerate(mounts, 40)]
    (top / "proc/self").mkdir(parents=True, exist_ok=True)
    (top / "proc/self/mountinfo").write_text(
        "\n".join(["22 1 8:1 / / rw - ext4 /dev/sda1 rw", *lines, "", "rubbish - "])
    )


def test_owners_of_homes_are_people(machine: Machine) -> None:
    """Whom no list names is found by the home, also below a domain; services, sealed accounts and strangers are not."""
    assert homes.login_accounts(machine) == [ALICE, UNLISTED]


def test_what_may_hang_is_not_looked_at(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No home is so much as looked at where the network or an automounter would have to answer."""
    mount(Path(machine.root), ("/home/CORP", "autofs"), ("/home/stranger", "nfs4"), ("/home/alice", "autofs"))
    looked: list[str] = []
    status = Host.status

    def note(host: Host, path: str) -> Status | None:
        looked.append(path)
        return status(host, path)

    monkeypatch.setattr(Host, "status", note)
    assert homes.login_accounts(machine) == [ALICE]
    assert homes.why_unreachable(machine, ALICE)
    assert not [path for path in looked if path.startswith(("/home/CORP", "/home/stranger", "/home/alice"))]


def test_what_a_program_of_the_owners_answers_for_is_not_looked_at(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FUSE: nothing is said against such a home, and their own process, which is ended if it hangs, looks first."""
    mount(Path(machine.root), ("/home/stranger", "fuse"), ("/home/alice", "fuse.gocryptfs"))
    looked: list[str] = []

    def note(_host: Host, path: str) -> None:
        looked.append(path)

    monkeypatch.setattr(Host, "status", note)
    assert homes.why_unreachable(machine, ALICE) is None
    homes.login_accounts(machine)
    assert looked
    assert not [path for path in looked if path.startswith(("/home/stranger", "/home/alice"))]


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        ((), ""),
        ((("/home", "ext4"),), ""),
        ((("/home", "nfs4"),), "on the network (nfs4)"),
        ((("/home/alice", "fuse.sshfs"),), "on the network (fuse.sshfs)"),
        ((("/home", "nfs"), ("/home/alice", "ext4")), ""),
        ((("/home/al", "nfs"),), ""),
        ((("/home/alice", "autofs"),), "not mounted"),
        ((("/home/alice", "autofs"), ("/home/alice", "cifs")), "on the network (cifs)"),
        ((("/home/alice", "nfs"), ("/home/alice", "xfs")), ""),
    ],
)
def test_where_a_home_lies(machine: Machine, mounts: tuple[tuple[str, str], ...], said: str) -> None:
    """The nearest mount counts, and of two on one place the later one."""
    mount(Path(machine.root), *mounts)
    why = homes.why_unreachable(machine, ALICE)
    assert why is None if not said else why is not None and said in why


def test_a_blank_in_a_mount_point(machine: Machine) -> None:
    r"""The kernel writes it as \040."""
    mount(Path(machine.root), ("/home/my\\040home", "nfs"))
    (Path(machine.root) / "home/my home").mkdir()
    assert homes.why_unreachable(machine, Account(1001, 1001, "carol", "/home/my home"))


def test_homes_that_are_not_there_or_not_open(machine: Machine) -> None:
    """Missing, systemd-homed's, and eCryptfs': each is named; an open eCryptfs is a home like any other."""
    home = Path(machine.root, "home/alice")
    (home / "Access-Your-Private-Data.desktop").touch()
    assert "is encrypted, and not open" in str(homes.why_unreachable(machine, ALICE))
    mount(Path(machine.root), ("/home/alice", "ecryptfs"))
    assert homes.why_unreachable(machine, ALICE) is None
    (home / "Access-Your-Private-Data.desktop").unlink()
    home.rmdir()
    assert "is not there" in str(homes.why_unreachable(machine, ALICE))
    home.with_name("alice.homedir").mkdir()
    assert "is encrypted, and not open" in str(homes.why_unreachable(machine, ALICE))
