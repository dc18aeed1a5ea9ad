"""Developer tools and how each is made to trust a root: facts, a row each.

A setting that *adds* names our roots alone; one that *replaces* what a tool has built in names the system's and ours.
Where a tool has several, the order is: nothing, because it follows the system; what adds; a variable, where its file
may not be touched; what replaces. Each row says how it is known: "real" is proved in the tests, "documented" is not.

A setting that some version refuses is no row: uv before 0.11 does not start at all with `system-certs` in uv.toml, and
newer ones will not with `native-tls` (both tried: 0.5.31, 0.10.12, 0.13.8).
"""

from __future__ import annotations

from dataclasses import dataclass

ADDS, REPLACES = "adds", "replaces"


@dataclass(frozen=True)
class Tool:
    """One tool with a settings file.

    Attributes:
        name: what people call it.
        clients: who reads the file.
        format: how it is written, a name of `editing.FORMATS`.
        key: sections or objects, and the key.
        mode: ADDS or REPLACES.
        files: an account's file; of several the first that is there, or else the first.
        source: how this is known.
        known: "real", and with which version, or "documented".
        machine: the file for all accounts, whose value an account's own file overrides; "" where there is none.
        programs: it is there where one of these is.
        places: it is there where one of these paths is.
        kept: whether the file is only written where the tool itself has made it.
        follows: whether the tool trusts what the system's store holds without it: then the file is for an account
            that cannot change that store, and no variable reaches the tool.
    """

    name: str
    clients: str
    format: str
    key: tuple[str, ...]
    mode: str
    files: tuple[str, ...]
    source: str
    known: str = "documented"
    machine: str = ""
    programs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    kept: bool = False
    follows: bool = False


@dataclass(frozen=True)
class Other:
    """A tool of which no file is written: it follows the system, or only a variable reaches it.

    Attributes:
        name: what people call it.
        programs: it is there where one of these is.
        how: what it does, and since when.
        source: how this is known.
        follows: whether it trusts what the system's store holds.
        known: "real" or "documented".
    """

    name: str
    programs: tuple[str, ...]
    how: str
    source: str
    follows: bool = True
    known: str = "documented"


TOOLS = (
    Tool(
        "pip",
        "pip, in every environment, new ones too",
        "ini",
        ("global", "cert"),
        REPLACES,
        ("~/Library/Application Support/pip/pip.conf", "~/.config/pip/pip.conf"),
        "pip documentation, Configuration; HTTPS certificates",
        "real: 23.0, 24.1",
        machine="/etc/pip.conf",
        programs=("pip", "pip3"),
        places=("~/.config/pip", "~/.pip", "~/.pyenv"),
    ),
    Tool(
        "npm",
        "npm and pnpm",
        "npmrc",
        ("cafile",),
        REPLACES,
        ("~/.npmrc",),
        "npm documentation, config, cafile; pnpm documentation, settings",
        "real: npm 11, pnpm 10",
        programs=("npm", "pnpm"),
        places=("~/.npmrc", "~/.npm", "~/.nvm"),
    ),
    Tool(
        "yarn",
        "Yarn from 2 on",
        "yaml",
        ("httpsCaFilePath",),
        REPLACES,
        ("~/.yarnrc.yml",),
        "Yarn documentation, .yarnrc.yml, httpsCaFilePath",
        "real: 4.18",
        places=("~/.yarnrc.yml", "~/.yarn/berry"),
    ),
    Tool(
        "yarn-1",
        "Yarn 1",
        "yarnrc",
        ("cafile",),
        REPLACES,
        ("~/.yarnrc",),
        "Yarn 1 documentation, yarn config",
        "real: 1.22",
        programs=("yarn", "yarnpkg"),
        places=("~/.yarnrc",),
    ),
    Tool(
        "conda",
        "conda and mamba",
        "yaml",
        ("ssl_verify",),
        REPLACES,  # and not `truststore`, which needs conda 23.9 and Python 3.10: a path is read by all of them
        ("~/.condarc",),
        "conda documentation, Using conda with an SSL-inspecting proxy; search path of .condarc",
        machine="/etc/conda/.condarc",
        programs=("conda", "mamba", "micromamba"),
        places=("~/.condarc", "~/.conda", "~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda"),
    ),
    Tool(
        "aws",
        "AWS CLI and boto3, default profile",
        "ini",
        ("default", "ca_bundle"),
        REPLACES,
        ("~/.aws/config",),
        "AWS CLI user guide, supported config file settings, ca_bundle",
        "real: 1.46",
        programs=("aws",),
        places=("~/.aws",),
    ),
    Tool(
        "gcloud",
        "gcloud, default configuration",
        "ini",
        ("core", "custom_ca_certs_file"),
        REPLACES,
        ("~/.config/gcloud/configurations/config_default",),
        "gcloud topic configurations; gcloud config, core/custom_ca_certs_file",
        programs=("gcloud",),
        kept=True,
    ),
    Tool(
        "boto",
        "gsutil and boto 2",
        "ini",
        ("Boto", "ca_certificates_file"),
        REPLACES,
        ("~/.boto",),
        "gsutil documentation, gsutil config; boto config tutorial",
        machine="/etc/boto.cfg",
        programs=("gsutil",),
        kept=True,
    ),
    Tool(
        "wget",
        "wget",
        "npmrc",
        ("ca_certificate",),
        REPLACES,
        ("~/.wgetrc",),
        "GNU Wget manual, Wgetrc commands, ca_certificate",
        "real: 1.21",
        programs=("wget",),
        follows=True,
    ),
    Tool(
        "hg",
        "Mercurial",
        "ini",
        ("web", "cacerts"),
        REPLACES,
        ("~/.hgrc",),
        "hgrc(5), web.cacerts",
        "real: 6.3",
        programs=("hg",),
        follows=True,
    ),
    Tool(
        "svn",
        "Subversion",
        "ini",
        ("global", "ssl-authority-files"),
        ADDS,
        ("~/.subversion/servers",),
        "Subversion book, runtime configuration area, servers",
        "real: 1.14",
        programs=("svn",),
        follows=True,
    ),
    Tool(
        "claude",
        "Claude Code and what it starts",
        "json",
        ("env", "NODE_EXTRA_CA_CERTS"),
        ADDS,
        ("~/.claude/settings.json",),
        "Claude Code documentation, Enterprise network configuration; Settings, env",
        places=("~/.claude",),
    ),
    Tool(
        "vscode-server",
        "the server of VS Code in WSL",
        "shell",
        ("NODE_EXTRA_CA_CERTS",),
        ADDS,
        ("~/.vscode-server/server-env-setup",),
        "VS Code documentation, Developing in WSL, environment setup script",
        places=("~/.vscode-server",),
    ),
)

_OPENSSL = "follows the system: OpenSSL's or GnuTLS' own paths"
OTHERS = (
    Other("git", ("git",), _OPENSSL, "git-config(1), http.sslCAInfo; libcurl", known="real"),
    Other("curl", ("curl",), _OPENSSL, "curl(1), --cacert", known="real"),
    Other("wget", ("wget",), _OPENSSL, "GNU Wget manual, ca_certificate", known="real"),
    Other("hg", ("hg",), _OPENSSL, "Mercurial wiki, CACertificates", known="real"),
    Other(
        "svn",
        ("svn",),
        f"{_OPENSSL}, unless ssl-trust-default-ca is no",
        "Subversion book, runtime configuration",
        known="real",
    ),
    Other("cargo", ("cargo",), "follows the system: openssl-probe, libcurl", "The Cargo Book, http.cainfo"),
    Other(
        "gem", ("gem", "bundle"), "follows the system and its own roots", "RubyGems, request.rb; Bundler, fetcher.rb"
    ),
    Other("composer", ("composer",), "follows the system: composer/ca-bundle", "composer/ca-bundle, README"),
    Other(
        "go",
        ("go", "docker", "kubectl", "helm", "gh", "terraform"),
        "follows the system: crypto/x509",
        "Go documentation, crypto/x509, SystemCertPool",
    ),
    Other("dotnet", ("dotnet", "pwsh"), _OPENSSL, ".NET documentation, SSL_CERT_DIR on Linux"),
    Other(
        "uv", ("uv",), "UV_SYSTEM_CERTS=true from 0.11, before UV_NATIVE_TLS=true", "uv documentation", follows=False
    ),
    Other("poetry", ("poetry",), "REQUESTS_CA_BUNDLE; its own certifi is a store", "requests", follows=False),
    Other("deno", ("deno",), "DENO_TLS_CA_STORE=system,mozilla from 1.13", "Deno documentation", follows=False),
    Other("bun", ("bun",), "NODE_EXTRA_CA_CERTS", "Bun documentation", follows=False),
    Other("node", ("node",), "NODE_EXTRA_CA_CERTS", "Node.js documentation, CLI", follows=False),
    Other("gradle", ("gradle",), "the keystore of the Java that runs it", "Gradle user manual", follows=False),
)
