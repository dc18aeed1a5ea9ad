"""The next steps: the commands and lines that a report ends with."""

from __future__ import annotations

import posixpath
from dataclasses import field
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Result
from trustinstall.errors import printable
from trustinstall.facts import our_files
from trustinstall.reporting import words
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.installer.diagnosis import Diagnosis
    from trustinstall.installer.result import Report

# The variables by which programs with built-in roots read a file in a container: it adds to them, or replaces them.
# Sources: Node.js CLI documentation (NODE_EXTRA_CA_CERTS adds); requests' and botocore's documentation (they replace,
# so they get the whole bundle).
_ADDS = ("NODE_EXTRA_CA_CERTS",)
_REPLACES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
_BUNDLES = (".crt", ".pem")  # a keychain, a registry key or a directory of links is not a bundle
_WORDS = {
    "image build": "ENV",
    "ci": "export",
}  # traits of a situation for which variables are listed, and the word that sets them there
#: By shell: the line that sets variables from a command's output; other shells use the line of bash.
_TAKE_OVER = {"fish": "{} | source", "powershell": "{} | Out-String | Invoke-Expression"}
_SHORT = 12  # digits of a fingerprint in a command


@dataclass(frozen=True)
class Command:
    """A command that the caller may run: its words, and the line that a person types."""

    argv: tuple[str, ...]
    text: str

    def __bool__(self) -> bool:
        """Whether there is a command."""
        return bool(self.argv)


NONE = Command((), "")


@dataclass(frozen=True)
class Advice:
    """The next steps after a command.

    Attributes:
        undo: the command that undoes it, or NONE.
        administrator: the command for an administrator, who can do the same for the whole machine, or NONE.
        everybody: the command that reaches the other accounts, too, or NONE.
        foreign: the commands that remove copies which another program put there.
        restart: running programs that notice the change only after a restart.
        terminal: the line that sets the new variables in the shell of this terminal, or "".
        env: variables for programs with built-in roots, if only the files of an image or a job can be changed.
        env_word: the word that sets such a variable there ("ENV" in a Dockerfile), or "".
        notes: further notes for the caller, one sentence each.
        diagnosis: the doctor's diagnosis of the server that `--verify` names, or None.
    """

    undo: Command = NONE
    administrator: Command = NONE
    everybody: Command = NONE
    foreign: tuple[Command, ...] = ()
    restart: tuple[str, ...] = ()
    terminal: str = ""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    env_word: str = ""
    notes: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None


def advise(report: Report, host: Host, inputs: Sequence[str], source: str = "", options: Sequence[str] = ()) -> Advice:
    """Return the advice for the caller of add or remove; it is empty after a dry run.

    `inputs` are the files as they were typed; if there are none, the certificates came from the store `source`, as with
    `--from`. `options` are the options of `remove` that choose stores: the command for foreign copies needs them to
    find the same stores.
    """
    if report.dry_run:
        return Advice()
    caller = _caller(report, host)
    if report.command == "remove":
        return _after_removing(report, caller, options)
    return _after_adding(
        report, caller, [word if word == "-" else host.absolute(word) for word in inputs] or ["--from", source]
    )


def left_copies(report: Report, host: Host) -> tuple[Command, ...]:
    """Return the commands that remove the foreign copies which a repair or an application has left.

    It is empty after a dry run.
    """
    copies = (one for one in report.outcomes if one.result is Result.FOREIGN and not one.fixed)
    stayed = {sha256 for one in copies for sha256 in one.foreign}
    caller = _caller(report, host)
    return () if report.dry_run else tuple(_taking(caller, sha256) for sha256 in sorted(stayed))


def _caller(report: Report, host: Host) -> _Caller:
    there = ("--sysroot", report.situation.image) if report.situation.image else ()
    return _Caller(host, report.situation.kind == "sudo", there)


def _taking(caller: _Caller, sha256: str, options: Sequence[str] = ()) -> Command:
    return caller.again("remove", *options, "--not-ours", "--sha256", sha256)


@dataclass(frozen=True)
class _Caller:
    """Builds commands for the caller: the host, whether sudo was used, and the options for an image."""

    host: Host
    sudo: bool
    there: tuple[str, ...]

    def again(self, *words: str) -> Command:
        """Return a command for the caller, with the same rights and the same image."""
        return self._command(*words[:1], *self.there, *words[1:], elevated=self.sudo)

    def elevated(self, *words: str) -> Command:
        """Return a command for an administrator of this machine."""
        return self._command(*words, elevated=self.host.platform != "win32")

    def _command(self, *words: str, elevated: bool) -> Command:
        argv = (*(["sudo"] if elevated else []), *self.host.program(), *words)
        return Command(argv, " ".join(map(self.host.quoted, argv)))


def _after_removing(report: Report, caller: _Caller, options: Sequence[str]) -> Advice:
    left = sorted({sha256 for one in report.outcomes if not one.fixed for sha256 in one.foreign})
    moved = {one.sha256 for one in report.readers if one.movable}
    others = dict.fromkeys((*(one.sha256 for one in report.others if one.sha256 not in report.kept), *sorted(moved)))
    words = [one.sha256[:_SHORT] for one in report.left]
    return Advice(
        administrator=caller.elevated("remove", *words) if words else NONE,
        foreign=(
            *(_taking(caller, sha256, options) for sha256 in left),
            *(caller.elevated("remove", "--not-ours", "--sha256", sha256) for sha256 in others),
        ),
        restart=_restarts(report, Result.REMOVED),
        notes=(
            *(_left_running(report, caller.host) or _gone_in_windows(report, caller.host)),
            *(f"{why[:1].upper()}{why[1:]}." for why in dict.fromkeys(report.kept.values())),
            *(_of_reader(one.clients, one.said) for one in report.readers if one.clients),
        ),
    )


def _after_adding(report: Report, caller: _Caller, inputs: Sequence[str]) -> Advice:
    words = [one.sha256[:_SHORT] for one in report.certificates]
    vouched = [word for one in report.certificates for word in ("--sha256", one.sha256)]
    limits = [word for name in report.domains for word in ("--domain", name)]
    machine = report.situation.machine and not caller.there
    listed = report.situation.traits & _WORDS.keys() and not caller.there
    return Advice(
        undo=caller.again("remove", *words) if report.changed else NONE,
        administrator=caller.elevated("add", *inputs, *vouched, *limits) if report.situation.kind == "user" else NONE,
        everybody=caller.again("add", *inputs, "--scope", "all-users")
        if machine and report.situation.uncovered
        else NONE,
        restart=_restarts(report, Result.ADDED),
        terminal="" if listed else _terminal(report, caller.host),
        env=_env(report) if listed else {},
        env_word=next((word for trait, word in _WORDS.items() if trait in report.situation.traits), ""),
        notes=(*_of_variables(report), *_of_sessions(report), *_of_machines(report)),
    )


def _restarts(report: Report, result: Result) -> tuple[str, ...]:
    """Return the programs to restart: browsers whose policy was changed, and running programs with old roots."""
    browsers = [
        one.store.label
        for one in report.outcomes
        if one.result is result and one.store.backend.endswith("-policy") and one.store.label
    ]
    return (*dict.fromkeys(browsers), *report.restart_needed)


def _terminal(report: Report, host: Host) -> str:
    """Return the line that sets new variables in the terminal of the caller, or "" if none were set."""
    if not any(one.store.backend == "environment" and one.result is Result.ADDED for one in report.outcomes):
        return ""
    from trustinstall.installer import environment

    return take_over(environment.shell_of(host), host.command())


def take_over(shell: str, program: str) -> str:
    """Return the line with which a shell sets the variables that `env` prints; `program` starts trustinstall."""
    return _TAKE_OVER.get(shell, 'eval "$({})"').format(f"{program} env")


def _of_variables(report: Report) -> tuple[str, ...]:
    """Return notes about environment variables that were set."""
    if not any(one.store.backend == "environment" and one.result is Result.ADDED for one in report.outcomes):
        return ()
    of_account = (
        "Warning: SSL_CERT_FILE and REQUESTS_CA_BUNDLE replace the roots of programs. If one of yours has its own CA, "
        "use --variables add."
    )
    of_machine = (
        "Warning: REQUESTS_CA_BUNDLE, PIP_CERT and others hide what accounts and Python environments set themselves, "
        "as `cert` in a pip.conf: doctor names each for its account. --variables add hides none."
    )
    return (of_machine if report.situation.machine else of_account,) if report.replaces else ()


def _of_sessions(report: Report) -> tuple[str, ...]:
    """Return notes about programs that trust the certificates in some sessions only, as far as is known."""
    found: dict[tuple[str, str], list[str]] = {}
    for part in report.scopes:
        for one in part.outcomes:
            if one.partly:
                found.setdefault((part.scope, one.partly), []).append(one.store.label)
    several = len({part.scope for part in report.scopes if part.outcomes}) > 1
    return tuple(
        f"{words.listed(names)}{f' of {printable(scope)}' if several else ''}: {why}."
        for (scope, why), names in found.items()
    )


def _of_machines(report: Report) -> tuple[str, ...]:
    """Return notes about virtual machines in which stores were changed and no program was restarted."""
    changed = [one.store for one in report.outcomes if one.store.backend == "vm" and one.result is Result.ADDED]
    if not changed:
        return ()
    names = ", ".join(sorted({one.label or one.location for one in changed}))
    sentence = (
        f"Restart docker or containerd in {names}, or the machine: they read their roots only when they start. "
        "In a node of kind or minikube: systemctl restart containerd (or docker)."
    )
    return (sentence,)


def _left_running(report: Report, host: Host) -> tuple[str, ...]:
    """Return notes about running programs that still have a variable which names a managed file."""
    served = (one.store for one in report.outcomes if one.store.on_demand and one.result is Result.REMOVED)
    left = [one.location for one in served if one.owner == host.account.uid and host.status(one.location)]
    booting = " or the next boot" if host.account.is_root and our_files.goes_at_boot(host) else ""
    return tuple(
        f"Running programs still use files in {posixpath.dirname(path)}. These now hold public roots only, and are "
        f"deleted when the programs have ended (by the next trustinstall{booting})."
        for path in left
    )


def _of_reader(clients: Sequence[str], said: str) -> str:
    """Return a note about programs that still trust a certificate because of what another author has set."""
    return f"{words.listed(clients, 3)} still trust{'s' if len(clients) == 1 else ''} it: {said}."


def _gone_in_windows(report: Report, host: Host) -> tuple[str, ...]:
    """Return a note about running programs; Windows does not say which of them still have a variable."""
    gone = any(one.store.backend == "environment" and one.result is Result.REMOVED for one in report.outcomes)
    if host.platform != "win32" or not gone:
        return ()
    return ("Running programs still have the variables. Restart them: Node.js warns that the file is missing.",)


def _env(report: Report) -> dict[str, str]:
    holding = {Result.ADDED, Result.ALREADY}
    bundle = next(
        (
            one.store.location
            for one in report.outcomes
            if one.store.system and one.result in holding and one.store.location.endswith(_BUNDLES)
        ),
        None,
    )
    return dict.fromkeys((*_ADDS, *_REPLACES), bundle) if bundle else {}
