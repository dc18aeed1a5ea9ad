"""Where verification is switched off, from made-up homes: each key and variable, with file and line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_host import link, played, program, write
from tests.support.pki import make_root
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.effective import decide, lines, switched_off
from trustinstall_platforms.tools.effective.model import Kind, Session, Setter, Variable
from trustinstall_platforms.tools.effective.rows import Client
from trustinstall_platforms.tools.effective.switches import SWITCHES, Switch
from trustinstall_platforms.tools.sessions import everyday

ROOT = make_root("Private Root")
HOME = "/home/alice"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with bash, and with alice's home."""
    with played() as host:
        program(host, "/bin/bash")
        write(host, f"{HOME}/.keep")
        yield host


#: client, file, its text, the line that is found, and what it says
FILES = {
    "git": ("git", "~/.gitconfig", "[http]\n\tsslVerify = false # old\n", 2, "http.sslverify=false"),
    "git for a host": (
        "git",
        "~/.config/git/config",
        '[http "https://git.corp"]\nsslVerify = no\n',
        2,
        'http "https://git.corp".sslverify=no',
    ),
    "git for all accounts": ("git", "/etc/gitconfig", "[http]\nsslverify=0\n", 2, "http.sslverify=0"),
    "curl": ("curl", "~/.curlrc", "# mine\n--insecure\n", 2, "insecure="),
    "curl, short": ("curl", "~/.curlrc", "-k\n", 1, "k="),
    "curl, short ones together": ("curl", "~/.curlrc", "-m9\n-sSk\n", 2, "k="),
    "curl, again": ("curl", "~/.curlrc", "no-insecure\ninsecure\n", 2, "insecure="),
    "wget": ("wget", "~/.wgetrc", "Check-Certificate = Off\n", 1, "check_certificate=Off"),
    "hg": ("Mercurial", "~/.hgrc", "[defaults]\npull = --insecure\n", 2, "defaults.pull=--insecure"),
    "pip": (
        "pip",
        "~/.config/pip/pip.conf",
        "[global]\ntrusted-host =\n    a\n    b\n",
        2,
        "global.trusted-host=\\x0aa\\x0ab",
    ),
    "pip, as a variable": ("pip", "~/.config/pip/pip.conf", "[global]\ntrusted_host = a\n", 2, "global.trusted_host=a"),
    "pip's command": ("pip", "/etc/pip.conf", "[install]\ntrusted-host = a\n", 2, "install.trusted-host=a"),
    "conda": ("conda", "~/.condarc", "channels: []\nssl_verify: False\n", 2, "ssl_verify=False"),
    "uv": ("uv", "~/.config/uv/uv.toml", 'allow-insecure-host = ["a"]\n', 1, 'allow-insecure-host=["a"]'),
    "Poetry": (
        "Poetry",
        "~/.config/pypoetry/config.toml",
        "[certificates.corp]\ncert = false\n",
        2,
        "certificates.corp.cert=false",
    ),
    "npm": ("npm", "~/.npmrc", "strict-ssl=false\n", 1, "strict-ssl=false"),
    "Yarn 1": ("Yarn 1", "~/.yarnrc", "strict-ssl false\n", 1, "strict-ssl=false"),
    "Yarn": ("Yarn from 4 on", "~/.yarnrc.yml", "enableStrictSsl: false\n", 1, "enableStrictSsl=false"),
    "Claude Code": (
        "Claude Code",
        "~/.claude/settings.json",
        '{"env": {"NODE_TLS_REJECT_UNAUTHORIZED": "0"}}',
        1,
        "env.NODE_TLS_REJECT_UNAUTHORIZED=0",
    ),
    "gem": ("RubyGems", "~/.gemrc", "---\n:ssl_verify_mode: 0\n", 2, ":ssl_verify_mode=0"),
    "Bundler": ("Bundler", "~/.bundle/config", '---\nBUNDLE_SSL_VERIFY_MODE: "0"\n', 2, "BUNDLE_SSL_VERIFY_MODE=0"),
    "Composer": (
        "Composer",
        "~/.composer/config.json",
        '{"config": {"disable-tls": true}}',
        1,
        "config.disable-tls=true",
    ),
    "Go": ("Go", "~/.config/go/env", "GOINSECURE=*.corp\n", 1, "GOINSECURE=*.corp"),
    "gcloud": (
        "gcloud",
        "~/.config/gcloud/configurations/config_default",
        "[auth]\ndisable_ssl_validation = True\n",
        2,
        "auth.disable_ssl_validation=True",
    ),
    "gsutil": (
        "gsutil",
        "~/.boto",
        "[Boto]\nhttps_validate_certificates = False\n",
        2,
        "Boto.https_validate_certificates=False",
    ),
    "apt": (
        "apt",
        "/etc/apt/apt.conf.d/99corp",
        '// old\nAcquire { https { Verify-Peer "false"; }; };\n',
        2,
        "acquire::https::verify-peer=false",
    ),
    "apt for a host": (
        "apt",
        "/etc/apt/apt.conf",
        'Acquire::https::deb.corp::Verify-Host "no";\n',
        1,
        "acquire::https::deb.corp::verify-host=no",
    ),
    "dnf": ("dnf", "/etc/yum.repos.d/corp.repo", "[corp]\nsslverify=0\n", 2, "corp.sslverify=0"),
    "Docker": (
        "Docker",
        "/etc/docker/daemon.json",
        '{"insecure-registries": ["r.corp:5000"]}',
        1,
        'insecure-registries=["r.corp:5000"]',
    ),
    **{
        f"Docker, {name}": ("Docker", file, '{"insecure-registries": ["a"]}', 1, 'insecure-registries=["a"]')
        for name, file in (("rootless", "~/.config/docker/daemon.json"), ("Desktop", "~/.docker/daemon.json"))
    },
    "Podman": (
        "Podman",
        "/etc/containers/registries.conf",
        '[[registry]]\nlocation = "r.corp"\ninsecure = true\n',
        3,
        "registry.insecure=true",
    ),
    "OpenLDAP": ("OpenLDAP", "~/.ldaprc", "TLS_REQCERT never\n", 1, "tls_reqcert=never"),
}


@pytest.mark.parametrize("name", FILES)
def test_each_key_is_found_with_file_and_line(host: ActingHost, name: str) -> None:
    """A key that switches verification off is found where it stands; without it nothing is found."""
    client, file, text, line, said = FILES[name]
    path = file.replace("~", HOME)
    assert switched_off.look(host, everyday(host)) == ()
    write(host, path, text)
    (found,) = switched_off.look(host, everyday(host))
    assert (found.switch.client, found.setter, found.said) == (client, Setter(Kind.SETTING, path, line), said)


@pytest.mark.parametrize(
    "switch", [one for one in SWITCHES if one.place.variables], ids=lambda one: one.place.variables
)
def test_each_variable_is_found_with_file_and_line(host: ActingHost, switch: Switch) -> None:
    """A variable that switches verification off is found in the shell's file that sets it."""
    name = switch.place.variables[0]
    value = next(
        one for one in ("0", "false", "true", "never", "x -Dmaven.wagon.http.ssl.insecure=true") if switch.off(one)
    )
    write(host, f"{HOME}/.bashrc", f"# mine\nexport {name}='{value}'\n")
    (found,) = switched_off.look(host, everyday(host))
    assert (found.switch.client, str(found.setter)) == (switch.client, f"{HOME}/.bashrc line 2")


def test_the_calling_session_counts(host: ActingHost) -> None:
    """A variable that the caller was started with is found, without a file."""
    (found,) = switched_off.look(_with(host, GIT_SSL_NO_VERIFY=""), ())
    assert (found.switch.client, found.setter) == ("git", Setter(Kind.VARIABLE))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("~/.gitconfig", "[http]\nsslVerify = false\nsslVerify = true\n"),
        ("~/.npmrc", "strict-ssl=false\nstrict-ssl=true\n"),
        ("~/.config/pip/pip.conf", "[global]\ntrusted-host =\n"),
        ("~/.wgetrc", "check_certificate = on\n"),
        ("~/.curlrc", "insecure\nno-insecure\n"),
        ("~/.curlrc", "-k\n--no-insecure\n"),
        ("~/.curlrc", "-ok\n-Hk\nsk\n"),
        ("/etc/docker/daemon.json", '{"insecure-registries": []}'),
        (
            "/etc/apt/apt.conf",
            '# Acquire::https::Verify-Peer "false";\n/* x::y "n"; */ Acquire::https::Verify-Peer "true";\n',
        ),
        ("~/.npmrc", "\0"),
    ],
)
def test_what_verifies_is_not_found(host: ActingHost, file: str, text: str) -> None:
    """A later value that verifies counts, and what is no settings file says nothing."""
    write(host, file.replace("~", HOME), text)
    assert switched_off.look(host, everyday(host)) == ()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (
            "~/.gitconfig",
            '[http "https://me:secret@git.corp/x@y"]\nsslVerify = 0\n',
            'http "https://git.corp/x@y".sslverify=0',
        ),
        ("~/.hgrc", "[alias]\nx = pull --insecure --config auth.a.password=secret\n", "alias.x=… --insecure …"),
        (
            "~/.bashrc",
            "export MAVEN_OPTS='-Dhttp.proxyPassword=secret -Dmaven.wagon.http.ssl.insecure=true'\n",
            "MAVEN_OPTS=… maven.wagon.http.ssl.insecure=true …",
        ),
    ],
)
def test_no_secret_beside_a_switch_is_said(host: ActingHost, file: str, text: str, said: str) -> None:
    """A login in a URL, and the other options of a value, are left out of what is said."""
    write(host, file.replace("~", HOME), text)
    (found,) = switched_off.look(host, everyday(host))
    assert found.said == said


def test_a_link_is_the_file_that_it_leads_to(host: ActingHost) -> None:
    """Debian's systemd reads /etc/environment by a link: one line is one finding."""
    write(host, "/etc/environment", "GIT_SSL_NO_VERIFY=1\n")
    link(host, "/usr/lib/environment.d/99-environment.conf", "../../../etc/environment")
    (found,) = switched_off.look(host, everyday(host))
    assert str(found.setter) == "/etc/environment line 1"


def test_a_file_that_counts_more_decides(host: ActingHost) -> None:
    """What the machine's file says does not matter where the account's says something else."""
    write(host, "/etc/gitconfig", "[http]\nsslVerify = false\n")
    write(host, f"{HOME}/.gitconfig", "[http]\nsslVerify = true\n")
    assert switched_off.look(host, everyday(host)) == ()


def test_trust_is_judged_as_if_the_switch_was_gone(host: ActingHost) -> None:
    """Conda trusts the root once its own bundle holds it, and no root that was not added."""
    write(host, f"{HOME}/b.pem", ROOT.pem)
    write(host, f"{HOME}/.condarc", "ssl_verify: false\n")
    (found,) = switched_off.look(host, ())
    wanted = frozenset({ROOT.sha256})
    session = [Session("test", {"REQUESTS_CA_BUNDLE": _variable("REQUESTS_CA_BUNDLE", f"{HOME}/b.pem")})]
    assert switched_off.trusts(host, found.switch.client, session, wanted)
    assert not switched_off.trusts(host, found.switch.client, [Session("test", {})], wanted)
    assert not switched_off.trusts(host, found.switch.client, session, frozenset())


def test_what_follows_the_system_trusts_what_that_holds(host: ActingHost) -> None:
    """For apt counts the system's bundle, and of Maven nothing is known."""
    wanted = frozenset({ROOT.sha256})
    assert not switched_off.trusts(host, "apt", (), wanted)
    write(host, "/etc/ssl/certs/ca-certificates.crt", ROOT.pem)
    assert switched_off.trusts(host, "apt", (), wanted)
    assert not switched_off.trusts(host, "Maven", (), wanted)


def test_an_unfinished_apt_conf_ends() -> None:
    """Comments, scopes and strings that do not end are read once: a megabyte of them takes no time."""
    for piece in (b"/* ", b"a { ", b'"', b"a::b ", b"} ;"):
        list(lines.apt(piece * (1_000_000 // len(piece))))


def _variable(name: str, value: str) -> Variable:
    return Variable(name, value, Setter(Kind.VARIABLE, "x", 1))


def _with(host: ActingHost, **variables: str) -> ActingHost:
    return type(host)(host.platform, host.root, variables, host.account)


def test_every_client_is_one_of_the_tables() -> None:
    """A switch names a row of the table of clients, or a program of which it is known what it reads, or Maven."""
    with played() as host:
        names = {one.name for one in decide_every(host)}
    assert {one.client for one in SWITCHES} - names <= {
        "Poetry",
        "apt",
        "dnf",
        "Go",
        "Docker",
        "Podman",
        "OpenLDAP",
        "Python 2",
        "Maven",
    }


def decide_every(host: ActingHost) -> list[Client]:
    """The rows of the table of clients."""
    return [row for row, _ in decide.all_of_them(decide.bare(host))]


@pytest.mark.parametrize(
    ("file", "text", "client", "off", "verified"),
    [
        ("~/.npmrc", "strict-ssl=false\n", "npm", "a.corp", None),
        ("~/.gitconfig", '[http "https://git.corp:8443/x"]\nsslVerify=no\n', "git", "git.corp", "git2.corp"),
        ("~/.config/pip/pip.conf", "[global]\ntrusted-host =\n  Pypi.corp:8443\n", "pip", "pypi.corp", "pypi.example"),
        ("~/.config/uv/uv.toml", 'allow-insecure-host = ["a.corp"]\n', "uv", "a.corp", "b.corp"),
        ("~/.config/go/env", "GOINSECURE=*.corp\n", "Go", "a.corp", "corp"),
    ],
)
def test_a_switch_is_about_the_servers_that_it_names(
    host: ActingHost, file: str, text: str, client: str, off: str, verified: str | None
) -> None:
    """A key for one URL, or a list of hosts, switches nothing else off."""
    write(host, file.replace("~", HOME), text)
    scene = decide.bare(host)
    assert client in switched_off.of_server(scene, off)
    assert verified is None or switched_off.of_server(scene, verified) == {}
