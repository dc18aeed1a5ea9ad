"""Python environments with settings of their own, which count for the programs in them without being activated.

pip reads `pip.conf` in the directory of the Python that runs it (pip documentation, Configuration, Location: site);
conda reads `.condarc`, `condarc` and `condarc.d` in its own installation and in the active environment (conda
documentation, The .condarc search path). Both have precedence over the files of the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.programs import is_directory, variables
from trustinstall_platforms.tools.effective.model import Kind, Mode, Session, Setter, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Effective

_FILES = ("pip.conf", ".condarc", "condarc", "condarc.d")
#: The file by which an environment is known that has no bundle of its own, as one without pip.
NAMED_BY = "pip.conf"
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")
_USUAL = ("/usr", "/usr/local")  # of the system's Python, and of one that was built here
_PACKAGES = ("/site-packages/", "/dist-packages/")
_OF_CONDA = "/ssl/cacert.pem"


def sessions(host: Host) -> tuple[Session, ...]:
    """Return a session for each environment of the host that has settings of its own: started from it, not activated.

    Environments are known by the bundles and the files of settings that the last scan of trees found.
    """
    return host.remembered(("sessions of environments", host.known), lambda: tuple(_sessions(host)))


def is_of_environment(host: Host, path: str) -> bool:
    """Whether a file is the settings of a virtual environment: PEP 405, pyvenv.cfg."""
    return path.endswith(f"/{NAMED_BY}") and host.status(f"{path.rpartition('/')[0]}/pyvenv.cfg") is not None


def decides(session: Session, found: Effective) -> bool:
    """Whether a file of the environment itself decides; one that cannot be read is skipped by its program."""
    directory = session.value("VIRTUAL_ENV") or "//"
    setter = found.decider
    unread = found.mode is Mode.UNKNOWN and not setter.line
    return setter.kind is Kind.SETTING and setter.path.startswith(f"{directory}/") and not unread


def _sessions(host: Host) -> Iterator[Session]:
    for prefix in _prefixes(host):
        names = ["VIRTUAL_ENV"]
        if is_directory(host, f"{prefix}/conda-meta"):
            names += ["CONDA_PREFIX", *(["CONDA_ROOT"] if is_directory(host, f"{prefix}/condabin") else [])]
        said = {name: Variable(name, prefix, Setter(Kind.VARIABLE), prefix) for name in names}
        yield Session(f"programs of {prefix}", said)


def _prefixes(host: Host) -> Iterator[str]:
    """Yield the directories of environments with settings; root reads none that another account may change."""
    if host.is_image or host.platform == "win32":
        return
    active = () if host.account.is_root else variables(host, *_ACTIVE)
    known = (prefix for path in host.known if (prefix := _prefix(path)))
    for prefix in dict.fromkeys((*_USUAL, *host.prefixes, *active, *known)):
        if any(host.status(f"{prefix}/{name}") is not None for name in _FILES) and _may_be_read(host, prefix):
            yield prefix.rstrip("/")


def _prefix(path: str) -> str:
    """Return the environment that a bundle of a package, or such a file, lies in, or "" for another file."""
    if path.endswith(f"/{NAMED_BY}"):
        return path.removesuffix(f"/{NAMED_BY}")
    if path.endswith(_OF_CONDA):
        return path.removesuffix(_OF_CONDA)
    for word in _PACKAGES:
        library, found, _ = path.partition(word)
        if found:
            return library.rpartition("/")[0].rpartition("/")[0]
    return ""


def _may_be_read(host: Host, prefix: str) -> bool:
    if not host.account.is_root:
        return True
    try:
        return host.path_owner(host.real(prefix)) == 0
    except OSError:
        return False
