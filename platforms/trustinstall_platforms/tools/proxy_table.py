"""Developer tools and the settings that tell each its proxy: facts, a row each.

Every tool here but apt, Subversion, Gradle, Maven and docker reads the variables as well, which reach programs started
from a shell or by a login. A setting reaches the rest: cron jobs, sudo, editors. It overrides the variable in each of
them. None of them expands a percent sign in such a value.

No rows: curl and wget, whose settings would override the variables of a session (curl(1), --config; the GNU Wget
manual, Wgetrc commands); Yarn 1 and pnpm, which read npm's file; and

- Java: `java.net_properties` has one file for each installation. JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS would reach all
  of them, but every JVM reports on standard error, with the values, that it has read them (tried with 17).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trustinstall.editing.section import PROXIES
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools import proxy_values as say
from trustinstall_platforms.tools import sysconfig_proxy

if TYPE_CHECKING:
    from trustinstall.facts.proxies import Proxies


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
        ((PROXIES, say.apt),),
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
        ((("main", "proxy"), say.either),),
        "dnf.conf(5), proxy",
        machine="/etc/dnf/dnf.conf",
        places=("/etc/dnf/dnf.conf",),
    ),
    ProxyTool(
        "git",
        "git",
        "git",
        ((("http", "proxy"), say.either),),
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
        ((("proxy",), say.http), (("https-proxy",), say.https), (("noproxy",), say.bypass)),
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
        ((("httpProxy",), say.http), (("httpsProxy",), say.https)),
        "Yarn documentation, .yarnrc.yml: httpProxy, httpsProxy",
        ("~/.yarnrc.yml",),
        places=("~/.yarnrc.yml", "~/.yarn/berry"),
    ),
    ProxyTool(
        "pip",
        "pip, in every environment, new ones too",
        "ini",
        ((("global", "proxy"), say.either),),
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
        ((("proxy_servers",), say.conda),),
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
        ((("http_proxy", "host"), say.either), (("http_proxy", "no"), say.bypass)),
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
        "ini-folded",
        (
            (("global", "http-proxy-host"), say.host),
            (("global", "http-proxy-port"), say.port),
            (("global", "http-proxy-username"), say.user),
            (("global", "http-proxy-password"), say.password),
            (("global", "http-proxy-exceptions"), say.exceptions),
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
        ((PROXIES, say.gradle),),
        "Gradle documentation, Networking, Configuring a proxy; java.util.Properties, load",
        ("~/.gradle/gradle.properties",),
        programs=("gradle",),
        places=("~/.gradle",),
        variables=False,
        said=r"[ \t\f]*systemProp\.https?\.(?:proxy\w+|nonProxyHosts)",
    ),
    ProxyTool(
        "maven",
        "Maven",
        "maven",
        ((("settings", "proxies"), say.maven),),
        "Maven documentation, Settings Reference, Proxies; Configuring a proxy",
        # Not the `conf/settings.xml` of an installation: a home may have several, each upgrade brings a new one, and
        # an upgrade of Debian's package asks about a changed file.
        ("~/.m2/settings.xml",),
        known="real: 3.8",
        programs=("mvn",),
        places=("~/.m2",),
        variables=False,
        beside=("/etc/maven/settings.xml",),
    ),
    ProxyTool(
        "zypper",
        "zypper, PackageKit and YaST; logins",
        "proxy-section-last",  # each variable is in the template, and of two lines its readers take the later
        ((PROXIES, say.sysconfig),),
        # With libproxy, which Debian's zypper is built with but without this module, so that it cannot be tried here.
        "aaa_base, sysconfig.proxy and profile.sh; libzypp, ProxyInfoSysconfig; libproxy, config_sysconfig",
        machine=sysconfig_proxy.FILE,
        places=(sysconfig_proxy.FILE,),
        # Not what the template says: no person has set that.
        said=r"""[ \t]*(?:PROXY_ENABLED=["']?yes|(?:(?:FTP|GOPHER|HTTPS?|SOCKS)_PROXY|SOCKS5_SERVER)=["']?[^"'\s]"""
        r"""|NO_PROXY=(?!(?:"localhost, ?127\.0\.0\.1"|"")?[ \t]*$))""",
    ),
    ProxyTool(
        "docker",
        "containers and builds that docker starts",
        "json",
        (
            (("proxies", "default", "httpProxy"), say.http),
            (("proxies", "default", "httpsProxy"), say.https),
            (("proxies", "default", "noProxy"), say.bypass),
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
        ((PROXIES, say.service),),
        "Docker documentation, Daemon proxy configuration, systemd unit file; systemd.exec(5), Environment=",
        machine="/etc/systemd/system/docker.service.d/90-trustinstall-proxy.conf",
        places=tuple(f"{base}/docker.service" for base in ("/etc/systemd/system", "/usr/lib/systemd/system")),
        variables=False,
        public=True,  # systemd tells every account what it sets for a service (systemd.exec(5), Environment=)
    ),
)
