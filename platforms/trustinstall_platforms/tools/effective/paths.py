"""The paths of a client's settings files: templates, and their values in a scene.

In a template "~" is the home, "./" the current directory, "^/" that directory and each one above it (if no directory is
assumed, the home and those above it, which projects in the home read, too), and "{NAME|DEFAULT}" the value of a
variable; a template whose variable is not set and has no default names no file.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective import values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene
    from trustinstall_platforms.tools.effective.rows import Place

#: The variables that change the paths of clients' settings files, and which of their sections count.
MOVING = frozenset(
    {
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "BOTO_CONFIG",
        "BUNDLE_APP_CONFIG",
        "BUNDLE_CONFIG",
        "BUNDLE_USER_CONFIG",
        "BUNDLE_USER_HOME",
        "CARGO_HOME",
        "CLAUDE_CONFIG_DIR",
        "CLOUDSDK_ACTIVE_CONFIG_NAME",
        "CLOUDSDK_CONFIG",
        "COMPOSER_HOME",
        "CONDARC",
        "CONDA_PREFIX",
        "CONDA_ROOT",
        "CURL_HOME",
        "GEMRC",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "HELM_CONFIG_HOME",
        "HELM_REPOSITORY_CONFIG",
        "HGRCPATH",
        "KUBECONFIG",
        "NPM_CONFIG_GLOBALCONFIG",
        "NPM_CONFIG_PREFIX",
        "NPM_CONFIG_USERCONFIG",
        "PHPRC",
        "PHP_INI_SCAN_DIR",
        "PIP_CONFIG_FILE",
        "POETRY_CONFIG_DIR",
        "PREFIX",
        "SYSTEM_WGETRC",
        "UV_CONFIG_FILE",
        "VIRTUAL_ENV",
        "WGETRC",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
        "YARN_RC_FILENAME",
        "npm_config_globalconfig",
        "npm_config_prefix",
        "npm_config_userconfig",
    }
)
#: Those in whose value the tool expands other variables (botocore, configloader.py, raw_config_parse).
_EXPANDED = frozenset({"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"})
_VARIABLE = regex(r"\{(?P<name>\w+)(?:\|(?P<default>[^}]*))?\}")
_MOST_PARENTS = 64  # directories above the current one that are searched


def of_place(scene: Scene, place: Place) -> tuple[str, ...]:
    """Return the absolute paths of a place's settings files, by precedence."""
    if callable(place.files):
        return place.files(scene)
    return every(scene, place.files)


def every(scene: Scene, templates: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths of templates, each once, in order."""
    return tuple(dict.fromkeys(path for template in templates for path in of(scene, template)))


def of(scene: Scene, template: str) -> Iterator[str]:
    """Yield the absolute paths of a template."""
    if template.startswith("^/"):
        yield from (posixpath.join(directory, template[2:]) for directory in above(scene.directory or scene.home))
        return
    if template.startswith("./"):
        if scene.directory:
            yield posixpath.join(scene.directory, template[2:])
        return
    match = _VARIABLE.match(template)
    if match is not None:
        value = scene.session.value(match["name"]) or match["default"]
        if value and match["name"] in _EXPANDED:
            value = values.expanded(scene, "python", value)
        # The one list among these variables: the XDG base directory specification, XDG_CONFIG_DIRS.
        for part in (value or "").split(":") if match["name"].endswith("_DIRS") else [value or ""]:
            if part:
                yield from _absolute(scene, part + template[match.end() :])
        return
    yield from _absolute(scene, template)


def above(directory: str) -> Iterator[str]:
    """Yield an absolute directory and each one above it."""
    for _ in range(_MOST_PARENTS):
        if not directory:  # above a drive of Windows, too
            return
        yield directory
        above_it = posixpath.dirname(directory)
        directory = "" if above_it == directory else above_it


def _absolute(scene: Scene, path: str) -> Iterator[str]:
    if path.startswith("~"):
        if scene.home and (path == "~" or path.startswith("~/")):
            yield scene.home + path[1:]
    elif path.startswith("/"):
        yield path
    elif scene.directory:
        yield posixpath.join(scene.directory, path)
