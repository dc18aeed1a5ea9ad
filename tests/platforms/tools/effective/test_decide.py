"""What a client reads, from made-up homes: who decides, and which files count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.pem import to_pem
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import READ, every
from trustinstall_platforms.tools.effective.model import Effective, Kind, Mode, Session, Setter, Variable

ROOT = make_root("Private Root")
HOME = "/home/alice"
BUNDLE = f"{HOME}/b.pem"


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


#: client, variables, files, the current directory, and who decides what: "FILE LINE PATH", or a mode.
CASES: dict[str, tuple[str, dict[str, str], dict[str, str], str, str]] = {
    "nothing": ("pip", {}, {}, "", "default"),
    "pip's old file": ("pip", {}, {"~/.pip/pip.conf": "[global]\ncert = ~/b.pem\n"}, "", f"~/.pip/pip.conf 2 {BUNDLE}"),
    "pip's new file": (
        "pip",
        {},
        {"~/.pip/pip.conf": "[global]\ncert=/x\n", "~/.config/pip/pip.conf": "[global]\ncert=~/b.pem\n"},
        "",
        f"~/.config/pip/pip.conf 2 {BUNDLE}",
    ),
    "pip's moved file": (
        "pip",
        {"XDG_CONFIG_HOME": f"{HOME}/c"},
        {"~/.config/pip/pip.conf": "[global]\ncert=/x\n", "~/c/pip/pip.conf": "[global]\ncert=~/b.pem\n"},
        "",
        f"~/c/pip/pip.conf 2 {BUNDLE}",
    ),
    "pip's command": (
        "pip for install",
        {},
        {"~/.pip/pip.conf": "[global]\ncert = /x\n[install]\ncert = ~/b.pem\n"},
        "",
        f"~/.pip/pip.conf 4 {BUNDLE}",
    ),
    "pip's machine": (
        "pip",
        {},
        {"/etc/xdg/pip/pip.conf": "[global]\ncert=/etc/corp/a.pem\n"},
        "",
        "/etc/xdg/pip/pip.conf 2 /etc/corp/a.pem",
    ),
    "npm's variable in a value": ("npm", {}, {"~/.npmrc": "cafile=${HOME}/b.pem\n"}, "", f"~/.npmrc 1 {BUNDLE}"),
    "npm's missing file": ("npm", {}, {"~/.npmrc": "cafile=/gone.pem\n"}, "", "default"),
    "npm's own text": ("npm", {}, {"~/.npmrc": 'fund=false\nca[]="-----BEGIN"\n'}, "", "~/.npmrc 2 ~/.npmrc"),
    "npm's moved file": (
        "npm",
        {"NPM_CONFIG_USERCONFIG": f"{HOME}/n"},
        {"~/.npmrc": "cafile=/x\n", "~/n": "cafile=~/b.pem\n"},
        "",
        f"~/n 1 {BUNDLE}",
    ),
    "npm's machine": (
        "npm",
        {},
        {"/usr/bin/node": "", "/usr/etc/npmrc": "cafile=/etc/corp/a.pem\n"},
        "",
        "/usr/etc/npmrc 1 /etc/corp/a.pem",
    ),
    "Yarn 1 before npm": (
        "Yarn 1",
        {},
        {"~/.npmrc": "cafile=/etc/corp/a.pem\n", "~/.yarnrc": f'cafile "{BUNDLE}"\n'},
        "",
        f"~/.yarnrc 1 {BUNDLE}",
    ),
    "Yarn 3": ("Yarn 2 and 3", {}, {"~/.yarnrc.yml": "caFilePath: b.pem\n"}, "", f"~/.yarnrc.yml 1 {BUNDLE}"),
    "Yarn 3 and Yarn 4's key": ("Yarn 2 and 3", {}, {"~/.yarnrc.yml": "httpsCaFilePath: b.pem\n"}, "", "default"),
    "Yarn's hosts": (
        "Yarn for *.corp",
        {},
        {"~/.yarnrc.yml": "networkSettings:\n  '*.corp':\n    httpsCaFilePath: b.pem\n"},
        "",
        f"~/.yarnrc.yml 3 {BUNDLE}",
    ),
    "Yarn's default for a variable": (
        "Yarn from 4 on",
        {"EMPTY": "", "SET": "b"},
        {"~/.yarnrc.yml": 'httpsCaFilePath: "${EMPTY:-/home}/${UNSET-alice}/${SET-x}${EMPTY-y}.pem"\n'},
        "",
        f"~/.yarnrc.yml 1 {BUNDLE}",
    ),
    "Yarn without a default": (
        "Yarn from 4 on",
        {},
        {"~/.yarnrc.yml": 'httpsCaFilePath: "${NO}/b.pem"\n'},
        "",
        "unknown",
    ),
    "Yarn 1's own text": ("Yarn 1", {}, {"~/.yarnrc": 'ca "-----BEGIN"\n'}, "", "~/.yarnrc 1 ~/.yarnrc"),
    "Yarn 1's variable in any case": ("Yarn 1", {"Yarn_CAFile": BUNDLE}, {}, "", f"~/.profile 7 {BUNDLE}"),
    "Claude Code expands nothing": (
        "Claude Code",
        {},
        {"~/.claude/settings.json": '{"env": {"NODE_EXTRA_CA_CERTS": "~/b.pem"}}'},
        "",
        "unknown",
    ),
    "Claude Code without variables": ("Claude Code", {}, {"~/.claude/settings.json": '{"env": null}'}, "", "default"),
    "conda on": ("conda", {}, {"~/.condarc": "ssl_verify: True\n"}, "", "default"),
    "conda off": ("conda", {}, {"~/.condarc": "ssl_verify: ~\n"}, "", "off"),
    "conda empty": ("conda", {}, {"~/.condarc": "ssl_verify:\n"}, "", "off"),
    "conda's system": ("conda", {}, {"~/.condarc": "ssl_verify: truststore\n"}, "", "native"),
    "conda's other file": (
        "conda",
        {},
        {"~/.config/conda/.condarc": f"ssl_verify: {BUNDLE}\n"},
        "",
        f"~/.config/conda/.condarc 1 {BUNDLE}",
    ),
    "AWS's profile default": (
        "AWS",
        {},
        {"~/.aws/config": f"[profile default]\nregion = x\nca_bundle = {BUNDLE}\n"},
        "",
        f"~/.aws/config 3 {BUNDLE}",
    ),
    "AWS's credentials": (
        "AWS",
        {},
        {"~/.aws/config": "[default]\nca_bundle = /x\n", "~/.aws/credentials": f"[default]\nca_bundle = {BUNDLE}\n"},
        "",
        f"~/.aws/credentials 2 {BUNDLE}",
    ),
    "AWS's named profile": (
        "AWS for corp",
        {},
        {"~/.aws/config": f"[profile corp]\nca_bundle = {BUNDLE}\n"},
        "",
        f"~/.aws/config 2 {BUNDLE}",
    ),
    "wget's spelling": ("wget", {}, {"~/.wgetrc": "CA-Certificate = ~/b.pem\n"}, "", f"~/.wgetrc 1 {BUNDLE}"),
    "wget's moved file": (
        "wget",
        {"WGETRC": "/w"},
        {"/w": "cacertificate=/etc/corp/a.pem\n", "~/.wgetrc": "x=y\n"},
        "",
        "/w 1 /etc/corp/a.pem",
    ),
    "curl": (
        "curl",
        {"CURL_CA_BUNDLE": "/x"},
        {"~/.curlrc": f'# mine\n-s\n--cacert "{BUNDLE}"\n'},
        "",
        f"~/.curlrc 3 {BUNDLE}",
    ),
    "curl's directory beside": (
        "curl",
        {},
        {"~/.curlrc": f"capath = {HOME}/d\ncacert = {BUNDLE}\n"},
        "",
        f"~/.curlrc 2 {BUNDLE} ~/d",
    ),
    "wget's directory beside": (
        "wget",
        {},
        {"~/.wgetrc": f"ca_directory = {HOME}/d\nca_certificate = {BUNDLE}\n"},
        "",
        f"~/.wgetrc 2 {BUNDLE} ~/d",
    ),
    "git's directory beside": (
        "git",
        {},
        {"~/.gitconfig": "[http]\n\tsslCAPath = ~/d\n\tsslCAInfo = ~/b.pem\n"},
        "",
        f"~/.gitconfig 3 {BUNDLE} ~/d",
    ),
    "curl's dashes": (
        "curl",
        {},
        {"~/.curlrc": f"-s\ncacert:{BUNDLE}\n--cacert={BUNDLE}\n"},
        "",
        f"~/.curlrc 2 {BUNDLE}",
    ),
    "RubyGems' word": ("RubyGems", {}, {"~/.gemrc": f"ssl_ca_cert: {BUNDLE}\n"}, "", "default"),
    "AWS' own profile": (
        "AWS",
        {"AWS_PROFILE": "dev"},
        {"~/.aws/config": f"[default]\nca_bundle=/x\n[profile dev]\nca_bundle={BUNDLE}\n"},
        "",
        f"~/.aws/config 4 {BUNDLE}",
    ),
    "PHP's directory": (
        "PHP",
        {"PHPRC": "/p"},
        {"/p/php-cli.ini": f"openssl.cafile={BUNDLE}\n", "/p/php.ini": "openssl.cafile=/x\n"},
        "",
        f"/p/php-cli.ini 1 {BUNDLE}",
    ),
    "git": ("git", {}, {"~/.gitconfig": "[http]\n\tsslCAInfo = ~/b.pem ; mine\n"}, "", f"~/.gitconfig 2 {BUNDLE}"),
    "git's include": (
        "git",
        {},
        {"~/.gitconfig": "[include]\n\tpath = more\n", "~/more": '[http]\n\tsslcainfo = "~/b.pem"\n'},
        "",
        f"~/more 2 {BUNDLE}",
    ),
    "git's URL": (
        "git for https://corp/",
        {},
        {"~/.gitconfig": '[http "https://corp/"]\n\tsslCAInfo = ~/b.pem\n'},
        "",
        f"~/.gitconfig 2 {BUNDLE}",
    ),
    "git's URL with a login, which is not shown": (
        "git for https://corp/",
        {},
        {"~/.gitconfig": '[http "https://me:secret@corp/"]\n\tsslCAInfo = ~/b.pem\n'},
        "",
        f"~/.gitconfig 2 {BUNDLE}",
    ),
    "git's variable": (
        "git",
        {"GIT_SSL_CAINFO": BUNDLE},
        {"~/.gitconfig": "[http]\nsslCAInfo=/x\n"},
        "",
        f"~/.profile 7 {BUNDLE}",
    ),
    "AWS's profile with odd blanks": (
        "AWS for corp one",
        {},
        {"~/.aws/config": f'[profile\t"corp one"]\nca_bundle = {BUNDLE}\n'},
        "",
        f"~/.aws/config 2 {BUNDLE}",
    ),
    "AWS's path in the home": (
        "AWS",
        {},
        {"~/.aws/config": "[default]\nca_bundle = ~/b.pem\n"},
        "",
        f"~/.aws/config 2 {BUNDLE}",
    ),
    "AWS's file by another variable": (
        "AWS",
        {"AWS_CONFIG_FILE": "$AT/moved", "AT": "~"},
        {"~/moved": f"[default]\nca_bundle = {BUNDLE}\n"},
        "",
        f"~/moved 2 {BUNDLE}",
    ),
    "LWP's older name": ("Perl's LWP", {"HTTPS_CA_FILE": BUNDLE}, {}, "", f"~/.profile 7 {BUNDLE}"),
    "Yarn 1's file before its text": (
        "Yarn 1",
        {},
        {"~/.npmrc": f'cafile={BUNDLE}\nca="x"\n', "~/.yarnrc": 'ca "-----BEGIN"\n'},
        "",
        f"~/.npmrc 1 {BUNDLE}",
    ),
    "Mercurial's other file": (
        "Mercurial",
        {},
        {"~/.hgrc": "[ui]\nusername = a\n", "~/.config/hg/hgrc": "[web]\ncacerts = $HOME/b.pem\n"},
        "",
        f"~/.config/hg/hgrc 2 {BUNDLE}",
    ),
    "Subversion's list": (
        "Subversion",
        {},
        {"~/.subversion/servers": f"[global]\nssl-authority-files = {BUNDLE};/etc/corp/a.pem\n"},
        "",
        f"~/.subversion/servers 2 {BUNDLE} /etc/corp/a.pem",
    ),
    "Cargo's parents": (
        "Cargo",
        {},
        {"~/work/.cargo/config.toml": '[http]\ncainfo = "c.pem"\n', "~/work/c.pem": ROOT.pem.decode()},
        f"{HOME}/work/crate/src",
        f"~/work/.cargo/config.toml 2 {HOME}/work/c.pem",
    ),
    "Subversion's names in any case": (
        "Subversion",
        {},
        {"~/.subversion/servers": f"[GLOBAL]\nSSL-Authority-Files = {BUNDLE}\n"},
        "",
        f"~/.subversion/servers 2 {BUNDLE}",
    ),
    "Subversion's group has its own list": (
        "Subversion for corp",
        {},
        {"~/.subversion/servers": f"[global]\nssl-authority-files=/x\n[corp]\nssl-authority-files={BUNDLE}\n"},
        "",
        f"~/.subversion/servers 4 {BUNDLE}",
    ),
    "Subversion's group without a list": (
        "Subversion for corp",
        {},
        {
            "~/.subversion/servers": "[corp]\nssl-trust-default-ca = No\n",
            "/etc/subversion/servers": "[global]\nssl-authority-files = /etc/corp/a.pem\n",
        },
        "",
        "/etc/subversion/servers 2 /etc/corp/a.pem",
    ),
    "Cargo's inline table": (
        "Cargo",
        {},
        {"~/.cargo/config.toml": f'# mine\nhttp = {{ multiplexing = false, cainfo = "{BUNDLE}" }}\n'},
        "",
        f"~/.cargo/config.toml 2 {BUNDLE}",
    ),
    "Cargo's old name beside the new one": (
        "Cargo",
        {},
        {"~/.cargo/config": "[net]\nretry = 1\n", "~/.cargo/config.toml": f'http.cainfo = "{BUNDLE}"\n'},
        "",
        "default",
    ),
    "Cargo's files above the home": (
        "Cargo",
        {},
        {"/home/.cargo/config.toml": 'http.cainfo = "/etc/corp/a.pem"\n'},
        "",
        "/home/.cargo/config.toml 1 /etc/corp/a.pem",
    ),
    "Cargo's usual directory beside a moved one": (
        "Cargo",
        {"CARGO_HOME": f"{HOME}/moved"},
        {"~/.cargo/config.toml": f'http.cainfo = "{BUNDLE}"\n', "~/moved/config.toml": 'http.cainfo = "/x"\n'},
        "",
        f"~/.cargo/config.toml 1 {BUNDLE}",
    ),
    "Cargo's old name": (
        "Cargo",
        {},
        {"~/.cargo/config": f'http.cainfo = "{BUNDLE}"\n'},
        "",
        f"~/.cargo/config 1 {BUNDLE}",
    ),
    "Poetry": (
        "Poetry for corp",
        {"REQUESTS_CA_BUNDLE": "/x"},
        {"~/.config/pypoetry/config.toml": f'[certificates.corp]\ncert = "{BUNDLE}"\n'},
        "",
        f"~/.config/pypoetry/config.toml 2 {BUNDLE}",
    ),
    "Bundler": (
        "Bundler",
        {},
        {"~/.bundle/config": f'---\nBUNDLE_SSL_CA_CERT: "{BUNDLE}"\n'},
        "",
        f"~/.bundle/config 2 {BUNDLE}",
    ),
    "RubyGems": ("RubyGems", {}, {"~/.gemrc": f":ssl_ca_cert: {BUNDLE}\n"}, "", f"~/.gemrc 1 {BUNDLE}"),
    "RubyGems' moved file": ("RubyGems", {"GEMRC": "/g"}, {"~/.gemrc": f":ssl_ca_cert: {BUNDLE}\n"}, "", "default"),
    "Composer": (
        "Composer",
        {},
        {"/etc/xdg/x": "", "~/.config/composer/config.json": '{"config": {\n"cafile": "~/b.pem"}}'},
        "",
        f"~/.config/composer/config.json 2 {BUNDLE}",
    ),
    "Composer's newer directory": (
        "Composer",
        {},
        {
            "/etc/xdg/x": "",
            "~/.composer/config.json": '{"config": {"cafile": "/x"}}',
            "~/.config/composer/config.json": '{"config": {"cafile": "$HOME/b.pem"}}',
        },
        "",
        f"~/.config/composer/config.json 1 {BUNDLE}",
    ),
    "Composer's older directory": (
        "Composer",
        {},
        {
            "~/.composer/config.json": '{"config": {"cafile": "~/b.pem"}}',
            "~/.config/composer/config.json": '{"config": {"cafile": "/x"}}',
        },
        "",
        f"~/.composer/config.json 1 {BUNDLE}",
    ),
    "Composer's directory of certificates": (
        "Composer",
        {},
        {"/etc/xdg/x": "", "~/.config/composer/config.json": '{"config": {"capath": "/etc/corp"}}'},
        "",
        "~/.config/composer/config.json 1 /etc/corp",
    ),
    "Composer's PHP": (
        "Composer",
        {"PHPRC": f"{HOME}/php.ini"},
        {"~/php.ini": f"openssl.cafile = {BUNDLE}\n"},
        "",
        f"~/php.ini 1 {BUNDLE}",
    ),
    "PHP's variable of the environment": (
        "PHP",
        {"PHPRC": f"{HOME}/php.ini", "CERTS": HOME},
        {"~/php.ini": "openssl.cafile = ${CERTS}/b.pem\n"},
        "",
        f"~/php.ini 1 {BUNDLE}",
    ),
    "PHP's joined words": (
        "PHP",
        {"PHPRC": f"{HOME}/php.ini"},
        {"~/php.ini": f"openssl.cafile = \"{HOME}\" '/b.pem' ; mine\n"},
        "",
        f"~/php.ini 1 {BUNDLE}",
    ),
    "PHP": (
        "PHP",
        {},
        {"/etc/php/8.2/cli/php.ini": "[openssl]\nopenssl.cafile = /etc/corp/a.pem ; x\n"},
        "",
        "/etc/php/8.2/cli/php.ini 2 /etc/corp/a.pem",
    ),
    "npm's own roots in the account's file": (
        "npm",
        {},
        {"~/.npmrc": 'cafile=~/b.pem\nca="x"\n', "/usr/local/etc/npmrc": "cafile=/etc/corp/a.pem\n"},
        "",
        "~/.npmrc 2 ~/.npmrc",
    ),
    "npm's file after roots of its own": (
        "npm",
        {},
        {"~/.npmrc": 'ca[]="x"\ncafile=~/b.pem\n'},
        "",
        f"~/.npmrc 2 {BUNDLE}",
    ),
    "a registry of Docker": (
        "Docker for r:5000",
        {},
        {"/etc/docker/certs.d/r:5000/ca.crt": ROOT.pem.decode(), "/etc/docker/certs.d/r:5000/client.cert": "x"},
        "",
        "/etc/docker/certs.d/r:5000/ca.crt 0 /etc/docker/certs.d/r:5000/ca.crt",
    ),
    "a registry of rootless containerd": (
        "containerd for r:5000",
        {},
        {"~/.config/containerd/certs.d/r:5000/hosts.toml": '[host."https://r"]\nca = ["../../../../b.pem"]\n'},
        "",
        f"~/.config/containerd/certs.d/r:5000/hosts.toml 2 {BUNDLE}",
    ),
    "a registry of k3s": (
        "k3s for r:5000",
        {},
        {
            "/etc/rancher/k3s/registries.yaml": 'mirrors:\nconfigs:\n  "r:5000":\n    tls:\n'
            "      ca_file: /etc/corp/a.pem\n"
        },
        "",
        "/etc/rancher/k3s/registries.yaml 5 /etc/corp/a.pem",
    ),
    "a repository of Helm": (
        "Helm for corp",
        {"HELM_CONFIG_HOME": f"{HOME}/h"},
        {"~/h/repositories.yaml": f"repositories:\n- caFile: ''\n  name: other\n- caFile: {BUNDLE}\n  name: corp\n"},
        "",
        f"~/h/repositories.yaml 4 {BUNDLE}",
    ),
    "a cluster of kubectl": (
        "kubectl for corp",
        {"KUBECONFIG": f"/gone:{HOME}/k"},
        {"~/k": "clusters:\n- name: corp\n  cluster:\n    # ours\n    certificate-authority: b.pem\ncontexts: []\n"},
        "",
        f"~/k 5 {BUNDLE}",
    ),
    "Nix": (
        "Nix",
        {"NIX_SSL_CERT_FILE": "/x"},
        {"~/.config/nix/nix.conf": f"ssl-cert-file = {BUNDLE} # x\n"},
        "",
        f"~/.config/nix/nix.conf 1 {BUNDLE}",
    ),
    "gcloud": (
        "gcloud",
        {},
        {
            "~/.config/gcloud/active_config": "work",
            "~/.config/gcloud/configurations/config_work": f"[core]\ncustom_ca_certs_file = {BUNDLE}\n",
        },
        "",
        f"~/.config/gcloud/configurations/config_work 2 {BUNDLE}",
    ),
}


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
