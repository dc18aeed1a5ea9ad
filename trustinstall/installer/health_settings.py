"""The problems with the settings and variables of one account: the anchors that its clients read, and who decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.doctor import health
from trustinstall.doctor.health import Finding
from trustinstall.errors import printable
from trustinstall.facts import readable, system_bundle
from trustinstall.installer import health_fix
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide, ours, paths
from trustinstall_platforms.tools.effective.clients import READ, every
from trustinstall_platforms.tools.effective.model import Form, Mode
from trustinstall_platforms.tools.sessions import everyday

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Bundle, Effective, Scene, Session
    from trustinstall_platforms.tools.effective.rows import Client, Place

_LONGEST = 4096  # characters of a path that are shown
_MACHINE = ("/etc/", "/usr/")  # files there are for all accounts
#: The files that shells, PAM and systemd read for all accounts (see the table of sessions).
_FILES = ("/etc/environment", "/etc/profile", "/etc/bash.bashrc", "/etc/zsh/zshenv", "/etc/zsh/zshrc")
_DIRECTORIES = ("/etc/profile.d", "/etc/environment.d", "/etc/fish/conf.d")
_LIMITED = " for "  # in the name of a client that is limited to a profile, a URL or a command


class _Said(NamedTuple):
    """The value of one place of a client, whether or not it counts."""

    found: Effective
    counts: bool


def findings(host: Host) -> Iterator[Finding]:
    """Yield the problems with the acting account's settings and variables, and the clients without one."""
    if host.is_image or host.platform == "win32":
        return
    sessions = everyday(host)
    scenes = decide.scenes(host, sessions)
    yield from _switched_off(host, sessions)
    yield from _at_odds(host, sessions)
    if host.account.is_root:
        inside = (f"{directory}/{name}" for directory in _DIRECTORIES for name in host.names(directory))
        yield from _closed(host, "sessions of people", (*_FILES, *inside))
    yield from _replaced(scenes[0], sessions)
    for scene in scenes:
        for client, found in decide.all_of_them(scene):
            yield from _of_client(scene, client, found)


def _switched_off(host: Host, sessions: Sequence[Session]) -> Iterator[Finding]:
    for one, taken in health_fix.judged(host, sessions):
        client = one.switch.client
        yield Finding(
            "verification-off",
            client,
            str(one.setter) if one.setter.path else f"variable {one.key[-1]} of this session",
            f"{one.said} has {client} accept every server, an impostor's too",
            taken.command or (() if taken.problem else (*host.program(), "doctor", "--fix")),
            taken.problem,
        )


def _replaced(scene: Scene, sessions: Sequence[Session]) -> Iterator[Finding]:
    """Yield the aliases, functions and scripts that replace a client, each once, with the sessions that have them."""
    found: dict[tuple[str, str], tuple[Effective, list[str]]] = {}
    for session in sessions:
        for client in every(scene) if session.instead else ():
            one = decide.replaced(client, session)
            if one is not None:
                found.setdefault((client.name, str(one.decider)), (one, []))[1].append(session.name)
    for (client_name, by), (one, names) in found.items():
        reason = f"{one.problem}: what it trusts there cannot be known ({', '.join(names)})"
        yield Finding(
            "setting-unknown", client_name, by, reason, advice=f"Delete {by}, or name the roots in a setting."
        )


def _closed(host: Host, client: str, files: Iterable[str]) -> Iterator[Finding]:
    """Yield the settings files of the machine that only root can read: people's programs skip them."""
    for path in files:
        closed = readable.hidden(host, path) if path.startswith(_MACHINE) and host.status(path) is not None else None
        if closed is not None:
            yield _unreadable(host, client, path, closed)


def _unreadable(host: Host, client: str, path: str, closed: tuple[str, str]) -> Finding:
    part, mode = closed
    reason = f"{printable(part, _LONGEST)} cannot be read by all accounts that are meant"
    return Finding("file-unreadable", client, path, reason, (*_as_owner(host, part), "chmod", mode, part))


def _of_client(scene: Scene, client: Client, found: Effective) -> Iterator[Finding]:
    if scene.host.account.is_root:
        files = (path for place in client.places if place.files for path in paths.of_place(scene, place))
        yield from _closed(scene.host, client.name, files)
    said = list(_places(scene, client, found))
    for one in said:
        yield from _of_place(scene.host, client, one)
    if found.mode is Mode.REPLACES and not any(each.found.problem for each in said if each.counts):
        yield from _hidden(scene.host, client, said)
        if found.decider.path:
            what = ", ".join(printable(each.path, _LONGEST) for each in found.bundles)
            yield Finding("client-reads", client.name, str(found.decider), f"it reads {what}")


def _places(scene: Scene, client: Client, found: Effective) -> Iterator[_Said]:
    """Yield the value of each place, also if another place hides it, or if it names a missing file."""
    for place in (each for one in client.places for each in _alone(one)):
        alone = decide.effective(client._replace(places=(place._replace(missing=True),)), scene)
        if alone.mode not in {Mode.DEFAULT, Mode.NATIVE, Mode.OFF}:
            yield _Said(alone, alone.decider in found.deciders)


def _alone(place: Place) -> list[Place]:
    """Return a place of several variables as a place for each: the first one that is set hides the others."""
    return [place._replace(variables=(name,)) for name in place.variables] or [place]


def _of_place(host: Host, client: Client, said: _Said) -> Iterator[Finding]:
    found = said.found
    if found.mode is Mode.UNKNOWN:
        if said.counts and _LIMITED not in client.name:
            yield _unknown(host, client, found)
        return
    for bundle in found.bundles:
        yield from _of_bundle(host, client, bundle)
    if said.counts and found.mode is Mode.REPLACES and _LIMITED not in client.name:
        yield from _without_public_roots(host, client, found)


def _unknown(host: Host, client: Client, found: Effective) -> Finding:
    """Return the finding of an unknown value, or of an unreadable file."""
    path, by = found.decider.path, str(found.decider)
    if path and not found.decider.line:
        if _is_closed(host, path):
            return _unreadable(host, client.name, path, readable.hidden(host, path) or (path, "a+r"))
        return Finding("setting-unknown", client.name, by, found.problem or "", advice=f"Mend {by}, or delete it.")
    return Finding("setting-unknown", client.name, by, found.problem or "", advice="Write the path itself there.")


def _of_bundle(host: Host, client: Client, bundle: Bundle) -> Iterator[Finding]:
    if bundle.form not in {Form.FILE, Form.DIRECTORY}:
        return
    by, path = str(bundle.setter), printable(bundle.path, _LONGEST)
    status = host.status(host.real(bundle.path))
    machine = host.account.is_root and bundle.setter.path.startswith(_MACHINE)
    closed = readable.hidden(host, bundle.path) if machine else None
    if closed is None and status is not None and not bundle.readable and _is_closed(host, bundle.path):
        closed = readable.hidden(host, bundle.path) or (bundle.path, "a+r")
    if closed is not None:
        found = _unreadable(host, client.name, by, closed)
        yield replace(found, reason=f"{path} is named there, and {found.reason}")
    elif status is None:
        yield Finding(
            "file-gone",
            client.name,
            by,
            f"{path} is named there, and is gone",
            advice=f"Remove {by}, or name a bundle.",
        )
    elif bundle.readable and bundle.form is Form.FILE and ours.is_theirs(host, bundle):
        content = system_bundle.bundle(host, bundle.path) or b""
        for kind, reason, advice in health.faults(health.bundle(content, host.now())):
            yield Finding(kind, client.name, by, f"{path} is named there: {reason}", advice=advice)
    elif not bundle.readable:
        what = "directory" if bundle.form is Form.DIRECTORY else "bundle of certificates"
        yield Finding(
            "bundle-damaged",
            client.name,
            by,
            f"{path} is named there, and is no {what}",
            advice=f"Remove {by}, or name a bundle.",
        )


def _as_owner(host: Host, path: str) -> tuple[str, ...]:
    """Return the words in front of a command that changes a file of another account: sudo, or nothing."""
    status = host.status(path)
    return () if host.account.is_root or (status is not None and status.uid == host.account.uid) else ("sudo",)


def _is_closed(host: Host, path: str) -> bool:
    try:
        host.read(host.real(path))
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _without_public_roots(host: Host, client: Client, found: Effective) -> Iterator[Finding]:
    """Yield the finding of a bundle that stands alone for a client, without the public roots."""
    files = [one for one in found.bundles if one.form is Form.FILE and one.readable]
    if not files or len(files) != len(found.bundles):
        return
    ders = decide.anchor_ders(host, client, found)
    public = health.public(ders)
    if public >= health.FEWEST_PUBLIC_ROOTS:
        return
    by, path = str(found.decider), printable(files[0].path, _LONGEST)
    few = "no public root" if not public else f"{public} public roots only"
    system = system_bundle.find(host)
    name = f", as {system.path}" if system else ""
    yield Finding(
        "no-public-roots" if not public else "bundle-short",
        client.name,
        by,
        f"{path} takes the place of the public roots, and holds {few}",
        advice=f"Name a bundle there that holds the public roots, too{name}, or remove the setting.",
    )


def _hidden(host: Host, client: Client, said: Sequence[_Said]) -> Iterator[Finding]:
    """Yield the places that another place hides, if the client loses roots by that."""
    counting = next((one.found for one in said if one.counts and one.found.mode is Mode.REPLACES), None)
    if counting is None or _LIMITED in client.name:
        return
    read = decide.anchor_ders(host, client, counting)
    for one in said:
        other = one.found
        if one.counts or other.mode is not Mode.REPLACES or other.problem:
            continue
        lost = decide.anchor_ders(host, client, other) - read
        if lost:
            path = printable(other.bundles[0].path, _LONGEST) if other.bundles else ""
            what = f"its setting for {path}" if path else "its setting"
            yield Finding(
                "setting-hidden",
                client.name,
                str(counting.decider),
                f"it hides {other.decider}, {what}: {len(lost)} of those roots are not read",
                advice=f"Remove {counting.decider}, or add those roots to the bundle that it names.",
            )


def _at_odds(host: Host, sessions: Sequence[Session]) -> Iterator[Finding]:
    """Yield variables that name files with different roots in different sessions."""
    for name in sorted(READ):
        said = {one.value: one for session in sessions if (one := session.variables.get(name)) and one.value}
        files = {value: system_bundle.bundle(host, value) for value in said if value.startswith("/")}
        roots = {value: health.anchors(content) for value, content in files.items() if content is not None}
        if len({*roots.values()}) > 1:
            first, second, *_ = sorted(roots)
            yield Finding(
                "settings-at-odds",
                name,
                str(said[first].setter),
                f"{name} names {printable(first, _LONGEST)} there, and {printable(second, _LONGEST)} by "
                f"{said[second].setter}: which one counts depends on how a program is started",
                advice=f"Set {name} in one place.",
            )
