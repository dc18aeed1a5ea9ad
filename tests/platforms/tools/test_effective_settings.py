"""Settings as people have them: the managed root takes effect, goes into their bundle, or is said to be left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.certificates.pem import to_pem
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.errors import UsageProblem
from trustinstall.host import ActingHost
from trustinstall.installer import environment
from trustinstall_platforms.tools import looked_at
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PRIVATE, PUBLIC = (make_root(f"{word} Root") for word in ("Corp", "Private", "Public"))
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
HOME = "/home/alice"
THEIRS = f"{HOME}/b.pem"
BUNDLE = f"{HOME}/.local/share/trustinstall/bundle.pem"
CORPORATE = "/etc/corp/bundle.pem"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with the system's roots, and a bundle of alice's with a private root; root plays her while it lasts."""
    with played() as host:
        write(host, SYSTEM, PUBLIC.pem)
        write(host, THEIRS, PUBLIC.pem + PRIVATE.pem)
        write(host, CORPORATE, PUBLIC.pem + PRIVATE.pem)
        write(host, f"{HOME}/.profile", "# mine\n")
        program(host, "/bin/bash")
        yield host


def change(host: ActingHost, *, trusted: bool = True) -> dict[str, Outcome]:
    """Run the engine to add or remove the root; outcomes by the store's location."""
    kinds = (OwnBundle(), Environment(), Settings())
    return {one.store.location: one for one in fake_host.change(host, kinds, fake_host.wish(CORP.der, trusted=trusted))}


def tree(host: ActingHost) -> dict[str, bytes | None]:
    """Every file and directory of alice's home but our own state."""
    home = Path(host.where(HOME))
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
        if ".local/state" not in str(path) and path != home / ".local"
    }


#: What names the bundle of alice's: a file of her home and its text, by the client that reads it.
NAMES: dict[str, tuple[str, str]] = {
    "git": (".gitconfig", "[http]\n\tsslCAInfo = ~/b.pem\n"),
    "git's URL": (".gitconfig", '[http "https://git.corp/"]\n\tsslCAInfo = ~/b.pem\n'),
    "pip's name of an option": (".config/pip/pip.conf", "[global]\n--Cert = ~/b.pem\n"),
    "npm's moved file": (".npmrc", "globalconfig=~/b.npmrc\n"),
    "curl": (".curlrc", f"cacert = {THEIRS}\n"),
    "Cargo": (".cargo/config", f'[http]\ncainfo = "{THEIRS}"\n'),
    "Poetry": (".config/pypoetry/config.toml", f'[certificates.corp]\ncert = "{THEIRS}"\n'),
    "Bundler": (".bundle/config", f'---\nBUNDLE_SSL_CA_CERT: "{THEIRS}"\n'),
    "Composer": (".composer/config.json", '{"config": {"cafile": "~/b.pem"}}'),
    "Nix": (".config/nix/nix.conf", f"ssl-cert-file = {THEIRS}\n"),
    "pip": (".config/pip/pip.conf", "[global]\ncert = ~/b.pem\n"),
    "pip's old file": (".pip/pip.conf", f"[global]\ncert = {THEIRS}\n"),
    "pip's command": (".config/pip/pip.conf", f"[global]\ntimeout = 9\n[install]\ncert = {THEIRS}\n"),
    "npm's variable": (".npmrc", "cafile=${HOME}/b.pem\n"),
    "Yarn 3": (".yarnrc.yml", "caFilePath: b.pem\n"),
    "Yarn 1's variable": (".profile", f"export YARN_CAFILE={THEIRS}\n"),
    "Yarn's default": (".yarnrc.yml", 'httpsCaFilePath: "${CERTS:-/home/alice}/b.pem"\n'),
    "Yarn's hosts": (".yarnrc.yml", f"networkSettings:\n  '*.corp':\n    httpsCaFilePath: {THEIRS}\n"),
    "Yarn 3's hosts": (".yarnrc.yml", "networkSettings: {a: {caFilePath: b.pem}}\n"),
    "conda's other file": (".config/conda/.condarc", f"ssl_verify: {THEIRS}\n"),
    "containerd": (".config/containerd/certs.d/r/hosts.toml", f'ca = "{THEIRS}"\n'),
    "Helm": (".config/helm/repositories.yaml", f"repositories:\n- name: corp\n  caFile: {THEIRS}\n"),
    "kubectl": (
        ".kube/config",
        "clusters:\n- cluster:\n    certificate-authority: ../b.pem\n  name: corp\n",
    ),
    "AWS": (".aws/config", f"[default]\nca_bundle = {THEIRS}\n"),
    "AWS's other heading": (".aws/config", f"[profile default]\nregion = x\nca_bundle = {THEIRS}\n"),
    "AWS's profile": (".aws/config", f"[profile corp]\nca_bundle = {THEIRS}\n"),
    "AWS's profile in quotes": (".aws/config", f'[profile\t"corp one"]\nca_bundle = {THEIRS}\n'),
    "wget's spelling": (".wgetrc", "CA-Certificate = ~/b.pem\n"),
    "Mercurial's other file": (".config/hg/hgrc", "[web]\ncacerts = $HOME/b.pem\n"),
    "Cargo's inline table": (".cargo/config.toml", f'http = {{cainfo = "{THEIRS}"}}\n'),
    "Composer's older directory": (".composer/config.json", '{"config": {"cafile": "~/b.pem"}}'),
}


@pytest.mark.parametrize("kind", NAMES)
def test_ours_goes_into_the_bundle_that_a_setting_names(host: ActingHost, kind: str) -> None:
    """The account's setting stays, its bundle gets our root, no variable hides it, and `remove` restores every byte."""
    path, content = NAMES[kind]
    for name in ("pip", "npm", "conda", "aws", "wget", "hg", "svn"):
        program(host, f"/usr/bin/{name}")
    write(host, f"{HOME}/{path}", content)
    write(host, f"{HOME}/b.npmrc", f"cafile={THEIRS}\n")
    before = tree(host)
    reached = _reached(host)
    change(host)
    assert CORP.pem in host.read(THEIRS)
    assert reached.items() <= _reached(host).items()
    change(host, trusted=False)
    assert tree(host) == before


def _reached(host: ActingHost) -> dict[str, list[tuple[str, str]]]:
    """Return by client which files name the bundles that it reads by its settings."""
    every = decide.all_of_them(decide.bare(host))
    return {row.name: [(one.path, one.setter.path) for one in found.bundles] for row, found in every if found.bundles}


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
    ("files", "location", "word"),
    [
        ({"/etc/pip.conf": f"[global]\ncert = {CORPORATE}\n"}, ".config/pip/pip.conf", "/etc/pip.conf line 2"),
        ({"/etc/xdg/pip/pip.conf": f"[global]\ncert={CORPORATE}\n"}, ".config/pip/pip.conf", "/etc/xdg/pip/pip.conf"),
        ({"/usr/etc/npmrc": f"cafile={CORPORATE}\n"}, ".npmrc", "/usr/etc/npmrc line 1"),
        ({f"{HOME}/.npmrc": 'fund=false\nca[]="-----BEGIN"\n'}, ".npmrc", ".npmrc line 2 has certificates"),
        ({f"{HOME}/.yarnrc": 'ca "-----BEGIN"\n'}, ".npmrc", ".yarnrc line 1 has certificates"),
        ({f"{HOME}/.yarnrc": 'ca "-----BEGIN"\n'}, ".yarnrc", ".yarnrc line 1 has certificates"),
        ({f"{HOME}/.claude/settings.json": '{"env": null}'}, ".claude/settings.json", "settings.json says env: null"),
        ({f"{HOME}/.condarc": "ssl_verify: null\n"}, ".condarc", "ssl_verify: null, which counts"),
        (
            {f"{HOME}/.subversion/servers": f"[GLOBAL]\nSSL-authority-files = {CORPORATE};{THEIRS}\n"},
            ".subversion/servers",
            "of each file that /home/alice/.subversion/servers line 2 names one certificate is read",
        ),
        (
            {"/etc/subversion/servers": f"[global]\nssl-trust-default-ca=no\nssl-authority-files={CORPORATE}\n"},
            ".subversion/servers",
            "of each file that /etc/subversion/servers line 3 names",
        ),
        (
            {f"{HOME}/.subversion/servers": f"[corp]\nssl-trust-default-ca=no\nssl-authority-files={CORPORATE}\n"},
            ".subversion/servers#Subversion-for-corp",
            "of each file that /home/alice/.subversion/servers line 3 names",
        ),
        (
            {f"{HOME}/.config/pip/pip.conf": "[global]\ntimeout = 9\n[install]\ncert = /gone.pem\n"},
            ".config/pip/pip.conf#pip-for-install",
            ".config/pip/pip.conf line 4 names /gone.pem, which is no file of certificates",
        ),
        ({"/etc/mercurial/hgrc.d/c.rc": f"[web]\ncacerts={CORPORATE}\n"}, ".hgrc", "/etc/mercurial/hgrc.d/c.rc line 2"),
    ],
)
def test_what_others_have_decided_is_left(host: ActingHost, files: Mapping[str, str], location: str, word: str) -> None:
    """A managed setting never hides what the administrator or the account itself has decided; it is said where."""
    for name in ("pip", "npm", "conda", "hg", "node", "svn"):
        program(host, f"/usr/bin/{name}")
    for path, content in files.items():
        write(host, path, content)
    before = tree(host)
    outcome = change(host)[f"{HOME}/{location}"]
    assert outcome.result is Result.SEALED
    assert word in outcome.detail
    assert tree(host).get(location) == before.get(location)


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


def test_the_systems_store_is_followed(host: ActingHost) -> None:
    """Where conda is switched to the system's store nothing is written, and nothing has failed."""
    write(host, f"{HOME}/.condarc", "ssl_verify: truststore\n")
    assert change(host)[f"{HOME}/.condarc"].result is not Result.FAILED
    assert host.read(f"{HOME}/.condarc") == b"ssl_verify: truststore\n"


def test_one_bundle_that_several_settings_name(host: ActingHost) -> None:
    """Settings of several tools may name one bundle: it is changed once, every store says so, and it is as before."""
    for kind in ("pip", "conda's other file", "AWS", "wget's spelling", "curl", "git"):
        path, content = NAMES[kind]
        write(host, f"{HOME}/{path}", content)
    for name in ("pip", "conda", "aws", "wget"):
        program(host, f"/usr/bin/{name}")
    before = tree(host)
    results = {one.result for one in change(host).values()}
    assert results <= {Result.ADDED, Result.ALREADY}
    assert host.read(THEIRS).count(CORP.pem) == 1
    assert Result.FAILED not in {one.result for one in change(host, trusted=False).values()}
    assert tree(host) == before


@pytest.mark.parametrize("label", ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"])
def test_a_root_that_not_every_reader_takes_gets_a_plain_copy(host: ActingHost, label: str) -> None:
    """Node.js and GnuTLS do not read OpenSSL's own labels: such a root is no reason to say `already`."""
    trusted = to_pem(CORP.der, label)
    write(host, THEIRS, PUBLIC.pem + trusted)
    write(host, f"{HOME}/.npmrc", f"cafile={THEIRS}\n")
    before = tree(host)
    assert change(host)[f"{HOME}/.npmrc"].result is Result.ADDED
    assert host.read(THEIRS).startswith(PUBLIC.pem + trusted)
    assert CORP.pem in host.read(THEIRS)
    gone = change(host, trusted=False)[f"{HOME}/.npmrc"]
    assert gone.result is not Result.FAILED
    assert tree(host) == before


@pytest.mark.parametrize(
    "before",
    [
        "ssl_verify: true\n",
        "channels:\n  - x\nssl_verify: True  # on again\nchannel_priority: strict\n",
        "ssl_verify: yes",
    ],
)
def test_a_word_that_decides_nothing_is_replaced_and_comes_back(host: ActingHost, before: str) -> None:
    """`conda config --set ssl_verify true` decides nothing: the key replaces it, and `remove` puts it back."""
    write(host, f"{HOME}/.condarc", before)
    assert change(host)[f"{HOME}/.condarc"].result is Result.ADDED
    said = host.read(f"{HOME}/.condarc").decode()
    assert said.count("ssl_verify") == 1
    assert f'ssl_verify: "{BUNDLE}"' in said
    assert change(host)[f"{HOME}/.condarc"].result is Result.ALREADY
    assert change(host, trusted=False)[f"{HOME}/.condarc"].result is Result.REMOVED
    assert host.read(f"{HOME}/.condarc").decode() == before


def test_roots_that_a_variable_adds_are_not_hidden(host: ActingHost) -> None:
    """Npm trusts what NODE_EXTRA_CA_CERTS of the account names: a managed `cafile` would hide that, and is not set."""
    write(host, f"{HOME}/.profile", 'export NODE_EXTRA_CA_CERTS="$HOME/b.pem"\n')
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    before = tree(host)
    change(host)
    assert host.read(f"{HOME}/.npmrc") == b"fund=false\n"
    change(host, trusted=False)
    assert tree(host) == before


def test_a_value_that_only_running_would_tell_is_said(host: ActingHost) -> None:
    """Where a variable's value needs a command nothing is set over it, and its file and line are said."""
    write(host, f"{HOME}/.profile", "# mine\nexport NODE_EXTRA_CA_CERTS=$(find-root)\n")
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    outcome = change(host)[f"{HOME}/.npmrc"]
    assert outcome.result is Result.SEALED
    assert ".profile line 2" in outcome.detail
    assert host.read(f"{HOME}/.npmrc") == b"fund=false\n"


def test_a_file_that_a_profile_has_moved(host: ActingHost) -> None:
    """Where the account's own profile moves a settings file, the key is in both, and goes from both."""
    write(host, f"{HOME}/.profile", "export XDG_CONFIG_HOME=$HOME/cfg\n")
    program(host, "/usr/bin/pip")
    before = tree(host)
    change(host)
    assert BUNDLE.encode() in host.read(f"{HOME}/cfg/pip/pip.conf")
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


def test_nothing_goes_into_an_authority_whose_key_lies_beside(host: ActingHost) -> None:
    """A cluster of minikube takes what is in that file for the authority of its clients, too."""
    write(host, f"{HOME}/.minikube/ca.crt", PRIVATE.pem)
    write(host, f"{HOME}/.minikube/ca.key", "key\n")
    where = "clusters:\n- cluster:\n    certificate-authority: ~/.minikube/ca.crt\n  name: minikube\n"
    write(host, f"{HOME}/.kube/config", where.replace("~", HOME))
    assert not {one for one in change(host) if "minikube" in one or "kube" in one}
    assert Path(host.where(f"{HOME}/.minikube/ca.crt")).read_bytes() == PRIVATE.pem


def test_root_leaves_what_the_systems_store_reaches(host: ActingHost) -> None:
    """A registry's own roots of the machine count beside the system's, which `add` changes; rootless ones are hers."""
    registry = "/etc/docker/certs.d/r:5000/ca.crt"
    write(host, registry, PRIVATE.pem)
    write(host, f"{HOME}/.config/docker/certs.d/r:5000/ca.crt", PRIVATE.pem)
    done = change(host)
    assert done[f"{HOME}/.config/docker/certs.d/r:5000/ca.crt"].result is Result.ADDED
    root = replace(host, account=replace(host.account, uid=0, name="root", home="/root"))
    found = {one.location for one in looked_at.stores(root, "settings", (), frozenset())}
    assert registry not in found
    assert any(one.location == registry for one in looked_at.stores(host, "settings", (), frozenset()))


def test_a_file_that_is_longer_than_is_read(host: ActingHost) -> None:
    """One store fails for all variables of such a file; no line of it is named, and none is said to be taken out."""
    write(host, f"{HOME}/.profile", f"export NODE_EXTRA_CA_CERTS={THEIRS}\n" + "#" * (600 * 1024))
    failed = {location: one for location, one in change(host).items() if one.result is Result.FAILED}
    found = {one for location, one in failed.items() if "#" in location}
    assert [(one.store.location, one.store.label) for one in found] == [
        (f"{HOME}/.profile#variables", f"variables in {HOME}/.profile")
    ]
    (detail,) = (one.detail for one in found)
    assert detail.endswith("are unknown, because it is longer than is read; shorten it, and add again")
