"""The Python environments of a machine: found by reading, never by running a program that is found."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.facts.programs import binaries, expanded, is_absolute, is_directory, slashed, variables
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.stores.store import OtherAccount
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions

#: Environments at fixed paths; "~" is the acting account's home. Each missing one costs one access.
PREFIXES = (
    "/usr/lib64/az",  # Azure CLI's rpm
    "~/miniconda3",
    "~/anaconda3",
    "~/miniforge3",
    "~/mambaforge",
    "/usr",  # the distribution's; its packages are in lib/python3/dist-packages on Debian
    "/usr/local",  # pip as root on Debian, Docker's python images, builds from source
    "/opt/homebrew",  # Homebrew on Apple silicon; on Intel it is /usr/local (docs.brew.sh/Installation)
    "~/.local",  # pip install --user (docs.python.org/3/library/site.html)
    "~/.local/share/pipx/shared",  # the pip that pipx runs (pipx.pypa.io, "How pipx works")
)

#: Directories of which every sub-directory may be an environment.
COLLECTIONS = (
    "~/.local/share/pipx/venvs",  # pipx; real; documented are all of these that are not marked so
    "~/.local/pipx/venvs",  # pipx before 1.3, and machines that used it before
    "/opt/pipx/venvs",  # pipx install --global
    "~/.local/share/uv/tools",  # uv tool install; real
    "~/.local/share/uv/python",  # uv python install
    "~/.pyenv/versions",  # pyenv; real. Its shims on PATH are scripts that lead nowhere.
    "/opt",  # conda, Azure CLI (/opt/az), and programs that the administrator built from source
    "~/.local/share/pdm/venvs",  # PDM's, if they are not in the project (pdm-project.org, "venv.location")
    "~/.conda/envs",  # conda, if the account cannot write the installation
    "~/miniconda3/envs",  # the usual places of conda and its relatives; CONDA_ENVIRONMENTS below names others
    "~/anaconda3/envs",
    "~/miniforge3/envs",
    "~/mambaforge/envs",
    "~/micromamba/envs",
    "/opt/conda/envs",  # Docker's images of miniconda and anaconda
    "~/.virtualenvs",  # virtualenvwrapper; real, of virtualenv itself
    "~/.local/share/virtualenvs",  # pipenv
    "~/.cache/pypoetry/virtualenvs",  # Poetry; real
    "~/Library/Caches/pypoetry/virtualenvs",  # Poetry on macOS
    "~/Library/Python",  # pip install --user on macOS
    "/Library/Frameworks/Python.framework/Versions",  # python.org on macOS
)
WINDOWS_COLLECTIONS = (
    "~/AppData/Local/Programs/Python",  # python.org, for one account (docs.python.org/3/using/windows)
    "~/AppData/Roaming/Python",  # pip install --user
    "~/pipx/venvs",
    "~/AppData/Roaming/uv/tools",
)
WINDOWS_VARIABLE = "ProgramFiles"  # python.org, for all accounts: Python313 and the like are in it


#: Variables that name a tool's directory of environments, and the path below it (each tool's own manual).
COLLECTION_VARIABLES = (
    ("PYENV_ROOT", "/versions"),
    ("WORKON_HOME", ""),  # virtualenvwrapper, and pipenv
    ("UV_TOOL_DIR", ""),
    ("UV_PYTHON_INSTALL_DIR", ""),
    ("PIPX_HOME", "/venvs"),
    ("POETRY_VIRTUALENVS_PATH", ""),
    ("POETRY_CACHE_DIR", "/virtualenvs"),
    ("MAMBA_ROOT_PREFIX", "/envs"),
    ("CONDA_ENVS_PATH", ""),
)
#: conda's list of the environments that it has made, a path in each line (docs.conda.io).
CONDA_ENVIRONMENTS = "~/.conda/environments.txt"
_MOST_LINES = 10_000

#: The variables of an activated environment (docs.python.org/3/library/venv; docs.conda.io).
VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX")

_INTERPRETER = regex(r"(?:python|pypy)(?:3(?:\.\d+)?t?)?(?:\.exe)?")
_LIBRARY = regex(r"(?:python|pypy)[\d.]*t?")  # python3.12, python3.13t, pypy3.10; "python" on macOS
_PACKAGES = ("site-packages", "dist-packages")  # the second one is Debian's


@dataclass(frozen=True)
class Environment:
    """One Python environment: its directory, and its directories of packages, links resolved."""

    prefix: str
    sites: tuple[str, ...]


def environments(host: Host, places: DiscoveryOptions) -> Iterator[Environment | OtherAccount]:
    """Find every environment, each once; one that the caller named may be another account's.

    Raises UsageProblem if the caller named a path that is not an environment.
    """
    named = {host.real(_named(host, path)): True for path in places.pythons}
    likely = {host.real(prefix): False for prefix in _likely(host)}
    for prefix, asked in {**likely, **named}.items():
        owner = _other_owner(host, prefix)
        if owner and asked:
            yield OtherAccount(owner, prefix)
        elif not owner:
            sites = _sites(host, prefix)
            if sites or asked:
                yield Environment(prefix, sites)


def _likely(host: Host) -> Iterator[str]:
    """Yield the prefixes of possible environments, without those that the caller named."""
    yield from (slashed(host, prefix) for prefix in host.prefixes)
    yield from variables(host, *VARIABLES)
    windows = host.platform == "win32"
    yield from () if windows else expanded(host, PREFIXES)
    yield from _listed(host)
    collections = [*expanded(host, WINDOWS_COLLECTIONS if windows else COLLECTIONS)]
    collections += [top + inside for name, inside in COLLECTION_VARIABLES for top in variables(host, name)]
    for directory in (*collections, *(variables(host, WINDOWS_VARIABLE) if windows else ())):
        yield from (f"{directory}/{name}" for name in host.names(directory))
    for directory in dict.fromkeys(binaries(host)):
        for name in host.names(directory):
            if _INTERPRETER.fullmatch(name):
                yield _prefix_of(host, f"{directory}/{name}")


def _listed(host: Host) -> Iterator[str]:
    """Yield the paths in conda's own list; a malformed list names nothing."""
    for path in expanded(host, (CONDA_ENVIRONMENTS,)):
        try:
            text = (host.read_or_none(path, 1 << 20) or b"").decode("utf-8", "surrogateescape")
        except OSError:
            continue
        lines = (slashed(host, line.strip()) for line in text.splitlines()[:_MOST_LINES])
        yield from (line for line in lines if is_absolute(host, line) and "\0" not in line)


def _named(host: Host, path: str) -> str:
    """Return the prefix of a path of `--search`: an interpreter, or an environment's directory."""
    status = host.status(host.real(path))
    if status is not None:
        prefix = path if status.kind is Kind.DIRECTORY else _prefix_of(host, path)
        if host.status(f"{prefix}/pyvenv.cfg") or _sites(host, prefix):
            return prefix
    raise UsageProblem(
        f"--search {printable(path)}: no Python environment is there; "
        "name an interpreter, or the directory of an environment"
    )


def _prefix_of(host: Host, interpreter: str) -> str:
    """Return the environment of an interpreter, as the interpreter itself would find it.

    A virtual environment's is a link whose own directory, or the one above, holds `pyvenv.cfg`;
    else the prefix is that of the link's target (docs.python.org/3/library/sys_path_init.html).
    """
    directory = posixpath.dirname(interpreter)
    for prefix in (directory, posixpath.dirname(directory)):
        if host.status(f"{prefix}/pyvenv.cfg"):
            return prefix
    directory = posixpath.dirname(host.real(interpreter))
    return posixpath.dirname(directory) if posixpath.basename(directory) == "bin" else directory


def _sites(host: Host, prefix: str) -> tuple[str, ...]:
    """Find the directories of packages in an environment, links resolved, each once."""
    if host.platform == "win32":
        libraries = [f"{prefix}/Lib", prefix]
    else:
        libraries = [
            f"{prefix}/{lib}/{name}"
            for lib in ("lib", "lib64")
            for name in host.names(f"{prefix}/{lib}")
            if _LIBRARY.fullmatch(name)
        ]
    paths = (host.real(f"{library}/{name}") for library in libraries for name in _PACKAGES)
    return tuple(path for path in dict.fromkeys(paths) if is_directory(host, path))


def _other_owner(host: Host, prefix: str) -> int | None:
    """Return the owner of an environment, if root should not read it itself."""
    if not host.account.is_root:
        return None
    try:
        return host.path_owner(prefix) or None
    except OSError:  # it does not exist, or has several owners: the store then says why it is not written
        return None
