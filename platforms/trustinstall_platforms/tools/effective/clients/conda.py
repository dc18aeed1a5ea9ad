"""conda, whose files lie in many places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.clients.python import REQUESTS
from trustinstall_platforms.tools.effective.model import Mode
from trustinstall_platforms.tools.effective.reading import FINAL
from trustinstall_platforms.tools.effective.rows import Client, Expansion, Place, variable

if TYPE_CHECKING:
    from trustinstall_platforms.tools.effective.model import Scene

_SOURCE = "conda documentation, Settings, ssl_verify; The .condarc search path"
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), Mode.DEFAULT),
    **dict.fromkeys(("false", "no", "off", "n", "non", "none", "null", "~", "", "0"), Mode.OFF),
    **dict.fromkeys(("truststore", "<truststore>", "<system>"), Mode.NATIVE),
}
_EXPANSION = Expansion(variables="python")  # no tilde: conda 24.7 refuses it
_KEYS = (("ssl_verify", "verify_ssl"), ("verify_ssl", "ssl_verify"))  # a name and its alias
#: The directories, by precedence; an installation is known by its usual places.
_DIRECTORIES = (
    "{CONDA_PREFIX}",
    "~/.conda",
    "~/.config/conda",
    "{XDG_CONFIG_HOME}/conda",
    *("{CONDA_ROOT}", "~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda"),
    "/var/lib/conda",
    "/etc/conda",
)
_NAMES = ("condarc", ".condarc")
_ENDINGS = (".yml", ".yaml")


def files(scene: Scene) -> tuple[str, ...]:
    """Return conda's files, by precedence (conda, base/constants.py, SEARCH_PATH; its names are checked, too)."""
    found = [one for path in paths.of(scene, "{CONDARC}") for one in _named(scene, path)]
    for template in _DIRECTORIES:
        for directory in paths.of(scene, template):
            found += [*_dropped(scene, f"{directory}/condarc.d"), *(f"{directory}/{name}" for name in _NAMES)]
        if template == "{CONDA_PREFIX}":
            found += paths.of(scene, "~/.condarc")
    return tuple(dict.fromkeys(found))


def _named(scene: Scene, path: str) -> list[str]:
    name = path.rpartition("/")[2]
    return [path] if name in _NAMES or name.endswith(_ENDINGS) else _dropped(scene, path)


def _dropped(scene: Scene, directory: str) -> list[str]:
    names = sorted((one for one in scene.host.names(directory) if one.endswith(_ENDINGS)), reverse=True)
    return [f"{directory}/{name}" for name in names]


def _final_files(scene: Scene) -> tuple[str, ...]:
    """Return the same, the one of an administrator first: of final lines the first one counts."""
    return files(scene)[::-1]


def _file(key: str, rival: str, *final: str) -> Place:
    return Place(
        files=_final_files if final else files,
        key=(key, *final),
        format="condarc",
        expansion=_EXPANSION,
        words=_WORDS,
        rival=(rival, *final),
        source=_SOURCE,
        known="real",
    )


CLIENTS = (
    Client(
        "conda",
        (
            REQUESTS,
            *(_file(*key, FINAL) for key in _KEYS),
            variable("CONDA_SSL_VERIFY", expansion=_EXPANSION, words=_WORDS, source=_SOURCE, known="real"),
            *(_file(*key) for key in _KEYS),
        ),
        follows=False,
        tool="conda",
        alone=True,
        verifier="python",
    ),
)
