"""The ways in which people's programs are started, and the files that then set variables, in their order.

Sources: bash(1), INVOCATION; zsh(1), STARTUP/SHUTDOWN FILES; fish's manual, Configuration files; environment.d(5);
systemd-system.conf(5); pam_env(8). Debian's bash reads /etc/bash.bashrc (its SYS_BASHRC), and Debian's zsh has its
files in /etc/zsh. A display manager of X11 or Wayland runs a login shell of sh that reads the account's files before
the desktop starts (gdm's and sddm's Xsession, gnome-session(1)). On macOS a terminal starts a login shell, and PAM sets
nothing.
"""

from __future__ import annotations

from trustinstall.values import NamedTuple

_PROFILES = ("/etc/profile", "~/.bash_profile|~/.bash_login|~/.profile")
_BASHRC = ("/etc/bash.bashrc", "~/.bashrc")
_ZSHENV = ("/etc/zsh/zshenv|/etc/zshenv", "$ZDOTDIR/.zshenv")
_ZPROFILE = ("/etc/zsh/zprofile|/etc/zprofile", "$ZDOTDIR/.zprofile")
_ZSHRC = ("/etc/zsh/zshrc|/etc/zshrc", "$ZDOTDIR/.zshrc")
_ZLOGIN = ("/etc/zsh/zlogin|/etc/zlogin", "$ZDOTDIR/.zlogin")

PAM, SYSTEMD, SERVICES = "pam", "environment.d", "system.conf"


class Row(NamedTuple):
    """One way to start programs.

    Attributes:
        name: for people.
        shell: the shell's dialect: "sh", "bash", "zsh", "fish", or "" if none is started.
        files: the files that it reads, in this order; of paths with "|" between them the first existing one. "~" is the
            home, $ZDOTDIR and $XDG_CONFIG_HOME are their earlier values, or else the home and its .config.
        before: the programs that have set variables before: PAM, SYSTEMD, SERVICES.
        login, interactive: the kind of shell.
    """

    name: str
    shell: str = ""
    files: tuple[str, ...] = ()
    before: tuple[str, ...] = (PAM,)
    login: bool = False
    interactive: bool = False


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
)

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
