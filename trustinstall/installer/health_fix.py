"""`doctor --fix`: takes out settings and variables that switch verification off, if the client then still works.

It still works if it reads every root that trustinstall manages for the account, in all sessions of the account.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from trustinstall import catalog
from trustinstall.doctor.health import TakenBack
from trustinstall.editing.text import Malformed, read
from trustinstall.engine.rewriting import Rewrite
from trustinstall.engine.scope import Engine
from trustinstall.stores import bundle
from trustinstall_platforms.tools import client_verdicts
from trustinstall_platforms.tools.effective import cutting, switched_off
from trustinstall_platforms.tools.effective.cutting import Cut
from trustinstall_platforms.tools.effective.model import Kind
from trustinstall_platforms.tools.effective.reading import LIMIT
from trustinstall_platforms.tools.sessions import everyday, supposed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost, Host
    from trustinstall_platforms.tools.effective.model import Session
    from trustinstall_platforms.tools.effective.switched_off import Switched

_LONGEST = 1024  # bytes that are cut out at once
_MOST_ROUNDS = 64  # switches in one file


class _LeftError(Exception):
    """A switch that is not changed; the text says why, and what to do."""

    def __init__(self, problem: str, command: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.command = command


def judged(host: Host, sessions: Sequence[Session]) -> list[tuple[Switched, TakenBack]]:
    """Return every switch that has verification off for the acting account, and the text to cut, or why it is left."""
    judge = _Judge(host, sessions)
    return [(one, judge.of(one)) for one in switched_off.look(host, sessions)]


def take_back(host: ActingHost, wanted: Sequence[TakenBack], by: str) -> tuple[TakenBack, ...]:
    """Cut out the planned switches that are still there; return each of them, with the problem if it was not cut.

    A file with several switches is changed once for each, and judged again in between.
    Raises StateError or Busy before anything is changed.
    """
    engine = Engine(host, catalog.of(host.platform), lambda _doing: None)
    names, done, failed = {_name(one) for one in wanted}, list[TakenBack](), set[str]()
    for _ in range(_MOST_ROUNDS):
        now = [one for _, one in judged(host, everyday(host)) if one.possible and _name(one) in names]
        chosen = list({one.path: one for one in now if one.path not in failed}.values())
        if not chosen:
            break
        problems = engine.rewrite([_rewrite(host, one) for one in chosen], by)
        done += [replace(one, problem=why) for one, why in zip(chosen, problems, strict=True)]
        failed |= {one.path for one, why in zip(chosen, problems, strict=True) if why}
    known = {_name(one) for one in done}
    return (
        *done,
        *(replace(one, problem="it has changed since it was shown") for one in wanted if _name(one) not in known),
    )


def _name(one: TakenBack) -> tuple[str, str, str]:
    return one.client, one.path, one.said


def _rewrite(host: Host, one: TakenBack) -> Rewrite:
    seen = host.read(one.path, LIMIT)
    return Rewrite(one.path, seen, Cut(one.line, one.offset, bytes.fromhex(one.cut)).out_of(seen), [one.data])


class _Judge:
    """Judges the switches of one account, and remembers what it found out about each client."""

    def __init__(self, host: Host, sessions: Sequence[Session]) -> None:
        self._host, self._sessions = host, sessions
        self._managed = client_verdicts.managed(host)
        self._trusts = cache(self._find_out)

    def _find_out(self, client: str) -> bool:
        return switched_off.trusts(self._host, client, self._sessions, self._managed)

    def of(self, one: Switched) -> TakenBack:
        """Return the text to cut out for a switch, or why it is left."""
        path = self._host.real(one.setter.path) if one.setter.path else ""
        found = TakenBack(one.switch.client, path, one.said, one.setter.line)
        try:
            cut = self._cut(one, path)
        except _LeftError as left:
            return replace(found, problem="" if left.command else str(left), command=left.command)
        except (Malformed, OSError) as error:
            why = error.strerror or "it cannot be read" if isinstance(error, OSError) else str(error)
            return replace(found, problem=f"Take {one.setter} out by hand: {why}.")
        if len(cut.removed) > _LONGEST:
            return replace(found, problem=f"Take {one.setter} out by hand: it is longer than a switch needs to be.")
        return replace(found, line=cut.line, offset=cut.offset, cut=cut.removed.hex())

    def _cut(self, one: Switched, path: str) -> Cut:
        self._check_owner(one, path)
        self._check_trust(one)
        content = self._host.read(path, LIMIT)
        self._check_use(one, content)
        if one.setter.kind is Kind.VARIABLE:
            return self._variable(one, path, content)
        return cutting.key(one.switch.place.format, content, one.key, one.setter.line)

    def _check_owner(self, one: Switched, path: str) -> None:
        host = self._host
        if not path:
            name = one.key[-1]
            raise _LeftError(f"Run `unset {name}`, and do not set it again where this session was started from.")
        owner, wrong = bundle.owner(host, path, "file")
        if owner == host.account.uid and wrong is None:
            return
        if owner == host.machine_owner:
            raise _LeftError("it belongs to the machine", ("sudo", *host.program(), "doctor", "--fix"))
        raise _LeftError(f"Take {one.setter} out by hand: {wrong or 'it belongs to another account'}.")

    def _check_trust(self, one: Switched) -> None:
        client = one.switch.client
        if not self._managed:
            raise _LeftError(f"Add the company's root first (trustinstall add), so that {client} can do without.")
        if not self._trusts(client):
            raise _LeftError(
                f"Have {client} trust the company's root first: it does not read what was added, or not everywhere; "
                f"then take {one.setter} out."
            )

    def _check_use(self, one: Switched, content: bytes) -> None:
        if one.switch.plain or b"http://" in content:
            raise _LeftError(f"Take {one.setter} out by hand, unless it is there for a server without TLS.")
        option = one.switch.word
        rest = [word for word in one.value.split() if option not in word and word != one.key[-1]]
        if option and rest:
            raise _LeftError(f"Take {option} out of {one.setter} by hand: it says more than that.")

    def _variable(self, one: Switched, path: str, content: bytes) -> Cut:
        """Return the line that sets a variable. Raises Malformed if another variable of a session depends on it."""
        name = one.key[-1]
        cut = cutting.variable(content, name, one.setter.line)
        text = read(cut.out_of(content))
        after = supposed(self._host, partial(_shown, self._host.real(path), text))
        if [_others(each, name) for each in self._sessions] != [_others(each.session, name) for each in after]:
            raise Malformed("other variables depend on it")
        return cut


def _shown(path: str, wanted: str, real: str, text: str) -> str:
    return wanted if real == path else text


def _others(session: Session, name: str) -> tuple[str, dict[str, str | None]]:
    return session.name, {key: one.value for key, one in session.variables.items() if key != name}
