"""Judges a server's chain for the clients of a machine: each by its own anchors, and by the rules of its verifier."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.certificates import name_constraints
from trustinstall.doctor import judging
from trustinstall.doctor.judging import Judgement, Reason
from trustinstall.errors import printable
from trustinstall.installer import verifiers
from trustinstall.values import NamedTuple, dataclass
from trustinstall_platforms.tools.effective import decide, switched_off
from trustinstall_platforms.tools.effective.model import Effective, Mode
from trustinstall_platforms.tools.sessions import everyday

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.doctor.family import Family
    from trustinstall.installer.client_anchors import Anchors
    from trustinstall.installer.store_columns import Column
    from trustinstall_platforms.tools.effective.rows import Client

_BESIDE = Reason("not-known", "its bundle does not hold the root; a directory that it may be built to read does")
LATER = Reason("new-session", "only programs accept it that are started in a new session: sign in again")
UNTRUSTED = frozenset({"unknown-issuer", "missing-intermediate"})
YES, NO, UNKNOWN, OFF = "yes", "no", "unknown", "off"
_WORDS = {True: YES, False: NO, None: UNKNOWN}


@dataclass(frozen=True)
class ClientView:
    """One client, and whether it accepts the server.

    Attributes:
        name: the tool, or the store's label.
        accepts: YES, NO, UNKNOWN, or OFF if the client does not verify.
        reasons: every reason against the server, or the reason for UNKNOWN or OFF; () for YES.
        decided_by: the store, or the file and line that decide which roots the client reads; "default" for none.
        verifier: the name of the verifiers whose rules were used; "" if the client was not judged.
        tested: whether tests hold these rules against the verifier itself; else they are those of documents.
    """

    name: str
    accepts: str
    reasons: tuple[Reason, ...]
    decided_by: str
    verifier: str = ""
    tested: bool = False


class Question(NamedTuple):
    """The input of a judgement: the chain as sent, the server's name or IP address, and the time."""

    chain: tuple[Certificate, ...]
    name: str
    now: datetime


class Clients:
    """Judges one server for all clients of a machine; clients with equal anchors and rules are judged once."""

    def __init__(self, anchors: Anchors, question: Question) -> None:
        """Take the clients' anchors, and the chain to judge."""
        self._anchors, self._question = anchors, question
        self._host, self._caller = anchors.host, anchors.caller
        self._judged: dict[tuple[frozenset[bytes], str], Judgement] = {}

    def views(self) -> Iterator[ClientView]:
        """Yield the judgement of the readers of each store, then that of each tool."""
        for one in self._anchors.stores:
            if self._caller.reads_store(one.kind):
                yield self._store(one)
        yield from self._tools()

    def root(self) -> Certificate | None:
        """Return the end of the best path: a path to an anchor comes first, then the longest; None without any path.

        Only the clients that `views` has judged count.
        """
        every = [*self._judged.values(), judging.judge(self._question.chain, {}, *self._question[1:])]
        best = max(every, key=lambda one: (one.trusted, len(one.path)))
        return best.path[-1] if best.path else None

    def _tools(self) -> Iterator[ClientView]:
        off = switched_off.of_server(self._caller.scene, self._question.name)
        for client, found in self._anchors.clients:
            switch = off.get(client.name.partition(" for ")[0])
            if switch is not None:
                yield _unjudged(client.name, Effective(client.name, Mode.OFF, deciders=(switch.setter,)))
                continue
            view = self._tool(client, found)
            untrusted = any(one.code in UNTRUSTED for one in view.reasons)
            later = untrusted and (self._is_accepted_later(client) or self._would_be_accepted(client, found))
            yield replace(view, reasons=(LATER,)) if later else view

    def _store(self, one: Column) -> ClientView:
        """Return the judgement of the programs that read a store."""
        if one.problem:
            return ClientView(one.name, UNKNOWN, (Reason("not-known", printable(one.problem, 300)),), one.place)
        return self._view(one.name, one.place, self._counting(one), verifiers.of_store(one))

    def _counting(self, store: Column) -> frozenset[bytes]:
        """Return the DER of the roots that the readers of a store trust for this server."""
        name = self._question.name
        limited = [der for der, domains in store.limited.items() if name_constraints.permits(domains, name)]
        return store.anchors.union(limited) if limited else store.anchors

    def _tool(self, client: Client, found: Effective) -> ClientView:
        """Return the judgement of a client with the roots that its settings `found` name."""
        if found.mode in {Mode.UNKNOWN, Mode.OFF}:
            return _unjudged(client.name, found)
        ders = self._anchors.of_client(client, found)
        if found.mode in {Mode.DEFAULT, Mode.ADDS} and not client.follows:
            ders |= self._anchors.public
        family = verifiers.of_client(self._host, self._caller, client.verifier)
        view = self._view(client.name, str(found.decider), ders, family)
        unsure = found.mode is Mode.REPLACES and not client.alone and view.accepts == NO
        return self._unless_beside(view, family) if unsure else view

    def _is_accepted_later(self, client: Client) -> bool:
        """Whether a client accepts the server in every future session of the account."""
        scenes = [decide.bare(self._host)._replace(session=one) for one in everyday(self._host) if one.name != "bare"]
        views = [self._tool(client, decide.effective(client, one)) for one in scenes]
        return bool(views) and all(one.accepts == YES for one in views)

    def _would_be_accepted(self, client: Client, found: Effective) -> bool:
        """Whether a client would accept the server in new sessions because of a planned variable."""
        planned = self._anchors.planned
        if not planned.in_new_sessions(client):
            return False
        ders = self._anchors.of_client(client, found) | planned.ders
        return bool(self._judge(ders, verifiers.of_client(self._host, self._caller, client.verifier)).accepted)

    def _unless_beside(self, view: ClientView, family: Family) -> ClientView:
        """Return the view, or UNKNOWN if the client would accept the server with the system's roots as well."""
        system = self._view(view.name, view.decided_by, self._anchors.system, family)
        return view if system.accepts == NO else replace(view, accepts=UNKNOWN, reasons=(_BESIDE,))

    def _view(self, name: str, decided_by: str, ders: frozenset[bytes], family: Family) -> ClientView:
        found = self._judge(ders, family)
        return ClientView(name, _WORDS[found.accepted], found.reasons, decided_by, family.name, family.is_tested)

    def _judge(self, ders: frozenset[bytes], family: Family) -> Judgement:
        key = (ders, family.name)
        if key not in self._judged:
            chain, name, now = self._question
            self._judged[key] = judging.judge(chain, self._anchors.by_subject(ders), name, now, family)
        return self._judged[key]


def _unjudged(name: str, found: Effective) -> ClientView:
    if found.mode is Mode.OFF:
        reason = Reason("verification-off", "it does not verify servers at all")
        return ClientView(name, OFF, (reason,), str(found.decider))
    reason = Reason("not-known", found.problem or "what it reads is known only where it runs")
    return ClientView(name, UNKNOWN, (reason,), str(found.decider))
