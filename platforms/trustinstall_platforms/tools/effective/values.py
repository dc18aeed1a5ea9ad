"""The paths in a value, as its client expands it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from trustinstall_platforms.tools.effective.model import Scene, Setter
    from trustinstall_platforms.tools.effective.rows import Expansion

_SHELL = regex(r"\$(?:(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)\})")
_REFERENCES = {
    "shell": _SHELL,
    "python": _SHELL,  # os.path.expandvars: the name of an unset variable stays as written
    "braces": regex(r"\$\{(?P<bare>[A-Za-z_]\w*)(?P<name>)\}"),
    # @yarnpkg/core, configUtils.ts, replaceEnvVariables: after "-" for an unset variable, after ":-" for an empty one
    "yarn": regex(r"\$\{(?P<bare>\w+)(?:(?P<name>:?-)(?P<fallback>[^}$]*))?\}"),
    # @npmcli/config, lib/env-replace.js: the name of an unset variable stays as written, with "?" it becomes empty
    "npm": regex(r"(?<!\\)\$\{(?P<bare>[^${}?]+)(?P<name>\?)?\}"),
}


def paths(scene: Scene, expansion: Expansion, value: str, setter: Setter) -> tuple[str, ...] | None:
    """Return the absolute paths in a value, or None if they cannot be known."""
    if expansion.quotes and len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    parts = value.split(expansion.separator) if expansion.separator else [value]
    found = [_path(scene, expansion, part.strip() if expansion.separator else part, setter) for part in parts if part]
    known = [one for one in found if one is not None]
    return tuple(known) if len(known) == len(found) else None


def _path(scene: Scene, expansion: Expansion, value: str, setter: Setter) -> str | None:
    said = expanded(scene, expansion.variables, value)
    if said is None:
        return None
    if expansion.tilde and (said == "~" or said.startswith("~/")):
        return scene.home + said[1:] if scene.home else None
    if said.startswith("/"):
        return said
    own = posixpath.dirname(setter.path)
    starts = {"directory": scene.directory, "file": own, "above": posixpath.dirname(own), "home": scene.home}
    start = starts.get(expansion.relative, "")
    return posixpath.normpath(posixpath.join(start, said)) if start else None


def expanded(scene: Scene, how: str, value: str) -> str | None:
    """Return a value with its variables expanded (`how`: as `Expansion.variables`); None if one is not known."""
    if not how or how == "svn":
        return None if how and "%(" in value else value
    unknown = False

    def said(match: re.Match[str]) -> str:
        nonlocal unknown
        name = match["bare"] or match["name"]
        if name == "HOME":
            return scene.home
        found = scene.session.variables.get(name)
        unknown = unknown or (found is not None and found.value is None)
        if how == "yarn" and (found is None or (match["name"] == ":-" and not found.value)):
            unknown = unknown or not match["name"]  # Yarn ends with an error
            return match["fallback"] or ""
        if found is not None:
            return found.value or ""
        return match[0] if how == "python" or (how == "npm" and match["name"] != "?") else ""

    result = _REFERENCES[how].sub(said, value)
    return None if unknown else result
