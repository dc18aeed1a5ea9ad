"""The sessions of an account as a whole: which file and line decides, what is unknown, and whose files are read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_host import make, played, program, write
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.effective.model import Session, Variable
from trustinstall_platforms.tools.sessions import Read, everyday, reads
from trustinstall_platforms.tools.sessions.everyday import session
from trustinstall_platforms.tools.sessions.table import ROWS
from trustinstall_platforms.tools.sessions.view import View

NODE = "NODE_EXTRA_CA_CERTS"
_PROFILE = "for i in /etc/profile.d/*.sh; do\n  if [ -r $i ]; then . $i; fi\ndone\n"


@pytest.fixture
def linux() -> Iterator[ActingHost]:
    """A Linux with all shells, and alice's home; root plays her while it lasts."""
    with played() as host:
        for one in ("sh", "bash", "zsh", "fish"):
            program(host, f"/bin/{one}", "")
        write(host, "/etc/profile", _PROFILE)
        yield host


def found(host: ActingHost, name: str = NODE) -> dict[str, Variable]:
    """What each session has, by the session's name."""
    return {one.name: one.variables[name] for one in everyday(host) if name in one.variables}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ('"$HOME/x.pem"', "/home/alice/x.pem"),
        ("${HOME}/x.pem", "/home/alice/x.pem"),
        ("~/x.pem", "/home/alice/x.pem"),
        ("/home/$USER/x.pem", "/home/alice/x.pem"),
        ('"$(mkcert -CAROOT)/rootCA.pem"', None),
        ("/a.pem:/b.pem", "/a.pem:/b.pem"),
    ],
)
def test_a_value_of_an_expression(linux: ActingHost, said: str, value: str | None) -> None:
    """`$HOME`, `~` and `$USER` are expanded as a shell does; a command's output is unknown; both with file and line."""
    write(linux, "/home/alice/.profile", f"# mine\nexport {NODE}={said}\n")
    login = found(linux)["bash login"]
    assert (login.value, str(login.setter)) == (value, "/home/alice/.profile line 2")
    assert login.raw == said


def test_the_last_assignment_decides(linux: ActingHost) -> None:
    """A line that comes after another one in the same session counts, in any file."""
    write(linux, "/etc/environment", f"{NODE}=/etc/pam.pem\n")
    write(linux, "/etc/profile.d/corp.sh", f"export {NODE}=/etc/corp.pem\n")
    write(linux, "/home/alice/.profile", '. "$HOME/.bashrc"\n')
    write(linux, "/home/alice/.bashrc", "[ -f ~/.bash_aliases ] && . ~/.bash_aliases\n")
    write(linux, "/home/alice/.bash_aliases", f"\nexport {NODE}=/home/alice/a.pem\n")
    write(linux, "/home/alice/.zprofile", f"export {NODE}=~/z.pem\n")
    write(linux, "/home/alice/.config/fish/config.fish", f"set -gx {NODE} ~/f.pem\n")
    said = {name: str(one.setter) for name, one in found(linux).items()}
    assert said["cron (PAM)"] == "/etc/environment line 1"
    assert said["bash login"] == "/home/alice/.bash_aliases line 2"
    assert said["zsh login"] == "/home/alice/.zprofile line 1"
    assert said["zsh"] == "/etc/environment line 1"
    assert said["fish"] == "/home/alice/.config/fish/config.fish line 1"
    assert "bare" not in said


def test_environment_d_goes_by_names(linux: ActingHost) -> None:
    """The account's file hides one of the same name, and a file with a later name wins, wherever it is."""
    write(linux, "/etc/environment.d/10-corp.conf", f"{NODE}=/etc/corp.pem\n")
    write(linux, "/home/alice/.config/environment.d/90-x.conf", f"{NODE}=${{{NODE}:-/x.pem}}\n")
    assert found(linux)["systemd user"].value == "/etc/corp.pem"
    write(linux, "/home/alice/.config/environment.d/10-corp.conf", f"{NODE}=$HOME/c.pem\n")
    assert found(linux)["systemd user"].value == "/home/alice/c.pem"


def test_zsh_and_fish_may_be_moved(linux: ActingHost) -> None:
    """ZDOTDIR counts from the file on that sets it."""
    write(linux, "/home/alice/.zshenv", "ZDOTDIR=~/.config/zsh\n")
    write(linux, "/home/alice/.config/zsh/.zshrc", f"export {NODE}=~/z.pem\n")
    assert found(linux)["zsh interactive"].value == "/home/alice/z.pem"


@pytest.mark.parametrize(
    "profile",
    ["", "export CORP=/p.pem\n", "corp () { export CORP=/f.pem; }\n", "return\n", "exit\n", "what && CORP=/q.pem\n"],
    ids=["nothing", "a variable", "a function", "a return", "an end", "a doubt"],
)
def test_a_file_that_is_read_once_for_several_sessions(linux: ActingHost, profile: str) -> None:
    """Each session is the same as if it were the only one, with the files that it reads."""
    write(linux, "/etc/environment", "CORP=/etc/pam.pem\n")
    write(linux, "/home/alice/.zshenv", "corp () { CORP=$HOME/e.pem; }\nexport SEEN=env\n")
    write(linux, "/home/alice/.zprofile", profile)
    write(linux, "/home/alice/.zshrc", f"corp\nexport {NODE}=$CORP\n. ~/.more\n")
    write(linux, "/home/alice/.more", "export SEEN=${SEEN}-more\n")
    write(linux, "/home/alice/.zlogin", "export SEEN=${SEEN}-login\n")
    together = {one.session.name: one for one in reads(linux)}
    for row in ROWS:
        view = View(linux, "/home/alice")
        if row.name in together:
            assert together[row.name] == Read(session(view, row), frozenset(view.read))
    assert together["zsh login interactive"].session.variables["SEEN"].value is not None


def test_a_repeated_file_counts_as_read_again(linux: ActingHost) -> None:
    """The bound on what one session reads is the same, whether another one has read a file before."""
    write(linux, "/home/alice/.zshrc", f"export {NODE}=/z.pem\n" + "#" * 500_000)
    for name in (".zshenv", ".zprofile", ".zlogin"):
        write(linux, f"/home/alice/{name}", "#" * 500_000)
    write(linux, "/home/alice/.zlogin", ". ~/.zprofile\n")
    assert found(linux)["zsh interactive"].value == "/z.pem"
    assert found(linux)["zsh login interactive"].value == "/z.pem"
    write(linux, "/home/alice/.zlogin", ". ~/.zprofile\n" * 2)
    assert found(linux.remembering())["zsh interactive"].value == "/z.pem"
    assert found(linux.remembering())["zsh login interactive"].value is None


def test_what_depends_on_what_is_not_known_is_unknown(linux: ActingHost) -> None:
    """After a condition that only running would tell, a variable is unknown, with the line that may set it."""
    write(linux, "/home/alice/.profile", f"if is_at_work; then\n  export {NODE}=/w.pem\nfi\n")
    one = found(linux)["bash login"]
    assert (one.value, one.setter.line) == (None, 2)


def test_text_that_is_not_understood(linux: ActingHost) -> None:
    """Behind text that no shell reads either, each assignment is unknown."""
    write(linux, "/home/alice/.profile", f"export A=1\nif then fi ((\nexport {NODE}=/w.pem\n")
    assert (found(linux, "A")["bash login"].value, found(linux)["bash login"].value) == ("1", None)


def test_a_file_that_others_cannot_read_counts_for_nobody(tmp_path: Path) -> None:
    """People in general do not see a file that only root can read."""
    machine = make(tmp_path, "root", "/root")
    program(machine, "/bin/bash", "")
    write(machine, "/etc/profile", _PROFILE)
    write(machine, "/etc/profile.d/corp.sh", f"export {NODE}=/etc/corp.pem\n", 0o600)
    assert "bash login" not in found(machine)
    write(machine, "/etc/profile.d/corp.sh", f"export {NODE}=/etc/corp.pem\n", 0o644)
    assert found(machine)["bash login"].value == "/etc/corp.pem"


@pytest.mark.parametrize(
    "text",
    [
        "$(" * 20_000,
        '"${a:-' * 20_000,
        "if " * 20_000,
        "{ " * 20_000,
        "case x in (" * 10_000,
        "((" * 20_000,
        "a=1;" * 30_000,
        "f() { f; f; }; f\n",
        "for i in 1 2 3 4 5 6 7 8 9 0; do " * 9 + "a=$a$a; " + "done; " * 9,
        "a=aaaaaaaaaaaaaaaa; while true; do a=$a$a; eval $a; done\n" * 1000,
        ". ~/.profile; . ~/.profile\n",
        "[[ " + "x && " * 20_000,
        "cat <<A <<B\n" * 20_000,
        "\\\n" * 200_000,
        "eval '" + 'eval "' * 10_000,
        "export " + "A=1 " * 30_000,
    ],
)
def test_hostile_text_takes_little_time(linux: ActingHost, text: str) -> None:
    """Deep, long or endless text is read in bounded time, by every reader."""
    write(linux, "/home/alice/.profile", text)
    write(linux, "/home/alice/.zshenv", text)
    write(linux, "/home/alice/.config/fish/config.fish", text)
    write(linux, "/home/alice/.config/environment.d/1.conf", text)
    start = time.process_time()  # a busy machine takes longer, and the readers wait for nothing
    sessions: tuple[Session, ...] = everyday(linux)
    assert sessions
    assert time.process_time() - start < 30
