"""What is said of each client after `add`: whether it trusts the root in the account's sessions, and who decides it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.host import ActingHost
from trustinstall.installer import tool_views
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PUBLIC = make_root("Corp Root"), make_root("Public Root")
HOME = "/home/alice"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with a shell and tools, on which alice has odd settings; root plays her while it lasts."""
    with played() as host:
        write(host, "/etc/ssl/certs/ca-certificates.crt", PUBLIC.pem)
        write(host, f"{HOME}/.profile", "# mine\n")
        for name in ("bash", "sh", "git", "curl", "node", "npm"):
            program(host, f"/usr/bin/{name}")
        write(host, f"{HOME}/public.pem", PUBLIC.pem)
        yield host


def views(host: ActingHost, *, add: bool = True) -> dict[str, tuple[str, str]]:
    """Return of each tool whether it trusts the root, and who decides it, after `add`."""
    if add:
        fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    return {one.tool: (one.effective, one.decided_by) for one in tool_views.look(host)}


def test_nothing_is_claimed_where_nothing_was_added(host: ActingHost) -> None:
    """Before `add` there is no root of ours, and nothing is said of clients."""
    assert {effective for effective, _ in views(host, add=False).values()} == {""}


def test_a_client_is_reached_by_our_setting(host: ActingHost) -> None:
    """Npm's settings name our bundle, by the line that we wrote."""
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    assert views(host)["npm"] == ("yes", f"{HOME}/.npmrc line 2")


def test_a_client_that_is_not_reached_is_named_with_file_and_line(host: ActingHost) -> None:
    """A curl whose settings name a file that is gone trusts nothing of ours, and the line is said."""
    write(host, f"{HOME}/.curlrc", "# mine\ncacert = /gone.pem\n")
    assert views(host)["curl"] == ("no", f"{HOME}/.curlrc line 2")


def test_what_only_running_would_tell_is_unknown(host: ActingHost) -> None:
    """A value that needs a command is unknown in the sessions that have it."""
    text = "export NODE_EXTRA_CA_CERTS=$(mkcert -CAROOT)/rootCA.pem"
    write(host, f"{HOME}/.profile", f"{text}\n")
    found = views(host)["node"]
    line = 1 + host.read(f"{HOME}/.profile").decode().splitlines().index(text)
    assert found == ("unknown", f"{HOME}/.profile line {line}")


def test_a_url_with_a_setting_of_its_own_has_a_row(host: ActingHost) -> None:
    """Git for one URL is a client of its own, and reached through the bundle that its setting names."""
    write(host, f"{HOME}/.gitconfig", '[http "https://git.corp/"]\n\tsslCAInfo = ~/public.pem\n')
    assert views(host)["git for https://git.corp/"] == ("yes", f"{HOME}/.gitconfig line 2")
