"""Package managers and runtimes of languages: Cargo, Bundler, RubyGems, PHP, Composer, Nix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.clients.python import SSL, SSL_DIRECTORY
from trustinstall_platforms.tools.effective.model import Form
from trustinstall_platforms.tools.effective.rows import Client, Expansion, Place, variable

if TYPE_CHECKING:
    from trustinstall_platforms.tools.effective.model import Scene

_CARGO = (
    *("^/.cargo/config", "^/.cargo/config.toml"),
    *("{CARGO_HOME|~/.cargo}/config", "{CARGO_HOME|~/.cargo}/config.toml"),
)
_BUNDLER_KEY = ("BUNDLE_SSL_CA_CERT",)


def gemrc(scene: Scene) -> tuple[str, ...]:
    """Return RubyGems' files: GEMRC, a list, stands for the account's (gem environment; gem help env)."""
    named = scene.session.value("GEMRC")
    own = tuple(reversed(named.split(":"))) if named else ("~/.gemrc", "{XDG_CONFIG_HOME|~/.config}/gem/gemrc")
    return paths.every(scene, (*own, "/etc/gemrc"))


def _php(scene: Scene) -> tuple[str, ...]:
    """Return the ini files of PHP's command line, by precedence (PHP manual, configuration file; main/php_ini.c).

    The files of the scanned directories count more than the main one. That is the file that PHPRC names, or the first
    that exists in the directory that it names and in the built-in one.
    """
    host, named = scene.host, scene.session.value("PHPRC") or ""
    tops = [f"/etc/php/{version}/cli" for version in reversed(host.names("/etc/php"))]
    tops += [one for one in ("/usr/local/etc/php", "/etc") if host.status(f"{one}/php.ini") is not None]
    files: list[str] = []
    for top in tops[:1]:
        extra = "/etc/php.d" if top == "/etc" else f"{top}/conf.d"
        listed = scene.session.value("PHP_INI_SCAN_DIR")  # an empty part stands for the built-in directory
        for one in reversed([part or extra for part in listed.split(":")] if listed else [extra]):
            files += [f"{one}/{name}" for name in reversed(host.names(one)) if name.endswith(".ini")]
    mains = [f"{one}/{name}" for name in ("php-cli.ini", "php.ini") for one in (named, *tops[:1]) if one]
    if named and not host.is_directory(host.real(named)):
        mains.insert(0, named)
    there = (one for one in paths.every(scene, tuple(mains)) if host.status(host.real(one)) is not None)
    return paths.every(scene, (*files, *([first] if (first := next(there, "")) else [])))


def composer_files(scene: Scene) -> tuple[str, ...]:
    """Return Composer's files: the project's counts more than the account's (Composer documentation, Config)."""
    moved = scene.session.value("COMPOSER_HOME")
    old = scene.home and scene.host.is_directory(f"{scene.home}/.composer")
    usual = (
        "~/.composer" if old and not scene.session.value("XDG_CONFIG_HOME") else "{XDG_CONFIG_HOME|~/.config}/composer"
    )
    return paths.every(scene, ("./composer.json", f"{moved or usual}/config.json"))


CLIENTS = (
    Client(
        "Cargo",
        (
            variable("CARGO_HTTP_CAINFO", source="The Cargo Book, Configuration, http.cainfo", known="real"),
            Place(
                files=_CARGO,
                key=("http", "cainfo"),
                format="toml",
                expansion=Expansion(relative="above"),
                source="The Cargo Book, Configuration, Hierarchical structure; Config-relative paths",
                known="real",
            ),
        ),
        verifier="curl",
    ),
    Client(
        "Bundler",
        (
            Place(
                files=("{BUNDLE_APP_CONFIG|./.bundle}/config",),
                key=_BUNDLER_KEY,
                format="yaml",
                source="bundle-config(1), Configuration",
            ),
            variable("BUNDLE_SSL_CA_CERT", source="bundle-config(1)"),
            Place(
                files=("{BUNDLE_USER_CONFIG|~/.bundle/config}",),
                key=_BUNDLER_KEY,
                format="yaml",
                source="bundle-config(1), Configuration",
            ),
            SSL,
        ),
        verifier="openssl",
    ),
    Client(
        "RubyGems",
        (
            Place(
                files=gemrc,
                key=(":ssl_ca_cert",),
                format="yaml",
                source="gem help env; Gem::ConfigFile: a key without a colon has no effect",
                known="real",
            ),
            SSL,
        ),
        verifier="openssl",
    ),
    Client(
        "Composer",
        (
            variable(
                "COMPOSER_CAFILE", expansion=Expansion(tilde=True), source="Composer documentation, Config, cafile"
            ),
            Place(
                files=composer_files,
                key=("config", "cafile"),
                format="json",
                expansion=Expansion(tilde=True, variables="shell"),
                source="Composer documentation, Config, cafile",
            ),
            SSL,
            SSL_DIRECTORY,
        ),
        verifier="curl",
    ),
    Client(
        "PHP",
        (
            Place(
                files=_php,
                key=("openssl.cafile",),
                format="php",
                source="PHP manual, OpenSSL configuration",
                known="real",
            ),
            Place(
                files=_php,
                key=("openssl.capath",),
                format="php",
                form=Form.DIRECTORY,
                source="PHP manual, OpenSSL configuration",
            ),
            SSL,
            SSL_DIRECTORY,
        ),
        verifier="openssl",
    ),
    Client(
        "PHP's curl",
        (Place(files=_php, key=("curl.cainfo",), format="php", source="PHP manual, cURL configuration"),),
        verifier="curl",
    ),
    Client(
        "Nix",
        (
            Place(
                files=("{XDG_CONFIG_HOME|~/.config}/nix/nix.conf", "/etc/nix/nix.conf"),
                key=("ssl-cert-file",),
                format="nix",
                source="Nix reference manual, nix.conf, ssl-cert-file",
            ),
            variable("NIX_SSL_CERT_FILE", "SSL_CERT_FILE", source="Nix reference manual, environment variables"),
        ),
        verifier="curl",
    ),
)
