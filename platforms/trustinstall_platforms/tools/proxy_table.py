"""Developer tools and the settings that tell each its proxy: facts, a row each.

Every tool here but apt, Subversion, Gradle and docker reads the variables as well, which reach programs started from a
shell or by a login. A setting reaches the rest: cron jobs, sudo, editors. It overrides the variable in each of them.
None of them expands a percent sign in such a value.

No rows: curl and wget, whose settings would override the variables of a session (curl(1), --config; the GNU Wget
manual, Wgetrc commands); Java, because every JVM reports on standard error that it has read JAVA_TOOL_OPTIONS or
JDK_JAVA_OPTIONS, and because its own `net.properties` belongs to the package that the next upgrade installs; Maven,
whose only file of proxies is XML (`settings.xml`), which no format here changes; zypper, which reads the variables, and
whose /etc/sysconfig/proxy has every key from the start, so that none is missing there (SUSE's sysconfig template);
Yarn 1 and pnpm, which read npm's file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from trustinstall.editing.section import PROXIES
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.facts.proxies import Proxies


def _http(proxies: Proxies) -> str:
    return proxies.http


def _https(proxies: Proxies) -> str:
    return proxies.https


def _either(proxies: Proxies) -> str:
    return proxies.either


def _bypass(proxies: Proxies) -> str:
    return proxies.bypass


def _apt(proxies: Proxies) -> str:
    said = {"http": proxies.http, "https": proxies.https}
    lines = [f'Acquire::{scheme}::Proxy "{address}";' for scheme, address in said.items() if address]
    # apt supports single hosts only; it reads the other entries of no_proxy from the variable.
    hosts = [one for one in proxies.no_proxy if not one.startswith(".") and "/" not in one and ":" not in one]
    lines += [f'Acquire::{scheme}::Proxy::{host} "DIRECT";' for scheme in said if said[scheme] for host in hosts]
    return "\n".join(lines)


def _service(proxies: Proxies) -> str:
    said = {"HTTP_PROXY": proxies.http, "HTTPS_PROXY": proxies.https, "NO_PROXY": proxies.bypass}
    return "\n".join(
        ("[Service]", *(f'Environment="{name}={value.replace("%", "%%")}"' for name, value in said.items() if value))
    )


def _conda(proxies: Proxies) -> str:
    said = {"http": proxies.http, "https": proxies.https}
    return "\n".join(f'{scheme}: "{address}"' for scheme, address in said.items() if address)


def _plainly(proxies: Proxies) -> SplitResult:
    """Return the proxy of a program that reaches it by http alone, and asks it for both schemes."""
    return urlsplit(proxies.either if proxies.either.startswith("http:") else "")


def _host(proxies: Proxies) -> str:
    return _plainly(proxies).hostname or ""


def _port(proxies: Proxies) -> str:
    return str(_plainly(proxies).port or "")


def _user(proxies: Proxies) -> str:
    return _unquoted(_plainly(proxies).username)


def _password(proxies: Proxies) -> str:
    return _unquoted(_plainly(proxies).password)


def _unquoted(word: str | None) -> str:
    """Return a word without its percent-encoding; "" if it holds a percent sign, which Subversion may expand."""
    text = unquote(word or "")
    return "" if "%" in text else text


def _patterns(proxies: Proxies) -> list[str]:
    """Return the names that are reached without a proxy, for programs that know stars and no networks."""
    names = (one for one in proxies.no_proxy if "/" not in one)
    return [f"*{one}" if one.startswith(".") else one for one in names]


def _exceptions(proxies: Proxies) -> str:
    return ",".join(one for one in _patterns(proxies) if ":" not in one) if _host(proxies) else ""


def _gradle(proxies: Proxies) -> str:
    lines: list[str] = []
    for scheme, address in (("http", proxies.http), ("https", proxies.https)):
        found = urlsplit(address)
        said = {"Host": found.hostname, "Port": found.port, "User": found.username, "Password": found.password}
        values = {part: unquote(str(value)).replace("\\", "\\\\") for part, value in said.items() if value}
        lines += [f"systemProp.{scheme}.proxy{part}={value}" for part, value in values.items()]
    # Of both schemes (java.net's networking properties). An address of IPv6 stands in brackets there.
    names = [f"[{one}]" if ":" in one else one for one in _patterns(proxies)]
    return "\n".join((*lines, *([f"systemProp.http.nonProxyHosts={'|'.join(names)}"] if names else [])))


class ProxyTool(NamedTuple):
    """One tool with a settings file.

    Attributes:
        name: its name for people.
        clients: the programs that read the file.
        format: the file's format, a name of `editing.FORMATS`.
        keys: each key, and its value.
        source: the source of this row.
        files: an account's files, of which the first existing one is written, or else the first; the tool reads all.
        machine: the file for all accounts; "" if there is none, or its package owns it.
        known: "real", and with which version, or "documented".
        programs: the tool is installed if one of these is.
        places: the tool is installed if one of these paths exists.
        variables: whether it reads the variables, too: then its file is left to one that a person has set.
        public: whether every account can see the values, independent of the file's mode.
        said: a pattern of the line with which a person has set the proxy, for a file that gets a section; "" otherwise.
        beside: other files of the machine that the tool reads.
        together: whether the keys make one proxy: if a person has set one of them, none is set.
    """

    name: str
    clients: str
    format: str
    keys: tuple[tuple[tuple[str, ...], Callable[[Proxies], str]], ...]
    source: str
    files: tuple[str, ...] = ()
    machine: str = ""
    known: str = "documented"
    programs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    variables: bool = True
    public: bool = False
    said: str = ""
    beside: tuple[str, ...] = ()
    together: bool = False


TOOLS = (
    ProxyTool(
        "apt",
        "apt",
        "proxy-section",
        ((PROXIES, _apt),),
        "apt.conf(5); apt-transport-http(1), Acquire::http::Proxy",
        machine="/etc/apt/apt.conf.d/90trustinstall-proxy",
        known="real: 2.6",
        places=("/etc/apt/apt.conf.d",),
        variables=False,
    ),
    ProxyTool(
        "dnf",
        "dnf and yum",
        "ini-sections",
        ((("main", "proxy"), _either),),
        "dnf.conf(5), proxy",
        machine="/etc/dnf/dnf.conf",
        places=("/etc/dnf/dnf.conf",),
    ),
    ProxyTool(
        "git",
        "git",
        "git",
        ((("http", "proxy"), _either),),
        "git-config(1), http.proxy",
        ("~/.gitconfig", "~/.config/git/config"),
        "/etc/gitconfig",
        "real: 2.39",
        programs=("git",),
    ),
    ProxyTool(
        "npm",
        "npm, pnpm and Yarn 1",
        "npmrc",
        ((("proxy",), _http), (("https-proxy",), _https), (("noproxy",), _bypass)),
        "npm documentation, config: proxy, https-proxy, noproxy",
        ("~/.npmrc",),
        known="real: npm 11",
        programs=("npm", "pnpm", "yarn"),
        places=("~/.npmrc", "~/.npm", "~/.nvm"),
    ),
    ProxyTool(
        "yarn",
        "Yarn from 2 on",
        "yaml",
        ((("httpProxy",), _http), (("httpsProxy",), _https)),
        "Yarn documentation, .yarnrc.yml: httpProxy, httpsProxy",
        ("~/.yarnrc.yml",),
        places=("~/.yarnrc.yml", "~/.yarn/berry"),
    ),
    ProxyTool(
        "pip",
        "pip, in every environment, new ones too",
        "ini",
        ((("global", "proxy"), _either),),
        "pip documentation, Configuration; Using a Proxy Server",
        ("~/.config/pip/pip.conf", "~/.pip/pip.conf"),
        "/etc/pip.conf",
        "real: 23.0",
        programs=("pip", "pip3"),
        places=("~/.config/pip", "~/.pip", "~/.pyenv"),
    ),
    ProxyTool(
        "conda",
        "conda and mamba",
        "yaml-block",
        ((("proxy_servers",), _conda),),
        "conda documentation, Settings, proxy_servers; Using conda behind a proxy",
        ("~/.condarc",),
        "/etc/conda/.condarc",
        programs=("conda", "mamba", "micromamba"),
        places=("~/.condarc", "~/.conda", "~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda"),
    ),
    ProxyTool(
        "hg",
        "Mercurial",
        "ini-sections",
        ((("http_proxy", "host"), _either), (("http_proxy", "no"), _bypass)),
        "hgrc(5), http_proxy; mercurial/url.py, proxyhandler: one proxy for both schemes, and a whole address",
        ("~/.hgrc",),
        "/etc/mercurial/hgrc.d/90trustinstall-proxy.rc",
        "real: 6.3",
        programs=("hg",),
        beside=("/etc/mercurial/hgrc",),
        together=True,
    ),
    ProxyTool(
        "svn",
        "Subversion",
        "ini",
        (
            (("global", "http-proxy-host"), _host),
            (("global", "http-proxy-port"), _port),
            (("global", "http-proxy-username"), _user),
            (("global", "http-proxy-password"), _password),
            (("global", "http-proxy-exceptions"), _exceptions),
        ),
        "Subversion book, runtime configuration area, servers",
        ("~/.subversion/servers",),
        "/etc/subversion/servers",
        "real: 1.14",
        programs=("svn",),
        variables=False,
        together=True,
    ),
    ProxyTool(
        "gradle",
        "Gradle, and what it downloads",
        "proxy-section",
        ((PROXIES, _gradle),),
        "Gradle documentation, Networking, Configuring a proxy; java.util.Properties, load",
        ("~/.gradle/gradle.properties",),
        programs=("gradle",),
        places=("~/.gradle",),
        variables=False,
        said=r"[ \t\f]*systemProp\.https?\.(?:proxy\w+|nonProxyHosts)",
    ),
    ProxyTool(
        "docker",
        "containers and builds that docker starts",
        "json",
        (
            (("proxies", "default", "httpProxy"), _http),
            (("proxies", "default", "httpsProxy"), _https),
            (("proxies", "default", "noProxy"), _bypass),
        ),
        "Docker documentation, Use a proxy server with the Docker CLI",
        ("~/.docker/config.json",),
        places=("~/.docker",),
        variables=False,
    ),
    ProxyTool(
        "docker-service",
        "the daemon of docker, once it is started again",
        "proxy-section",
        ((PROXIES, _service),),
        "Docker documentation, Daemon proxy configuration, systemd unit file; systemd.exec(5), Environment=",
        machine="/etc/systemd/system/docker.service.d/90-trustinstall-proxy.conf",
        places=tuple(f"{base}/docker.service" for base in ("/etc/systemd/system", "/usr/lib/systemd/system")),
        variables=False,
        public=True,  # systemd tells every account what it sets for a service (systemd.exec(5), Environment=)
    ),
)
