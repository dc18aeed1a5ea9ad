"""The environment of the program, and the defaults of a plain command there: the only place that decides defaults.

| where                                  | what `add` does                                                  |
| -------------------------------------- | ---------------------------------------------------------------- |
| sudo, doas, pkexec                     | machine scope, and the invoking account's own stores             |
| root without an invoker                | machine scope only; says how many accounts it did not cover      |
| no root                                | the account's own stores; prints the command for an administrator|
| Windows, an elevated prompt            | machine scope only; every account looks after its own stores     |
| an image build, CI                     | as above, and never asks                                         |
| ssh, a service                         | as above, and never waits for a dialog                           |
| `--sysroot DIR`                        | the stores of the image in DIR, and nothing of this machine      |
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import NoRights, UsageProblem, printable
from trustinstall.facts import homes, wsl
from trustinstall.host import Tools
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host import Account, Host

# The invoking account, in the environment that sudo(8), doas(1) and pkexec(1) set.
_UIDS = ("SUDO_UID", "PKEXEC_UID")
_NAMES = ("DOAS_USER",)
# CI systems set CI (GitHub, GitLab, CircleCI, Travis, Buildkite, …) or a name of their own.
_CI = ("CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "BUILDKITE")
# : The variables of the caller's environment that count if the host is an image.
ABOUT_THE_CALLER = (*_CI, "SOURCE_DATE_EPOCH")
_SERVICE = ("INVOCATION_ID", "JOURNAL_STREAM")  # systemd.exec(5)
_SSH = ("SSH_CONNECTION", "SSH_TTY")  # ssh(1)
# Files and words that a container engine leaves inside: Docker, Podman; systemd.exec(5) for $container.
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_UID_DIGITS = 10  # of a 32-bit number
_FEW = 2  # accounts that are named in a sentence


@dataclass(frozen=True)
class ScopeOptions:
    """The caller's request about scope: `--scope`, `--user`, `--no-input`.

    `silent`: `--json` or `--quiet`: the program asks nothing in the terminal; a system's own window may still open.
    """

    scope: str | None = None
    for_users: tuple[str, ...] = ()
    all_users: bool = False
    no_input: bool = False
    silent: bool = False


def scope_options(scope: str | ScopeOptions | None) -> ScopeOptions:
    """Return a scope as options. Raises UsageProblem for any text but "machine" and "user"."""
    if isinstance(scope, ScopeOptions):
        return scope
    if scope not in {None, "machine", "user"}:
        raise UsageProblem(f"{printable(scope or 'nothing', 40)} is not a scope; write machine or user")
    return ScopeOptions(scope)


@dataclass(frozen=True)
class Situation:
    """The decided defaults.

    Attributes:
        kind: "sudo", "root", "user", "image".
        traits: other facts about the environment: "image build", "container", "ci", "ssh", "service", "wsl".
        machine: whether the machine's stores are in scope.
        own: whether the acting account's own stores are in scope (never for root, whose stores are the machine's).
        accounts: other accounts in scope.
        uncovered: the number of accounts that people log in to and that are not in scope.
        may_ask: whether a question may be asked at all.
        image: the root of the image that is changed, or "".
        may_answer: whether a system's own window may open, if there is a screen for it.
    """

    kind: str
    traits: frozenset[str]
    machine: bool
    own: bool
    accounts: tuple[Account, ...]
    uncovered: int
    may_ask: bool
    may_answer: bool = False
    image: str = ""

    @property
    def sentence(self) -> str:
        """The scope, for the first lines of the output."""
        if self.image:
            return f"image {printable(self.image, 4096)}"
        names = [one.name for one in self.accounts]
        if not names:
            return "machine" if self.machine else "this account"
        few = len(names) <= _FEW
        homes = f"the home of {' and '.join(names)}" if few else f"the homes of {len(names)} accounts"
        return f"machine, and {homes}" if self.machine else homes


def decide(host: Host, ask: ScopeOptions, *, terminal: bool) -> Situation:
    """Return the defaults of a command here. `terminal`: whether standard input and error are a terminal.

    Raises UsageProblem if the requests contradict each other or name an unknown account, and NoRights if they
    need root.
    """
    if host.is_image:
        return _for_image(host, ask, terminal=terminal)
    traits = _traits(host)
    attended = not ask.no_input and not traits & {"ci", "image build"}
    # A window needs no terminal: the store checks whether there is a screen for it.
    may_ask, may_answer = attended and terminal and not ask.silent, attended and not traits & {"ssh", "service"}
    if not host.account.is_root:
        return replace(_for_user(host, ask, traits), may_ask=may_ask, may_answer=may_answer)
    invoker = _invoker(host)
    accounts = _accounts(host, ask, invoker)
    if ask.scope == "user" and not accounts:
        raise UsageProblem(
            "an elevated prompt works for the machine; use one that is not elevated for your own stores"
            if host.platform == "win32"
            else "root has no invoking account here; name one with --user NAME, or use --scope all-users"
        )
    covered = {one.uid for one in accounts}
    people = [one for one in homes.login_accounts(host) if one.uid not in covered]
    kind = "sudo" if invoker else "root"
    return Situation(
        kind,
        traits,
        ask.scope != "user",
        own=False,
        accounts=accounts,
        uncovered=len(people),
        may_ask=may_ask,
        may_answer=may_answer,
    )


def _for_image(host: Host, ask: ScopeOptions, *, terminal: bool) -> Situation:
    if ask.scope == "user" or ask.for_users or ask.all_users:
        raise UsageProblem("an image has the machine's stores only; leave --scope and --user out")
    top = host.status("/")
    if top is None or top.uid != host.account.uid:
        owner = "an unknown account" if top is None else f"uid {top.uid}"
        raise NoRights(
            f"the image {printable(host.root, 4096)} belongs to {owner}, and is changed by its owner alone; "
            "run it as that account"
        )
    if host.tools is Tools.CONFINED and not host.account.is_root:
        raise NoRights("--run-image-tool needs root; leave it out, and what the tool would write is written without it")
    traits = _traits(host) & {"ci"}
    return Situation(
        "image",
        traits,
        machine=True,
        own=False,
        accounts=(),
        uncovered=0,
        may_ask=terminal and not ask.no_input and not traits,
        image=host.root,
    )


def _for_user(host: Host, ask: ScopeOptions, traits: frozenset[str]) -> Situation:
    others = [name for name in ask.for_users if name != host.account.name]
    if ask.scope == "machine" or ask.all_users or others:
        what = "the machine's stores" if ask.scope == "machine" else "other accounts' stores"
        how = "an elevated prompt; open one" if host.platform == "win32" else "root; run it with sudo"
        option = "--scope machine" if ask.scope == "machine" else "--scope all-users or --user"
        raise NoRights(f"{what} need {how}, or leave {option} out to use your own stores")
    return Situation("user", traits, machine=False, own=True, accounts=(), uncovered=0, may_ask=False)


def _accounts(host: Host, ask: ScopeOptions, invoker: Account | None) -> tuple[Account, ...]:
    if ask.scope == "machine" and not ask.for_users and not ask.all_users:
        return ()
    if host.platform == "win32" and (ask.for_users or ask.all_users):
        raise UsageProblem("on Windows every account runs trustinstall itself; leave --user and --scope all-users out")
    chosen: dict[int, Account] = {}
    for name in ask.for_users:
        account = host.account_named(name)
        if account is None:
            raise UsageProblem(f"there is no account {printable(name)} on this machine; check the spelling")
        if account.uid == 0 or not account.home:
            raise UsageProblem(f"{printable(name)} has no stores of its own that a home could hold; leave it out")
        chosen[account.uid] = account
    if ask.all_users:
        chosen |= {one.uid: one for one in homes.login_accounts(host)}
    if invoker is not None and not ask.for_users:
        chosen.setdefault(invoker.uid, invoker)
    chosen.pop(0, None)  # root's own stores are the machine's
    return tuple(one for one in chosen.values() if one.home)


def _invoker(host: Host) -> Account | None:
    """The account behind sudo, doas or pkexec; it must be an account of this machine."""
    for variable in _UIDS:
        value = host.environ.get(variable, "")
        if value.isdecimal() and len(value) <= _UID_DIGITS:
            return _person(host.account_of(int(value)))
    for variable in _NAMES:
        if host.environ.get(variable):
            return _person(host.account_named(host.environ[variable]))
    return None


def _person(account: Account | None) -> Account | None:
    return account if account is not None and account.uid != 0 and account.home else None


def _traits(host: Host) -> frozenset[str]:
    environ = host.environ
    found = {
        "ci": any(environ.get(name, "").lower() not in {"", "0", "false"} for name in _CI),
        "ssh": any(name in environ for name in _SSH),
        "service": any(name in environ for name in _SERVICE),
        "wsl": wsl.here(host),
        "container": "container" in environ or any(host.status(path) for path in _CONTAINER_FILES),
    }
    # BuildKit leaves no file behind, but a build has no init: process 1 is the shell of the RUN line, or this program.
    found["image build"] = host.account.is_root and not found["ci"] and host.first_process_is_shell()
    return frozenset(name for name, true in found.items() if true)
