"""The log of the operating system: one entry in systemd's journal, if that runs, or in Windows' event log.

Source: systemd.io/JOURNAL_NATIVE_PROTOCOL: a datagram of NAME=value lines to /run/systemd/journal/socket. A value
with a line break would need another form, and no value here has one.
"""

from __future__ import annotations

import contextlib
import sys

SOCKET = "/run/systemd/journal/socket"
_NOTICE = 5  # syslog(3)
_MOST = 8192  # characters of the structured part; a longer one is in trustinstall's own log alone


def tell(message: str, line: str, path: str = SOCKET) -> None:
    """Send one entry; without a log of the system, or if it refuses the entry, nothing happens."""
    if sys.platform == "win32":
        from trustinstall.host.windows import event_log

        event_log.report(message, line if len(line) <= _MOST else "")
        return
    import socket  # 3 ms that only a change needs

    fields = {"MESSAGE": message, "SYSLOG_IDENTIFIER": "trustinstall", "PRIORITY": str(_NOTICE)}
    if len(line) <= _MOST:
        fields["TRUSTINSTALL"] = line
    text = "".join(f"{name}={value}\n" for name, value in fields.items() if "\n" not in value)
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(1.0)
        channel.sendto(text.encode("utf-8", "replace"), path)
