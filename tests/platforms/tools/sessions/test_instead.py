"""Aliases, functions and scripts that a shell runs instead of a client: nothing is known about that client then."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_host import played, program, write
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.sessions import everyday

HOME = "/home/alice"
_BASH, _BASHRC = "bash interactive", f"{HOME}/.bashrc"


@pytest.fixture
def linux() -> Iterator[ActingHost]:
    """A Linux with every shell, and alice's home; root plays her while it lasts."""
    with played() as host:
        for one in ("sh", "bash", "zsh", "fish", "tcsh"):
            program(host, f"/bin/{one}", "")
        write(host, f"{HOME}/.cshrc", "setenv SSL_CERT_FILE /x.pem\n")
        yield host


def replaced(host: ActingHost) -> dict[str, dict[str, str]]:
    """The programs that something replaces, with its place, by the session's name."""
    return {
        one.name: {name: str(setter) for name, setter in one.instead.items()} for one in everyday(host) if one.instead
    }


@pytest.mark.parametrize(
    ("session", "path", "text"),
    [
        (_BASH, _BASHRC, "alias curl='curl --cacert ~/x.pem'"),
        (_BASH, _BASHRC, "alias curl=corp-curl"),
        (_BASH, _BASHRC, 'curl() {\n  command curl -k "$@"\n}'),
        (_BASH, _BASHRC, 'if at_work; then curl() { SSL_CERT_FILE=/x.pem command curl "$@"; }; fi'),
        (_BASH, _BASHRC, 'eval "function curl { /opt/corp/curl --cacert /x.pem; }"'),
        ("zsh interactive", f"{HOME}/.zshrc", "alias curl='curl --capath /x'"),
        ("fish", f"{HOME}/.config/fish/config.fish", "alias curl 'curl --cacert /x.pem'"),
        ("fish", f"{HOME}/.config/fish/config.fish", "function curl\n  command curl --cacert /x.pem $argv\nend"),
        ("csh", f"{HOME}/.cshrc", "setenv SSL_CERT_FILE /x.pem; alias curl 'curl --cacert /x.pem'"),
    ],
)
def test_a_definition_in_a_file(linux: ActingHost, session: str, path: str, text: str) -> None:
    """The session has the program replaced, with the file and line."""
    write(linux, path, f"\n{text}\n")
    assert replaced(linux)[session] == {"curl": f"{path} line 2"}


@pytest.mark.parametrize(
    "text",
    [
        "alias curl='curl -s'",
        "alias curl='noglob curl'",
        'node() { unset -f node; nvm use; node "$@"; }',
        "alias ls='ls --cacert'",
        "alias curl='curl -k'; unalias curl",
        "curl() { command curl -k; }; unset -f curl",
    ],
)
def test_a_harmless_definition(linux: ActingHost, text: str) -> None:
    """A definition that names the client itself and no roots, or that is taken back, replaces nothing."""
    write(linux, _BASHRC, f"{text}\n")
    assert replaced(linux) == {}


def test_bash_expands_an_alias_only_if_it_is_interactive(linux: ActingHost) -> None:
    """An alias in a profile counts in interactive logins alone, and a function in each."""
    write(linux, f"{HOME}/.bash_profile", "alias curl='curl -k'\ngit() { command git -c http.sslVerify=false; }\n")
    found = {name: set(one) for name, one in replaced(linux).items()}
    assert found == {"bash login": {"git"}, "bash login interactive": {"curl", "git"}}


def test_an_autoloaded_function(linux: ActingHost) -> None:
    """Fish reads a function of the client's name from the account's own directory."""
    path = write(linux, f"{HOME}/.config/fish/functions/curl.fish", "function curl; command curl -k $argv; end\n")
    assert replaced(linux) == {"fish": {"curl": f"{path} line 1"}}


@pytest.mark.parametrize("own", ["export PATH=~/tools:/usr/bin", 'PATH="$HOME/bin:$(corp-path)"'])
def test_a_script_before_the_system(linux: ActingHost, own: str) -> None:
    """A shell's script that comes first in PATH, and names roots, replaces the client; any other program does not."""
    write(linux, f"{HOME}/.profile", f"{own}\n")
    directory = f"{HOME}/tools" if "tools" in own else f"{HOME}/bin"
    path = program(linux, f"{directory}/curl", '#!/usr/bin/env bash\n# corp\nexec /usr/bin/curl --cacert /x.pem "$@"\n')
    program(linux, f"{directory}/node", '#!/bin/sh\nexec asdf exec "node" "$@"\n')
    program(linux, f"{directory}/npm", "\x7fELF cacert\n")
    write(linux, f"{directory}/git", "#!/bin/sh\nexec /usr/bin/git -c http.sslVerify=false\n", 0o644)
    found = replaced(linux)
    assert set(map(str, found)) >= {"sh login", "bash login"}
    assert all(one == {"curl": f"{path} line 3"} for one in found.values())
