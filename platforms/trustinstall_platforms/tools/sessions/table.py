"""The ways in which people's programs are started, and the files that then set variables, in their order.

Sources: bash(1), INVOCATION; zsh(1), STARTUP/SHUTDOWN FILES; fish's manual, Configuration files; environment.d(5);
systemd-system.conf(5); pam_env(8). Debian's bash reads /etc/bash.bashrc (its SYS_BASHRC), and Debian's zsh has its
files in /etc/zsh. A display manager of X11 or Wayland runs a login shell of sh that reads the account's files before
the desktop starts (gdm's and sddm's Xsession, gnome-session(1)); one of X11 reads two more of them (lightdm-session;
Debian's /etc/X11/Xsession.d/40x11-common_xsessionrc). On macOS a terminal starts a login shell, and PAM sets nothing.
Debian's files of csh read two directories (/etc/csh.cshrc, /etc/csh.login). A bash that runs a script reads the
file that BASH_ENV names, and an interactive sh that of ENV: bash(1), dash(1).
"""

from __future__ import annotations

from trustinstall.values import NamedTuple

_PROFILES = ("/etc/profile", "~/.bash_profile|~/.bash_login|~/.profile")
_BASHRC = ("/etc/bash.bashrc", "~/.bashrc")
_ZSHENV = ("/etc/zsh/zshenv|/etc/zshenv", "$ZDOTDIR/.zshenv")
_ZPROFILE = ("/etc/zsh/zprofile|/etc/zprofile", "$ZDOTDIR/.zprofile")
_ZSHRC = ("/etc/zsh/zshrc|/etc/zshrc", "$ZDOTDIR/.zshrc")
_ZLOGIN = ("/etc/zsh/zlogin|/etc/zlogin", "$ZDOTDIR/.zlogin")

_CSHRC = ("/etc/csh.cshrc", "/etc/csh/cshrc.d/*")
_CSH_LOGIN = ("/etc/csh.login", "/etc/csh/login.d/*")
_OWN_CSHRC = "~/.tcshrc|~/.cshrc"
_CSH = ("tcsh", "csh")

PAM, SYSTEMD, SERVICES = "pam", "environment.d", "system.conf"
SSH_OWN, SSH = "~/.ssh/environment", "sshd_config"


class Row(NamedTuple):
    """One way to start programs.

    Attributes:
        name: for people.
        shell: the shell's dialect: "sh", "bash", "zsh", "fish", "csh", one of `plain_lines`, or "" if none is started.
        files: the files that it reads, in this order; of paths with "|" between them the first existing one; with "*"
            all that match. "~" is the home, $ZDOTDIR and $XDG_CONFIG_HOME are their earlier values, or else the home
            and its .config.
        before: the programs that have set variables before: PAM, SYSTEMD, SERVICES.
        login, interactive: the kind of shell.
        beside: the name of the row of a more usual way: this one counts only if it gives another value to a variable
            that clients read, or if the account logs in with its shell; "" for a usual one.
        programs: the shell's programs; () if its name is that of its dialect.
        within: the variable that names the file of a second shell, of the same dialect, that the first one starts.
    """

    name: str
    shell: str = ""
    files: tuple[str, ...] = ()
    before: tuple[str, ...] = (PAM,)
    login: bool = False
    interactive: bool = False
    beside: str = ""
    programs: tuple[str, ...] = ()
    within: str = ""


ROWS = (
    Row("bare", before=()),
    Row("cron (PAM)"),
    Row("sh login", "sh", ("/etc/profile", "~/.profile"), login=True),
    Row("bash login", "bash", _PROFILES, login=True),
    Row("bash login interactive", "bash", _PROFILES, login=True, interactive=True),
    Row("bash interactive", "bash", _BASHRC, interactive=True),
    Row("zsh", "zsh", _ZSHENV),
    Row("zsh login", "zsh", (*_ZSHENV, *_ZPROFILE, *_ZLOGIN), login=True),
    Row("zsh interactive", "zsh", (*_ZSHENV, *_ZSHRC), interactive=True),
    Row("zsh login interactive", "zsh", (*_ZSHENV, *_ZPROFILE, *_ZSHRC, *_ZLOGIN), login=True, interactive=True),
    Row("fish", "fish", login=True, interactive=True),
    Row("systemd user", before=(SYSTEMD,)),
    Row("graphical login", "sh", ("/etc/profile", "~/.profile"), (PAM, SYSTEMD), login=True),
    Row("service", before=(SERVICES,)),
    Row(
        "X11 login",
        "sh",
        ("/etc/profile", "~/.profile", "/etc/xprofile", "~/.xprofile", "~/.xsessionrc"),
        (PAM, SYSTEMD),
        login=True,
        beside="graphical login",
    ),
    Row("ssh", "bash", _PROFILES, (SSH_OWN, PAM, SSH), login=True, beside="bash login"),
    Row("scripts of bash", "bash", _PROFILES, login=True, beside="bash login", within="BASH_ENV"),
    Row("sh interactive", "sh", ("/etc/profile", "~/.profile"), login=True, beside="sh login", within="ENV"),
    Row("csh", "csh", (*_CSHRC, _OWN_CSHRC), beside="cron (PAM)", programs=_CSH),
    Row("csh login", "csh", (*_CSHRC, *_CSH_LOGIN, _OWN_CSHRC, "~/.login"), beside="cron (PAM)", programs=_CSH),
    Row(
        "nushell",
        "nu",
        (
            "$XDG_CONFIG_HOME/nushell/env.nu",
            "$XDG_CONFIG_HOME/nushell/config.nu",
            "/usr/share/nushell/vendor/autoload/*.nu",
            "$XDG_CONFIG_HOME/nushell/autoload/*.nu",
        ),
        beside="cron (PAM)",
        programs=("nu",),
    ),
    Row("elvish", "elvish", ("$XDG_CONFIG_HOME/elvish/rc.elv|~/.elvish/rc.elv",), beside="cron (PAM)"),
    Row(
        "xonsh",
        "xonsh",
        (
            "/etc/xonshrc|/etc/xonsh/xonshrc",
            "/etc/xonsh/rc.d/*",
            "$XDG_CONFIG_HOME/xonsh/rc.xsh",
            "$XDG_CONFIG_HOME/xonsh/rc.d/*",
            "~/.xonshrc",
        ),
        beside="cron (PAM)",
    ),
    Row(
        "PowerShell",
        "powershell",
        (
            "/opt/microsoft/powershell/*/*profile.ps1",
            "$XDG_CONFIG_HOME/powershell/profile.ps1",
            "$XDG_CONFIG_HOME/powershell/Microsoft.PowerShell_profile.ps1",
        ),
        beside="cron (PAM)",
        programs=("pwsh",),
    ),
    Row(
        "mise",
        "toml",
        (
            "/etc/mise/config.toml",
            "$XDG_CONFIG_HOME/mise/config.toml",
            "$XDG_CONFIG_HOME/mise/conf.d/*.toml",
            "~/.mise.toml|~/mise.toml",
        ),
        beside="cron (PAM)",
        programs=("mise",),
    ),
)
#: The session in whose shells direnv acts.
DIRENV = Row("direnv in ", "bash", (*_PROFILES, *_BASHRC[1:]), login=True, interactive=True, programs=("direnv",))

#: The directories of environment.d(5): of files with one name the first counts; files are read in order of names.
ENVIRONMENT_D = (
    "$XDG_CONFIG_HOME/environment.d",
    "/etc/environment.d",
    "/run/environment.d",
    "/usr/local/lib/environment.d",
    "/usr/lib/environment.d",
)
#: The same for systemd-system.conf(5), after its main file.
SYSTEM_CONF = "/etc/systemd/system.conf"
SYSTEM_CONF_D = (
    "/etc/systemd/system.conf.d",
    "/run/systemd/system.conf.d",
    "/usr/local/lib/systemd/system.conf.d",
    "/usr/lib/systemd/system.conf.d",
)
#: The same for the users' systemd: systemd-user.conf(5).
USER_CONF = ("$XDG_CONFIG_HOME/systemd/user.conf", "/etc/systemd/user.conf")
USER_CONF_D = (
    "$XDG_CONFIG_HOME/systemd/user.conf.d",
    "/etc/systemd/user.conf.d",
    "/run/systemd/user.conf.d",
    "/usr/local/lib/systemd/user.conf.d",
    "/usr/lib/systemd/user.conf.d",
)
#: fish's directories, in the order in which it reads them; of files with one name the first counts.
FISH_CONF_D = (
    "$XDG_CONFIG_HOME/fish/conf.d",
    "/etc/fish/conf.d",
    "/usr/local/share/fish/vendor_conf.d",
    "/usr/share/fish/vendor_conf.d",
)
FISH_CONFIG = ("/etc/fish/config.fish", "$XDG_CONFIG_HOME/fish/config.fish")
FISH_UNIVERSAL = "$XDG_CONFIG_HOME/fish/fish_variables"
PAM_CONF, PAM_ENVIRONMENT = "/etc/security/pam_env.conf", "/etc/environment"
