"""Hooks of package managers: after a change of packages they start the agent; they never wait, and never fail.

| manager | source |
| --- | --- |
| dpkg, and apt through it | dpkg(1), --post-invoke and FILES: /etc/dpkg/dpkg.cfg.d |
| Debian's update-ca-certificates | update-ca-certificates(8), FILES: /etc/ca-certificates/update.d |
| pacman | alpm-hooks(5) |
| dnf5 | libdnf5-actions(8) |
| dnf 4 | dnf-plugin-post-transaction-actions(8) |
| apk | apk(8): /etc/apk/commit_hooks.d, called with pre-commit or post-commit |
"""

from __future__ import annotations

from trustinstall.agent.systemd import MARK, NAME
from trustinstall.values import NamedTuple

ASK = f"systemctl --no-block start {NAME}.service >/dev/null 2>&1 || true"


class Hook(NamedTuple):
    """One hook: its file, which is written if the directory `where` exists; its text and mode."""

    path: str
    where: str
    text: str
    mode: int = 0o644


HOOKS = (
    Hook("/etc/dpkg/dpkg.cfg.d/trustinstall", "/etc/dpkg/dpkg.cfg.d", f'{MARK}post-invoke="{ASK}"\n'),
    Hook(
        "/etc/ca-certificates/update.d/trustinstall",
        "/etc/ca-certificates/update.d",
        f"#!/bin/sh\n{MARK}cat >/dev/null\n{ASK}\n",
        0o755,
    ),
    Hook(
        "/etc/pacman.d/hooks/trustinstall.hook",
        "/etc/pacman.d",
        f"{MARK}[Trigger]\nOperation = Install\nOperation = Upgrade\nOperation = Remove\nType = Package\nTarget = *\n\n"
        f"[Action]\nDescription = Asking trustinstall's agent\nWhen = PostTransaction\nExec = /bin/sh -c '{ASK}'\n",
    ),
    Hook(
        "/etc/dnf/libdnf5-plugins/actions.d/trustinstall.actions",
        "/etc/dnf/libdnf5-plugins/actions.d",
        f"{MARK}post_transaction::::/bin/sh -c {ASK.replace(' ', chr(92) + ' ')}\n",
    ),
    Hook(
        "/etc/dnf/plugins/post-transaction-actions.d/trustinstall.action",
        "/etc/dnf/plugins/post-transaction-actions.d",
        f"{MARK}*:any:/bin/sh -c '{ASK}'\n",
    ),
    Hook(
        "/etc/apk/commit_hooks.d/trustinstall",
        "/etc/apk",
        f'#!/bin/sh\n{MARK}[ "$1" = post-commit ] || exit 0\n{ASK}\n',
        0o755,
    ),
)
