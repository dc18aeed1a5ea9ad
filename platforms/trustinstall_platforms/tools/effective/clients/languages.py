"""Package managers and runtimes of languages: Cargo, Bundler, RubyGems, PHP, Composer, Nix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.clients.python import SSL, SSL_DIRECTORY
from trustinstall_platforms.tools.effective.model import Form, Mode
from trustinstall_platforms.tools.effective.rows import Client, Expansion, Place, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trustinstall_platforms.tools.effective.model import Scene

    Files = tuple[str, ...] | Callable[[Scene], tuple[str, ...]]

#: Cargo's directories, by precedence.
_CARGO = ("^/.cargo", "{CARGO_HOME|~/.cargo}")
_PHP_PATH = Expansion(variables="braces")
_PHP_SERVERS = ("apache2", "cgi", "fpm")


def bundler_files(scene: Scene) -> tuple[str, ...]:
    """Return Bundler's file of the account (Bundler::Settings, global_config_file)."""
    value = scene.session.value
    top = value("BUNDLE_USER_HOME") or "~/.bundle"
    return paths.every(scene, (value("BUNDLE_CONFIG") or value("BUNDLE_USER_CONFIG") or f"{top}/config",))


def cargo_files(scene: Scene) -> tuple[str, ...]:
    """Return Cargo's files (The Cargo Book, Configuration, Hierarchical structure): `config` hides a `config.toml`."""
    both = [(f"{one}/config", f"{one}/config.toml") for one in paths.every(scene, _CARGO)]
    return tuple(old if scene.host.status(scene.host.real(old)) is not None else new for old, new in both)


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
    """Return Composer's files: the project's counts more than the account's (Composer documentation, Config).

    Of the directories for the account's, the first that exists counts, or else the first (Composer, Factory.php,
    getHomeDir and useXdg).
    """
    moved = scene.session.value("COMPOSER_HOME")
    is_xdg = scene.host.is_directory("/etc/xdg") or any(one.startswith("XDG_") for one in scene.session.variables)
    usual = paths.every(scene, (*(["{XDG_CONFIG_HOME|~/.config}/composer"] if is_xdg else []), "~/.composer"))
    there = (one for one in usual if scene.host.is_directory(scene.host.real(one)))
    home = moved or next(there, usual[0] if usual else "")
    return paths.every(scene, ("./composer.json", *([f"{home}/config.json"] if home else [])))


def _php_key(key: str, files: Files = _php, form: Form = Form.FILE) -> Place:
    asked = files is _php and key.startswith("openssl.")
    return Place(
        files=files,
        key=(key,),
        format="php",
        form=form,
        expansion=_PHP_PATH,
        source="PHP manual, OpenSSL and cURL configuration; The configuration file: ${NAME} is a variable of the "
        "environment; ext/curl/interface.c, _php_curl_set_default_options",
        known="real" if asked else "documented",
    )


def _php_places(files: Files = _php) -> tuple[Place, ...]:
    """Return the keys by which PHP's own streams are told a file or a directory."""
    return _php_key("openssl.cafile", files), _php_key("openssl.capath", files, Form.DIRECTORY)


def limited(scene: Scene) -> Iterator[Client]:
    """Yield PHP's servers: the machine's for root, and in a directory those that read a file there.

    Sources: PHP manual, .user.ini files; FastCGI Process Manager, List of pool directives: `php_admin_value` and
    `php_value` count more than the files of ini; Debian's /etc/php/VERSION/SAPI.
    """
    if scene.directory and scene.host.status(f"{scene.directory}/.user.ini") is not None:
        places = _php_places(("./.user.ini",))
        yield Client(f"PHP's server for {scene.directory}", places, verifier="openssl")
    for version in scene.host.names("/etc/php") if scene.host.account.is_root else ():
        for kind in _PHP_SERVERS:
            top = f"/etc/php/{version}/{kind}"
            if scene.host.is_directory(top):
                yield _php_server(scene, f"PHP for {kind} {version}", top)


def _php_server(scene: Scene, name: str, top: str) -> Client:
    pools = tuple(f"{top}/pool.d/{one}" for one in scene.host.names(f"{top}/pool.d") if one.endswith(".conf"))
    listed = (f"{top}/conf.d/{one}" for one in reversed(scene.host.names(f"{top}/conf.d")) if one.endswith(".ini"))
    of_pools = [_php_key(f"{word}[openssl.cafile]", pools) for word in ("php_admin_value", "php_value") if pools]
    return Client(name, (*of_pools, *_php_places((*listed, f"{top}/php.ini"))), verifier="openssl")


def _bundler(files: Files) -> Place:
    return Place(
        files=files,
        key=("BUNDLE_SSL_CA_CERT",),
        format="yaml",
        either=True,
        source="bundle-config(1), Configuration; Bundler::Fetcher, bundler_cert_store",
        known="real",
    )


#: RubyGems adds it to OpenSSL's default places, Bundler reads it alone if it has no setting of its own.
_GEMRC = Place(
    files=gemrc,
    key=(":ssl_ca_cert",),
    format="yaml",
    either=True,
    source="gem help env; Gem::ConfigFile: a key without a colon has no effect; Gem::Request, Bundler::Fetcher",
    known="real",
)

CLIENTS = (
    Client(
        "Cargo",
        (
            variable("CARGO_HTTP_CAINFO", source="The Cargo Book, Configuration, http.cainfo", known="real"),
            Place(
                files=cargo_files,
                key=("http", "cainfo"),
                format="cargo",
                expansion=Expansion(relative="above"),
                source="The Cargo Book, Configuration: Hierarchical structure, Including extra configuration files,"
                " Config-relative paths",
                known="real",
            ),
        ),
        verifier="curl",
    ),
    Client(
        "Bundler",
        (
            _bundler(("{BUNDLE_APP_CONFIG|.bundle}/config",)),
            variable("BUNDLE_SSL_CA_CERT", source="bundle-config(1)", known="real")._replace(either=True),
            _bundler(bundler_files),
            _GEMRC,
            SSL,
            SSL_DIRECTORY,
        ),
        verifier="openssl",
    ),
    Client(
        "RubyGems",
        (_GEMRC._replace(mode=Mode.ADDS), SSL, SSL_DIRECTORY),
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
                known="real",
            ),
            Place(
                files=composer_files,
                key=("config", "capath"),
                format="json",
                form=Form.DIRECTORY,
                expansion=Expansion(tilde=True, variables="shell"),
                source="Composer documentation, Config, capath",
                known="real",
            ),
            # composer/ca-bundle, CaBundle.php, getSystemCaRootBundlePath: the first that exists
            SSL,
            SSL_DIRECTORY,
            *_php_places(),
        ),
        verifier="curl",
    ),
    Client(
        "PHP",
        (*_php_places(), SSL, SSL_DIRECTORY),
        verifier="openssl",
    ),
    Client("PHP's curl", (_php_key("openssl.cafile"), _php_key("curl.cainfo")), verifier="curl"),
    Client(
        "Perl's LWP",
        (
            # LWP::UserAgent, new: the file and the directory count beside each other
            variable(
                "PERL_LWP_SSL_CA_PATH",
                "HTTPS_CA_DIR",
                mode=Mode.ADDS,
                form=Form.DIRECTORY,
                source="LWP::UserAgent(3pm), ENVIRONMENT; LWP/UserAgent.pm, new",
                known="real",
            ),
            variable(
                "PERL_LWP_SSL_CA_FILE",
                "HTTPS_CA_FILE",
                source="LWP::UserAgent(3pm), ENVIRONMENT; LWP/UserAgent.pm, new",
                known="real",
            ),
        ),
        verifier="openssl",
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
