"""The variables that `trustinstall env` prints: programs find installed roots through them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem
from trustinstall.facts import our_files, shell_syntax, system_bundle, variables
from trustinstall.state import known_bundles, scopes
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import DEFAULT, Bundle, Effective, Form, Mode
from trustinstall_platforms.tools.effective.ours import variables_to_leave, would_lose

if TYPE_CHECKING:
    from trustinstall.host import Host

_NOTHING = "nothing was added yet that variables could name; run trustinstall add FILE first"


def values(host: Host, *, replacing: bool, scope: str = "") -> dict[str, str]:
    """Return the variables of the acting account, by name: they name its own files, or else the machine's.

    Variables that would hide a working setting or variable of the account are left out. Raises UsageProblem if no such
    file was installed. `replacing`: also variables that replace the built-in roots of programs. `scope`: "machine" or
    "user" for the files of that scope alone.
    """
    if host.platform == "win32":
        return _in_windows(host, scope)
    own = _own(host)
    if scope == "user" and (own is None or host.account.is_root):
        raise UsageProblem("this account has no files of its own that variables could name; leave --scope user out")
    if own is not None and not host.account.is_root and scope != "machine":
        return _harmless(host, variables.values(*own, replacing=replacing, machine=False), replacing=replacing)
    system, root = system_bundle.find(host), host.account_of(0)
    machine = _own(replace(host, account=root)) if root is not None else None
    if machine is None and (system is None or not scopes.machine_ledger(host)[0].claims):
        raise UsageProblem(_NOTHING)
    bundle = system.path if system else machine[1] if machine else ""
    said = variables.values(machine[0] if machine else bundle, bundle, replacing=replacing, machine=True)
    return _harmless(host, said, replacing=replacing)


def _harmless(host: Host, said: dict[str, str], *, replacing: bool) -> dict[str, str]:
    """Return the variables that hide nothing: a bundle that the caller's own variable names already holds the root.

    An option is joined to the caller's own options, unless these choose the roots.
    """
    if host.account.is_root:
        return said
    said = {name: value for name in said if (value := _joined(name, said[name], host.environ.get(name, "")))}
    knowing = known_bundles.told(host, scopes.state_of(host, host.account.uid))
    left = variables_to_leave(knowing) if replacing else frozenset[str]()
    scene = decide.calling(host)
    theirs = {
        name
        for name in said
        if (path := scene.session.value(name)) is not None
        and path.startswith("/")
        and not our_files.is_ours(path)
        and would_lose(host, Effective(name, Mode.REPLACES, (Bundle(path, Form.FILE, DEFAULT),)))
    }
    return {name: value for name, value in said.items() if name not in left | theirs}


def _joined(name: str, value: str, callers: str) -> str:
    """Return a variable's value after the caller's own options; "" if it cannot be joined to them."""
    if name not in variables.OPTIONS or not callers:
        return value
    stem = variables.OPTIONS[name].rpartition("-")[0]
    return f"{callers},{value}" if stem not in callers and shell_syntax.fits(callers) else ""


def _in_windows(host: Host, scope: str) -> dict[str, str]:
    """Return the variables that name an account's file, or else the machine's; none replaces the built-in roots.

    Every reader accepts forward slashes.
    """
    known = {"user": our_files.directory(host), "machine": host.machine_state_base()}
    for directory in (known[scope],) if scope else known.values():
        path = f"{directory}/{our_files.ANCHORS}"
        if directory is not None and host.status(path) is not None:
            return variables.values(path, "", replacing=False, machine=True)
    raise UsageProblem(_NOTHING)


def shell_of(host: Host) -> str:
    """The style of the caller's own shell; if that is unknown, bash's (and PowerShell's on Windows)."""
    name = host.environ.get("SHELL", "").rpartition("/")[2]
    fallback = "powershell" if host.platform == "win32" else "bash"
    return name if name in shell_syntax.SHOWN else fallback


def _own(host: Host) -> tuple[str, str] | None:
    """An account's two files, if they exist."""
    directory = our_files.directory(host)
    if directory is None:
        return None
    anchors, bundle = f"{directory}/{our_files.ANCHORS}", f"{directory}/{our_files.BUNDLE}"
    return (anchors, bundle) if host.status(anchors) is not None else None
