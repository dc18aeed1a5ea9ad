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

#: What a hook does: it has systemd start the service, or starts cron's script in a session of its own (Alpine).
BY_SYSTEMD = f"systemctl --no-block start {NAME}.service >/dev/null 2>&1 || true"
_ASK = "@ASK@"


def by_cron(script: str) -> str:
    """Return the words that start cron's script and do not wait for it."""
    return f"setsid {script} </dev/null >/dev/null 2>&1 &"


class Hook(NamedTuple):
    """One hook: its file, which is written if the directory `where` exists; its text, and mode.

    Attributes:
        plain: its text, with a mark in the place of what it does.
        words: whether blanks separate words there, so that those of one word need a backslash.
    """

    path: str
    where: str
    plain: str
    mode: int = 0o644
    words: bool = False

    def text(self, ask: str) -> str:
        """Return the text of a hook that does this: one of the texts above."""
        return self.plain.replace(_ASK, ask.replace(" ", "\\ ") if self.words else ask)


HOOKS = (
    Hook("/etc/dpkg/dpkg.cfg.d/trustinstall", "/etc/dpkg/dpkg.cfg.d", f'{MARK}post-invoke="{_ASK}"\n'),
    Hook(
        "/etc/ca-certificates/update.d/trustinstall",
        "/etc/ca-certificates/update.d",
        f"#!/bin/sh\n{MARK}cat >/dev/null\n{_ASK}\n",
        0o755,
    ),
    Hook(
        "/etc/pacman.d/hooks/trustinstall.hook",
        "/etc/pacman.d",
        f"{MARK}[Trigger]\nOperation = Install\nOperation = Upgrade\nOperation = Remove\nType = Package\nTarget = *\n\n"
        f"[Action]\nDescription = Asking trustinstall's agent\nWhen = PostTransaction\nExec = /bin/sh -c '{_ASK}'\n",
    ),
    Hook(
        "/etc/dnf/libdnf5-plugins/actions.d/trustinstall.actions",
        "/etc/dnf/libdnf5-plugins/actions.d",
        f"{MARK}post_transaction::::/bin/sh -c {_ASK}\n",
        words=True,
    ),
    Hook(
        "/etc/dnf/plugins/post-transaction-actions.d/trustinstall.action",
        "/etc/dnf/plugins/post-transaction-actions.d",
        f"{MARK}*:any:/bin/sh -c '{_ASK}'\n",
    ),
    Hook(
        "/etc/apk/commit_hooks.d/trustinstall",
        "/etc/apk",
        f'#!/bin/sh\n{MARK}[ "$1" = post-commit ] || exit 0\n{_ASK}\n',
        0o755,
    ),
)
