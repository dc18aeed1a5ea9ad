"""What `doctor URL…` finds: what each server shows, and which stores and tools here accept it.

Stores that hold all the roots of their clients are judged as they are; databases of browsers, which stand beside roots
that the browser has built in, are not judged. Tools are judged by what `effective` says of the calling session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.public_roots import FINGERPRINTS
from trustinstall.doctor import looks, proxies
from trustinstall.doctor import target as targets
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.installer import inspected, tls_roots
from trustinstall.installer.callers import Caller, calling
from trustinstall.installer.client_anchors import Anchors
from trustinstall.installer.client_views import LATER, NO, UNTRUSTED, YES, Clients, ClientView, Question
from trustinstall.installer.inspected import Inspection, Look
from trustinstall.installer.planned_roots import NOTHING, PlannedRoots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.doctor.probe import Seen
    from trustinstall.doctor.proxies import Proxy
    from trustinstall.doctor.target import Target
    from trustinstall.host import Host


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
        caller: the process whose variables count, for people; "" for the calling session.
        inspection: whether the connection is inspected.
        planned: whether the clients are judged as they would be after a planned `add`.
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
    caller: str = ""
    inspection: Inspection = inspected.NOT_KNOWN
    planned: bool = False

    @property
    def accepted(self) -> bool:
        """Whether there was a chain, and every client that was judged accepts it."""
        return self.layer is None

    @property
    def untrusted(self) -> bool:
        """Whether a client refuses the server for its issuer: another root would help."""
        return any(reason.code in UNTRUSTED for one in self.clients for reason in one.reasons)

    @property
    def later(self) -> bool:
        """Whether every client is known to accept the server, if only in sessions that begin from now on."""
        views = self.clients
        return not self.failure and all(one.accepts == YES or one.reasons[:1] == (LATER,) for one in views)

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


class Ask(NamedTuple):
    """How a server is asked.

    Attributes:
        starttls: the protocol that is spoken before TLS, or "".
        proxy: the URL of a proxy in place of what the variables name, or "".
        beside: an unrelated server that is looked at, too, or "".
        caller: the program whose variables count; None for the calling session.
        planned: what an `add` would bring: the server is judged as it would be afterwards.
    """

    starttls: str = ""
    proxy: str = ""
    beside: str = ""
    caller: Caller | None = None
    planned: PlannedRoots = NOTHING


def diagnose(host: Host, typed: str, ask: Ask = Ask()) -> Diagnosis:  # noqa: B008  a tuple
    """Look at a server, and judge it for every client here. Raises UsageProblem where `typed` names none."""
    return diagnose_all(host, [typed], ask)[0]


def diagnose_all(host: Host, typed: Iterable[str], ask: Ask = Ask()) -> tuple[Diagnosis, ...]:  # noqa: B008  a tuple
    """Look at servers at the same time, at each once, and judge them in turn for every client here.

    Raises UsageProblem where one of `typed` names no server; then none is looked at.
    """
    wanted = dict.fromkeys(targets.parse(one, ask.starttls) for one in typed)
    doctor = _Doctor(host.remembering(), ask)
    return _compared(doctor.diagnose(list(wanted)))


def check(host: Host, typed: Iterable[str], ask: Ask) -> None:
    """Raise UsageProblem where `diagnose_all` would."""
    doctor = _Doctor(host, ask)
    doctor.asked([targets.parse(one, ask.starttls) for one in typed])


class _Doctor:
    """The doctor of one call: what clients read, and the unrelated server, are looked at once."""

    def __init__(self, host: Host, ask: Ask) -> None:
        self._host, self._ask = host, ask
        self._caller = ask.caller or calling(host)
        self._anchors = Anchors(host, self._caller, ask.planned)
        self._unrelated = targets.parse(ask.beside) if ask.beside else None

    def diagnose(self, wanted: Sequence[Target]) -> list[Diagnosis]:
        """Look at servers, and judge each."""
        asked = self.asked(wanted)
        seen = looks.look(asked, trust=cache(partial(tls_roots.context, self._host)))
        beside = _shown(self._unrelated, seen[-1]) if self._unrelated is not None else None
        return [self._judged(*one, shown, beside) for one, shown in zip(asked[: len(wanted)], seen, strict=False)]

    def asked(self, wanted: Sequence[Target]) -> list[tuple[Target, Proxy | None]]:
        """Return these servers and the unrelated one, each with the proxy between. Raises UsageProblem."""
        unrelated = [self._unrelated] if self._unrelated is not None else []
        return [(one, self._between(one)) for one in (*wanted, *unrelated)]

    def _judged(
        self, target: Target, between: Proxy | None, seen: Seen | ProbeFailed, beside: Look | None
    ) -> Diagnosis:
        """Judge what one server has shown."""
        caller, through = self._caller, str(between) if between else ""
        if isinstance(seen, ProbeFailed):
            return Diagnosis(target.authority, through, seen.layer, str(seen), caller=caller.name)
        chain = tuple(map(Certificate.held, seen.chain))
        clients = Clients(self._anchors, Question(chain, target.host, self._host.now()))
        views = tuple(clients.views())
        root = clients.root()
        public = root.sha256 in FINGERPRINTS if root is not None and root.self_issued else None
        look = Look(target.host, chain, root)
        past = not self._ask.proxy and proxies.is_passed(target, caller.environ)
        return Diagnosis(
            target.authority,
            through,
            Layer.CERTIFICATE if any(one.accepts == NO for one in views) else None,
            chain=chain,
            root=root,
            public=public,
            clients=views,
            caller=caller.name,
            inspection=inspected.judge(self._host, look, beside, public=public, past_proxy=past),
            planned=bool(self._ask.planned.ders),
        )

    def _between(self, target: Target) -> Proxy | None:
        typed = self._ask.proxy
        return proxies.read(typed, "--proxy") if typed else proxies.proxy_for(target, self._caller.environ)


def _shown(target: Target, seen: Seen | ProbeFailed) -> Look | None:
    """Return what the unrelated server shows; None where there is no handshake: it is no matter of the others."""
    if isinstance(seen, ProbeFailed):
        return None
    return Look(target.host, tuple(map(Certificate.held, seen.chain)), None, target.authority)


def _compared(found: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Return diagnoses that heed each other: one authority for unrelated servers may be an inspecting proxy's."""
    looks = [Look(targets.parse(one.target).host, one.chain, one.root, one.target) for one in found]
    return tuple(
        replace(one, inspection=inspected.compare(one.inspection, look, looks, public=one.public))
        for one, look in zip(found, looks, strict=True)
    )
