"""Settings as people have them: no variable and no moved file hides what works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.platforms.tools.effective_settings.home import BUNDLE, CORP, HOME, NAMES, PRIVATE, THEIRS, change, tree
from tests.support.fake_host import program, write
from trustinstall.engine.outcome import Result
from trustinstall.errors import UsageProblem
from trustinstall.host import ActingHost
from trustinstall.installer import environment


@pytest.mark.parametrize(
    ("kind", "variable"),
    [
        ("git", "GIT_SSL_CAINFO"),
        ("git's URL", "GIT_SSL_CAINFO"),
        ("pip", "PIP_CERT"),
        ("pip's command", "PIP_CERT"),
        ("pip", "REQUESTS_CA_BUNDLE"),
        ("AWS", "AWS_CA_BUNDLE"),
        ("AWS's profile", "AWS_CA_BUNDLE"),
        ("Cargo", "CARGO_HTTP_CAINFO"),
        ("Cargo's inline table", "CARGO_HTTP_CAINFO"),
    ],
)
def test_a_variable_that_hides_a_setting_is_not_set(host: ActingHost, kind: str, variable: str) -> None:
    """Where a setting decides, the variable that counts more is left out; without it, it is set."""
    path, content = NAMES[kind]
    change(host)
    assert f"export {variable}=".encode() in host.read(f"{HOME}/.profile")
    write(host, f"{HOME}/{path}", content)
    change(host)
    assert variable.encode() not in host.read(f"{HOME}/.profile")
    assert b"NODE_EXTRA_CA_CERTS" in host.read(f"{HOME}/.profile")
    change(host, trusted=False)
    assert host.read(f"{HOME}/.profile") == b"# mine\n"


@pytest.mark.parametrize(
    ("program_", "variable", "value", "written"),
    [
        ("pip", "XDG_CONFIG_HOME", f"{HOME}/cfg", "cfg/pip/pip.conf"),
        ("npm", "NPM_CONFIG_USERCONFIG", f"{HOME}/n", "n"),
        ("wget", "WGETRC", f"{HOME}/w", "w"),
        ("aws", "AWS_CONFIG_FILE", f"{HOME}/a", "a"),
    ],
)
def test_a_moved_file_is_written_where_it_was_moved_to(
    host: ActingHost, program_: str, variable: str, value: str, written: str
) -> None:
    """Where the session has a settings file moved, the key is in that one, and goes from it without the variable."""
    program(host, f"/usr/bin/{program_}")
    before = tree(host)
    change(replace(host, environ={variable: value}))
    assert BUNDLE.encode() in host.read(f"{HOME}/{written}")
    change(host, trusted=False)
    assert tree(host) == before


@pytest.mark.parametrize(
    ("said", "kept", "left"),
    [
        ("export CURL_CA_BUNDLE=$HOME/b.pem", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        ("export PIP_CERT=~/b.pem", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        ("export SSL_CERT_FILE=~/b.pem", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        ("export REQUESTS_CA_BUNDLE=~/b.pem", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"),
        ("export GIT_CONFIG_GLOBAL=~/g", "SSL_CERT_FILE", "GIT_SSL_CAINFO"),
        ("export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.sslCAInfo GIT_CONFIG_VALUE_0=~/b.pem", "PIP_CERT", "GIT_SSL"),
        ("export SSL_CERT_DIR=~/d", "SSL_CERT_FILE", "CURL_CA_BUNDLE"),
        ("export HTTPS_CA_FILE=~/b.pem", "SSL_CERT_FILE", "PERL_LWP_SSL_CA_FILE"),
        ("export HTTPS_CA_DIR=~/d", "PERL_LWP_SSL_CA_FILE", "no other"),
        ("export SSL_CERT_DIR=/etc/ssl/certs", "CURL_CA_BUNDLE", "no other"),
    ],
)
def test_a_variable_that_works_in_a_session_is_not_hidden(host: ActingHost, said: str, kept: str, left: str) -> None:
    """Where a session's file names a bundle, or moves a file that does, no managed variable has precedence over it."""
    write(host, f"{HOME}/g", f"[http]\n\tsslCAInfo = {THEIRS}\n")
    write(host, f"{HOME}/d/p.pem", PRIVATE.pem)
    write(host, f"{HOME}/.profile", f"# mine\n{said}\n")
    before = tree(host)
    change(host)
    section = host.read(f"{HOME}/.profile").decode().replace(said, "")
    assert (kept in section, left in section) == (True, False), section
    change(host, trusted=False)
    assert tree(host) == before


def test_a_file_of_phps_settings_counts_for_composer(host: ActingHost) -> None:
    """Composer takes SSL_CERT_FILE before the file of php.ini: where that has a root of its own, it is not set."""
    write(host, f"{HOME}/.profile", "# mine\nexport PHPRC=$HOME/php.ini\n")
    write(host, f"{HOME}/php.ini", f"openssl.cafile = {THEIRS}\n")
    before = tree(host)
    change(host)
    assert CORP.pem in host.read(THEIRS)
    assert b" SSL_CERT_FILE" not in host.read(f"{HOME}/.profile")
    assert b"GIT_SSL_CAINFO" in host.read(f"{HOME}/.profile")
    change(host, trusted=False)
    assert tree(host) == before


def test_a_variable_of_one_session_in_a_value(host: ActingHost) -> None:
    """A path is known by the session that sets the variable in it; where none does, the message says so."""
    program(host, "/usr/bin/npm")
    write(host, f"{HOME}/.npmrc", "cafile=${CERTS}/b.pem\n")
    before = tree(host)
    assert "and which file that is cannot be known" in change(host)[f"{HOME}/.npmrc"].detail
    change(host, trusted=False)
    assert tree(host) == before
    write(host, f"{HOME}/.profile", "# mine\nexport CERTS=$HOME\n")
    before = tree(host)
    told = change(host)
    assert told[f"{HOME}/.npmrc"].result is Result.ADDED
    assert not [one for one in told.values() if "#" in one.store.location]
    assert CORP.pem in host.read(THEIRS)
    change(host, trusted=False)
    assert tree(host) == before


def test_a_file_that_one_session_reads_is_not_hidden(host: ActingHost) -> None:
    """Where a login moves npm's global file, and that names a bundle, the account's own file would hide it: left."""
    program(host, "/usr/bin/npm")
    write(host, f"{HOME}/n/etc/npmrc", f"cafile={THEIRS}\n")
    write(host, f"{HOME}/.profile", "export NPM_CONFIG_PREFIX=~/n\n")
    before = tree(host)
    change(host)
    assert CORP.pem in host.read(THEIRS)
    assert host.status(f"{HOME}/.npmrc") is None
    change(host, trusted=False)
    assert tree(host) == before


def test_the_whole_default_profile_of_aws_stays(host: ActingHost) -> None:
    """Where the heading is `[profile default]`, the key is in that section: no second one replaces the profile."""
    write(host, f"{HOME}/.aws/config", "[profile default]\nregion = eu-west-1\n")
    change(host)
    said = host.read(f"{HOME}/.aws/config")
    assert said == f"[profile default]\nregion = eu-west-1\nca_bundle = {BUNDLE}\n".encode()
    change(host, trusted=False)
    assert host.read(f"{HOME}/.aws/config") == b"[profile default]\nregion = eu-west-1\n"


def test_roots_that_a_variable_adds_are_not_hidden(host: ActingHost) -> None:
    """Npm trusts what NODE_EXTRA_CA_CERTS of the account names: a managed `cafile` would hide that, and is not set."""
    write(host, f"{HOME}/.profile", 'export NODE_EXTRA_CA_CERTS="$HOME/b.pem"\n')
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    before = tree(host)
    change(host)
    assert host.read(f"{HOME}/.npmrc") == b"fund=false\n"
    change(host, trusted=False)
    assert tree(host) == before


@pytest.mark.parametrize(
    ("variable", "content", "usual"),
    [
        ("AWS_CONFIG_FILE", "[default]\nregion = x\n", ".aws/config"),
        ("NPM_CONFIG_USERCONFIG", "fund=false\n", ".npmrc"),
    ],
)
def test_a_moved_file_without_another_trace_of_its_tool(
    host: ActingHost, variable: str, content: str, usual: str
) -> None:
    """Where a profile has moved the settings of a tool to a file that exists, the key is in both files."""
    write(host, f"{HOME}/.profile", f"export {variable}=~/moved\n")
    write(host, f"{HOME}/moved", content)
    before = tree(host)
    change(host)
    assert BUNDLE.encode() in host.read(f"{HOME}/moved")
    assert BUNDLE.encode() in host.read(f"{HOME}/{usual}")
    change(host, trusted=False)
    assert tree(host) == before


def test_yarn_reads_what_npms_file_names(host: ActingHost) -> None:
    """Yarn 1 reads npm's file where its own says nothing: the root goes into the bundle, and no key hides that."""
    write(host, f"{HOME}/.npmrc", f"cafile={THEIRS}\n")
    write(host, f"{HOME}/.yarnrc", "# mine\n")
    before = tree(host)
    added = change(host)
    assert Result.FAILED not in {one.result for one in added.values()}
    assert host.read(f"{HOME}/.yarnrc") == b"# mine\n"
    assert CORP.pem in host.read(THEIRS)
    assert change(host)[f"{HOME}/.yarnrc"].result is Result.ALREADY
    change(host, trusted=False)
    assert tree(host) == before


def test_env_names_the_files_of_one_scope(host: ActingHost) -> None:
    """An account's own files count before the machine's; each scope can be asked for alone, or is missing."""
    change(host)
    assert environment.values(host, replacing=True, scope="user")["SSL_CERT_FILE"] == BUNDLE
    with pytest.raises(UsageProblem, match="nothing was added yet"):
        environment.values(host, replacing=True, scope="machine")
    change(host, trusted=False)
    with pytest.raises(UsageProblem, match="no files of its own"):
        environment.values(host, replacing=True, scope="user")


def test_env_prints_no_variable_that_hides_what_works(host: ActingHost) -> None:
    """What `env` prints hides neither a setting nor a variable of the account that names a private root."""
    path, content = NAMES["git"]
    write(host, f"{HOME}/{path}", content)
    change(host)
    printed = environment.values(replace(host, environ={"NODE_EXTRA_CA_CERTS": THEIRS}), replacing=True)
    assert not {"GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"} & printed.keys()
    assert printed["SSL_CERT_FILE"] == BUNDLE


def test_a_file_of_ours_in_another_tools_settings_decides_nothing(host: ActingHost) -> None:
    """Yarn 1 reads npm's file, too: in either order of writing, its own gets its key, and both are undone."""
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    write(host, f"{HOME}/.yarnrc", "# mine\n")
    before = tree(host)
    change(host)
    whole = host.read(f"{HOME}/.yarnrc")
    write(host, f"{HOME}/.yarnrc", "# mine\n")  # as if npm's had been written first
    change(host)
    assert host.read(f"{HOME}/.yarnrc") == whole
    assert b"cafile" in whole
    change(host, trusted=False)
    assert tree(host) == before
