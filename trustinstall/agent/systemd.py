"""systemd's units: a timer that runs `repair` each hour, and a path unit that runs it sooner after a change.

Sources: systemd.timer(5), systemd.path(5), systemd.exec(5), systemd.unit(5). A path unit misses changes while its
service runs, so the timer is needed, too. `repair` writes only differences, so its own writes do not start it forever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "trustinstall-repair"
MARK = "# Made by trustinstall; `trustinstall agent remove` takes it away.\n"

#: Directories in which new stores appear; those that exist are watched.
WATCHED = (
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted/pem",
    "/usr/local/share/ca-certificates",
    "/etc/ca-certificates",
    "/etc/passwd",
    "/home",
    "/opt",
    "/usr/lib/jvm",
    "/usr/lib/python3/dist-packages",
)
WATCHED_AT_HOME = (
    ".",
    ".config",
    ".mozilla/firefox",
    ".config/mozilla/firefox",
    ".pki/nssdb",
    ".local/share/pki/nssdb",
)

#: The rights that it needs: to write as each owner, to become other accounts, to read root's other processes, and to
#: stop tools. It writes below /etc, /usr, /opt and homes, so these cannot be read-only for it; and the tools that it
#: starts (a JVM) generate code, so memory must stay executable.
_HARDENED = """\
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_SETGID CAP_SETUID
CapabilityBoundingSet=CAP_KILL CAP_SETFCAP CAP_SYS_PTRACE
IPAddressDeny=any
KeyringMode=private
LockPersonality=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0022
"""
#: The settings that an account's own manager can apply without rights.
_HARDENED_AT_HOME = """\
LockPersonality=yes
NoNewPrivileges=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
UMask=0077
"""


def service(program: Sequence[str], *, machine: bool) -> str:
    """Return the service that runs `repair` once. Raises UsageProblem if a path cannot be written in a unit."""
    start = " ".join(_word(one) for one in (*program, "repair", "--quiet"))
    return f"""{MARK}[Unit]
Description=Keep certificates trusted where trustinstall was asked to
Documentation=man:systemd.timer(5)

[Service]
Type=oneshot
ExecStart={start}
Nice=10
IOSchedulingClass=idle
TimeoutStartSec=30min
{_HARDENED if machine else _HARDENED_AT_HOME}"""


def timer() -> str:
    """Return the timer: it runs soon after the start and each hour, and catches up on missed runs."""
    return f"""{MARK}[Unit]
Description=Look each hour whether certificates are trusted where trustinstall was asked to

[Timer]
OnBootSec=2min
OnCalendar=hourly
Persistent=true
RandomizedDelaySec=10min

[Install]
WantedBy=timers.target
"""


def path(watched: Sequence[str]) -> str:
    """Return the path unit. Raises UsageProblem if a path cannot be written in a unit."""
    lines = "\n".join(f"PathChanged={_path(one)}" for one in watched)
    return f"""{MARK}[Unit]
Description=Look sooner whether certificates are trusted where trustinstall was asked to

[Path]
{lines}
Unit={NAME}.service
TriggerLimitIntervalSec=60
TriggerLimitBurst=4

[Install]
WantedBy=paths.target
"""


def _word(text: str) -> str:
    """Return a word of a command line as systemd.service(5) reads it."""
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(one in text for one in " '\";") else escaped


def _path(text: str) -> str:
    return _plain(text).replace("%", "%%")


def _plain(text: str) -> str:
    if any(not one.isprintable() for one in text):
        raise UsageProblem(f"{printable(text)} cannot be named in a unit; move it, and try again")
    return text
