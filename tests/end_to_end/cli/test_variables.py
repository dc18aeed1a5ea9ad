"""Environment variables: which places say them, who sees them, and that no account's own values are lost."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.end_to_end.cli.machine import (
    CERT,
    DEBIAN,
    OTHER,
    ROOT,
    deliver,
    holds,
    quick,
    result,
    sudo,
    told,
)
from tests.support.throwaway import PROGRAM, Throwaway

OWN = "/home/alice/.local/share/trustinstall"
MACHINES = "/usr/local/share/trustinstall"
GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator"
#: What fish makes for itself.
SHELLS = tuple(f"/home/alice/{one}" for one in (".config", ".local"))
ONLY = ("--store", "environment")


def seen(root: Throwaway, *command: str, user: str = "alice") -> dict[str, str]:
    """The environment of what a command starts, or prints."""
    done = root.run(command, user=user, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


#: A value has precedence over PAM's, and is not expanded.
CRONTAB = """
 BOTO_CONFIG = "$HOME/of the crontab"
* * * * * env >/tmp/cron.new && mv /tmp/cron.new /tmp/cron.env
"""


def by_cron(root: Throwaway) -> dict[str, str]:
    """The environment of a job of alice's that Debian's own cron starts."""
    root.run(["sh", "-c", f"echo '{CRONTAB}' | crontab -"], user="alice")
    root.run(["rm", "-f", "/tmp/cron.env", "/var/run/crond.pid"], check=True)
    with root.popen(["cron", "-f"]) as cron:
        try:
            deadline = time.monotonic() + 75  # it looks at every full minute
            while not root.path("/tmp/cron.env").exists() and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            os.killpg(cron.pid, signal.SIGKILL)
    return dict(line.split("=", 1) for line in root.read("/tmp/cron.env").decode().splitlines())


LOGINS = {
    "PAM": ("root", ("su", "-l", "alice", "-c", "env")),
    "sh -l": ("alice", ("sh", "-l", "-c", "env")),
    "bash -l": ("alice", ("bash", "-l", "-c", "env")),
    "zsh": ("alice", ("zsh", "-c", "env")),
    "zsh -l": ("alice", ("zsh", "-l", "-c", "env")),
    "fish": ("alice", ("fish", "-c", "env")),
    "the user's systemd": ("alice", (GENERATOR,)),
}
#: Who sees only what an account's own files say: PAM says the machine's before this shell starts.
INTERACTIVE = {"bash -i": ("alice", ("bash", "-i", "-c", "env"))}


def test_the_machines_variables_reach_every_login(fresh: Throwaway) -> None:
    """Each kind of login sees what adds and switches, and nothing that replaces; after remove, none of it."""
    deliver(fresh)
    quick(fresh)
    fresh.write("/etc/environment", fresh.read("/etc/environment") + b"BOTO_CONFIG=/of/pam\n")
    before = fresh.changes()
    assert not [one for user, words in LOGINS.values() for one in seen(fresh, *words, user=user) if "CERT" in one]
    assert fresh.trustinstall("add", CERT).returncode == 0
    for name, (user, words) in LOGINS.items():
        found = seen(fresh, *words, user=user)
        assert (found["NODE_EXTRA_CA_CERTS"], found["UV_SYSTEM_CERTS"]) == (f"{MACHINES}/anchors.pem", "true"), name
        assert not {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "JAVA_TOOL_OPTIONS", "DENO_CERT"} & found.keys(), name
    by_cron_found = by_cron(fresh)
    assert by_cron_found["NODE_EXTRA_CA_CERTS"] == f"{MACHINES}/anchors.pem"
    assert by_cron_found["BOTO_CONFIG"] == "$HOME/of the crontab"
    manager = fresh.read("/etc/systemd/system.conf.d/90-trustinstall.conf").decode()
    assert f'\n[Manager]\nDefaultEnvironment="NODE_EXTRA_CA_CERTS={MACHINES}/anchors.pem"\n' in manager
    assert fresh.trustinstall("remove", CERT).returncode == 0
    assert not [one for user, words in LOGINS.values() for one in seen(fresh, *words, user=user) if "CERT" in one]
    after = fresh.changes(ignore=("/var/lib/trustinstall", "/var/log", "/var/spool/cron", "/run", *SHELLS))
    assert {path for path in after if path not in before} <= {"/tmp/cron.env", "/usr/local/share"}


def test_without_root_variables_replace(fresh: Throwaway) -> None:
    """Alice's own logins and shells name a bundle of hers, which is said; bob's do not; --variables add omits those."""
    deliver(fresh)
    for extra in ((), ("--variables", "add")):
        found = told(fresh.trustinstall("add", "--json", *extra, CERT, user="alice"))
        assert any("REQUESTS_CA_BUNDLE" in note for note in found["notes"]) is not bool(extra)
        for name, (user, words) in (LOGINS | INTERACTIVE).items():
            one = seen(fresh, *words, user=user)
            assert one["NODE_EXTRA_CA_CERTS"] == f"{OWN}/anchors.pem", name
            assert one.get("SSL_CERT_FILE") == (None if extra else f"{OWN}/bundle.pem"), name
    assert holds(fresh, f"{OWN}/bundle.pem")
    assert "NODE_EXTRA_CA_CERTS" not in seen(fresh, "bash", "-l", "-c", "env", user="bob")
    assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    assert not [one for user, words in INTERACTIVE.values() for one in seen(fresh, *words, user=user) if "CERT" in one]
    assert fresh.read("/home/alice/.bashrc") == fresh.read("/etc/skel/.bashrc")
    assert fresh.read("/home/alice/.profile") == fresh.read("/etc/skel/.profile")


def test_the_machine_may_be_told_to_replace(fresh: Throwaway) -> None:
    """--variables replace names the distribution's own bundle, and only for programs that do not follow it anyway."""
    deliver(fresh)
    quick(fresh)
    assert fresh.trustinstall("add", "--variables", "replace", CERT).returncode == 0
    found = seen(fresh, *LOGINS["PAM"][1], user="root")
    assert (found["REQUESTS_CA_BUNDLE"], found["PIP_CERT"]) == (DEBIAN, DEBIAN)
    assert not {"SSL_CERT_FILE", "GIT_SSL_CAINFO"} & found.keys()
    again = told(fresh.trustinstall("add", "--json", CERT))
    assert again["changed"] is False  # what was asked for once stays
    told(fresh.trustinstall("add", "--json", "--variables", "add", CERT))
    assert "REQUESTS_CA_BUNDLE" not in seen(fresh, *LOGINS["PAM"][1], user="root")
    assert fresh.trustinstall("remove", CERT).returncode == 0
    assert fresh.read("/etc/environment") == b""


def test_none_are_set_where_none_are_wanted(fresh: Throwaway) -> None:
    """--variables none finds no such store; what an earlier command has set is still taken back."""
    deliver(fresh)
    quick(fresh)
    found = told(fresh.trustinstall("add", "--json", "--variables", "none", CERT))
    assert not [one for one in found["stores"] if one["backend"] == "environment"]
    assert fresh.read("/etc/environment") == b""
    refused = fresh.trustinstall("add", "--variables", "some", CERT)
    assert (refused.returncode, "is not one of 'add', 'replace', 'none'" in refused.stderr) == (2, True)


def test_sudo_sets_the_machines_alone(fresh: Throwaway) -> None:
    """Where the machine's variables reach every account, the caller's own files are left as they are."""
    deliver(fresh)
    quick(fresh)
    profile = fresh.read("/home/alice/.profile")
    found = told(fresh.trustinstall("add", "--json", CERT, env=sudo(fresh)))
    scopes = {one["scope"] for one in found["stores"] if one["backend"] == "environment"}
    assert (scopes, fresh.read("/home/alice/.profile")) == ({"machine"}, profile)


def test_sudo_looks_at_the_bundles_that_accounts_and_root_name(fresh: Throwaway) -> None:
    """A line of alice's or root's wins over the machine's variables: the root goes into the bundle that it names."""
    deliver(fresh)
    quick(fresh)
    mine = fresh.read(DEBIAN) + OTHER.pem
    line = "export NODE_EXTRA_CA_CERTS=$HOME/mine.pem SSL_CERT_FILE=" + DEBIAN + "\n"
    for home, user in (("/home/alice", "alice"), ("/root", "root")):
        fresh.write(f"{home}/mine.pem", mine, user=user)
        fresh.write(f"{home}/.profile", line, user=user)
    found = told(fresh.trustinstall("add", "--json", CERT, env=sudo(fresh)))
    results = {one["id"]: (one["scope"], one["result"]) for one in found["stores"] if one["backend"] == "environment"}
    assert results["environment:/home/alice/mine.pem"] == ("alice", "added")
    assert results["environment:/root/mine.pem"] == ("machine", "added")
    assert {scope for scope, _ in results.values()} == {"machine", "alice"}
    assert not [one for one in results if "#" in one]
    assert (holds(fresh, "/home/alice/mine.pem"), holds(fresh, "/home/alice/mine.pem", OTHER)) == (True, True)
    assert fresh.trustinstall("remove", CERT, env=sudo(fresh)).returncode == 0
    assert [fresh.read(f"{home}/mine.pem") for home in ("/home/alice", "/root")] == [mine, mine]
    assert fresh.read("/home/alice/.profile").decode() == line


def test_somebodys_own_values_stay(fresh: Throwaway) -> None:
    """Where alice names a bundle of hers, the root goes into that and out again; her value wins in every shell."""
    deliver(fresh)
    mine = fresh.read(DEBIAN) + OTHER.pem
    fresh.write("/home/alice/mine.pem", mine, user="alice", mode=0o600)
    profile = "export REQUESTS_CA_BUNDLE=/home/alice/mine.pem\nexport NODE_EXTRA_CA_CERTS=/srv/none.pem\n"
    fresh.write("/home/alice/.profile", profile, user="alice")
    found = told(fresh.trustinstall("add", "--json", CERT, user="alice"))
    assert result(found, "environment:/home/alice/mine.pem") == "added"
    shell = seen(fresh, "sh", "-l", "-c", "env")
    assert shell["REQUESTS_CA_BUNDLE"] == "/home/alice/mine.pem"
    assert shell["NODE_EXTRA_CA_CERTS"] == "/srv/none.pem"
    assert shell["SSL_CERT_FILE"] == f"{OWN}/bundle.pem"
    assert (holds(fresh, "/home/alice/mine.pem"), holds(fresh, "/home/alice/mine.pem", OTHER)) == (True, True)
    assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    assert fresh.read("/home/alice/.profile").decode() == profile
    assert fresh.read("/home/alice/mine.pem") == mine


def test_a_value_of_the_callers_own_session(fresh: Throwaway) -> None:
    """A bundle that a variable of alice's session names is a store, too; the system's and a file of root's are none."""
    deliver(fresh)
    fresh.write("/home/alice/mine.pem", OTHER.pem, user="alice")
    fresh.write("/srv/roots.pem", OTHER.pem)
    session = {"SSL_CERT_FILE": "/home/alice/mine.pem", "CURL_CA_BUNDLE": DEBIAN, "PIP_CERT": "/srv/roots.pem"}
    told(fresh.trustinstall("add", "--json", *ONLY, CERT, user="alice", env=session))
    assert (holds(fresh, "/home/alice/mine.pem"), holds(fresh, DEBIAN), holds(fresh, "/srv/roots.pem")) == (
        True,
        False,
        False,
    )


def test_no_file_that_would_hide_another_is_made(fresh: Throwaway) -> None:
    """Only ~/.profile is made where bash finds none; where there is a ~/.bash_profile, that one says it as well."""
    deliver(fresh)
    fresh.run(["rm", "/home/bob/.profile"], check=True)
    fresh.write("/home/alice/.bash_profile", "# mine\n", user="alice")
    for user in ("alice", "bob"):
        assert fresh.trustinstall("add", CERT, user=user).returncode == 0
        assert seen(fresh, "bash", "-l", "-c", "env", user=user)["SSL_CERT_FILE"].endswith("/bundle.pem")
    assert [path.name for path in fresh.path("/home/bob").glob(".bash_*")] == [".bash_logout"]
    for user in ("alice", "bob"):
        assert fresh.trustinstall("remove", CERT, user=user).returncode == 0
    assert (fresh.read("/home/alice/.bash_profile"), fresh.path("/home/bob/.profile").exists()) == (b"# mine\n", False)


def test_files_that_a_session_has_moved(fresh: Throwaway) -> None:
    """Where alice's session moves zsh's and fish's files, they set it there; remove needs no such session.

    A directory of another account stays unchanged, even if a variable names it.
    """
    deliver(fresh)
    moved = {"ZDOTDIR": "/home/alice/dots", "XDG_CONFIG_HOME": "/home/alice/cfg"}
    for place in ("/home/alice/dots", "/home/alice/cfg/fish"):
        fresh.run(["mkdir", "-p", place], user="alice", check=True)
    fresh.write("/home/alice/dots/.zshenv", "# mine\n", user="alice")
    fresh.run(["mkdir", "-m", "777", "/srv/dots"], check=True)
    words = {"zsh": ("zsh", "-c", "env"), "fish": ("fish", "-c", "env"), "systemd": (GENERATOR,)}
    fresh.run(words["fish"], user="alice", env=moved, check=True)  # it makes files for itself
    before = fresh.changes()
    assert fresh.trustinstall("add", CERT, user="alice", env=moved).returncode == 0
    for session in (moved, {}):
        for name, command in words.items():
            assert f"SSL_CERT_FILE={OWN}/bundle.pem" in fresh.run(command, user="alice", env=session).stdout, name
    assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    assert fresh.read("/home/alice/dots/.zshenv") == b"# mine\n"
    after = fresh.changes(ignore=("/home/alice/.local", *SHELLS))
    assert {path for path in after if path not in before} == set()
    assert fresh.trustinstall("add", CERT, user="alice", env={"ZDOTDIR": "/srv/dots"}).returncode == 0
    assert list(fresh.path("/srv/dots").iterdir()) == []


@pytest.mark.parametrize("mode", ["replace", "add"])
def test_a_shell_that_still_runs_keeps_the_public_roots(fresh: Throwaway, mode: str) -> None:
    """What it names stays without managed roots, which is said, and goes with the next command after its end.

    Deno reaches no server if DENO_CERT names a missing file, and Node.js warns at each start.
    """
    deliver(fresh)
    home = set(fresh.changes())
    assert fresh.trustinstall("add", "--variables", mode, CERT, user="alice").returncode == 0
    with fresh.running(["bash", "-l", "-c", "echo up; exec sleep 1000"], user="alice") as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        removed = fresh.trustinstall("remove", CERT, user="alice", check=True)
        said = " ".join(removed.stdout.split())
        assert f"Running programs still use files in {OWN}. These now hold public roots only" in said
        assert not holds(fresh, f"{OWN}/bundle.pem")
        assert fresh.read(f"{OWN}/bundle.pem").count(b"BEGIN") == fresh.read(DEBIAN).count(b"BEGIN")
        assert b"BEGIN" not in fresh.read(f"{OWN}/anchors.pem")
        assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
        assert fresh.path(f"{OWN}/bundle.pem").exists()
    assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    ours = {"/home/alice/.local", "/home/alice/.local/state"}
    new = {path for path in fresh.changes() if path not in home and not path.startswith("/home/alice/.local/state/")}
    assert new <= ours


def test_what_runs_in_a_container_names_another_file(fresh: Throwaway) -> None:
    """A process of alice's with another root directory names no file of this machine's, and nothing is left for it."""
    deliver(fresh)
    with Throwaway(java=False) as other:
        session = {"DENO_CERT": f"{OWN}/anchors.pem", "SSL_CERT_FILE": f"{OWN}/bundle.pem"}
        with other.running(["sleep", "1000"], user="alice", env=session):
            assert fresh.trustinstall("add", CERT, user="alice").returncode == 0
            assert fresh.trustinstall("remove", CERT, user="alice").returncode == 0
    assert not fresh.path(OWN).exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_env_prints_what_a_shell_takes(fresh: Throwaway, shell: str) -> None:
    """`trustinstall env` names alice's files, or else the machine's, in words that her shell takes, or says why not."""
    deliver(fresh)
    quick(fresh)
    nothing = fresh.trustinstall("env", "--shell", shell, user="alice")
    assert (nothing.returncode, nothing.stdout, "run trustinstall add FILE first" in nothing.stderr) == (2, "", True)
    assert fresh.trustinstall("add", CERT).returncode == 0
    assert _taken(fresh, shell) == (f"{MACHINES}/anchors.pem", DEBIAN)
    assert fresh.trustinstall("add", CERT, user="alice").returncode == 0
    assert _taken(fresh, shell) == (f"{OWN}/anchors.pem", f"{OWN}/bundle.pem")
    found = told(fresh.trustinstall("env", "--json", "--variables", "add", user="alice"))
    assert found["env"] == {"NODE_EXTRA_CA_CERTS": f"{OWN}/anchors.pem", "DENO_CERT": f"{OWN}/anchors.pem"}


def _taken(root: Throwaway, shell: str) -> tuple[str, str]:
    program = " ".join(PROGRAM)
    script = {"fish": f"{program} env --shell fish | source; env"}.get(
        shell, f'eval "$({program} env --shell {shell})"; env'
    )
    found = seen(root, shell, "-c", script)
    return found["NODE_EXTRA_CA_CERTS"], found["REQUESTS_CA_BUNDLE"]


def test_env_for_files_of_others(fresh: Throwaway) -> None:
    """Every other style prints a line for each variable; one that is not known is refused with those that are."""
    deliver(fresh)
    quick(fresh)
    assert fresh.trustinstall("add", CERT).returncode == 0
    for style, line in {
        "dockerfile": f'ENV REQUESTS_CA_BUNDLE="{DEBIAN}"',
        "dotenv": f'REQUESTS_CA_BUNDLE="{DEBIAN}"',
        "github": f"REQUESTS_CA_BUNDLE={DEBIAN}",
        "gitlab": f"REQUESTS_CA_BUNDLE={DEBIAN}",
        "cmd": f'set "REQUESTS_CA_BUNDLE={DEBIAN}"',
        "powershell": f"$env:REQUESTS_CA_BUNDLE = '{DEBIAN}'",
    }.items():
        assert line in fresh.trustinstall("env", "--shell", style, check=True).stdout.splitlines()
    fresh.trustinstall("env", "--shell", "gitlab", "--scope", "machine", "-o", "/tmp/input/roots.env", check=True)
    assert f"REQUESTS_CA_BUNDLE={DEBIAN}\n".encode() in fresh.read("/tmp/input/roots.env")
    assert fresh.trustinstall("env", "-o", "/tmp/input/roots.env").returncode == 2  # it is there already
    refused = fresh.trustinstall("env", "--shell", "tcsh")
    assert (refused.returncode, "'bash', 'zsh', 'fish'" in refused.stderr) == (2, True)


def test_damaged_marks_are_left(fresh: Throwaway) -> None:
    """Where one of our marks stands alone, the file is left and named; the others are done."""
    deliver(fresh)
    damaged = "# >>> trustinstall >>>\nexport A=1\n"
    fresh.write("/home/alice/.profile", damaged, user="alice")
    found = told(fresh.trustinstall("add", "--json", CERT, user="alice"))
    assert (found["exit_code"], result(found, "environment:/home/alice/.profile")) == (3, "failed")
    assert result(found, "environment:/home/alice/.bashrc") == "added"
    assert fresh.read("/home/alice/.profile").decode() == damaged
    assert ROOT.sha256 in fresh.trustinstall("list", "--json", user="alice").stdout


def test_root_reads_nothing_that_a_variable_names_in_a_home(fresh: Throwaway) -> None:
    """A pipe of alice's that the machine's variables name is not opened; a bundle of root's own is a store."""
    deliver(fresh)
    quick(fresh)
    fresh.run(["mkfifo", "/home/alice/roots.pem"], user="alice", check=True)
    fresh.write("/srv/roots.pem", OTHER.pem)
    said = "REQUESTS_CA_BUNDLE=/home/alice/roots.pem\nCURL_CA_BUNDLE=/srv/roots.pem\n"
    fresh.write("/etc/environment", said)
    found = told(fresh.trustinstall("add", "--json", CERT))
    named = {one["location"]: one["result"] for one in found["stores"] if one["location"].endswith("roots.pem")}
    assert named == {"/srv/roots.pem": "added"}
    assert holds(fresh, "/srv/roots.pem")
    assert fresh.trustinstall("remove", CERT).returncode == 0
    assert (fresh.read("/etc/environment").decode(), fresh.read("/srv/roots.pem")) == (said, OTHER.pem)


def test_what_the_machine_says_is_no_store_of_an_account(fresh: Throwaway) -> None:
    """In a session that has the machine's variables, alice's own add does not list the machine's file."""
    deliver(fresh)
    quick(fresh)
    assert fresh.trustinstall("add", CERT).returncode == 0
    session = {"NODE_EXTRA_CA_CERTS": f"{MACHINES}/anchors.pem"}
    found = told(fresh.trustinstall("add", "--json", CERT, user="alice", env=session))
    assert not [one for one in found["stores"] if one["location"].startswith(MACHINES)]


def test_where_everything_is_set_already_that_is_said(fresh: Throwaway) -> None:
    """A file of the machine's that sets each variable itself is named as failed, and left to the byte."""
    deliver(fresh)
    quick(fresh)
    names = ("NODE_EXTRA_CA_CERTS", "DENO_CERT", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "DENO_TLS_CA_STORE")
    said = "".join(f"{name}=/srv/theirs\n" for name in names)
    fresh.write("/etc/environment", said)
    found = told(fresh.trustinstall("add", "--json", CERT))
    (ours,) = (one for one in found["stores"] if one["location"] == "/etc/environment")
    assert (ours["result"], "set there already" in ours["detail"]) == ("failed", True)
    assert (found["exit_code"], fresh.read("/etc/environment").decode()) == (3, said)
