"""`doctor` without a URL in a throw-away Debian: each kind of finding appears, and goes when its remedy was run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cli.machine import DEBIAN, bundle, told
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

pytestmark = pytest.mark.timeout(300)

NOW = datetime.now(timezone.utc)
CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
PAST = make_root("Past Root", not_before=NOW - timedelta(days=20), not_after=NOW - timedelta(days=1))
SOON = make_root("Short Root", not_after=NOW + timedelta(days=30))
LOCAL = "/usr/local/share/ca-certificates"
BASHRC, GITCONFIG = "/home/alice/.bashrc", "/home/alice/.gitconfig"


@dataclass(frozen=True)
class Case:
    """One kind of finding.

    Attributes:
        files: what is written, by path; the account's own below its home.
        decided_by: the file and line, the store or the fingerprint that the finding names.
        client: the program or store that it is about.
        before: what is done before the files are written.
        remedy: how the advice is followed; None where the finding has a command.
        user: the account that asks the doctor.
    """

    files: dict[str, bytes | str]
    decided_by: str
    client: str
    before: Callable[[Throwaway], Any] = lambda _root: None
    remedy: Callable[[Throwaway], Any] | None = None
    user: str = "root"


def _add(root: Throwaway, pem: bytes = CORP.pem, *options: str) -> None:
    root.write("/corp.crt", pem)
    root.trustinstall("add", "/corp.crt", "--yes", *options, check=True)


def _public(root: Throwaway) -> bytes:
    return root.read(DEBIAN)


def _lose(root: Throwaway) -> None:
    _add(root)
    root.run(["sh", "-c", f"rm {LOCAL}/*.crt && update-ca-certificates"], check=True)


def _writes(path: str, content: Callable[[Throwaway], bytes]) -> Callable[[Throwaway], Any]:
    return lambda root: root.write(path, content(root), user="alice" if path.startswith("/home/alice/") else "root")


def _removes(path: str) -> Callable[[Throwaway], Any]:
    return lambda root: root.path(path).unlink()


def _closed(root: Throwaway) -> None:
    root.write("/etc/corp.pem", _public(root) + CORP.pem, mode=0o600)


CERTIFI = bundle("/home/alice")
CASES = {
    "store-lost-root": Case({}, "debian", "", _lose),
    "never-read": Case({f"{LOCAL}/corp.pem": CORP.pem}, f"{LOCAL}/corp.pem", "the system"),
    "not-updated": Case({f"{LOCAL}/x/corp.crt": CORP.pem}, f"{LOCAL}/x/corp.crt", "the system"),
    "bundle-damaged": Case(
        {}, DEBIAN, "the system", _writes(DEBIAN, lambda root: _public(root) + CORP.pem.replace(b"M", b"!", 1))
    ),
    "bundle-short": Case(
        {}, DEBIAN, "the system", _writes(DEBIAN, lambda root: _public(root)[:9000].rsplit(b"-----BEGIN", 1)[0])
    ),
    "bundle-doubled": Case(
        {},
        CERTIFI,
        "",
        _writes(CERTIFI, lambda root: _public(root) + CORP.pem * 2),
        _writes(CERTIFI, lambda root: _public(root) + CORP.pem),
        user="alice",
    ),
    "bundle-expired": Case(
        {},
        CERTIFI,
        "",
        _writes(CERTIFI, lambda root: _public(root) + PAST.pem),
        _writes(CERTIFI, _public),
        user="alice",
    ),
    "no-public-roots": Case(
        {"/etc/corp.pem": CORP.pem, "/home/alice/.config/pip/pip.conf": "[global]\ncert = /etc/corp.pem\n"},
        "/home/alice/.config/pip/pip.conf line 2",
        "pip",
        remedy=_writes("/etc/corp.pem", lambda root: _public(root) + CORP.pem),
        user="alice",
    ),
    "file-gone": Case(
        {BASHRC: "# mine\nexport NODE_EXTRA_CA_CERTS=/gone.pem\n"},
        f"{BASHRC} line 2",
        "Node.js",
        remedy=_removes(BASHRC),
        user="alice",
    ),
    "file-unreadable": Case(
        {"/etc/gitconfig": "[http]\n\tsslCAInfo = /etc/corp.pem\n"}, "/etc/gitconfig line 2", "git", _closed
    ),
    "setting-unknown": Case(
        {BASHRC: "export NODE_EXTRA_CA_CERTS=$(cat ~/where)\n"},
        f"{BASHRC} line 1",
        "Node.js",
        remedy=_removes(BASHRC),
        user="alice",
    ),
    "setting-hidden": Case(
        {
            "/home/alice/b.pem": CORP.pem,
            GITCONFIG: "[http]\n\tsslCAInfo = ~/b.pem\n",
            BASHRC: f"export GIT_SSL_CAINFO={DEBIAN}\n",
        },
        f"{BASHRC} line 1",
        "git",
        remedy=_removes(BASHRC),
        user="alice",
    ),
    "settings-at-odds": Case(
        {
            "/home/alice/a.pem": CORP.pem,
            "/home/alice/b.pem": OTHER.pem,
            BASHRC: "export NODE_EXTRA_CA_CERTS=~/a.pem\n",
            "/home/alice/.profile": "export NODE_EXTRA_CA_CERTS=~/b.pem\n",
        },
        f"{BASHRC} line 1",
        "NODE_EXTRA_CA_CERTS",
        remedy=_removes(BASHRC),
        user="alice",
    ),
    "root-ends-soon": Case(
        {},
        SOON.sha256,
        "Short Root",
        lambda root: _add(root, SOON.pem),
        lambda root: root.trustinstall("remove", "/corp.crt"),
    ),
    "root-expired": Case({}, PAST.sha256, "Past Root", lambda root: _add(root, PAST.pem, "--force")),
}


def _found(root: Throwaway, user: str, kind: str) -> tuple[list[dict[str, Any]], int]:
    done = told(root.trustinstall("doctor", "--json", user=user, timeout=120))
    return [one for one in done["findings"] if one["id"] == kind], done["exit_code"]


@pytest.mark.parametrize("kind", CASES)
def test_a_finding_comes_and_goes(fresh: Throwaway, kind: str) -> None:
    """What is wrong is found, named with its place, and gone after its one remedy."""
    case = CASES[kind]
    assert _found(fresh, case.user, kind) == ([], 0)
    case.before(fresh)
    for path, content in case.files.items():
        fresh.write(path, content, user="alice" if path.startswith("/home/alice/") else "root")
    found, code = _found(fresh, case.user, kind)
    assert code == 10
    one = next(one for one in found if one["decided_by"] == case.decided_by and case.client in {"", one["client"]})
    if case.remedy is None:
        assert one["advice"] == ""
        for each in found:
            fresh.run(each["remedy"], user=case.user, timeout=120, check=True)
    else:
        assert (one["remedy"], bool(one["advice"])) == ([], True)
        case.remedy(fresh)
    assert _found(fresh, case.user, kind)[0] == []


def test_a_fresh_machine_is_well(fresh: Throwaway) -> None:
    """A delivered Debian has no problem for root and an account, before and after `add`; looking changes no file."""
    for user in ("root", "alice"):
        assert told(fresh.trustinstall("doctor", "--json", user=user))["findings"] == []
    _add(fresh)
    before = fresh.changes()
    for user in ("root", "alice"):
        done = told(fresh.trustinstall("doctor", "--json", user=user))
        assert (done["findings"], done["exit_code"], done["fixed"]) == ([], 0, [])
    well = told(fresh.trustinstall("doctor", "--all", "--json"))["findings"]
    assert {one["id"] for one in well} == {"store-holds", "bundle-sound", "client-reads"}
    assert fresh.changes() == before


@pytest.mark.parametrize("path", ["/etc/gitconfig", "/etc/profile.d/corp.sh", "/etc/pip.conf"])
def test_a_file_of_the_machine_that_only_root_reads(fresh: Throwaway, path: str) -> None:
    """Settings and shell files of the machine under a strict umask are found by root and, as far as known, by alice."""
    fresh.write(path, "", mode=0o600)
    users = ("root", "alice") if path == "/etc/gitconfig" else ("root",)
    for user in users:
        found, code = _found(fresh, user, "file-unreadable")
        assert ({tuple(one["remedy"])[-3:] for one in found}, code) == ({("chmod", "a+r", path)}, 10)
    fresh.run(["chmod", "a+r", path], check=True)
    assert all(_found(fresh, user, "file-unreadable") == ([], 0) for user in users)


def test_a_policy_that_only_root_reads(fresh: Throwaway) -> None:
    """A root shell with umask 077 leaves a policy that no browser of a person reads: the finding has the chmod."""
    fresh.write("/usr/bin/chromium", "#!/bin/sh\n", mode=0o755)
    policy = "/etc/chromium/policies/managed/corp.json"
    fresh.write(policy, "{}", mode=0o600)
    (one,), code = _found(fresh, "root", "file-unreadable")
    assert (one["remedy"], code) == (["chmod", "a+r", policy], 10)
    fresh.run(one["remedy"], check=True)
    assert _found(fresh, "root", "file-unreadable")[0] == []


def test_a_program_that_runs_since_before_a_change(fresh: Throwaway) -> None:
    """What has read the system's roots before the root was added is named until it is restarted."""
    fresh.write("/usr/local/bin/gitlab-runner", fresh.read("/bin/sleep"), mode=0o755)
    with fresh.popen(["/usr/local/bin/gitlab-runner", "100"]) as running:
        try:
            _wait_for("gitlab-runner")
            time.sleep(1.1)  # the ledger keeps whole seconds
            _add(fresh)
            (one,), _ = _found(fresh, "root", "program-older")
            assert (one["client"], one["advice"]) == ("gitlab-runner", "Restart gitlab-runner.")
        finally:
            running.kill()
    with fresh.popen(["/usr/local/bin/gitlab-runner", "100"]) as restarted:
        try:
            _wait_for("gitlab-runner")
            assert _found(fresh, "root", "program-older")[0] == []
        finally:
            restarted.kill()


def test_a_program_with_files_of_its_own_is_not_named(fresh: Throwaway) -> None:
    """What runs in a container, or below another root as here, reads the roots of that one, and not this machine's."""
    fresh.write("/usr/local/bin/gitlab-runner", fresh.read("/bin/sleep"), mode=0o755)
    inside = ["unshare", "-m", "sh", "-ec", "mount -t tmpfs none /etc; exec /usr/local/bin/gitlab-runner 100"]
    with Throwaway(java=False) as other:
        other.write("/usr/local/bin/crio", other.read("/bin/sleep"), mode=0o755)
        with fresh.running(inside), other.running(["/usr/local/bin/crio", "100"]):
            _wait_for("gitlab-runner", "crio")
            time.sleep(1.1)  # the ledger keeps whole seconds
            fresh.write("/corp.crt", CORP.pem)
            done = fresh.trustinstall("add", "/corp.crt", "--yes", check=True)
            assert "Restart" not in done.stdout
            assert _found(fresh, "root", "program-older")[0] == []


def _wait_for(*names: str) -> None:
    """Wait until programs of these names run: until then they have the name of what starts them."""
    deadline = time.monotonic() + 60
    while True:
        running: set[str] = set()
        for path in Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                running.add(path.read_text().strip())
        if running.issuperset(names):
            return
        assert time.monotonic() < deadline, running
        time.sleep(0.05)


def test_sudo_looks_at_the_machine_and_at_the_caller(fresh: Throwaway) -> None:
    """Both files are found and mended, each with its owner's rights, and each keeps its owner."""
    _add(fresh)
    fresh.write("/etc/npmrc", "", user="root")
    fresh.write("/etc/gitconfig", "[http]\n\tsslVerify = false\n")
    fresh.write("/home/alice/.curlrc", "insecure\n", user="alice")
    alice = fresh.user("alice")
    sudo = {"SUDO_UID": str(alice.uid), "SUDO_GID": str(alice.gid), "SUDO_USER": "alice"}
    refused = fresh.trustinstall("doctor", "--fix", env=sudo)
    assert (refused.returncode, fresh.read("/etc/gitconfig")) == (2, b"[http]\n\tsslVerify = false\n")
    done = told(fresh.trustinstall("doctor", "--fix", "--yes", "--json", env=sudo, timeout=120))
    assert {(one["path"], one["removed"]) for one in done["fixed"]} == {
        ("/etc/gitconfig", "\tsslVerify = false\n"),
        ("/home/alice/.curlrc", "insecure\n"),
    }
    assert (fresh.read("/etc/gitconfig"), fresh.read("/home/alice/.curlrc")) == (b"[http]\n", b"")
    owner = fresh.path("/home/alice/.curlrc").stat()
    assert (owner.st_uid, owner.st_gid, done["exit_code"]) == (alice.uid, alice.gid, 0)


def test_an_account_is_told_what_root_has_to_mend(fresh: Throwaway) -> None:
    """What stands in the machine's file is no account's to change: the remedy is the same command by sudo."""
    _add(fresh)
    fresh.write("/etc/gitconfig", "[http]\n\tsslVerify = false\n")
    (one,), _ = _found(fresh, "alice", "verification-off")
    assert (one["remedy"][0], one["remedy"][-2:]) == ("sudo", ["doctor", "--fix"])
    done = told(fresh.trustinstall("doctor", "--fix", "--yes", "--json", user="alice"))
    assert (done["fixed"], fresh.read("/etc/gitconfig")) == ([], b"[http]\n\tsslVerify = false\n")


def test_the_log_brings_a_cut_back(fresh: Throwaway) -> None:
    """What --fix has cut stands in the log, and put back at its byte makes the file what it was."""
    _add(fresh)
    text = b"# m\xc3\xb6 \xff\r\nstrict-ssl = false ; old\r\nfund=false"
    fresh.write("/home/alice/.npmrc", text, user="alice", mode=0o600)
    fresh.trustinstall("doctor", "--fix", "--yes", user="alice", timeout=120)
    left = fresh.read("/home/alice/.npmrc")
    entry = told(fresh.trustinstall("log", "--json", user="alice"))["entries"][-1]
    (cut,) = entry["removed"]
    removed = cut["removed"].encode("utf-8", "surrogateescape")
    assert left == b"# m\xc3\xb6 \xff\r\nfund=false"
    assert left[: cut["offset"]] + removed + left[cut["offset"] :] == text
    assert "/home/alice/.npmrc" in fresh.trustinstall("log", user="alice", check=True).stdout


def test_an_account_that_cannot_be_looked_at_is_named(fresh: Throwaway) -> None:
    """A home that is not there is no good news: the account is named, and what it can do."""
    alice = fresh.user("alice")
    sudo = {"SUDO_UID": str(alice.uid), "SUDO_GID": str(alice.gid), "SUDO_USER": "alice"}
    fresh.run(["mv", alice.home, "/home/elsewhere"], check=True)
    done = told(fresh.trustinstall("doctor", "--json", env=sudo))
    (one,) = [one for one in done["findings"] if one["id"] == "not-looked-at"]
    assert (one["scope"], one["advice"], done["exit_code"]) == ("alice", "Have alice run doctor.", 10)


def test_a_hostile_home(fresh: Throwaway) -> None:
    """Pipes, endless files, escape sequences and links in circles: the doctor ends, and shows nothing raw."""
    evil = "\x1b]0;owned\x07\u202eevil"
    fresh.write("/corp.crt", CORP.pem)
    fresh.trustinstall("add", "/corp.crt", "--yes", check=True)
    setup = """
    mkfifo ~/.curlrc ~/.wgetrc; ln -s .gemrc ~/.gemrc; ln -s /dev/zero ~/.hgrc; mkdir ~/.condarc
    head -c 3000000 /dev/zero | tr '\\0' '[' >~/.yarnrc.yml; ln -s /dev/zero ~/.npmrc
    """
    fresh.run(["sh", "-c", setup], user="alice", check=True)
    fresh.write(GITCONFIG, f'[http "https://{evil}"]\n\tsslVerify = false\n\tsslCAInfo = /{evil}\n', user="alice")
    fresh.write(BASHRC, f"export NODE_EXTRA_CA_CERTS='/{evil}'\nexport PIP_TRUSTED_HOST='{evil}'\n", user="alice")
    done = fresh.trustinstall("doctor", user="alice", timeout=60)
    assert (done.returncode, done.stderr) == (10, "")
    assert not {"\x1b", "\x07", "\u202e"} & {*done.stdout}
    assert "verification-off" in done.stdout
    told(fresh.trustinstall("doctor", "--fix", "--yes", "--json", user="alice", timeout=60))


def test_a_switch_that_stays_is_not_said_to_be_gone(fresh: Throwaway) -> None:
    """A variable of the session has verification off, too: no line says that it is on again."""
    _add(fresh)
    fresh.write("/home/alice/.npmrc", "strict-ssl=false\n", user="alice")
    done = fresh.trustinstall("doctor", "--fix", "--yes", user="alice", env={"npm_config_strict_ssl": "false"})
    assert fresh.read("/home/alice/.npmrc") == b""
    assert ("is on again" in done.stdout, "is still off for npm" in done.stdout) == (False, True)
