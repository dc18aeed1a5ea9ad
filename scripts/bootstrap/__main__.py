"""Make the environment that scripts/trustinstall starts, with the standard library only.

    python3 scripts/bootstrap ENVIRONMENT [ARGUMENT ...]    the arguments are those of the command that follows

It is built beside its place and renamed into it, so that a killed run leaves nothing that a later run would use. Every
file that pip brings is pinned by hash in requirements/runtime.txt and is a wheel, so that nothing is built: a build
would fetch tools without a pin. pip's own configuration (index, proxy, client certificate) is used as the machine's
owner has set it; variables that would make pip install elsewhere are removed.
"""

from __future__ import annotations

import ast
import compileall
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pip_files
import placing
import proxy

CHECKOUT = Path(__file__).resolve().parents[2]
REQUIREMENTS = CHECKOUT / "requirements" / "runtime.txt"
PACKAGES = (CHECKOUT / "trustinstall", CHECKOUT / "platforms" / "trustinstall_platforms")
PACKAGES_IN = Path("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")

# pip's options about how and whence to download (https://pip.pypa.io/en/stable/cli/pip_install/).
# Any other PIP_ variable, such as PIP_TARGET or PIP_USER, could put the files somewhere else.
PIP_VARIABLES = frozenset(
    {
        "PIP_CACHE_DIR",
        "PIP_CERT",
        "PIP_CLIENT_CERT",
        "PIP_CONFIG_FILE",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_KEYRING_PROVIDER",
        "PIP_NO_CACHE_DIR",
        "PIP_NO_INDEX",
        "PIP_PROXY",
        "PIP_RETRIES",
        "PIP_TIMEOUT",
        "PIP_TRUSTED_HOST",
        "PIP_USE_FEATURE",
    }
)

PIP_INSTALL = (
    "--no-input",
    "--disable-pip-version-check",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
)

LAUNCHER = """\
#!/bin/sh
export TRUSTINSTALL_LAUNCHER="$0"
exec "$(dirname -- "$(readlink -f -- "$0")")/python" -I -m trustinstall "$@"
"""


class BootstrapError(Exception):
    """The environment cannot be made; the text is one sentence for the person who ran this."""


def main(arguments: Sequence[str]) -> int:
    """Make the environment that the first argument names; 0 when it is there afterwards."""
    environment = Path(arguments[0])
    try:
        prepare(environment, clean_variables(), arguments[1:])
    except BootstrapError as error:
        print(f"trustinstall: {printable(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"trustinstall: cannot prepare {environment}: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def clean_variables() -> dict[str, str]:
    """Return the variables of the caller's environment that pip and Python get.

    As root, HOME is root's own, not one that sudo left in place: pip would read a configuration file in the invoking
    user's home.
    """
    variables = {
        name: value
        for name, value in os.environ.items()
        if name in PIP_VARIABLES or not name.startswith(("PIP_", "PYTHON"))
    }
    if os.geteuid() == 0:
        os.umask(0o022)  # a worker that has dropped root's rights reads the program too
        variables["HOME"] = pwd.getpwuid(0).pw_dir
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"):
            variables.pop(name, None)
    return variables


def prepare(environment: Path, variables: dict[str, str], arguments: Sequence[str]) -> None:
    """Build the environment beside its place and rename it, unless another run has just done so."""
    base = environment.parent
    base.mkdir(parents=True, exist_ok=True)
    with placing.locked(base / "lock"):
        if (environment / "bin" / "python").exists():
            return
        print("Preparing trustinstall (first run)…", file=sys.stderr, flush=True)
        for left_by_a_killed_run in base.glob("new-*"):
            shutil.rmtree(left_by_a_killed_run)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=base))
        try:
            new.chmod(0o755)
            build(new, variables, arguments)
            if environment.exists():  # its Python has gone, as after an upgrade of the system
                shutil.rmtree(environment)
            new.rename(environment)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        placing.link_launcher(environment)
        if os.geteuid() == 0:
            placing.link_on_path(base / "bin" / "trustinstall", placing.ON_PATH)
        placing.remove_older(environment)


def build(new: Path, variables: dict[str, str], arguments: Sequence[str]) -> None:
    """Fill the directory: Python, the pinned dependencies, the program; and see that it starts."""
    packages = new / PACKAGES_IN
    wanted = REQUIREMENTS.read_bytes()
    same = with_same_dependencies(new.parent, wanted)
    if same is None:
        make_virtual_environment(new, variables)
        install_dependencies(new, variables, arguments)
        (new / "runtime.txt").write_bytes(wanted)
    else:
        shutil.copytree(same, new, symlinks=True, dirs_exist_ok=True)
    for package in PACKAGES:
        shutil.rmtree(packages / package.name, ignore_errors=True)
        copy_package(package, packages / package.name)
        compileall.compile_dir(packages / package.name, quiet=2)
    launcher = new / "bin" / "trustinstall"
    launcher.write_text(LAUNCHER, encoding="ascii")
    launcher.chmod(0o755)
    run(new, ("trustinstall", "--help"), variables, "The program does not start")


def with_same_dependencies(base: Path, wanted: bytes) -> Path | None:
    """Return an environment with these dependencies and this Python, so that nothing is fetched."""
    for environment in base.glob("env-*"):
        try:
            same = (environment / "runtime.txt").read_bytes() == wanted
            python = (environment / "bin" / "python").resolve(strict=True)
        except OSError:
            continue
        if same and python == Path(sys.executable).resolve():
            return environment
    return None


def make_virtual_environment(new: Path, variables: dict[str, str]) -> None:
    """Make an empty virtual environment with pip in it."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if importlib.util.find_spec("ensurepip") is None:  # Debian keeps it in a package of its own
        raise BootstrapError(
            f"{sys.executable} comes without ensurepip: install the package python{version}-venv "
            f"(Debian, Ubuntu: apt-get install python{version}-venv) and run this again."
        )
    wheel = pip_files.wheel()
    command = [sys.executable, "-I", "-m", "venv", *(["--without-pip"] if wheel else []), str(new)]
    result = subprocess.run(command, env=variables, cwd="/", capture_output=True, check=False)
    if result.returncode != 0:
        raise BootstrapError(f"Cannot make an environment: {last_lines(result)}")
    if wheel:
        pip_files.unpack(wheel, new / PACKAGES_IN)


def install_dependencies(new: Path, variables: dict[str, str], arguments: Sequence[str]) -> None:
    """Install the files that requirements/runtime.txt pins, and remove pip, which is not needed any more."""
    fingerprint = proxy.named_fingerprint(arguments)
    certificate = proxy.find_certificate(fingerprint, arguments) if fingerprint else None
    if certificate is not None:
        bundle = new / "roots.pem"
        bundle.write_bytes(public_roots(new, variables) + proxy.pem(certificate))
        variables = {**variables, "PIP_CERT": str(bundle)}
    run(
        new,
        ("pip", "install", *PIP_INSTALL, "--requirement", str(REQUIREMENTS)),
        variables,
        "Cannot download what trustinstall needs",
        proxy.hint(fingerprint, found=certificate is not None),
    )
    (new / "roots.pem").unlink(missing_ok=True)
    if pip_files.wheel():
        pip_files.remove(new / PACKAGES_IN)
    else:
        rest = ("uninstall", "--quiet", "--yes", "setuptools", "pip")
        run(new, ("pip", *rest), variables, "Cannot take pip out")


def copy_package(source: Path, target: Path) -> None:
    """Copy the program's files. Links are refused: root would read through them later."""
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            copy_package(path, target / path.name)
        elif stat.S_ISREG(mode):
            shutil.copyfile(path, target / path.name, follow_symlinks=False)
        else:
            raise BootstrapError(f"{path} is neither a file nor a directory; nothing was installed.")


def public_roots(new: Path, variables: dict[str, str]) -> bytes:
    """Return the roots that pip trusts as it is configured: a bundle of the owner's, or its own."""
    configured: dict[str, str] = {}
    for line in run(new, ("pip", "config", "list"), variables, "Cannot ask pip").splitlines():
        key, _, value = line.partition("=")
        if key.endswith(".cert"):
            configured[key] = str(ast.literal_eval(value))
    names = [configured.get(key, "") for key in (":env:.cert", "install.cert", "global.cert")]
    names += [variables.get("REQUESTS_CA_BUNDLE", ""), variables.get("CURL_CA_BUNDLE", "")]
    names += [run(new, ("pip._vendor.certifi",), variables, "Cannot ask pip").strip()]
    return next(Path(name).read_bytes() for name in names if Path(name).is_file())


def run(new: Path, module: Sequence[str], variables: dict[str, str], failure: str, hint_on_tls: str = "") -> str:
    """Run a module in the new environment and return its output; BootstrapError when it fails."""
    command = [str(new / "bin" / "python"), "-I", "-m", *module]
    result = subprocess.run(command, env=variables, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode == 0:
        return result.stdout.decode(errors="replace")
    if b"CERTIFICATE_VERIFY_FAILED" in result.stdout + result.stderr:
        raise BootstrapError(f"{failure}: pip does not trust the server's certificate. {hint_on_tls}")
    raise BootstrapError(f"{failure}: {last_lines(result)}")


def last_lines(result: subprocess.CompletedProcess[bytes]) -> str:
    """Return the last output of a failed command, on one line of at most 500 characters."""
    lines = (result.stderr.strip() or result.stdout.strip()).decode(errors="replace").splitlines()
    return " ".join(line.strip() for line in lines[-2:])[-500:] or f"exit status {result.returncode}"


def printable(text: str) -> str:
    """Return the text without control characters: some of it comes from the network."""
    return "".join(char if char.isprintable() else " " for char in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
