"""The diagnosis of `doctor URL…`: the chain that each server sends, and the stores and tools here that accept it.

A store is judged with all the roots that its readers trust, see `store_columns`. A tool is judged by the settings and
variables that are in effect in the caller's session, see `trustinstall_platforms.tools.effective`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

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
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.doctor.probe import Seen
    from trustinstall.doctor.proxies import Proxy
    from trustinstall.doctor.target import Target
    from trustinstall.host import Host


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one server.

    Attributes:
        target: host and port.
        proxy: the proxy that was used, or "".
        layer: the layer that failed; None if no client refuses the server.
        failure: the failure before there was a chain, as a sentence, or "".
        chain: the certificates as sent.
        root: the end of the best path, sent or from a store here; None if there is no chain.
        public: whether `root` is a public root; None if it is not a root.
        clients: the judgement of each client.
        saved: the path of the file into which the root was written, unverified, or "".
        caller: the process whose variables count, for people; "" for the calling session.
        inspection: whether a proxy inspects the connection.
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
        """Whether there is a chain, and no client refuses it."""
        return self.layer is None

    @property
    def untrusted(self) -> bool:
        """Whether a client refuses the server because it does not know the issuer: another root would help."""
        return any(reason.code in UNTRUSTED for one in self.clients for reason in one.reasons)

    @property
    def later(self) -> bool:
        """Whether every client accepts the server, now or in new sessions."""
        views = self.clients
        return not self.failure and all(one.accepts == YES or one.reasons[:1] == (LATER,) for one in views)

    @property
    def names_root(self) -> bool:
        """Whether `root` is a root, and not an intermediate certificate without a known issuer."""
        return self.root is not None and self.root.self_issued

    def remedy(self, program: Sequence[str]) -> tuple[str, ...]:
        """Return the words of the command that adds the server's root; () if no root would help, or it is not known.

        `program` holds the words that start trustinstall.
        """
        if not self.untrusted or not self.names_root or self.root is None:
            return ()
        return (*program, "add", self.saved or "ROOT.pem", "--sha256", self.root.sha256)


class Ask(NamedTuple):
    """The options of a diagnosis.

    Attributes:
        starttls: the protocol that comes before TLS, a name of `starttls`, or "".
        proxy: the URL of a proxy that replaces the one of the variables, or "".
        beside: an unrelated server to compare with, as `typed`, or "".
        caller: the program whose variables count; None for the calling session.
        planned: the roots of a planned `add`; clients are judged as they would be afterwards.
    """

    starttls: str = ""
    proxy: str = ""
    beside: str = ""
    caller: Caller | None = None
    planned: PlannedRoots = NOTHING


def diagnose(host: Host, typed: str, ask: Ask = Ask()) -> Diagnosis:  # noqa: B008  a tuple
    """Probe a server, and judge it for every client here. Raises UsageProblem if `typed` does not name a server."""
    return diagnose_all(host, [typed], ask)[0]


def diagnose_all(host: Host, typed: Iterable[str], ask: Ask = Ask()) -> tuple[Diagnosis, ...]:  # noqa: B008  a tuple
    """Probe servers at the same time, each once, and judge them for every client here; in the order of `typed`.

    Raises UsageProblem if one of `typed` does not name a server; then no server is probed.
    """
    wanted = dict.fromkeys(targets.parse(one, ask.starttls) for one in typed)
    doctor = _Doctor(host.remembering(), ask)
    return _compared(doctor.diagnose(list(wanted)))


def check(host: Host, typed: Iterable[str], ask: Ask) -> None:
    """Raise UsageProblem if `diagnose_all` would. No server is probed."""
    doctor = _Doctor(host, ask)
    doctor.asked([targets.parse(one, ask.starttls) for one in typed])


class _Doctor:
    """One call of the doctor: the clients' anchors are read once, and the unrelated server is probed once."""

    def __init__(self, host: Host, ask: Ask) -> None:
        self._host, self._ask = host, ask
        self._caller = ask.caller or calling(host)
        self._anchors = Anchors(self._caller.files(host), self._caller, ask.planned)
        self._unrelated = targets.parse(ask.beside) if ask.beside else None

    def diagnose(self, wanted: Sequence[Target]) -> list[Diagnosis]:
        """Probe servers, and judge each."""
        asked = self.asked(wanted)
        seen = looks.look(asked, trust=cache(partial(tls_roots.context, self._host)))
        beside = _shown(self._unrelated, seen[-1]) if self._unrelated is not None else None
        return [self._judged(*one, shown, beside) for one, shown in zip(asked[: len(wanted)], seen, strict=False)]

    def asked(self, wanted: Sequence[Target]) -> list[tuple[Target, Proxy | None]]:
        """Return these servers and the unrelated one, each with its proxy or None. Raises UsageProblem."""
        unrelated = [self._unrelated] if self._unrelated is not None else []
        return [(one, self._between(one)) for one in (*wanted, *unrelated)]

    def _judged(
        self, target: Target, between: Proxy | None, seen: Seen | ProbeFailed, beside: Look | None
    ) -> Diagnosis:
        """Judge the result of one probe."""
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
    """Return the chain of the unrelated server; None if its probe failed, which does not concern the other servers."""
    if isinstance(seen, ProbeFailed):
        return None
    return Look(target.host, tuple(map(Certificate.held, seen.chain)), None, target.authority)


def _compared(found: Sequence[Diagnosis]) -> tuple[Diagnosis, ...]:
    """Return the diagnoses after a comparison: one authority for unrelated servers may be an inspecting proxy's."""
    looks = [Look(targets.parse(one.target).host, one.chain, one.root, one.target) for one in found]
    return tuple(
        replace(one, inspection=inspected.compare(one.inspection, look, looks, public=one.public))
        for one, look in zip(found, looks, strict=True)
    )
