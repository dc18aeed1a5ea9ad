"""Node.js and the programs that run on it, Deno and Bun.

Node adds NODE_EXTRA_CA_CERTS to its own roots; a `cafile` of npm's, pnpm's or Yarn's replaces both, because the roots
that tls.connect gets as `ca` count alone (Node.js documentation, tls.createSecureContext).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths, values
from trustinstall_platforms.tools.effective.model import Form, Mode
from trustinstall_platforms.tools.effective.reading import Reader, UnreadableError
from trustinstall_platforms.tools.effective.rows import PLAIN, Client, Expansion, Place, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene

#: PEM_read_bio_X509, by which Node reads its extra roots, knows OpenSSL's old name, but no trust settings.
_NODE = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
EXTRA = variable(
    "NODE_EXTRA_CA_CERTS", mode=Mode.ADDS, missing=False, source="Node.js documentation, CLI", known="real"
)
_NPM_PATH = Expansion(tilde=True, variables="npm")
_NULL = {"null": Mode.DEFAULT}
_BERRY_PATH = Expansion(variables="yarn", relative="file")
CLAUDE_FILES = (
    "/etc/claude-code/managed-settings.json",
    "./.claude/settings.local.json",
    "./.claude/settings.json",
    "{CLAUDE_CONFIG_DIR|~/.claude}/settings.json",
)


def npm_files(scene: Scene) -> tuple[str, ...]:
    """Return the project's, the account's and the machine's npmrc (npm documentation, npmrc, Files)."""
    project = next(
        (
            f"{one}/.npmrc"
            for one in paths.above(scene.directory)
            if any(scene.host.status(posixpath.join(one, name)) for name in ("package.json", "node_modules"))
        ),
        f"{scene.directory}/.npmrc",
    )
    user = _moved(scene, "userconfig") or "~/.npmrc"
    prefix = _moved(scene, "prefix") or _moved_by(scene, user, "prefix") or scene.session.value("PREFIX")
    machine = _moved(scene, "globalconfig") or _moved_by(scene, user, "globalconfig")
    machine = machine or f"{prefix or _prefix(scene)}/etc/npmrc"
    return paths.every(scene, (*([project] if scene.directory else []), user, machine))


def _prefix(scene: Scene) -> str:
    """Return the directory above Node's own (npm documentation, npm-prefix)."""
    for directory in ("/usr/local", "/usr"):
        if scene.host.status(f"{directory}/bin/node") is not None:
            return posixpath.dirname(posixpath.dirname(scene.host.real(f"{directory}/bin/node")))
    return "/usr/local"


def _moved(scene: Scene, name: str) -> str | None:
    names = (each for each in scene.session.variables if each.lower() == f"npm_config_{name}")
    return next((value for each in names if (value := scene.session.value(each))), None)


def _moved_by(scene: Scene, template: str, name: str) -> str | None:
    """Return the path that the account's npmrc says (npm documentation, config, globalconfig and prefix)."""
    for path in paths.of(scene, template):
        try:
            said = Reader(scene.host, scene.home).read("npmrc", path)
        except UnreadableError:  # npm's own row says so
            return None
        for one in reversed([each for each in said if each.key == (name,)]):
            return next(iter(values.paths(scene, _NPM_PATH, one.value, one.setter) or ()), None)
    return None


def yarn_files(scene: Scene) -> tuple[str, ...]:
    """Return the files of Yarn from 2 on (Yarn documentation, .yarnrc.yml; @yarnpkg/core, Configuration.ts, find)."""
    name = scene.session.value("YARN_RC_FILENAME") or ".yarnrc.yml"
    return paths.every(scene, (f"^/{name}", f"~/{name}"))


def _pnpm_files(scene: Scene) -> tuple[str, ...]:
    project, *rest = npm_files(scene) if scene.directory else ("", *npm_files(scene))
    return tuple(one for one in (project, *paths.of(scene, "{XDG_CONFIG_HOME|~/.config}/pnpm/rc"), *rest) if one)


_CA = Place(
    files=npm_files,
    key=("ca",),
    format="npmrc",
    form=Form.INLINE,
    words=_NULL,
    source="npm documentation, config, ca",
    known="real",
)
_CAFILE = Place(
    files=npm_files,
    key=("cafile",),
    format="npmrc",
    expansion=_NPM_PATH,
    words=_NULL,
    missing=False,
    rival=("ca",),
    source="npm documentation, config, cafile: a missing file counts as none; @npmcli/config, lib/index.js, flat",
    known="real",
)
_CAFILE_VARIABLE = variable(
    "npm_config_cafile",
    "NPM_CONFIG_CAFILE",
    expansion=Expansion(tilde=True),
    missing=False,
    source="npm documentation, config, Environment Variables: case is ignored",
    known="real",
)._replace(folded=True)


_CA_VARIABLE = variable(
    "npm_config_ca",
    "NPM_CONFIG_CA",
    form=Form.INLINE,
    source="npm documentation, config, ca; Environment Variables",
    known="real",
)._replace(folded=True)


_YARN_1 = Place(
    files=("^/.yarnrc", "~/.yarnrc", "/etc/yarnrc"),
    key=("cafile",),
    format="yarnrc",
    source="Yarn 1, src/registries/yarn-registry.js: its own files come before npm's",
    known="real",
)


def _berry(key: str, variable_name: str) -> tuple[Place, ...]:
    return (
        variable(variable_name, source="Yarn documentation, .yarnrc.yml", known="real"),
        Place(
            files=yarn_files,
            key=(key,),
            format="yaml-tree",
            expansion=_BERRY_PATH,
            source=f"Yarn documentation, .yarnrc.yml, {key}; of YAML's words it knows none: null is a path",
            known="real",
        ),
        EXTRA,
    )


_BERRY = _berry("httpsCaFilePath", "YARN_HTTPS_CA_FILE_PATH")
_BERRY_3 = _berry("caFilePath", "YARN_CA_FILE_PATH")

CLIENTS = (
    Client("Node.js", (EXTRA,), _NODE, follows=False, verifier="node"),
    Client(
        "npm",
        (_CAFILE_VARIABLE, _CA_VARIABLE, _CAFILE, _CA, EXTRA),
        follows=False,
        tool="npm",
        alone=True,
        verifier="node",
    ),
    Client(
        "pnpm",
        (
            _CAFILE_VARIABLE,
            _CAFILE._replace(files=_pnpm_files, source="pnpm documentation, settings", known="documented"),
            _CA._replace(files=_pnpm_files, source="pnpm documentation, settings", known="documented"),
            EXTRA,
        ),
        follows=False,
        alone=True,
        verifier="node",
    ),
    Client(
        "Yarn 1",
        (
            variable(
                "yarn_cafile", "YARN_CAFILE", source="Yarn 1, src/registries/base-registry.js, mergeEnv", known="real"
            )._replace(folded=True),
            _YARN_1,
            # src/util/request-manager.js, setOptions: a file counts more than a text, wherever each of them is said
            _CAFILE._replace(expansion=_NPM_PATH._replace(relative="file"), rival=()),
            _YARN_1._replace(key=("ca",), form=Form.INLINE, words=_NULL),
            _CA,
            EXTRA,
        ),
        follows=False,
        tool="yarn-1",
        alone=True,
        verifier="node",
    ),
    Client(
        "Yarn 2 and 3",
        _BERRY_3,
        follows=False,
        alone=True,
        verifier="node",
    ),
    Client(
        "Yarn from 4 on",
        _BERRY,
        follows=False,
        tool="yarn",
        alone=True,
        verifier="node",
    ),
    Client(
        "Claude Code",
        (
            Place(
                files=CLAUDE_FILES,
                key=("env", "NODE_EXTRA_CA_CERTS"),
                format="json",
                mode=Mode.ADDS,
                words=_NULL,
                missing=False,
                source="Claude Code documentation, Settings, Settings precedence; no value is expanded",
            ),
            EXTRA,
        ),
        _NODE,
        follows=False,
        tool="claude",
        systems=("linux", "darwin"),
        verifier="node",
    ),
    Client(
        "Deno",
        (
            variable("DENO_CERT", mode=Mode.ADDS, source="Deno documentation, environment variables", known="real"),
            EXTRA,
            variable(
                "DENO_TLS_CA_STORE",
                words={
                    "system": Mode.NATIVE,
                    "system,mozilla": Mode.NATIVE,
                    "mozilla,system": Mode.NATIVE,
                    "mozilla": Mode.DEFAULT,
                },
                source="Deno documentation, environment variables",
                known="real",
            ),
        ),
        PLAIN,
        follows=False,
        verifier="rustls",
    ),
    Client("Bun", (EXTRA,), PLAIN),
)


def limited(scene: Scene) -> Iterator[Client]:
    """Yield Yarn for each pattern of hosts in `networkSettings` that has a file of its own.

    Source: Yarn documentation, .yarnrc.yml, networkSettings; @yarnpkg/core, httpUtils.ts, getNetworkSettings.
    """
    said: dict[tuple[str, ...], None] = {}
    for path in yarn_files(scene):
        try:
            said |= dict.fromkeys(one.key for one in Reader(scene.host, scene.home).read("yaml-tree", path))
        except UnreadableError:
            continue
    for key in said:
        if key[:1] == ("networkSettings",) and key[2:] in {("httpsCaFilePath",), ("caFilePath",)}:
            newer = key[2] == "httpsCaFilePath"
            top = (
                _berry("httpsCaFilePath", "YARN_HTTPS_CA_FILE_PATH")
                if newer
                else _berry("caFilePath", "YARN_CA_FILE_PATH")
            )
            name = "Yarn" if newer else "Yarn 2 and 3"
            own = top[1]._replace(key=key)
            yield Client(f"{name} for {key[1]}", (own, *top), follows=False, alone=True, verifier="node")
