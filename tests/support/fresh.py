"""Makes a fresh Debian out of a developer's or a CI machine.

The machine may be behind a TLS-inspecting proxy, with other roots in its stores, settings that name them, and hooks in
its Python. A test there would pass for the wrong reason. So the lowest layers of a throw-away root empty and remove
files; then Debian's own tools make all derived files again.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from tests.support.overlay import ThrowawayError, layer_memory
from tests.support.throwaway import Throwaway

HERE = Path(__file__)
FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
REQUIREMENTS = HERE.parents[2] / "requirements" / "runtime.txt"
PYTHON = "/usr/bin/python3"  # Debian's own: any user can read it
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trustinstall-tests"

#: The top of Debian's tree (FHS 3.0); all other files there are hidden.
TOP = "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var"

#: Directories that only people fill: they exist, and are empty.
EMPTY = ("home", "media", "mnt", "opt", "root", "run", "srv", "tmp", "usr/local", "var/tmp")

#: Files that make tools trust more than Debian's public roots, or use other servers: they do not exist.
GONE = (
    "usr/lib/google-cloud-sdk",  # some machines that tests run on have it
    "etc/npmrc",
    "etc/pip.conf",
    "etc/ssl/certs/java/cacerts",
    "etc/xdg/pip",
    "usr/bin/mono",  # every account would have a store of it; the tests that are about it link it to mono-sgen again
    "usr/etc",  # npm's settings for all accounts, where its prefix is /usr; Debian has no such directory
    "var/lib/trustinstall",
)

#: The same machine without browsers.
BROWSERS = (
    "etc/chromium",
    "etc/firefox",
    "etc/firefox-esr",
    "usr/bin/chromium",
    "usr/bin/firefox",
    "usr/bin/firefox-esr",
    "usr/lib/chromium",
    "usr/lib/firefox-esr",
)

_NO_BYTECODE = shutil.ignore_patterns("__pycache__")

#: File systems of their own at these would be missing in the overlay over /.
NEEDED = ("/etc", "/usr", "/var", "/var/lib", "/usr/share")

#: A package with 51 public roots of Debian's, two of five in their order, the one that tests name among them: its tools
#: fork for each root. The doctor takes a bundle with fewer than 50 for a damaged one.
FEW = """
set -e
cd /usr/share/ca-certificates
sed -n '/^[^!#]/p' /etc/ca-certificates.conf | awk '/ISRG_Root_X1/ || (NR % 5 ~ /[24]/ && n++ < 50)' >/tmp/kept
find . -type f -printf '%P\\n' | grep -vxF -f /tmp/kept | xargs -d '\\n' rm -f
sed -i '/^[^#]/d' /etc/ca-certificates.conf
cat /tmp/kept >>/etc/ca-certificates.conf
rm /tmp/kept
"""

#: The script that makes the rest of a fresh Debian; it runs once.
DEBIAN = """
set -e
mkdir -p /run/lock /usr/local/bin /usr/local/lib /usr/local/sbin /usr/local/share/ca-certificates
: >/etc/environment
printf '127.0.0.1\\tlocalhost\\n::1\\tlocalhost ip6-localhost\\n' >/etc/hosts
: >/etc/resolv.conf
chown root:root /etc/environment /etc/hosts
chmod 0644 /etc/environment /etc/hosts
cp /etc/skel/.bashrc /etc/skel/.profile /root/
useradd --create-home --shell /bin/bash --user-group alice
useradd --create-home --shell /bin/bash --user-group bob

# pip's vendored roots are a packaged file, but one that proxies' installers like to append to
/usr/bin/python3 - <<'END'
import glob, hashlib, zipfile
name = "pip/_vendor/certifi/cacert.pem"
(wheel,) = glob.glob("/usr/share/python-wheels/pip-*.whl")
content = zipfile.ZipFile(wheel).read(name)
sums = open("/var/lib/dpkg/info/python3-pip.md5sums").read()
assert hashlib.md5(content).hexdigest() in sums, "python-pip-whl and python3-pip differ"
with open("/usr/lib/python3/dist-packages/" + name, "wb") as file:
    file.write(content)
END

# certificates that people put beside the links, and links to them
find /etc/ssl/certs -maxdepth 1 -type f ! -name ca-certificates.crt -delete
find /etc/ssl/certs -maxdepth 1 -xtype l -delete

rm -f /var/lib/ca-certificates-java/pending
update-ca-certificates --fresh
rm -rf /tmp/hsperfdata_*
"""

#: The same machine without Java.
NO_JAVA = """
set -e
dpkg --purge --force-depends ca-certificates-java
rm -rf /etc/ssl/certs/java /usr/bin/java /usr/bin/keytool
"""

PROGRAM = """
set -e
/usr/bin/python3 -m venv /opt/trustinstall
/opt/trustinstall/bin/pip install --quiet --disable-pip-version-check \
    --no-index --find-links /opt/wheels --require-hashes --requirement /opt/requirements.txt
rm -r /opt/wheels /opt/requirements.txt
"""


@functools.cache
def layers(*, java: bool, browsers: bool, every_root: bool = FULL) -> tuple[PurePosixPath, ...]:
    """The layers of a fresh Debian with the program under test in /opt/trustinstall, topmost first."""
    for place in NEEDED:
        if os.path.ismount(place):
            raise ThrowawayError(f"{place} is a file system of its own here; throw-away roots know only the one at /.")
    machine = [Path(each).read_bytes() for each in ("/var/lib/dpkg/status", "/etc/passwd", "/etc/group")]
    script = DEBIAN if every_root else FEW + DEBIAN
    recipe = _digest(HERE.read_bytes(), script, *machine)
    bottom = (_skeleton(),)
    debian = (_cached(f"debian-{recipe}", lambda: _layer_after(bottom, script)), *bottom)
    plain = () if java else (_cached(f"no-java-{recipe}", lambda: _no_java(debian)),)
    plain = plain if browsers else (_without(BROWSERS), *plain)
    needs = _digest(PROGRAM, os.path.realpath(PYTHON), REQUIREMENTS.read_bytes())
    wheels = functools.partial(downloads, requirements=REQUIREMENTS)
    program = _cached(f"program-{needs}", lambda: _layer_after(debian, PROGRAM, wheels()))
    return (_code((program, *debian)), program, *plain, *debian)


def downloads(*packages: str, requirements: Path | None = None) -> Path:
    """A directory with wheels for Debian's Python, as the machine's `pip download` (its index, its proxy) gets them."""
    wanted = [*packages, *([f"--requirement={requirements}"] if requirements else [])]
    content = requirements.read_bytes() if requirements else b""
    directory = CACHE / f"wheels-{_digest(*packages, content)}"
    with locked():
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            command = [PYTHON, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--dest={partial}"]
            subprocess.run([*command, *wanted], check=True, timeout=300)
            partial.rename(directory)
    return directory


def copy_in(root: Throwaway, source: Path, inside: str) -> None:
    """Copy a file or tree of the machine to a path of a throw-away root that does not exist yet."""
    (shutil.copytree if source.is_dir() else shutil.copy)(source, root.path(inside))


def _skeleton() -> PurePosixPath:
    """Make the layer that empties directories and hides files; return its place."""
    place = layer_memory().place()
    layer = layer_memory().namespace.outside(place)
    for name in EMPTY:
        _directory(layer, name)
        os.setxattr(layer / name, "trusted.overlay.opaque", b"y")
    strays = [path.name for path in Path("/").iterdir() if path.name not in TOP.split()]
    packages = Path("/usr/lib/python3/dist-packages")
    hooks = [str(path)[1:] for path in packages.glob("*.pth") if not _packaged(path)]
    _hide(layer, *GONE, *strays, *hooks)
    return place


def _without(names: tuple[str, ...]) -> PurePosixPath:
    """Make the layer that hides some files and directories; return its place."""
    place = layer_memory().place()
    _hide(layer_memory().namespace.outside(place), *names)
    return place


def _hide(layer: Path, *names: str) -> None:
    for name in names:
        if os.path.lexists(f"/{name}"):
            _directory(layer, str(PurePosixPath(name).parent))
            os.mknod(layer / name, stat.S_IFCHR, 0)


def _directory(layer: Path, name: str) -> None:
    """Make a directory in a layer, and those above it, with the owner and mode that it has on the machine."""
    for part in (*reversed(PurePosixPath(name).parents), PurePosixPath(name)):
        status = Path("/", part).stat()
        (layer / part).mkdir(exist_ok=True)
        (layer / part).chmod(stat.S_IMODE(status.st_mode))
        os.chown(layer / part, status.st_uid, status.st_gid)


def _packaged(path: Path) -> bool:
    return subprocess.run(["dpkg-query", "-S", path], capture_output=True, timeout=60, check=False).returncode == 0


def _layer_after(below: tuple[PurePosixPath, ...], script: str, wheels: Path | None = None) -> PurePosixPath:
    """Run a script over layers; return the place of the layer with its changes."""
    with Throwaway(below=below) as root:
        if wheels:
            copy_in(root, wheels, "/opt/wheels")
            copy_in(root, REQUIREMENTS, "/opt/requirements.txt")
        root.run(["sh", "-c", script], timeout=240, check=True)
        return root.freeze()


def _no_java(debian: tuple[PurePosixPath, ...]) -> PurePosixPath:
    place = _layer_after(debian, NO_JAVA)
    layer = layer_memory().namespace.outside(place)
    _directory(layer, "usr/lib")
    os.mknod(layer / "usr/lib/jvm", stat.S_IFCHR, 0)  # quicker than to remove what is in it
    return place


def _code(below: tuple[PurePosixPath, ...]) -> PurePosixPath:
    """The layer with the code under test, as this process imports it, compiled by the interpreter that will run it."""
    with Throwaway(below=below) as root:
        (packages,) = root.path("/opt/trustinstall/lib").glob("python3.*/site-packages")
        for name in ("trustinstall", "trustinstall_platforms"):
            found = importlib.util.find_spec(name)
            assert found is not None
            for source in found.submodule_search_locations or ():
                shutil.copytree(source, packages / name, ignore=_NO_BYTECODE, dirs_exist_ok=True)
        # All of it: otherwise a byte-code file that Python writes later would look like a change by the program.
        root.run(["/opt/trustinstall/bin/python", "-m", "compileall", "-q", "/opt/trustinstall/lib"], check=True)
        return root.freeze()


# --- layers kept from one session to the next ----------------------------------------------------------


def _cached(name: str, make: Callable[[], PurePosixPath]) -> PurePosixPath:
    """Return a layer from the cache, or make it and put it there; its name holds a digest of its inputs."""
    tar = CACHE / f"{name}.tar"
    with locked():
        if tar.exists():
            os.utime(tar)
            layer = layer_memory().place()
            _tar("-xf", tar, layer)
            return layer
    layer = make()
    with locked():
        partial = tar.with_suffix(f".{os.getpid()}")
        _tar("-cf", partial, layer)
        partial.rename(tar)
        for old in CACHE.glob("*.tar"):
            if time.time() - old.stat().st_mtime > 7 * 24 * 3600:
                old.unlink()
    return layer


def _tar(action: str, tar: Path, layer: PurePosixPath) -> None:
    where = layer_memory().namespace.outside(layer)
    # Overlayfs says with extended attributes of its own which directories are opaque.
    flags = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "--same-permissions"]
    subprocess.run(["tar", *flags, "-C", where, action, tar, "."], check=True, timeout=120)


def _digest(*parts: str | bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode()
        total.update(b"%d " % len(raw) + raw)
    return total.hexdigest()[:16]


@contextmanager
def locked() -> Generator[None]:
    """One process at a time works on the cache."""
    CACHE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
