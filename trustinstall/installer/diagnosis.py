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
from trustinstall.doctor import judging, probe
from trustinstall.doctor import target as targets
from trustinstall.doctor.judging import Judgement, Reason
from trustinstall.doctor.probe import Layer, ProbeFailed
from trustinstall.engine import discovery
from trustinstall.errors import TrustInstallError
from trustinstall.installer import tool_views
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import OF_OTHERS
from trustinstall_platforms.tools.effective.model import Effective, Mode
from trustinstall_platforms.tools.effective.rows import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from trustinstall.doctor.target import Target
    from trustinstall.host import Host

#: The kinds of stores that hold all the roots of their clients.
_WHOLE = SYSTEM_STORES | {"java", "certifi", "bundle", "homebrew", "mono"}
#: Clients whose bundle, where a setting names one, stands alone. Others may read a directory of certificates beside it
#: that they were built with: curl and git do on Debian, and what keeps OpenSSL's default directory.
_ALONE = frozenset({"pip", "npm", "pnpm", "Yarn 1", "Yarn 2 and 3", "Yarn from 4 on", "AWS", "requests", "conda"})
_BESIDE = Reason("not-known", "its bundle does not hold the root; a directory that it may be built to read does")
_UNTRUSTED = frozenset({"unknown-issuer", "missing-intermediate"})
YES, NO, UNKNOWN, OFF = "yes", "no", "unknown", "off"


@dataclass(frozen=True)
class ClientView:
    """One client, and what it makes of the server.

    Attributes:
        name: the tool, or the store's label.
        accepts: YES, NO, UNKNOWN, or OFF where the client does not verify.
        reasons: every reason against the server, or why it is not known; () for YES.
        decided_by: the store, or the file and line that decide which roots the client reads; "default" for none.
    """

    name: str
    accepts: str
    reasons: tuple[Reason, ...]
    decided_by: str


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
    """

    target: str
    proxy: str = ""
    layer: Layer | None = None
    failure: str = ""
    chain: tuple[Certificate, ...] = ()
    root: Certificate | None = None
    public: bool | None = None
    clients: tuple[ClientView, ...] = ()

    @property
    def untrusted(self) -> bool:
        """Whether a client refuses the server for its issuer: another root would help."""
        return any(reason.code in _UNTRUSTED for one in self.clients for reason in one.reasons)

    @property
    def names_root(self) -> bool:
        """Whether the end of the chain is a root, sent or from a store here."""
        return self.root is not None and self.root.self_issued


def diagnose(host: Host, typed: str) -> Diagnosis:
    """Look at a server, and judge it for every client here. Raises UsageProblem where `typed` names none."""
    target = targets.parse(typed)
    proxy = probe.proxy_for(target, host.environ)
    through = str(proxy) if proxy else ""
    try:
        seen = probe.look(target, proxy)
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
        self._judged: dict[frozenset[bytes], Judgement] = {}

    def views(self) -> Iterator[ClientView]:
        for name, place, ders in self._stores:
            yield self._view(name, place, ders)
        yield from self._tools()

    def root(self) -> Certificate | None:
        """The certificate at the end of the best path that was found: one in an anchor first, then the longest."""
        every = [*self._judged.values(), judging.judge(self._chain, {}, self._target.host, self._now)]
        best = max(every, key=lambda one: (one.trusted, len(one.path)))
        return best.path[-1] if best.path else None

    @cached_property
    def _stores(self) -> list[tuple[str, str, frozenset[bytes]]]:
        """Label, place and anchors of each store that can be read."""
        kinds = [one for one in BACKENDS if one.name in _WHOLE]
        found: list[tuple[str, str, frozenset[bytes]]] = []
        for backend, store in discovery.discover(self._host, kinds, DiscoveryOptions()).stores.values():
            if store.on_demand and self._host.status(store.location) is None:
                continue
            with suppress(OSError, TrustInstallError):
                anchors = frozenset(backend.anchors(self._host, store))
                found.append((store.label or store.id, store.location, anchors))
        return found

    @cached_property
    def _system(self) -> frozenset[bytes]:
        """The anchors of the operating system's bundle."""
        return decide.anchor_ders(self._host, Client("the system", ()), Effective("the system", Mode.NATIVE))

    @cached_property
    def _public(self) -> frozenset[bytes]:
        """The public roots in the stores here: they stand for those that a program has built in."""
        every = frozenset(der for _, _, ders in self._stores for der in ders)
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
            view = self._view(client.name, str(found.decider), ders)
            yield self._unless_beside(view) if found.mode is Mode.REPLACES else view

    def _unless_beside(self, view: ClientView) -> ClientView:
        """Return the view of a bundle as not known where the system's roots, if they count too, change it."""
        if view.accepts != NO or view.name.partition(" for ")[0] in _ALONE:
            return view
        system = self._view(view.name, view.decided_by, self._system)
        return view if system.accepts == NO else replace(view, accepts=UNKNOWN, reasons=(_BESIDE,))

    def _view(self, name: str, decided_by: str, ders: frozenset[bytes]) -> ClientView:
        if ders not in self._judged:
            anchors = _by_subject(ders)
            self._judged[ders] = judging.judge(self._chain, anchors, self._target.host, self._now)
        reasons = self._judged[ders].reasons
        return ClientView(name, NO if reasons else YES, reasons, decided_by)


def _by_subject(ders: Iterable[bytes]) -> Mapping[bytes, list[Certificate]]:
    return judging.by_subject(map(Certificate.held, sorted(ders)))


def _unjudged(name: str, found: Effective) -> ClientView:
    if found.mode is Mode.OFF:
        reason = Reason("verification-off", "it does not verify servers at all")
        return ClientView(name, OFF, (reason,), str(found.decider))
    reason = Reason("not-known", found.problem or "what it reads is known only where it runs")
    return ClientView(name, UNKNOWN, (reason,), str(found.decider))
