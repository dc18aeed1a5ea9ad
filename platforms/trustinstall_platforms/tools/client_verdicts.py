"""Whether each client trusts the roots that trustinstall has added for an account, in all sessions, and why."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import pem_blocks
from trustinstall.facts import our_files, system_bundle
from trustinstall.facts.programs import programs
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.tools.effective import decide, ours
from trustinstall_platforms.tools.effective.clients import OF_OTHERS, of_tool
from trustinstall_platforms.tools.effective.model import Effective, Kind, Mode
from trustinstall_platforms.tools.sessions import everyday
from trustinstall_platforms.tools.sessions.instead import PROGRAMS
from trustinstall_platforms.tools.table import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Bundle, Scene, Setter
    from trustinstall_platforms.tools.effective.rows import Client
    from trustinstall_platforms.tools.table import Tool

YES, NO, PART, UNKNOWN = "yes", "no", "in part", "unknown"
_LIMIT = " for "  # in the name of a client that is limited to a profile, a URL or a command


class Verdict(NamedTuple):
    """The verdict on one client.

    Attributes:
        effective: YES, NO, PART, UNKNOWN or "".
        decided_by: what decides it.
        not_in: the sessions in which the client does not trust the roots, if it does in others.
    """

    effective: str
    decided_by: str
    not_in: tuple[str, ...] = ()


class Limited(NamedTuple):
    """A client that is limited to a profile, a URL or a command by a setting of its own."""

    mode: str
    file: str
    state: str
    known: str
    source: str
    verdict: Verdict


@dataclass
class _Seen:
    """The answers for one client in each of the sessions, and whether it trusts the managed roots there."""

    client: Client
    found: list[tuple[Effective, str]] = field(default_factory=list[tuple[Effective, str]])
    sessions: list[str] = field(default_factory=list[str])

    @property
    def verdict(self) -> Verdict:
        words = {word for _, word in self.found}
        said = words.pop() if len(words) == 1 else UNKNOWN if UNKNOWN in words else PART
        ranked = sorted(
            self.found, key=lambda one: (one[1] == YES, one[1] != said, one[0].decider.kind is Kind.DEFAULT)
        )
        worst = ranked[0][0]
        left = [name for name, (_, word) in zip(self.sessions, self.found, strict=True) if word != YES]
        return Verdict(said, str(worst.decider), tuple(left) if said == PART else ())


@dataclass
class Verdicts:
    """The verdicts of all clients, by the client's name."""

    _seen: dict[str, _Seen]

    def of_tool(self, name: str) -> Verdict:
        """Return the verdict of a row of the table of tools."""
        found = next((one.verdict for one in self._seen.values() if one.client.tool == name), None)
        return found or Verdict("", "")

    def of_other(self, name: str) -> Verdict:
        """Return the verdict of a row of the table of tools without files."""
        found = self._seen.get(OF_OTHERS.get(name, ""))
        return found.verdict if found is not None else Verdict("", "")

    def limited(self) -> Iterator[tuple[str, Limited]]:
        """Yield the clients that are limited to a profile, a URL or a command, with their names."""
        for name, seen in self._seen.items():
            first = seen.found[0][0]
            if _LIMIT in name and first.decider.kind is Kind.SETTING:
                place = next(one for one in reversed(seen.client.places) if one.files)
                named = ", ".join(one.path for one in first.bundles)
                state = first.problem or (f"names {named}" if named else first.mode.value)
                mode = "adds" if first.mode is Mode.ADDS else "replaces"
                yield name, Limited(mode, first.decider.path, state, place.known, place.source, seen.verdict)


def look(host: Host) -> Verdicts:
    """Return the verdicts for the acting account; root's are those of people in general."""
    seen: dict[str, _Seen] = {}
    wanted = managed(host)
    for scene in _scenes(host):
        for client, said in decide.all_of_them(scene):
            found = decide.replaced(client, scene.session) or said
            word = _word(host, client, found, wanted)
            one = seen.setdefault(client.name, _Seen(client))
            one.found.append((found, word))
            one.sessions.append(scene.session.name)
    return Verdicts(seen)


def unreached(
    host: Host, tool: Tool, wanted: frozenset[str], *, undecided: bool = True, but: str = ""
) -> tuple[Effective, str] | None:
    """Return what a tool of the table reads in the first session in which it does not trust `wanted` (SHA-256).

    With the session's name; None if there is no such session, or verification is switched off. Root's home does not
    count for a tool with a file for all accounts. Without `undecided`, sessions where no setting decides do not count,
    nor do those in which it is not known what the file `but` says.
    """
    everybodys = host.account.is_root and bool(tool.machine)
    for scene in (one._replace(home="") if everybodys else one for one in decide.distinct(_scenes(host))):
        client = of_tool(scene, tool.name)
        if client is not None:
            found = decide.effective(client, scene)
            counts = found.mode is not Mode.OFF and (undecided or found.decider.kind is not Kind.DEFAULT)
            counts = counts and not (found.mode is Mode.UNKNOWN and found.decider.path == but)
            if counts and _word(host, client, found, wanted) != YES:
                return found, scene.session.name
    return None


def trusting(host: Host, wanted: frozenset[str]) -> Iterator[tuple[Client, Bundle, frozenset[str]]]:
    """Yield each client that reads certificates (SHA-256) from a bundle of others, by a setting or a variable.

    With the bundle, and the certificates. The system's bundle and managed files do not count.
    """
    for scene in _scenes(host):
        for client, found in decide.all_of_them(scene):
            for bundle in found.bundles:
                held = decide.digests(host, bundle) & wanted if ours.is_theirs(host, bundle) else None
                if held:
                    yield client, bundle, held


def sessions_without(
    host: Host, tool: Tool, wanted: frozenset[str], decided_by: Kind = Kind.DEFAULT
) -> tuple[str, ...]:
    """Return the names of the sessions in which a kind of place decides for a tool, and it does not trust `wanted`."""
    found: list[str] = []
    for scene in _scenes(host):
        client = of_tool(scene, tool.name)
        said = decide.effective(client, scene) if client is not None else None
        if client is not None and said is not None and said.decider.kind is decided_by:
            found += [scene.session.name] if _word(host, client, said, wanted) == NO else []
    return tuple(found)


def sessions_unknown(host: Host, tool: Tool, path: str) -> tuple[str, ...]:
    """Return the names of the sessions in which it is not known what a settings file of a tool says."""
    said = ((scene, of_tool(scene, tool.name)) for scene in _scenes(host))
    found = ((scene, decide.effective(client, scene)) for scene, client in said if client is not None)
    return tuple(scene.session.name for scene, one in found if one.mode is Mode.UNKNOWN and one.decider.path == path)


def replaced(host: Host, tool: Tool | None) -> str:
    """Return, in words, the sessions in which an alias, function or script replaces a tool's program; "" for none.

    None stands for all programs of clients for which no settings file is written. Only installed programs count.
    """
    written = {one.name for one in TOOLS if not (one.follows and host.account.is_root)}
    scene = decide.bare(host)
    found: dict[tuple[str, Setter], list[str]] = {}
    for session in (one for one in everyday(host) if one.instead):
        clients = {one.name: client.name for one in TOOLS if (client := of_tool(scene, one.name)) is not None}
        for program, setter in session.instead.items():
            names = PROGRAMS[program]
            rows = {row for row, client in clients.items() if client in names}
            wanted = tool.name in rows if tool is not None else rows.isdisjoint(written)
            if wanted and programs(host, (program,)):
                found.setdefault((program, setter), []).append(session.name)
    return "; ".join(
        f"it is not known what {program} trusts in {', '.join(listed)}: {setter} has it run something else"
        for (program, setter), listed in found.items()
    )


def _scenes(host: Host) -> list[Scene]:
    """Return the everyday sessions of the acting account; none for an image."""
    bare = decide.bare(host)
    sessions = [one for one in everyday(host) if one.name != "bare"] or [bare.session]
    return [] if host.is_image else [bare._replace(session=one) for one in sessions]


def _word(host: Host, client: Client, found: Effective, wanted: frozenset[str]) -> str:
    if not wanted:
        return ""
    if found.mode is Mode.UNKNOWN:
        return UNKNOWN
    return YES if wanted <= decide.anchors(host, client, found) else NO


def managed(host: Host) -> frozenset[str]:
    """Return the SHA-256 of the roots that trustinstall has added for the account, or else for the machine."""
    for directory in (our_files.directory(host), our_files.MACHINE):
        content = system_bundle.bundle(host, f"{directory}/{our_files.ANCHORS}") if directory else None
        if content is not None:
            blocks = (one.der for one in pem_blocks(content))
            return frozenset(sha256_of(der) for der in blocks if der is not None)
    return frozenset()
