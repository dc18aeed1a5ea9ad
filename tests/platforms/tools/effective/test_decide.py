"""What a client reads, from made-up homes: who decides, and which files count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.platforms.tools.effective.cases_of_javascript import JAVASCRIPT
from tests.platforms.tools.effective.cases_of_others import OTHERS
from tests.platforms.tools.effective.cases_of_repositories import REPOSITORIES
from tests.platforms.tools.effective.home import BUNDLE, HOME, ROOT
from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.pem import to_pem
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import READ, every
from trustinstall_platforms.tools.effective.model import Effective, Kind, Mode, Session, Setter, Variable


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux on which alice has a bundle."""
    with played() as host:
        write(host, BUNDLE, ROOT.pem)
        write(host, "/etc/corp/a.pem", ROOT.pem)
        yield host


def ask(host: ActingHost, client: str, directory: str = "", **variables: str | None) -> Effective:
    """Return what one client reads in a session with some variables."""
    setter = Setter(Kind.VARIABLE, "~/.profile", 7)
    session = Session("test", {name: Variable(name, value, setter, "") for name, value in variables.items()})
    scene = decide.bare(host, directory)._replace(session=session)
    return next(found for row, found in decide.all_of_them(scene) if row.name == client)


CASES = {**JAVASCRIPT, **REPOSITORIES, **OTHERS}


@pytest.mark.parametrize("case", CASES)
def test_the_place_that_counts_decides(host: ActingHost, case: str) -> None:
    """Of all places that a client reads the one that it takes decides, with file, line and path."""
    client, variables, files, directory, expected = CASES[case]
    for path, content in files.items():
        write(host, path.replace("~", HOME), content)
    found = ask(host, client, directory, **variables)
    if " " not in expected:
        assert (found.mode.value, found.bundles) == (expected, ())
        return
    shown = [found.decider.path, str(found.decider.line), *(one.path for one in found.bundles)]
    assert " ".join(shown).replace(f"{HOME}/.", "~/.") == expected.replace("~", HOME).replace(f"{HOME}/.", "~/.")
    assert found.problem is None


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("fpm/pool.d/www.conf", "[www]\nphp_admin_value[openssl.cafile] = /etc/corp/a.pem\n"),
        ("fpm/pool.d/www.conf", "[www]\nphp_value[openssl.cafile] = '/etc/corp/a.pem'\n"),
        ("fpm/conf.d/99-corp.ini", "\nopenssl.cafile=/etc/corp/a.pem\n"),
        ("apache2/php.ini", "\nopenssl.cafile=/etc/corp/a.pem\n"),
    ],
)
def test_servers_of_php_count_for_root(host: ActingHost, path: str, line: str) -> None:
    """Each has files of its own, which an account's programs do not read."""
    write(host, f"/etc/php/8.2/{path}", line)
    write(host, "/etc/php/8.2/fpm/conf.d/10-other.ini", "openssl.cafile=/other.pem\n")
    root = replace(host, account=replace(host.account, uid=0, home="/root"))
    found = ask(root, f"PHP for {path.partition('/')[0]} 8.2")
    assert (str(found.decider), found.bundles[0].path) == (f"/etc/php/8.2/{path} line 2", "/etc/corp/a.pem")
    assert not [row for row, _ in decide.all_of_them(decide.bare(host)) if row.name.startswith("PHP for ")]


@pytest.mark.parametrize("line", ["", "capath = /none\n", f"capath = {HOME}/d\n"])
def test_a_directory_of_a_setting_takes_the_place_of_the_systems(host: ActingHost, line: str) -> None:
    """Debian's curl reads the system's directory beside a bundle, unless a setting names another directory."""
    public = make_root("Public Root")
    write(host, "/etc/os-release", "ID=debian\n")
    write(host, "/etc/ssl/certs/ca-certificates.crt", public.pem)
    write(host, f"{HOME}/d/x.pem", make_root("Other Root").pem)
    write(host, f"{HOME}/.curlrc", f"cacert = {BUNDLE}\n{line}")
    (curl,) = (row for row, _ in decide.all_of_them(decide.bare(host)) if row.name == "curl")
    found = decide.anchor_ders(host, curl, ask(host, "curl"))
    assert (ROOT.der in found, public.der in found, len(found)) == (True, not line, 1 if "none" in line else 2)


def test_what_is_known_only_when_run_is_unknown(host: ActingHost) -> None:
    """A variable whose value needs a command is unknown, and its file and line are said."""
    found = ask(host, "Node.js", NODE_EXTRA_CA_CERTS=None)
    assert found.mode is Mode.UNKNOWN
    assert "~/.profile line 7" in (found.problem or "")


def test_only_blocks_that_the_reader_takes_count(host: ActingHost) -> None:
    """A root with OpenSSL's trust settings is an anchor for requests, and none for Node.js."""
    write(host, "/t.pem", to_pem(ROOT.der, "TRUSTED CERTIFICATE"))
    rows = {row.name: row for row, _ in decide.all_of_them(decide.bare(host))}
    node = ask(host, "Node.js", NODE_EXTRA_CA_CERTS="/t.pem")
    requests = ask(host, "requests", REQUESTS_CA_BUNDLE="/t.pem")
    assert not decide.anchors(host, rows["Node.js"], node)
    assert len(decide.anchors(host, rows["requests"], requests)) == 1


@pytest.mark.parametrize("locale", ["", "C", "de_DE.UTF-8", "de_DE.ISO-8859-1", "de_DE"])
def test_a_file_in_another_encoding(host: ActingHost, locale: str) -> None:
    """Pip and AWS end with an error if the locale's encoding is UTF-8 and the file is not; Cargo always does."""
    for path in (".config/pip/pip.conf", ".aws/config"):
        write(
            host,
            f"{HOME}/{path}",
            f"# \xe4\n[global]\ncert={BUNDLE}\n[default]\nca_bundle={BUNDLE}\n".encode("latin-1"),
        )
    write(host, f"{HOME}/.cargo/config.toml", f'# \xe4\nhttp.cainfo = "{BUNDLE}"\n'.encode("latin-1"))
    german = replace(host, environ={"LANG": "C", "LC_ALL": locale} if locale else {})
    modes = {name: ask(german, name).mode for name in ("pip", "AWS", "Cargo")}
    known = Mode.REPLACES if locale.startswith("de_DE") and "UTF" not in locale else Mode.UNKNOWN
    assert modes == {"pip": known, "AWS": known, "Cargo": Mode.UNKNOWN}
    assert "line 1 is no UTF-8" in (ask(german, "Cargo").problem or "")


def test_subversion_reads_the_first_certificate_of_each_file(host: ActingHost) -> None:
    """The roots of a file after its first one are none of Subversion's, with or without the system's roots beside."""
    other = make_root("Other Root")
    write(host, BUNDLE, ROOT.pem + other.pem)
    for words, adds in (
        ("", True),
        ("ssl-trust-default-ca = FALSE\n", False),
        ("ssl-trust-default-ca = maybe\n", True),
    ):
        write(host, f"{HOME}/.subversion/servers", f"[global]\n{words}ssl-authority-files = {BUNDLE}\n")
        host.forget()
        rows = {row.name: row for row, _ in decide.all_of_them(decide.bare(host))}
        found = ask(host, "Subversion")
        assert (found.mode is Mode.ADDS, rows["Subversion"].follows) == (adds, adds)
        assert decide.anchors(host, rows["Subversion"], found) == {ROOT.sha256}


def test_a_value_that_subversion_expands_is_unknown(host: ActingHost) -> None:
    """What %(name)s stands for is not read."""
    write(host, f"{HOME}/.subversion/servers", f"[global]\nd = {HOME}\nssl-authority-files = %(d)s/b.pem\n")
    assert ask(host, "Subversion").mode is Mode.UNKNOWN


def test_a_file_that_is_no_settings_file_is_unknown(host: ActingHost) -> None:
    """Where a settings file cannot be read, nothing is claimed, and the file is named."""
    write(host, f"{HOME}/.config/pip/pip.conf", "no section\n")
    found = ask(host, "pip")
    assert found.mode is Mode.UNKNOWN
    assert f"{HOME}/.config/pip/pip.conf" in (found.problem or "")


def test_sessions_differ_by_each_variable_that_a_client_reads(host: ActingHost) -> None:
    """Sessions are told apart by these variables alone: one that were missing would be read in one session only."""
    write(host, f"{HOME}/.aws/config", b"[profile dev]\nca_bundle = /x.pem\n")
    write(host, f"{HOME}/.gitconfig", b'[http "https://a.example"]\n\tsslCAInfo = /x.pem\n')
    clients = list(every(decide.bare(host)))
    assert {"git", "git for https://a.example", "AWS", "AWS for dev", "curl"} <= {one.name for one in clients}
    assert {name for one in clients for place in one.places for name in place.variables} <= READ


@pytest.mark.parametrize("number", ["9" * 5000, "²", "-1", " 1", "yes"])
@pytest.mark.parametrize("name", ["GIT_CONFIG_COUNT", "GIT_CONFIG_NOSYSTEM"])
def test_any_number_of_git_can_be_read(host: ActingHost, name: str, number: str) -> None:
    """A number that no program has written ends no command."""
    assert ask(host, "git", **{name: number}).mode is Mode.DEFAULT
