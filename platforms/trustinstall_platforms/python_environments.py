"""Where the Python environments of a machine are: found by looking, never by running what is found."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.backend import Handoff
from trustinstall.errors import UsageProblem, printable
from trustinstall.host import Kind

if TYPE_CHECKING:
    from trustinstall.backend import Places
    from trustinstall.host import Host

#: Environments that are where they are; "~" is the acting account's home. Missing ones cost one look.
PREFIXES = (
    "/usr",  # the distribution's; its packages are in lib/python3/dist-packages on Debian
    "/usr/local",  # pip as root on Debian, Docker's python images, builds from source
    "/opt/homebrew",  # Homebrew on Apple silicon; on Intel it is /usr/local (docs.brew.sh/Installation)
    "~/.local",  # pip install --user (docs.python.org/3/library/site.html)
    "~/.local/share/pipx/shared",  # the pip that pipx runs (pipx.pypa.io, "How pipx works")
)

#: Directories of which every sub-directory may be an environment.
COLLECTIONS = (
    "~/.local/share/pipx/venvs",  # pipx; documented, as all of these but the two marked real
    "~/.local/pipx/venvs",  # pipx before 1.3, and where it was used before that
    "/opt/pipx/venvs",  # pipx install --global
    "~/.local/share/uv/tools",  # uv tool install; real
    "~/.local/share/uv/python",  # uv python install
    "~/.pyenv/versions",  # pyenv; real. Its shims on PATH are scripts that lead nowhere.
    "~/.virtualenvs",  # virtualenvwrapper
    "~/.local/share/virtualenvs",  # pipenv
    "~/.cache/pypoetry/virtualenvs",  # Poetry
    "~/Library/Caches/pypoetry/virtualenvs",  # Poetry on macOS
    "~/Library/Python",  # pip install --user on macOS
    "/Library/Frameworks/Python.framework/Versions",  # python.org on macOS
)
WINDOWS_COLLECTIONS = (
    "~/AppData/Local/Programs/Python",  # python.org, for one account (docs.python.org/3/using/windows)
    "~/AppData/Roaming/Python",  # pip install --user
    "~/pipx/venvs",
    "~/AppData/Roaming/uv/tools",
    "C:/Program Files",  # python.org, for all accounts: Python313 and the like
)

#: Where an interpreter is looked for whatever the caller's PATH says (hier(7); FHS 3.0).
BINARIES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

#: What an activated environment says of itself (docs.python.org/3/library/venv; docs.conda.io).
VARIABLES = ("VIRTUAL_ENV", "CONDA_PREFIX")

_INTERPRETER = re.compile(r"(?:python|pypy)(?:3(?:\.\d+)?t?)?(?:\.exe)?")
_LIBRARY = re.compile(r"(?:python|pypy)[\d.]*t?")  # python3.12, python3.13t, pypy3.10; "python" on macOS
_PACKAGES = ("site-packages", "dist-packages")  # the second one is Debian's


@dataclass(frozen=True)
class Environment:
    """One Python environment: its directory, and its directories of packages, links resolved."""

    prefix: str
    sites: tuple[str, ...]


def environments(host: Host, places: Places) -> Iterator[Environment | Handoff]:
    """Find every environment, each once; one that the caller named may be another account's.

    Raises UsageProblem where the caller named something that is no environment.
    """
    named = [(path, _named(host, path)) for path in places.pythons]
    seen: set[str] = set()
    for path, wanted in [*named, *((prefix, None) for prefix in _likely(host))]:
        real = host.real(wanted or path)
        if real in seen:
            continue
        seen.add(real)
        owner = _other_owner(host, real)
        if owner is None:
            sites = _sites(host, real)
            if sites or wanted:
                yield Environment(real, sites)
        elif wanted:
            yield Handoff(owner, real)


def _likely(host: Host) -> Iterator[str]:
    """Yield the prefixes that there may be, wanted by nobody in particular."""
    yield from (slashed(host, prefix) for prefix in host.prefixes)
    values = (slashed(host, host.environ.get(name, "")) for name in VARIABLES)
    yield from (value for value in values if absolute(host, value))
    windows = host.platform == "win32"
    yield from () if windows else at_home(host, PREFIXES)
    for directory in at_home(host, WINDOWS_COLLECTIONS if windows else COLLECTIONS):
        yield from (f"{directory}/{name}" for name in host.names(directory))
    for directory in dict.fromkeys(_binaries(host)):
        for name in host.names(directory):
            if _INTERPRETER.fullmatch(name):
                yield _prefix_of(host, f"{directory}/{name}")
