"""Developer tools and how each is made to trust a root: facts, a row each.

A setting that *adds* names the managed roots alone; one that *switches* has the tool read the operating system's store;
one that *replaces* a tool's built-in roots names the system's and the managed ones.
If a tool has several, the order is: nothing, because it follows the system; one that adds; a variable, if its file may
not be changed; one that replaces. Each row has its source: "real" is proved in the tests, "documented" is not.

A setting that some version refuses has no row: uv before 0.11 does not start at all with `system-certs` in uv.toml, and
newer ones do not with `native-tls` (both tried: 0.5.31, 0.10.12, 0.13.8).
"""

from __future__ import annotations

from trustinstall.values import NamedTuple

ADDS, SWITCHES, REPLACES = "adds", "switches", "replaces"


class Tool(NamedTuple):
    """One tool with a settings file.

    Attributes:
        name: its name for people.
        clients: the programs that read the file.
        format: the file's format, a name of `editing.FORMATS`.
        key: sections or objects, and the key.
        mode: ADDS, SWITCHES or REPLACES.
        files: an account's file; of several the first existing one, or else the first.
        source: the source of this row.
        known: "real", and with which version, or "documented".
        machine: the file for all accounts, whose value an account's own file overrides; "" if there is none.
        programs: the tool is installed if one of these is.
        places: the tool is installed if one of these paths exists.
        kept: whether the file is only written if the tool itself has made it.
        follows: whether the tool trusts the system's store without it: then the file is for an account that cannot
            change that store, and no variable reaches the tool.
        value: the value of a key that switches; "" if the key names a file.
        beside: the key in the same file that names the bundle which is read if the tool is not switched.
        systems: the systems on which the tool keeps this file. Windows has no bundle of public roots, so that no
            setting replaces there.
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
    value: str = ""
    beside: tuple[str, ...] = ()
    systems: tuple[str, ...] = ("linux", "darwin")


TOOLS = (
    Tool(
        "pip",
        "pip, in every environment, new ones too",
        "ini-options",
        ("global", "cert"),
        REPLACES,
        ("~/Library/Application Support/pip/pip.conf", "~/.config/pip/pip.conf"),
        "pip documentation, Configuration; HTTPS certificates",
        "real: 23.0, 24.1",
        machine="/etc/pip.conf",
        programs=("pip", "pip3"),
        places=("~/Library/Application Support/pip", "~/.config/pip", "~/.pip", "~/.pyenv"),
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
        "Yarn from 4 on (2 and 3 by NODE_EXTRA_CA_CERTS)",
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
        REPLACES,  # and not `truststore`, which needs conda 23.9 and Python 3.10: all of them read a path
        ("~/.condarc",),
        "conda documentation, Using conda with an SSL-inspecting proxy; search path of .condarc",
        machine="/etc/conda/.condarc",
        programs=("conda", "mamba", "micromamba"),
        places=("~/.condarc", "~/.conda", "~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda"),
    ),
    Tool(
        "aws",
        "AWS CLI and boto3, default profile",
        "ini-sections",
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
        "wgetrc",
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
        "hgrc",
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
        "ini-folded",
        ("global", "ssl-authority-files"),
        ADDS,
        ("~/.subversion/servers",),
        "Subversion book, runtime configuration area, servers",
        "real: 1.14",
        programs=("svn",),
        follows=True,
    ),
    Tool(
        "lima",
        "the virtual machines of Lima, at their next start",
        "yaml-list",
        ("caCerts", "files"),
        ADDS,
        ("~/.lima/_config/override.yaml",),
        "Lima, templates/default.yaml, caCerts and the override mechanism; pull request 783",
        places=("~/.lima",),
    ),
    Tool(
        "colima",
        "the virtual machines of Colima, at their next start",
        "yaml-list",
        ("caCerts", "files"),
        ADDS,
        ("~/.colima/_lima/_config/override.yaml",),
        "Colima, which runs Lima with its own LIMA_HOME; as Lima",
        places=("~/.colima/_lima",),
    ),
    Tool(
        "rancher-desktop",
        "Rancher Desktop's virtual machine, at its next start",
        "yaml-list",
        ("caCerts", "files"),
        ADDS,
        (
            "~/Library/Application Support/rancher-desktop/lima/_config/override.yaml",
            "~/.local/share/rancher-desktop/lima/_config/override.yaml",
        ),
        "Rancher Desktop documentation, Provisioning Scripts (override.yaml); as Lima",
        places=("~/.local/share/rancher-desktop/lima", "~/Library/Application Support/rancher-desktop/lima"),
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
        systems=("linux", "darwin", "win32"),
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
    Tool(
        "git-for-windows",
        "Git for Windows, and LFS",
        "git",
        ("http", "sslbackend"),
        SWITCHES,
        ("~/.gitconfig", "~/.config/git/config"),
        "git-config(1), http.sslBackend; git-for-windows issues 301 and 1698",
        machine="C:/Program Files/Git/etc/gitconfig",
        places=("C:/Program Files/Git/cmd/git.exe", "~/AppData/Local/Programs/Git/cmd/git.exe"),
        value="schannel",
        beside=("http", "sslcainfo"),
        systems=("win32",),
    ),
)
