"""What comes next: the commands and lines that a report ends with."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Result
from trustinstall.facts import our_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.installer.result import Report

# What programs with roots of their own read in a container, and how: a file that adds, or one that replaces.
# Sources: Node.js CLI documentation (NODE_EXTRA_CA_CERTS adds); requests' and botocore's documentation (they replace,
# so they get the whole bundle).
_ADDS = ("NODE_EXTRA_CA_CERTS",)
_REPLACES = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
_BUNDLES = (".crt", ".pem")  # a keychain, a registry key or a directory of links is no bundle
_WORDS = {
    "image build": "ENV",
    "ci": "export",
}  # where variables are told, and how they are set there


@dataclass(frozen=True)
class Advice:
    """What comes next.

    Attributes:
        undo: the command that takes it back, or "".
        administrator: the command that an administrator would run for the whole machine, or "".
        foreign: the commands that take out copies which somebody else put there.
        restart: running programs that notice nothing before they are started again.
        env: variables for programs that bring their own roots, where files of an image or a job are all there is.
        env_word: how such a variable is set there ("ENV" in a Dockerfile).
        notes: what else the caller should know, a sentence each.
    """

    undo: str = ""
    administrator: str = ""
    foreign: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    env_word: str = ""
    notes: tuple[str, ...] = ()


def advise(report: Report, host: Host, inputs: Sequence[str], source: str = "", options: Sequence[str] = ()) -> Advice:
    """What to tell the caller of add or remove; `inputs` are the files as they were typed.

    Where there are none, the certificates were found in the store that the option `source` names. `options` say where
    `remove` looked: without them, the command for foreign copies would not find the same stores.
    """
    if report.dry_run:
        return Advice()
    command = host.command()
    program = f"sudo {command}" if report.situation.kind == "sudo" else command
    there = f" --sysroot {host.quoted(report.situation.image)}" if report.situation.image else ""
    elevated = command if host.platform == "win32" else f"sudo {command}"
    left = sorted({sha256 for one in report.outcomes for sha256 in one.foreign})
    if report.command == "remove":
        words = " ".join(one.sha256[:8] for one in report.left)
        same = "".join(f" {host.quoted(one)}" for one in options)
        return Advice(
            administrator=f"{elevated} remove {words}" if words else "",
            foreign=tuple(f"{program} remove{there}{same} --foreign --sha256 {sha256}" for sha256 in left),
            restart=report.restart_needed,
            notes=_left_running(report, host) or _gone_in_windows(report, host),
        )
    words = " ".join(one.sha256[:8] for one in report.certificates)
    undo = f"{program} remove{there} {words}" if report.changed else ""
    paths = [word if word == "-" else host.quoted(host.absolute(word)) for word in inputs]
    paths = paths or [source, *(f"--sha256 {one.sha256}" for one in report.certificates)]
    paths += [f"--domain {host.quoted(name)}" for name in report.domains]
    return Advice(
        undo=undo,
        administrator=f"{elevated} add {' '.join(paths)}" if report.situation.kind == "user" else "",
        restart=report.restart_needed,
        env=_env(report) if report.situation.traits & _WORDS.keys() and not there else {},
        env_word=next((word for trait, word in _WORDS.items() if trait in report.situation.traits), ""),
        notes=(*_of_variables(report), *_of_machines(report)),
    )


def _of_variables(report: Report) -> tuple[str, ...]:
    """What somebody should know whose variables were set."""
    if not any(one.store.backend == "environment" and one.result is Result.ADDED for one in report.outcomes):
        return ()
    seen = "Variables were set: new logins and shells have them, programs that run now do not (`trustinstall env`)."
    other = (
        "Some of them replace a program's roots (REQUESTS_CA_BUNDLE, SSL_CERT_FILE): a program with a private "
        "authority of its own needs that in the bundle, too; --env add leaves them out."
    )
    return (seen, other) if report.replaces else (seen,)


def _of_machines(report: Report) -> tuple[str, ...]:
    """What somebody should know in whose virtual machines something was changed, and nothing restarted."""
    changed = [one.store for one in report.outcomes if one.store.backend == "vm" and one.result is Result.ADDED]
    if not changed:
        return ()
    names = ", ".join(sorted({one.label or one.location for one in changed}))
    sentence = (
        f"In {names}, docker, containerd and whatever else reads its roots when it starts goes on with the old ones: "
        "restart that, or the machine. In a node of kind or minikube: systemctl restart containerd (or docker)."
    )
    return (sentence,)


def _left_running(report: Report, host: Host) -> tuple[str, ...]:
    """What stays for programs that still have a variable which names a file of ours."""
    served = (one.store for one in report.outcomes if one.store.on_demand and one.result is Result.REMOVED)
    left = [one.location for one in served if one.owner == host.account.uid and host.status(one.location)]
    booting = ", or the next boot" if host.account.is_root and our_files.goes_at_boot(host) else ""
    return tuple(
        f"Programs that still run have variables which name files in {posixpath.dirname(path)}: they keep the public "
        f"roots alone. The first `trustinstall` after those programs have ended takes them away{booting}."
        for path in left
    )


def _gone_in_windows(report: Report, host: Host) -> tuple[str, ...]:
    """Windows does not tell which programs still have a variable: what they find there is said in any case."""
    gone = any(one.store.backend == "environment" and one.result is Result.REMOVED for one in report.outcomes)
    if host.platform != "win32" or not gone:
        return ()
    return ("Programs that run now still have the variables: Node.js says that the file is gone, until a new start.",)


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
