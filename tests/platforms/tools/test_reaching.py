"""The sessions without the managed variables: they are derived where that is exact, and read anew elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.host import ActingHost
from trustinstall_platforms.tools import reaching, sessions
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle

HOME, CORP, PUBLIC = "/home/alice", make_root("Corp Root"), make_root("Public Root")
#: Lines of others by the file that has them, and whether one depends on a managed variable, or sets it.
SCENES: dict[str, tuple[dict[str, str], bool]] = {
    "nothing else": ({}, False),
    "other variables": ({".bashrc": "export EDITOR=vi\nalias ll='ls -l'\n", ".zshrc": "path+=(~/bin)\n"}, False),
    "another client's variable": ({".profile": "export GIT_CONFIG_COUNT=0\nexport JAVA_HOME=/opt/java\n"}, False),
    "the same variable": ({".profile": "export NODE_EXTRA_CA_CERTS=/srv/x.pem\n"}, True),
    "a condition": ({".bashrc": '[ -z "$SSL_CERT_FILE" ] && export HOME=/elsewhere\n'}, True),
    "taken back": ({".zshrc": "unset NODE_EXTRA_CA_CERTS\n"}, True),
    "another file": ({".bashrc": ". ~/more.sh\n", "more.sh": "export CURL_CA_BUNDLE=/srv/x.pem\n"}, True),
    "by fish": ({".config/fish/config.fish": "set -gx PIP_CERT /srv/x.pem\n"}, True),
    "too long": ({".bashrc": "# " + "x" * (600 << 10) + "\n"}, True),
}


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with shells and the system's roots; root plays alice while it lasts."""
    with played() as host:
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        write(host, "/srv/x.pem", PUBLIC.pem)
        for name in ("bash", "sh", "zsh", "fish", "node", "git"):
            program(host, f"/usr/bin/{name}")
        yield host


@pytest.mark.parametrize("kind", SCENES)
def test_the_sessions_without_ours_are_those_that_a_new_reading_finds(host: ActingHost, kind: str) -> None:
    """The files are read again only where a line of others names a managed variable."""
    files, depends = SCENES[kind]
    for name in (".profile", ".bashrc", ".zshrc", ".zshenv"):
        write(host, f"{HOME}/{name}", "# mine\n" + files.get(name, ""))
    for name in files.keys() - {".profile", ".bashrc", ".zshrc", ".zshenv"}:
        write(host, f"{HOME}/{name}", files[name])
    fake_host.change(host, (OwnBundle(), Environment("replace")), fake_host.wish(CORP.der))
    with mock.patch.object(sessions, "supposed", wraps=sessions.supposed) as again:
        found = reaching.Reach(host, {}).without
    assert again.called == depends
    with mock.patch.object(reaching.Reach, "_are_alone", return_value=False):
        anew = {one.session.name: one.session.variables for one in reaching.Reach(host, {}).without}
    assert {one.session.name: one.session.variables for one in found if one.session.name in anew} == anew
