"""The other files of variables that services have PAM's pam_env read, beside /etc/environment.

Debian's services name /etc/default/locale; some read a file of the account. Which ones depends on the service, so that
the variables of an account's file are unknown here.

Sources: pam_env(8), envfile, user_readenv, user_envfile; Debian's /etc/pam.d/{su,sshd,cron,login}. Debian's pam_env
reads both syntaxes in the account's file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.sessions import managers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_SERVICES = "/etc/pam.d"
_OPTIONS = regex(r"^[^#\n]*\bpam_env\.so\b(.*)$", re.MULTILINE)
_USUAL, _OF_ACCOUNT = "/etc/environment", ".pam_environment"


def others(view: View, variables: Variables) -> None:
    """Set the variables of these files. Raises ExhaustedError."""
    machines, own = view.host.remembered(("files of pam_env", view.home), lambda: _named(view.copy()))
    for path in machines:
        text = view.text(path)
        if text is not None:
            managers.pam_environment(variables, text, path)
    for name in own if view.home else ():
        path = f"{view.home}/{name}"
        text = view.text(path)
        if text is not None:
            variables.maybe += 1
            managers.pam_conf(variables, text, path, view.home)
            managers.pam_environment(variables, text, path)
            variables.maybe -= 1


def _named(view: View) -> tuple[list[str], list[str]]:
    """Return the machine's files that services name, and the names of those in homes; each once."""
    every = list(_options(view))
    machines = {one["envfile"]: None for one in every if one.get("readenv") != "0" and "envfile" in one}
    own = {one.get("user_envfile", _OF_ACCOUNT): None for one in every if one.get("user_readenv") == "1"}
    machines.pop(_USUAL, None)
    return [one for one in machines if one.startswith("/")], list(own)


def _options(view: View) -> Iterator[dict[str, str]]:
    for name in view.names(_SERVICES):
        text = view.text(f"{_SERVICES}/{name}") or ""
        for found in _OPTIONS.finditer(text) if "pam_env" in text else ():
            yield {key: value for key, _, value in (one.partition("=") for one in found[1].split())}
