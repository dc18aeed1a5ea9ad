"""The home of an account with a bundle of its own, and how the engine changes it."""

from __future__ import annotations

from pathlib import Path

from tests.support import fake_host
from tests.support.pki import make_root
from trustinstall.engine.outcome import Outcome
from trustinstall.host import ActingHost
from trustinstall_platforms.tools.environment import Environment
from trustinstall_platforms.tools.our_bundle import OwnBundle
from trustinstall_platforms.tools.settings import Settings

CORP, PRIVATE, PUBLIC = (make_root(f"{word} Root") for word in ("Corp", "Private", "Public"))
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
HOME = "/home/alice"
THEIRS = f"{HOME}/b.pem"
BUNDLE = f"{HOME}/.local/share/trustinstall/bundle.pem"
CORPORATE = "/etc/corp/bundle.pem"


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
    "AWS's path in the home": (".aws/config", "[default]\nca_bundle = ~/b.pem\n"),
    "AWS's profile in quotes": (".aws/config", f'[profile\t"corp one"]\nca_bundle = {THEIRS}\n'),
    "wget's spelling": (".wgetrc", "CA-Certificate = ~/b.pem\n"),
    "Mercurial's other file": (".config/hg/hgrc", "[web]\ncacerts = $HOME/b.pem\n"),
    "Cargo's inline table": (".cargo/config.toml", f'http = {{cainfo = "{THEIRS}"}}\n'),
    "Composer's older directory": (".composer/config.json", '{"config": {"cafile": "~/b.pem"}}'),
}
