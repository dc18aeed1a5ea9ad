"""Python's libraries and the tools that are written in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.model import Form, Mode
from trustinstall_platforms.tools.effective.reading import Reader, UnreadableError
from trustinstall_platforms.tools.effective.rows import PLAIN, Client, Expansion, Place, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene

_PIP_PATH = Expansion(tilde=True)
REQUESTS = variable(
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    source="requests documentation, SSL Cert Verification; sessions.py, merge_environment_settings",
    known="real",
)
#: For botocore it counts if nothing of its own does.
REQUESTS_ALONE = variable("REQUESTS_CA_BUNDLE", source="botocore, endpoint.py, _get_verify_value", known="real")
SSL = variable("SSL_CERT_FILE", source="SSL_CTX_set_default_verify_paths(3)", known="real")
SSL_DIRECTORY = variable(
    "SSL_CERT_DIR",
    form=Form.DIRECTORY,
    expansion=Expansion(separator=":"),
    source="SSL_CTX_set_default_verify_paths(3)",
)
_SWITCH = {"true": Mode.NATIVE, "1": Mode.NATIVE, "false": Mode.DEFAULT, "0": Mode.DEFAULT}
#: pip, src/pip/_internal/configuration.py: a command's own section has precedence over [global].
_COMMANDS = ("install", "download", "wheel", "index", "search", "list", "lock")
POETRY_FILES = (
    "{POETRY_CONFIG_DIR|~/.config/pypoetry}/config.toml",
    "{POETRY_CONFIG_DIR|~/.config/pypoetry}/auth.toml",
)


def pip_files(scene: Scene) -> tuple[str, ...]:
    """Return pip's files, by precedence (pip documentation, Configuration, Location).

    If PIP_CONFIG_FILE names an existing file, those of the account are not read.
    """
    named = scene.session.value("PIP_CONFIG_FILE") or ""
    if named == "/dev/null":
        return ()
    there = bool(named) and any(scene.host.status(scene.host.real(one)) for one in paths.of(scene, named))
    mac = ("~/Library/Application Support/pip/pip.conf",) if scene.host.platform == "darwin" else ()
    own = () if there else (*mac, "{XDG_CONFIG_HOME|~/.config}/pip/pip.conf", "~/.pip/pip.conf")
    machine = ("/etc/pip.conf", "{XDG_CONFIG_DIRS|/etc/xdg}/pip/pip.conf")
    return paths.every(scene, (*([named] if there else []), "{VIRTUAL_ENV}/pip.conf", *own, *machine))


def _pip(section: str) -> Place:
    return Place(
        files=pip_files,
        key=(section, "cert"),
        format="ini-options",
        expansion=_PIP_PATH,
        source="pip documentation, Configuration; HTTPS Certificates",
        known="real",
    )


_PIP = (
    REQUESTS,
    variable("PIP_CERT", expansion=_PIP_PATH, source="pip documentation, Configuration, Precedence", known="real"),
)
UV_FILES = ("{UV_CONFIG_FILE}", "^/uv.toml", "{XDG_CONFIG_HOME|~/.config}/uv/uv.toml", "/etc/uv/uv.toml")

CLIENTS = (
    Client("requests", (REQUESTS,), follows=False, alone=True, verifier="python3"),
    Client("Python's ssl", (SSL, SSL_DIRECTORY), verifier="python3"),
    Client("pip", (*_PIP, _pip("global")), follows=False, tool="pip", alone=True, verifier="python"),
    Client(
        "uv",
        (
            SSL,
            variable("UV_SYSTEM_CERTS", "UV_NATIVE_TLS", words=_SWITCH, source="uv documentation", known="real"),
            *(
                Place(files=UV_FILES, key=(key,), format="toml", words=_SWITCH, source="uv documentation, Settings")
                for key in ("system-certs", "native-tls")
            ),
        ),
        PLAIN,
        follows=False,
        verifier="rustls",
    ),
)


def limited(scene: Scene) -> Iterator[Client]:
    """Yield pip for commands that have a section of their own, and Poetry for sources that have a certificate."""
    sections = {one[0] for one in _keys(scene, "ini-options", pip_files(scene)) if one[1:] == ("cert",)}
    for command in _COMMANDS:
        if command in sections:
            yield Client(
                f"pip for {command}",
                (*_PIP, _pip(command), _pip("global")),
                follows=False,
                alone=True,
                verifier="python",
            )
    files = paths.every(scene, POETRY_FILES)
    for key in dict.fromkeys(_keys(scene, "toml", files)):
        if key[:1] == ("certificates",) and key[2:] == ("cert",):
            place = Place(
                files=files,
                key=key,
                format="toml",
                words={"false": Mode.OFF, "true": Mode.DEFAULT},
                source="Poetry documentation, Repositories, Certificates",
            )
            yield Client(f"Poetry for {key[1]}", (place, REQUESTS), follows=False, verifier="python3")


def _keys(scene: Scene, format_: str, files: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for path in files:
        try:
            yield from (one.key for one in Reader(scene.host, scene.home).read(format_, path))
        except UnreadableError:  # the client itself says so
            continue
