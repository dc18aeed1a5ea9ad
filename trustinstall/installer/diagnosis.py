"""What `doctor URL` finds: what the server shows, and which stores and tools here would accept it.

Stores that hold all the roots of their clients are judged as they are; databases of browsers, which stand beside roots
that the browser has built in, are not judged. Tools are judged by what `effective` says of the calling session.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.catalog import BACKENDS, SYSTEM_STORES
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.doctor import judging, probe, proxies
from trustinstall.doctor import target as targets
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.doctor.judging import Judgement, Reason
from trustinstall.engine import discovery
from trustinstall.errors import TrustInstallError
from trustinstall.installer import tool_views, verifiers
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import OF_OTHERS
from trustinstall_platforms.tools.effective.model import Effective, Mode
from trustinstall_platforms.tools.effective.rows import Client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from trustinstall.doctor.families import Family
    from trustinstall.doctor.target import Target
    from trustinstall.host import Host

#: The kinds of stores that hold all the roots of their clients.
_WHOLE = SYSTEM_STORES | {"java", "certifi", "bundle", "homebrew", "mono"}
_BESIDE = Reason("not-known", "its bundle does not hold the root; a directory that it may be built to read does")
_UNTRUSTED = frozenset({"unknown-issuer", "missing-intermediate"})
YES, NO, UNKNOWN, OFF = "yes", "no", "unknown", "off"
_WORDS = {True: YES, False: NO, None: UNKNOWN}


@dataclass(frozen=True)
class ClientView:
    """One client, and what it makes of the server.

    Attributes:
        name: the tool, or the store's label.
        accepts: YES, NO, UNKNOWN, or OFF where the client does not verify.
        reasons: every reason against the server, or why it is not known; () for YES.
        decided_by: the store, or the file and line that decide which roots the client reads; "default" for none.
        verifier: the family of verifiers by whose rules it was judged; "" where it was not.
    """

    name: str
    accepts: str
    reasons: tuple[Reason, ...]
    decided_by: str
    verifier: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor finds of one server.

    Attributes:
        target: host and port.
        proxy: the proxy between, or "".
        layer: the layer that failed, or None where every client accepts.
        failure: what failed before there was a chain, or "".
        chain: the certificates as sent.
        root: the certificate at the end of the longest path, sent or from a store here; None if there is no chain.
        public: whether that is a public root; None where the root is not seen.
        clients: what each makes of it.
        saved: the path of the file into which the root was written, unverified, or "".
    """

    target: str
    proxy: str = ""
    layer: Layer | None = None
    failure: str = ""
    chain: tuple[Certificate, ...] = ()
    root: Certificate | None = None
    public: bool | None = None
    clients: tuple[ClientView, ...] = ()
    saved: str = ""

    @property
    def untrusted(self) -> bool:
        """Whether a client refuses the server for its issuer: another root would help."""
        return any(reason.code in _UNTRUSTED for one in self.clients for reason in one.reasons)

    @property
    def names_root(self) -> bool:
        """Whether the end of the chain is a root, sent or from a store here."""
        return self.root is not None and self.root.self_issued

    def remedy(self, program: Sequence[str]) -> tuple[str, ...]:
        """Return the words of the command that makes clients accept the server's root; () where no root would help.

        `program` holds the words that start trustinstall.
        """
        if not self.untrusted or not self.names_root or self.root is None:
            return ()
        return (*program, "add", self.saved or "ROOT.pem", "--sha256", self.root.sha256)


def diagnose(host: Host, typed: str, *, starttls: str = "", proxy: str = "") -> Diagnosis:
    """Look at a server, and judge it for every client here. Raises UsageProblem where `typed` names none.

    `starttls` is the protocol that is spoken before TLS, and `proxy` a URL in place of what the variables name.
    """
    target = targets.parse(typed, starttls)
    between = proxies.read(proxy, "--proxy") if proxy else proxies.proxy_for(target, host.environ)
    through = str(between) if between else ""
    try:
        seen = probe.look(target, between)
    except ProbeFailed as error:
        return Diagnosis(target.authority, through, error.layer, str(error))
    chain = tuple(map(Certificate.held, seen.chain))
    clients = _Clients(host, target, chain, host.now())
    views = tuple(clients.views())
    root = clients.root()
    return Diagnosis(
        target.authority,
        through,
        Layer.CERTIFICATE if any(one.accepts == NO for one in views) else None,
        chain=chain,
        root=root,
        public=root.sha256 in FINGERPRINTS if root is not None and root.self_issued else None,
        clients=views,
    )


class _Clients:
    """The clients of a machine; sets of anchors that are equal are judged once."""

    def __init__(self, host: Host, target: Target, chain: tuple[Certificate, ...], now: datetime) -> None:
        self._host, self._target, self._chain, self._now = host, target, chain, now
        self._anchors: dict[frozenset[bytes], Mapping[bytes, list[Certificate]]] = {}
        self._judged: dict[tuple[frozenset[bytes], str], Judgement] = {}

    def views(self) -> Iterator[ClientView]:
        for kind, name, place, ders in self._stores:
            yield self._view(name, place, ders, verifiers.of_store(kind))
        yield from self._tools()

    def root(self) -> Certificate | None:
        """The certificate at the end of the best path that was found: one in an anchor first, then the longest."""
        every = [*self._judged.values(), judging.judge(self._chain, {}, self._target.host, self._now)]
        best = max(every, key=lambda one: (one.trusted, len(one.path)))
        return best.path[-1] if best.path else None

    @cached_property
    def _stores(self) -> list[tuple[str, str, str, frozenset[bytes]]]:
        """Kind, label, place and anchors of each store that can be read."""
        kinds = [one for one in BACKENDS if one.name in _WHOLE]
        found: list[tuple[str, str, str, frozenset[bytes]]] = []
        for backend, store in discovery.discover(self._host, kinds, DiscoveryOptions()).stores.values():
            if store.on_demand and self._host.status(store.location) is None:
                continue
            with suppress(OSError, TrustInstallError):
                anchors = frozenset(backend.anchors(self._host, store))
                found.append((store.backend, store.label or store.id, store.location, anchors))
        return found

    @cached_property
    def _system(self) -> frozenset[bytes]:
        """The anchors of the operating system's bundle."""
        return decide.anchor_ders(self._host, Client("the system", ()), Effective("the system", Mode.NATIVE))

    @cached_property
    def _public(self) -> frozenset[bytes]:
        """The public roots in the stores here: they stand for those that a program has built in."""
        every = frozenset(der for *_, ders in self._stores for der in ders)
        return frozenset(der for der in every if Certificate.held(der).sha256 in FINGERPRINTS)

    def _tools(self) -> Iterator[ClientView]:
        here = {one.tool for one in tool_views.look(self._host)}
        named = {client for tool, client in OF_OTHERS.items() if tool in here}
        scene = decide.calling(self._host)
        for client, found in decide.all_of_them(scene):
            if client.tool not in here and client.name not in named:
                continue
            if found.mode in {Mode.UNKNOWN, Mode.OFF}:
                yield _unjudged(client.name, found)
                continue
            ders = decide.anchor_ders(self._host, client, found)
            if found.mode in {Mode.DEFAULT, Mode.ADDS} and not client.follows:
                ders |= self._public
            family = verifiers.of_client(self._host, client.verifier)
            view = self._view(client.name, str(found.decider), ders, family)
            unsure = found.mode is Mode.REPLACES and not client.alone and view.accepts == NO
            yield self._unless_beside(view, family) if unsure else view

    def _unless_beside(self, view: ClientView, family: Family) -> ClientView:
        """Return the view of a bundle as not known where the system's roots, if they count too, change it."""
        system = self._view(view.name, view.decided_by, self._system, family)
        return view if system.accepts == NO else replace(view, accepts=UNKNOWN, reasons=(_BESIDE,))

    def _view(self, name: str, decided_by: str, ders: frozenset[bytes], family: Family) -> ClientView:
        found = self._judge(ders, family)
        return ClientView(name, _WORDS[found.accepted], found.reasons, decided_by, family.name)

    def _judge(self, ders: frozenset[bytes], family: Family) -> Judgement:
        if ders not in self._anchors:
            self._anchors[ders] = judging.by_subject(map(Certificate.held, sorted(ders)))
        key = (ders, family.name)
        if key not in self._judged:
            anchors, host = self._anchors[ders], self._target.host
            self._judged[key] = judging.judge(self._chain, anchors, host, self._now, family)
        return self._judged[key]


def _unjudged(name: str, found: Effective) -> ClientView:
    if found.mode is Mode.OFF:
        reason = Reason("verification-off", "it does not verify servers at all")
        return ClientView(name, OFF, (reason,), str(found.decider))
    reason = Reason("not-known", found.problem or "what it reads is known only where it runs")
    return ClientView(name, UNKNOWN, (reason,), str(found.decider))
