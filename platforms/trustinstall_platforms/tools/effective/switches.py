"""The keys and variables with which people switch off a client's verification of servers: facts, a row each.

A row has the place of the key, and the values that switch verification off. "real" rows are proved by
tests/end_to_end/clients/test_switched_off.py: the client accepts an untrusted server because of the key.

Not here: Cargo and Nix, whose settings have no such key (Cargo's http.check-revoke is about revocation, on Windows
alone); Subversion, AWS and kubectl, which have an option of the command line, or a field of one cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.clients import conda, downloads, javascript, languages, python, repositories
from trustinstall_platforms.tools.effective.lines import CURL_VERIFIES
from trustinstall_platforms.tools.effective.rows import Place, variable

if TYPE_CHECKING:
    from trustinstall_platforms.tools.effective.model import Scene

_NEVER = ("never", "allow")  # ldap.conf(5), TLS_REQCERT


class Switch(NamedTuple):
    """One way to switch verification off.

    Attributes:
        client: the name of its row in the table of clients; another name is a program that follows the system's store.
        place: a variable, or a key of settings files; in the key, "*" stands for any text.
        off: whether a value switches verification off.
        word: the option that does so, if the value may hold other options; or "".
        plain: whether the value also allows servers without TLS, which may be its purpose.
    """

    client: str
    place: Place
    off: Callable[[str], bool]
    plain: bool = False
    word: str = ""


def _with(word: str, client: str, place: Place) -> Switch:
    """Return a switch that is off if a value holds an option."""

    def off(value: str) -> bool:
        return word in value

    return Switch(client, place, off, word=word)


def _says(*words: str) -> Callable[[str], bool]:
    return lambda value: value.strip().strip("\"'").lower() in words


def _set(_value: str) -> bool:
    return True


def names_servers(value: str) -> bool:
    """Whether a list of servers names any, in any form of a list: `a b`, `["a"]`."""
    return bool(value.strip(" \t\r\n[],\"'"))


_FALSE = _says("false", "no", "off", "0")


def _file(files: tuple[str, ...] | Callable[[Scene], tuple[str, ...]], format_: str, *key: str) -> Place:
    return Place(files=files, key=key, format=format_)


def _apt(scene: Scene) -> tuple[str, ...]:
    """Return apt's files, by precedence (apt.conf(5))."""
    parts = "/etc/apt/apt.conf.d"
    return ("/etc/apt/apt.conf", *(f"{parts}/{name}" for name in reversed(scene.host.names(parts))))


def _dnf(scene: Scene) -> tuple[str, ...]:
    parts = "/etc/yum.repos.d"
    repositories_ = tuple(f"{parts}/{name}" for name in scene.host.names(parts) if name.endswith(".repo"))
    return (*repositories_, "/etc/dnf/dnf.conf", "/etc/yum.conf")


_APT = "apt-transport-https(1), Server authentication; apt.conf(5)"
_GIT = "git-config(1), http.sslVerify"
_PIP = "pip documentation, pip, --trusted-host; Configuration"
_NPM = "npm documentation, config, strict-ssl"
_CONDA = "conda documentation, Settings, ssl_verify"
_HG = "hg(1), --insecure; hgrc(5), alias and defaults"
_NODE = "Node.js documentation, CLI, NODE_TLS_REJECT_UNAUTHORIZED"
_UV = "uv documentation, Settings, allow-insecure-host; Environment variables"
_LDAP = ("{LDAPRC}", "~/.ldaprc", "/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf")
_BUNDLER = ("{BUNDLE_APP_CONFIG|.bundle}/config", "{BUNDLE_USER_CONFIG|~/.bundle/config}")


def _known(switch: Switch, source: str, known: str = "documented") -> Switch:
    return switch._replace(place=switch.place._replace(source=source, known=known))


def _curl_is_off(value: str) -> bool:
    return value != CURL_VERIFIES


SWITCHES: tuple[Switch, ...] = (
    # Versions and downloads
    _known(Switch("git", variable("GIT_SSL_NO_VERIFY"), _set), "git(1), GIT_SSL_NO_VERIFY: set to anything", "real"),
    _known(
        Switch("git", _file(repositories.git_files, "git", "http*", "sslverify"), _says("false", "no", "off", "0", "")),
        _GIT,
        "real",
    ),
    *(
        _known(
            Switch("curl", _file(downloads.CURLRC, "curlrc", key)._replace(first=True), _curl_is_off),
            "curl(1), --insecure, --proxy-insecure; --config",
            known,
        )
        for key, known in (("insecure", "real"), ("k", "real"), ("proxy-insecure", "documented"))
    ),
    _known(
        Switch(
            "wget",
            _file(("{WGETRC|~/.wgetrc}", "{SYSTEM_WGETRC|/etc/wgetrc}"), "wgetrc", "check_certificate"),
            _says("off", "no", "0", "quiet"),
        ),
        "GNU Wget manual, Wgetrc Commands, check_certificate",
        "real",
    ),
    *(
        _known(_with("--insecure", "Mercurial", _file(repositories.hg_files, "hg", section, "*")), _HG, "real")
        for section in ("defaults", "alias")
    ),
    _known(
        Switch("apt", _file(_apt, "apt", "acquire::http*::verify-peer"), _says("false", "no", "off", "0", "without")),
        _APT,
        "real",
    ),
    _known(
        Switch("apt", _file(_apt, "apt", "acquire::http*::verify-host"), _says("false", "no", "off", "0", "without")),
        _APT,
    ),
    _known(Switch("dnf", _file(_dnf, "ini", "*", "sslverify"), _FALSE), "dnf.conf(5), sslverify"),
    # Python
    _known(Switch("pip", variable("PIP_TRUSTED_HOST"), names_servers), _PIP, "real"),
    _known(Switch("pip", _file(python.pip_files, "ini", "*", "trusted-host"), names_servers), _PIP, "real"),
    _known(Switch("pip", _file(python.pip_files, "ini", "*", "trusted_host"), names_servers), _PIP, "real"),
    _known(Switch("conda", variable("CONDA_SSL_VERIFY"), _FALSE), _CONDA),
    *(
        _known(Switch("conda", _file(conda.files, "condarc", key), _FALSE), _CONDA)
        for key in ("ssl_verify", "verify_ssl")
    ),
    _known(Switch("uv", variable("UV_INSECURE_HOST"), names_servers), _UV),
    _known(Switch("uv", _file(python.UV_FILES, "toml", "allow-insecure-host"), names_servers), _UV, "real"),
    _known(
        Switch("Poetry", _file(python.POETRY_FILES, "toml", "certificates", "*", "cert"), _FALSE),
        "Poetry documentation, Repositories, Certificates",
    ),
    _known(
        Switch("Python 2", variable("PYTHONHTTPSVERIFY"), _says("0")),
        "PEP 493: Python 2.7.12 and its makers' builds; Python 3 does not read it",
    ),
    # JavaScript
    _known(Switch("Node.js", variable("NODE_TLS_REJECT_UNAUTHORIZED"), _says("0")), _NODE, "real"),
    _known(
        Switch(
            "Claude Code",
            _file(javascript.CLAUDE_FILES, "json", "env", "NODE_TLS_REJECT_UNAUTHORIZED"),
            _says("0"),
        ),
        "Claude Code documentation, Settings, env",
    ),
    _known(
        Switch("npm", variable("npm_config_strict_ssl", "NPM_CONFIG_STRICT_SSL"), _says("false", "0")), _NPM, "real"
    ),
    _known(Switch("npm", _file(javascript.npm_files, "npmrc", "strict-ssl"), _says("false", "0")), _NPM, "real"),
    _known(
        Switch("Yarn 1", _file(("^/.yarnrc", "~/.yarnrc", "/etc/yarnrc"), "yarnrc", "strict-ssl"), _says("false")),
        "Yarn 1 documentation, yarn config, strict-ssl",
        "real",
    ),
    _known(
        Switch("Yarn from 4 on", variable("YARN_ENABLE_STRICT_SSL"), _says("false", "0")),
        "Yarn documentation, .yarnrc.yml, enableStrictSsl",
    ),
    _known(
        Switch(
            "Yarn from 4 on",
            _file(javascript.yarn_files, "yaml-tree", "enableStrictSsl"),
            _says("false", "0"),
        ),
        "Yarn documentation, .yarnrc.yml, enableStrictSsl",
        "real",
    ),
    # Languages
    _known(
        Switch("RubyGems", _file(languages.gemrc, "yaml", ":ssl_verify_mode"), _says("0")),
        "gem help env, :ssl_verify_mode",
        "real",
    ),
    _known(
        Switch("Bundler", _file(_BUNDLER, "yaml", "BUNDLE_SSL_VERIFY_MODE"), _says("0")),
        "bundle-config(1), ssl_verify_mode",
    ),
    _known(Switch("Bundler", variable("BUNDLE_SSL_VERIFY_MODE"), _says("0")), "bundle-config(1), ssl_verify_mode"),
    _known(
        Switch("Composer", _file(languages.composer_files, "json", "config", "disable-tls"), _says("true")),
        "Composer documentation, Config, disable-tls",
    ),
    _known(Switch("Go", variable("GOINSECURE"), names_servers, plain=True), "go help environment, GOINSECURE"),
    _known(
        Switch("Go", _file(("{GOENV|~/.config/go/env}",), "shell", "GOINSECURE"), names_servers, plain=True),
        "go help environment; go help env",
    ),
    _known(
        _with("maven.wagon.http.ssl.insecure=true", "Maven", variable("MAVEN_OPTS", "MAVEN_ARGS")),
        "Maven Wagon, HTTP provider, System properties",
    ),
    # Clouds, containers, directories
    _known(
        Switch("gcloud", variable("CLOUDSDK_AUTH_DISABLE_SSL_VALIDATION"), _says("true", "1")),
        "gcloud topic configurations, auth/disable_ssl_validation",
    ),
    _known(
        Switch(
            "gcloud",
            _file(
                ("{CLOUDSDK_CONFIG|~/.config/gcloud}/configurations/config_default",),
                "ini",
                "auth",
                "disable_ssl_validation",
            ),
            _says("true", "1"),
        ),
        "gcloud topic configurations, auth/disable_ssl_validation",
    ),
    _known(
        Switch(
            "gsutil",
            _file(("{BOTO_CONFIG|~/.boto}", "/etc/boto.cfg"), "ini", "Boto", "https_validate_certificates"),
            _FALSE,
        ),
        "boto config tutorial, https_validate_certificates",
    ),
    *(
        _known(
            Switch("Docker", _file((file,), "json", "insecure-registries"), names_servers, plain=True),
            "dockerd documentation, Daemon configuration file, insecure-registries; rootless mode; Docker Desktop",
        )
        for file in (
            "/etc/docker/daemon.json",
            "{XDG_CONFIG_HOME|~/.config}/docker/daemon.json",
            "~/.docker/daemon.json",
        )
    ),
    _known(
        Switch(
            "Podman",
            _file(("/etc/containers/registries.conf",), "toml", "registry", "insecure"),
            _says("true"),
            plain=True,
        ),
        "containers-registries.conf(5), insecure",
    ),
    _known(Switch("OpenLDAP", variable("LDAPTLS_REQCERT"), _says(*_NEVER)), "ldap.conf(5), TLS_REQCERT"),
    _known(Switch("OpenLDAP", _file(_LDAP, "words", "tls_reqcert"), _says(*_NEVER)), "ldap.conf(5), TLS_REQCERT"),
)
