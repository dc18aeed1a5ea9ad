"""The settings file and key that reach a tool of the table: the place that is effective, and no other one.

If a file decides and belongs to the acting account, it is that file, wherever the tool's own rules put it. If no file
decides, it is the usual one, or the one that a variable of the session names in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts import our_files, system_bundle
from trustinstall.stores.backend import Unreached
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide, ours, paths, values
from trustinstall_platforms.tools.effective.clients import CLIENTS, of_tool
from trustinstall_platforms.tools.effective.model import Effective, Form, Kind, Mode, Scene, Setter, one_of_each
from trustinstall_platforms.tools.sessions import everyday
from trustinstall_platforms.tools.table import ADDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Session
    from trustinstall_platforms.tools.effective.rows import Client, Place
    from trustinstall_platforms.tools.table import Tool

_ALIKE = frozenset({("hg", "ini-sections"), ("condarc", "yaml"), ("yaml-tree", "yaml")})
_LONGEST = 4096  # characters of a path that are shown


class Decision(NamedTuple):
    """The decision for one tool, seen from one of the account's sessions.

    Attributes:
        tool: the row; its key is the one that counts in the file.
        path: the settings file to read and to write.
        found: what the tool reads now.
        above: whether a variable decides that, which has precedence over the file: then the file can hide nothing.
    """

    tool: Tool
    path: str
    found: Effective
    above: bool = False


def decisions(host: Host, tool: Tool, usual: str, sessions: Sequence[Session]) -> list[Decision]:
    """Return one decision for each file that sessions of the account read; `usual` is the table's file.

    Of several decisions for one file, the one counts in which a setting of the account would be hidden. A variable with
    precedence over the file decides only if all everyday sessions have one: for the others the file is written.
    """
    row = of_tool(decide.bare(host), tool.name)
    if row is None:
        return [Decision(tool, usual, Effective(tool.name, Mode.DEFAULT))]
    found: dict[str, Decision] = {}
    seen = [
        (scene, _decision(tool, of_tool(scene, tool.name) or row, scene, usual))
        for scene in scenes(host, tool, sessions)
    ]
    above = [one.above for scene, one in seen if decide.is_of(scene, sessions)]
    every = [_where_another_reads(host, _where_it_hides(one, row, seen), sessions) for _, one in seen]
    for one in every if all(above) else [one for one in every if not one.above]:
        if one.path not in found or (why_left(host, found[one.path]) is None and why_left(host, one) is not None):
            found[one.path] = one
    return list(found.values())


def scenes(host: Host, tool: Tool, sessions: Sequence[Session] = ()) -> tuple[Scene, ...]:
    """Return the scenes in which a tool's settings count: root's own home does not, if the machine has a file."""
    found = decide.scenes(host, sessions)
    machine = host.account.is_root and bool(tool.machine)
    return tuple(one._replace(home="") for one in found) if machine else found


def word(host: Host, tool: Tool, value: str) -> Mode | None:
    """Return the effect of a value that names no file, or None if it names one."""
    own = _place(host, tool)
    return own.words.get(value.strip().lower()) if own is not None else None


def named(host: Host, tool: Tool, value: str, location: str) -> str:
    """Return the bundle that a value names as its tool expands it: of several the first of the account's own."""
    own = _place(host, tool)
    if own is None:
        return value
    setter = Setter(Kind.SETTING, location)
    # the session that calls, then the others: a variable in the value is not set in each of them
    every = reversed(scenes(host, tool, everyday(host)))
    found = [path for scene in every for path in values.paths(scene, own.expansion, value, setter) or ()]
    ranked = sorted(found, key=lambda path: not (_is_own(host, path) and system_bundle.bundle(host, path) is not None))
    return ranked[0] if ranked else ""


def followed(host: Host, decision: Decision) -> str | None:
    """Return the bundle that a variable of the account has the tool read, and which is a separate store; or None."""
    if decision.found.decider.kind is not Kind.VARIABLE or not ours.would_lose(host, decision.found):
        return None
    if _is_beside(decision):
        return None
    own = [one.path for one in decision.found.bundles if one.readable and ours.is_theirs(host, one)]
    return host.real(own[0]) if own and _is_own(host, own[0]) else None


def why_left(host: Host, decision: Decision) -> str | None:
    """Return why nothing may be set in the file, with file and line, if another setting decides; or None."""
    found, setter = decision.found, decision.found.decider
    # the file of a key that adds has none of the system's roots
    without = decision.tool.mode == ADDS and found.mode is Mode.REPLACES
    if setter.kind is Kind.DEFAULT or found.mode is Mode.DEFAULT or not (without or ours.would_lose(host, found)):
        return None
    if _is_beside(decision):
        return None
    if setter.path == decision.path and not any(one.form is Form.INLINE for one in found.bundles):
        return None  # the key itself says so
    if found.mode is Mode.UNKNOWN:
        return found.problem
    named = next((one for one in found.bundles if ours.is_theirs(host, one)), None)
    if named is None:
        return None
    if named.form is Form.INLINE:
        return f"{setter} has certificates of its own, which a file that we name would hide; add the certificate there"
    if named.single:
        return one_of_each(setter)
    what = f"{setter} names {printable(named.path, _LONGEST)}"
    return f"{what}, which a setting of ours would hide; add the certificate to that bundle"


def _is_beside(decision: Decision) -> bool:
    """Whether a variable decides beside which the tool reads the file's bundle, too, as Subversion's SSL_CERT_FILE."""
    found = decision.found
    replaces = found.mode is Mode.REPLACES and found.decider.kind is Kind.VARIABLE
    return replaces and decision.tool.mode == ADDS and not decision.above


def reads_one(host: Host, tool: Tool) -> bool:
    """Whether the tool reads only the first certificate of each file that its key names."""
    own = _place(host, tool)
    return own is not None and own.single


def why_unreached(host: Host, found: Effective, session: str) -> Unreached:
    """Return why a tool does not trust what was added, in one session, and whether this account could repair it."""
    setter = found.decider
    what = found.problem or (f"{setter} decides" if setter.path else "nothing that it reads there names our roots")
    own = not setter.path or _is_own(host, setter.path)
    mend = "mend that line, and add again" if own else "ask the administrator"
    mend = mend if setter.path else "`trustinstall tools` shows what it reads"
    return Unreached(f"{found.client} does not trust it in {session}: {what}; {mend}", own)


def why_partly(host: Host, decision: Decision, left: Sequence[str]) -> Unreached:
    """Return why a tool that follows a variable's bundle does not trust what was added in the sessions `left`.

    No file serves all sessions: a key would hide the variable's bundle, and a copy of that would lack what its owner
    writes into it later.
    """
    setter, named = decision.found.decider, printable(followed(host, decision) or "", _LONGEST)
    why = f"a setting of ours would hide {named}, which {setter} names for other sessions"
    mend = "have these sessions set the same variable"
    return Unreached(f"not trusted in {', '.join(left)}: {why}; {mend}", own=True, partly=True)


def why_first_only(host: Host, decision: Decision, left: Sequence[str]) -> Unreached:
    """Return why a tool that reads one certificate of each file does not trust what was added in the sessions `left`.

    In others, a variable names the whole bundle.
    """
    own = our_files.directory(host)
    why = f"{decision.tool.name} reads the first certificate of {own}/{our_files.ANCHORS} alone"
    mend = f"have these sessions set SSL_CERT_FILE={own}/{our_files.BUNDLE}"
    return Unreached(f"not trusted in {', '.join(left)}: {why}; {mend}", own=True, partly=True)


def shared(host: Host, decision: Decision) -> str | None:
    """Return the bundle of the account that another tool's file of the account has this tool read; or None.

    For example, Yarn 1 reads npm's file if its own has no such key: a managed key in its own would hide npm's.
    """
    found, setter = decision.found, decision.found.decider
    if setter.kind is not Kind.SETTING or setter.path == decision.path or not _is_own(host, setter.path):
        return None
    theirs = (one.path for one in found.bundles if one.form is Form.FILE and one.readable and ours.is_theirs(host, one))
    named = next(theirs, None)
    return host.real(named) if named is not None and _is_own(host, named) else None


def inherited(host: Host, decision: Decision) -> str:
    """Return the bundle that the tool reads if the account's own file has no such key, or "" if it is not known.

    A file of trustinstall that another tool's settings of the account name does not count: those settings may be
    written, or taken back, at this moment.
    """
    if host.account.is_root:
        return ""
    every = [
        one for one in decision.found.bundles if not (our_files.is_ours(one.path) and _is_own(host, one.setter.path))
    ]
    named = [one.path for one in every if one.form is Form.FILE and one.readable and one.setter.kind is Kind.SETTING]
    if named:
        return host.real(named[0])
    system = system_bundle.find(host) if decision.tool.follows else None
    return system.path if system is not None else ""


def _decision(tool: Tool, row: Client, scene: Scene, usual: str) -> Decision:
    found = decide.effective(row, scene)
    settings = row._replace(places=tuple(one for one in row.places if one.files))
    for one, said in decide.decisions(settings, scene):
        setter = said.decider
        if setter.kind is Kind.SETTING and one.form is Form.FILE and _is_own(scene.host, setter.path):
            if _is_written_alike(one, tool):
                return Decision(tool._replace(key=one.key), setter.path, found, _is_above(row, scene, one))
            break
    own = _places(tool, row)
    above = bool(own) and _is_above(row, scene, own[-1])
    return Decision(_keyed(tool, row), _readable(scene, tool, row, usual), found, above)


def _where_it_hides(one: Decision, row: Client, seen: Sequence[tuple[Scene, Decision]]) -> Decision:
    """Return a decision with what its file, once written, would hide in another session that reads a lower file."""
    if one.found.decider.kind is not Kind.DEFAULT:
        return one
    for scene, other in seen:
        own = _places(other.tool, of_tool(scene, other.tool.name) or row)
        files = paths.of_place(scene, own[-1]) if own else ()
        is_lower = one.path in files and other.path in files[files.index(one.path) + 1 :]
        decides = is_lower and other.found.decider.kind is Kind.SETTING
        if decides and ours.would_lose(scene.host, other.found):
            return one._replace(found=other.found)
    return one


def _where_another_reads(host: Host, one: Decision, sessions: Sequence[Session]) -> Decision:
    """Return a decision with what its file, once written, would hide from another tool: Yarn 1 reads npm's."""
    if one.found.decider.kind is not Kind.DEFAULT:
        return one
    for row in CLIENTS:
        if row.tool == one.tool.name or not any(_is_like(place, one.tool) for place in row.places):
            continue
        for scene in scenes(host, one.tool, sessions):
            above = [place for place in row.places if _is_like(place, one.tool)]
            for place, said in decide.decisions(row, scene):
                after = row.places.index(place) > row.places.index(above[0])
                read = after and one.path in paths.of_place(scene, above[0])
                if read and said.decider.kind is Kind.SETTING and ours.would_lose(host, said):
                    return one._replace(found=said)
    return one


def _is_like(place: Place, tool: Tool) -> bool:
    return (place.format, place.key) == (tool.format, tool.key) and place.form is Form.FILE


def _is_above(row: Client, scene: Scene, own: Place) -> bool:
    """Whether a variable that has precedence over a place makes the client read other roots than its built-in ones."""
    counting = row.places[: row.places.index(own)]
    return any(place in counting and place.variables for place, _ in decide.decisions(row, scene))


def _readable(scene: Scene, tool: Tool, row: Client, usual: str) -> str:
    """Return the usual file if the tool reads it in this scene, or else the one that it reads instead of it."""
    own = _places(tool, row)
    files = paths.of_place(scene, own[-1]) if own else ()
    environment = scene.session.value("VIRTUAL_ENV") or "//"  # a setting there is for that environment alone
    inside = [one for one in files if one.startswith(f"{scene.home}/") and not one.startswith(environment)]
    return usual if usual in files or not inside or scene.host.account.is_root else inside[0]


def _keyed(tool: Tool, row: Client) -> Tool:
    """Return the tool with the section that its client reads: if a section has two names, it may be the other one."""
    own = _places(tool, row)
    return tool._replace(key=own[-1].key) if own else tool


def _places(tool: Tool, row: Client) -> list[Place]:
    return [one for one in row.places if one.files and one.key[-1:] == tool.key[-1:] and _is_written_alike(one, tool)]


def _is_written_alike(place: Place, tool: Tool) -> bool:
    """Whether a place's files have the tool's own format: Mercurial's are INI with directives, which stay."""
    return place.format == tool.format or (place.format, tool.format) in _ALIKE


def _place(host: Host, tool: Tool) -> Place | None:
    row = of_tool(scenes(host, tool)[0], tool.name)
    places = row.places if row is not None else ()
    return next((one for one in places if one.key == tool.key and _is_written_alike(one, tool)), None)


def _is_own(host: Host, path: str) -> bool:
    """Whether the acting account decides the content of a file: in its home, or for root in a file of root's."""
    status, home = host.status(host.real(path)), host.real(host.account.home or "/").rstrip("/")
    inside = host.account.is_root or (bool(home) and host.real(path).startswith(f"{home}/"))
    return inside and status is not None and status.uid == host.account.uid
