"""What is said of each client after `add`: whether it trusts the root in the account's sessions, and who decides it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost
from trustinstall.installer import tool_views
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, OTHER, PUBLIC = make_root("Corp Root"), make_root("Other Root"), make_root("Public Root")
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
    """Before `add` there is no managed root, and nothing is said of clients."""
    assert {effective for effective, _ in views(host, add=False).values()} == {""}


def test_a_client_is_reached_by_our_setting(host: ActingHost) -> None:
    """Npm's settings name our bundle, by the line that we wrote."""
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    assert views(host)["npm"] == ("yes", f"{HOME}/.npmrc line 2")


def test_a_client_that_is_not_reached_is_named_with_file_and_line(host: ActingHost) -> None:
    """A curl whose settings name a missing file trusts no managed root, and the line is said."""
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


def outcomes(host: ActingHost) -> dict[str, tuple[Result, str]]:
    """Return the results of `add` by the store's place in the home, with what is said."""
    done = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    return {one.store.location.removeprefix(f"{HOME}/"): (one.result, one.detail) for one in done}


def test_a_setting_is_added_only_where_its_tool_trusts_it(host: ActingHost) -> None:
    """A variable that names a missing file counts more than pip's file: its line is named, and nothing claimed."""
    program(host, "/usr/bin/pip")
    write(host, f"{HOME}/.profile", "# mine\nexport REQUESTS_CA_BUNDLE=/gone.pem\n")
    result, detail = outcomes(host)[".config/pip/pip.conf"]
    assert (result, f"{HOME}/.profile line 2" in detail) == (Result.FAILED, True)
    write(host, f"{HOME}/.profile", "# mine\n")
    assert outcomes(host)[".config/pip/pip.conf"][0] is Result.ALREADY


def test_what_the_administrator_has_decided_is_no_failure(host: ActingHost) -> None:
    """The account cannot mend it: it is left, and the line is named."""
    program(host, "/usr/bin/pip")
    write(host, "/etc/profile.d/corp.sh", "export REQUESTS_CA_BUNDLE=/gone.pem\n")
    write(host, "/etc/profile", "for one in /etc/profile.d/*.sh; do . $one; done\n")
    result, detail = outcomes(host)[".config/pip/pip.conf"]
    assert (result, "/etc/profile.d/corp.sh line 1" in detail) == (Result.SEALED, True)


def test_the_line_is_named_as_it_is_after_our_section_has_come(host: ActingHost) -> None:
    """A command that takes a line out by its number must not hit a managed one, which stand above it."""
    write(host, f"{HOME}/.profile", "# mine\nexport AWS_CA_BUNDLE=/gone.pem\n")
    found = outcomes(host)
    lines = Path(host.where(f"{HOME}/.profile")).read_text().split("\n")
    number = lines.index("export AWS_CA_BUNDLE=/gone.pem") + 1
    result, detail = found[".profile#AWS_CA_BUNDLE"]
    assert (result, f"sed -i {number}d {HOME}/.profile" in detail) == (Result.FAILED, True)


def test_variables_that_a_later_line_takes_back(host: ActingHost) -> None:
    """They reach no program, so the file does not count; it does once that line is gone."""
    write(host, f"{HOME}/.profile", "# mine\nunset NODE_EXTRA_CA_CERTS\n")
    result, detail = outcomes(host)[".profile"]
    assert (result, "gets no NODE_EXTRA_CA_CERTS" in detail) == (Result.FAILED, True)
    text = Path(host.where(f"{HOME}/.profile")).read_text()
    write(host, f"{HOME}/.profile", text.replace("unset NODE_EXTRA_CA_CERTS\n", ""))
    assert outcomes(host)[".profile"][0] is Result.ALREADY


@pytest.mark.parametrize("name", ["npm_config_cafile", "YARN_CA_FILE_PATH", "COMPOSER_CAFILE"])
def test_a_variable_that_only_its_client_knows(host: ActingHost, name: str) -> None:
    """The root goes into the bundle that it names; if another session lacks it, the settings file is written, too."""
    mine = PUBLIC.pem + make_root("Own").pem
    value = "~/mine.pem" if name != "YARN_CA_FILE_PATH" else f"{HOME}/mine.pem"
    write(host, f"{HOME}/mine.pem", mine)
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    write(host, f"{HOME}/.bashrc", f"export {name}='{value}'\n")
    found = outcomes(host)
    assert (found["mine.pem"][0], found[".npmrc"][0]) == (Result.ADDED, Result.ADDED)
    assert mine in host.read(f"{HOME}/mine.pem")
    assert CORP.pem in host.read(f"{HOME}/mine.pem")


def test_a_second_root_for_a_tool_that_reads_one_certificate_of_a_file(host: ActingHost) -> None:
    """Subversion trusts both by a variable; a session without it has the first root, which is said and no failure."""
    program(host, "/usr/bin/svn")
    done = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der, OTHER.der))
    found = {one.store.location: one for one in done}[f"{HOME}/.subversion/servers"]
    own = f"{HOME}/.local/share/trustinstall"
    why = f"svn reads the first certificate of {own}/anchors.pem alone"
    mend = f"have these sessions set SSL_CERT_FILE={own}/bundle.pem"
    assert (found.result, found.partly) == (Result.ADDED, f"not trusted in cron (PAM), systemd user: {why}; {mend}")


def test_a_setting_that_would_hide_a_variable_names_the_sessions_that_are_not_reached(host: ActingHost) -> None:
    """Npm follows the bundle of a variable, no failure; what cron and systemd start has no variable, and it is said."""
    write(host, f"{HOME}/mine.pem", make_root("Own").pem)
    write(host, f"{HOME}/.bashrc", f"export NODE_EXTRA_CA_CERTS={HOME}/mine.pem\n")
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    done = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    found = {one.store.location: one for one in done}[f"{HOME}/.npmrc"]
    line = host.read(f"{HOME}/.bashrc").decode().splitlines().index(f"export NODE_EXTRA_CA_CERTS={HOME}/mine.pem") + 1
    assert found.result is Result.FOLLOWS
    assert found.partly.startswith("not trusted in cron (PAM), systemd user: a setting of ours would hide ")
    assert f"{HOME}/mine.pem, which {HOME}/.bashrc line {line} names" in found.partly
    npm = next(one for one in tool_views.look(host) if one.tool == "npm")
    assert (npm.state, npm.effective) == (f"not set, as it would hide {HOME}/mine.pem", "in part")
    assert npm.not_in == ("cron (PAM)", "systemd user")
    assert {one.not_in for one in tool_views.look(host) if one.effective != "in part"} <= {()}


@pytest.mark.parametrize("tool", ["npm", "curl"])
def test_an_alias_that_replaces_a_client_is_said(host: ActingHost, tool: str) -> None:
    """What it trusts there is not known: the note names session, file and line, and is no failure."""
    program(host, f"/usr/bin/{tool}")
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    write(host, f"{HOME}/.bashrc", f"alias {tool}='{tool} --cafile /x.pem' svn='other'\n")
    done = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    line = (
        host.read(f"{HOME}/.bashrc").decode().splitlines().index(f"alias {tool}='{tool} --cafile /x.pem' svn='other'")
    )
    place = f"{HOME}/.bashrc line {line + 1}"
    said = {one.store.label: one.partly for one in done if one.partly}
    why = f"it is not known what {tool} trusts in bash interactive: {place} has it run something else"
    assert list(said.values()) == [why]
    assert (tool in said) == (tool == "npm")
    assert {one.result for one in done} <= {Result.ADDED, Result.ALREADY}
    write(host, f"{HOME}/.bashrc", f"alias {tool}='{tool} -v'\n")
    again = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    assert {one.partly for one in again} == {""}


def test_a_setting_that_serves_every_session_says_nothing_of_sessions(host: ActingHost) -> None:
    """Without such a variable npm's own file serves every session."""
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    done = fake_host.change(host, (OwnBundle(), Environment(), Settings()), fake_host.wish(CORP.der))
    assert {one.partly for one in done} == {""}
