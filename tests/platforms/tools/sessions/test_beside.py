"""Sessions that count only where a file of theirs sets a variable of a client: with its value, or as unknown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_host import make, played, program, write
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.effective.model import Variable
from trustinstall_platforms.tools.sessions import everyday

NODE, HOME = "NODE_EXTRA_CA_CERTS", "/home/alice"
CONFIG = f"{HOME}/.config"


@pytest.fixture
def linux() -> Iterator[ActingHost]:
    """A Linux with every shell, and alice's home; root plays her while it lasts."""
    with played() as host:
        for one in ("sh", "bash", "tcsh", "nu", "elvish", "xonsh", "pwsh", "mise", "direnv"):
            program(host, f"/bin/{one}", "")
        yield host


def found(host: ActingHost, name: str = NODE) -> dict[str, Variable]:
    """What each session has, by the session's name."""
    return {one.name: one.variables[name] for one in everyday(host) if name in one.variables}


def names(host: ActingHost) -> set[str]:
    """The sessions that count."""
    return {one.name for one in everyday(host)}


@pytest.mark.parametrize(
    ("session", "path", "line", "value"),
    [
        ("nushell", f"{CONFIG}/nushell/env.nu", f'$env.{NODE} = "/x.pem"', "/x.pem"),
        ("nushell", f"{CONFIG}/nushell/autoload/a.nu", f"$env.{NODE} = ($env.HOME | path join x.pem)", None),
        ("elvish", f"{CONFIG}/elvish/rc.elv", f"set E:{NODE} = /x.pem", "/x.pem"),
        ("elvish", f"{HOME}/.elvish/rc.elv", f"set-env {NODE} '/x.pem' # corp", "/x.pem"),
        ("elvish", f"{CONFIG}/elvish/rc.elv", f"if (at-work) {{ set-env {NODE} /x.pem }}", None),
        ("xonsh", f"{HOME}/.xonshrc", f"${NODE} = '/x.pem'", "/x.pem"),
        ("xonsh", f"{CONFIG}/xonsh/rc.d/corp.py", f"    __xonsh__.env['{NODE}'] = '/x.pem'", None),
        ("PowerShell", f"{CONFIG}/powershell/profile.ps1", f'$Env:{NODE} = "/x.pem"', "/x.pem"),
        ("PowerShell", f"{CONFIG}/powershell/profile.ps1", f'$env:{NODE} = "$HOME/x.pem"', None),
        ("mise", f"{CONFIG}/mise/config.toml", f'{NODE} = "/x.pem"', "/x.pem"),
        ("mise", "/etc/mise/config.toml", f'{NODE} = "{{{{env.HOME}}}}/x.pem"', None),
        ("csh", f"{HOME}/.cshrc", f"setenv {NODE} ~/x.pem", f"{HOME}/x.pem"),
        ("csh login", f"{HOME}/.login", f"setenv {NODE} /x.pem", "/x.pem"),
        ("csh", "/etc/csh/cshrc.d/corp", f"setenv {NODE} /x.pem", "/x.pem"),
        ("X11 login", f"{HOME}/.xsessionrc", f"export {NODE}=~/x.pem", f"{HOME}/x.pem"),
        ("X11 login", "/etc/xprofile", f"export {NODE}=/x.pem", "/x.pem"),
        ("ssh", "/etc/ssh/sshd_config", f'SetEnv A=b "{NODE}=/x.pem"', "/x.pem"),
        ("systemd user", "/etc/systemd/user.conf.d/corp.conf", f"DefaultEnvironment={NODE}=/x.pem", "/x.pem"),
        ("systemd user", f"{CONFIG}/systemd/user.conf", f'DefaultEnvironment="{NODE}=/x.pem"', "/x.pem"),
    ],
)
def test_what_a_file_sets(linux: ActingHost, session: str, path: str, line: str, value: str | None) -> None:
    """A plain assignment is known, and any other line that names the variable makes it unknown; both with the line."""
    before = names(linux.remembering())
    write(linux, path, f"# NODE_EXTRA_CA_CERTS\nnothing\n{line}\n")
    one = found(linux)[session]
    assert (one.value, str(one.setter)) == (value, f"{path} line 3")
    assert names(linux) - before <= {session, "csh login"}


def test_a_shell_whose_files_set_nothing(linux: ActingHost) -> None:
    """No session counts whose files name no variable of a client; that of the account's login shell does."""
    for path in (".cshrc", ".login", ".xonshrc", ".xprofile", ".config/powershell/profile.ps1"):
        write(linux, f"{HOME}/{path}", "# mine\nsetenv EDITOR vi\n$EDITOR = 'vi'\n")
    usual = names(linux.remembering())
    assert usual.isdisjoint({"csh", "csh login", "xonsh", "PowerShell", "X11 login", "ssh", "scripts of bash"})
    account = replace(linux.account, shell="/bin/tcsh")  # noqa: S604  it is no call of a program
    assert names(replace(linux, account=account).remembering()) - usual == {"csh", "csh login"}


def test_a_shell_that_is_not_installed(tmp_path: Path) -> None:
    """Files that were left by a shell count for nobody."""
    host = make(tmp_path)
    write(host, f"{HOME}/.cshrc", f"setenv {NODE} /x.pem\n")
    assert found(host) == {}


def test_a_file_that_a_service_of_pam_names(linux: ActingHost) -> None:
    """The file that a service names counts after /etc/environment, and the account's own makes a variable unknown."""
    write(linux, "/etc/environment", f"{NODE}=/a.pem\nPIP_CERT=/p.pem\n")
    write(linux, "/etc/default/locale", f"LANG=C\n{NODE}=/b.pem\n")
    write(linux, f"{HOME}/.pam_environment", f"PIP_CERT DEFAULT=@{{HOME}}/q.pem\n{NODE}=/c.pem\n")
    assert found(linux.remembering())["cron (PAM)"].value == "/a.pem"
    service = "session required pam_env.so readenv=1 envfile=/etc/default/locale\n"
    write(linux, "/etc/pam.d/cron", service)
    one = found(linux.remembering())["cron (PAM)"]
    assert (one.value, str(one.setter)) == ("/b.pem", "/etc/default/locale line 2")
    write(linux, "/etc/pam.d/sshd", f"#{service}{service.rstrip()} user_readenv=1\n")
    seen = linux.remembering()
    assert found(seen)["bash login"] == Variable(NODE, None, found(seen)["bash login"].setter, "/c.pem")
    assert str(found(seen, "PIP_CERT")["bash login"].setter) == f"{HOME}/.pam_environment line 1"


def test_the_variables_of_sshd(linux: ActingHost) -> None:
    """The first `SetEnv` of a name counts, included files come first, and one below `Match` makes it unknown."""
    write(linux, "/etc/environment", f"{NODE}=/e.pem\n")
    write(linux, f"{HOME}/.ssh/environment", f"{NODE}=/own.pem\nPIP_CERT=/own.pem\n")
    write(linux, "/etc/ssh/sshd_config", f"Include sshd_config.d/*.conf\nSetEnv {NODE}=/late.pem\n")
    write(linux, "/etc/ssh/sshd_config.d/a.conf", f"setenv {NODE}=/first.pem\nPermitUserEnvironment yes\n")
    seen = linux.remembering()
    assert (found(seen)["ssh"].value, found(seen, "PIP_CERT")["ssh"].value) == ("/first.pem", "/own.pem")
    write(linux, "/etc/ssh/sshd_config", f"Match User alice\nSetEnv {NODE}=/m.pem\n")
    assert found(linux.remembering())["ssh"].value is None


@pytest.mark.parametrize(("name", "session"), [("BASH_ENV", "scripts of bash"), ("ENV", "sh interactive")])
def test_the_file_of_a_second_shell(linux: ActingHost, name: str, session: str) -> None:
    """A shell that the login shell starts reads the file that a variable names."""
    write(linux, f"{HOME}/.profile", f"export {name}=~/.more\n")
    write(linux, f"{HOME}/.more", f"export {NODE}=~/x.pem\n")
    assert {key: str(one.setter) for key, one in found(linux).items()} == {session: f"{HOME}/.more line 1"}


def test_the_projects_of_direnv(linux: ActingHost) -> None:
    """A directory whose `.envrc` is allowed is a session; one that was changed since, or never allowed, is none."""
    said = f"export {NODE}=$PWD/x.pem\n"
    for directory in ("/home/alice/a", "/home/alice/b", "/home/alice/c"):
        path = write(linux, f"{directory}/.envrc", said)
        digest = hashlib.sha256(f"{path}\n{said}".encode()).hexdigest()
        if not directory.endswith("c"):
            write(linux, f"{HOME}/.local/share/direnv/allow/{digest}", path)
    write(linux, "/home/alice/b/.envrc", "export A=b\n")
    assert {name: one.value for name, one in found(linux).items()} == {"direnv in /home/alice/a": "/home/alice/a/x.pem"}
