"""The difference between a scope's ledger and its stores, found by observing each store once; `repair` mends it.

A person's decision is never undone: a setting with another value than the managed one, a settings file that was edited
later, a root that was distrusted, left without trust or limited to other servers stay, and the outcome says why. If a
setting names another bundle of its owner than before, that is no such decision: the root goes into the new bundle. The
stores are compared with the ledger's records, not with the text that `add` would write today.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from typing import TYPE_CHECKING

from trustinstall.engine import discovery, relinked, walk
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.ownership import decide, holds, overruled
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Scope
from trustinstall.errors import UsageProblem
from trustinstall.facts.programs import is_absolute
from trustinstall.state import known_bundles, memory_file
from trustinstall.state.directory import State
from trustinstall.state.ledger import moment
from trustinstall.state.scopes import machine_ledger
from trustinstall.stores.backend import Capability
from trustinstall.stores.desired import Desired
from trustinstall.stores.observation import State as Trust
from trustinstall.stores.reference import By, Reference
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.engine.scope import Engine
    from trustinstall.host import ActingHost, Host
    from trustinstall.host.memory import Memory
    from trustinstall.state.ledger import Ledger
    from trustinstall.state.terms import Terms
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Placement, Record
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import Store

_CHANGED_SINCE = "it was changed after that, and stays as it is; `trustinstall add` sets it again"
_OVERRULED = {
    Trust.DISTRUSTED: "is distrusted there, and stays distrusted",
    Trust.WITHDRAWN: "was left without trust there, and stays so",
    Trust.LIMITED: "is limited to other servers there, and stays so; take that out, or have it removed here",
    Trust.TRUSTED: "is trusted there for every server, and stays so; take that out, or have it removed here",
}


class Wish(NamedTuple):
    """A certificate that should be trusted, the account that asked for it, and the terms.

    `new`: the claim in the ledger gets these terms.
    """

    certificate: Certificate
    by: str
    terms: Terms
    new: bool = False


@dataclass
class Drift:
    """What differs in one scope.

    Attributes:
        missing: the ids of the stores that each wish is missing in.
        returned: the ids of the stores that hold a removed certificate again, by certificate.
        left: outcomes of stores that stay as they are because a person changed them.
        places: the places that were scanned, so that mending does not scan whole trees again.
        memory: what was read, for the next look; None if nothing may be kept.
    """

    missing: dict[Wish, list[str]] = field(default_factory=lambda: defaultdict(list))
    returned: dict[Certificate, list[str]] = field(default_factory=lambda: defaultdict(list))
    left: list[Outcome] = field(default_factory=list[Outcome])
    places: DiscoveryOptions = field(default_factory=DiscoveryOptions)
    memory: Memory | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing has to be changed."""
        return not (self.missing or self.returned)


def wishes(ledger: Ledger, others: Iterable[Wish] = ()) -> list[Wish]:
    """Return the wishes of a scope's ledger and of `others`; a new wish of `others` changes the claim's terms."""
    named = {one.certificate.sha256: one for one in others}
    own = [
        Wish(ledger.certificates[sha256], one.by, one.terms.renewed(named[sha256].terms), new=True)
        if sha256 in named and named[sha256].new
        else Wish(ledger.certificates[sha256], one.by, one.terms)
        for sha256, one in sorted(ledger.claims.items())
    ]
    return [*own, *(one._replace(new=True) for sha256, one in named.items() if sha256 not in ledger.claims)]


def places_of(wanted: Sequence[Wish]) -> DiscoveryOptions:
    """Return the additional places that the commands of these wishes named."""
    terms = [one.terms for one in wanted]
    return DiscoveryOptions(
        tuple(dict.fromkeys(path for one in terms for path in one.pythons)),
        tuple(dict.fromkeys(path for one in terms for path in one.searches)),
        tuple(dict.fromkeys(path for one in terms for path in one.bundles)),
        any(one.windows_host for one in terms),
    )


def recalling(host: ActingHost, backends: Sequence[Backend]) -> ActingHost:
    """Return the same host, which does not read again what is unchanged since the last repair of this account.

    Only a look for drift may ask it. What that finds missing is observed anew when it is mended. What it finds as it
    should be is reported as unchanged, and nothing else: `add`, `remove`, `apply`, `check`, `list` and `doctor` say
    what a store shows, and read it.
    """
    memory = memory_file.recall(host, _state(host), walk.question(backends))
    return host if memory is None else host.recalling(memory)


def look(
    host: ActingHost, backends: Sequence[Backend], ledger: Ledger, wanted: Sequence[Wish], former: Sequence[Certificate]
) -> Drift:
    """Observe every store of the acting account once, and return the differences. Nothing is changed.

    Within one run, each file is read once (`host.remembering`), and equal bundles are parsed once. With a host that is
    `recalling`, files and directories that have not changed since the last run are not read.
    """
    host = host.still_remembering()
    asked = _existing(host, places_of(wanted))
    places = replace(known_bundles.fill(host, _state(host), asked), through=True)
    remembered = [store for store, _ in ledger.placements]
    try:
        found = discovery.discover(host, backends, places, remembered, adding=True)
    except UsageProblem:  # a path that `--search` named is not an environment any more
        found = discovery.discover(host, backends, replace(places, pythons=()), remembered, adding=True)
    drift = Drift(places=known_bundles.scanned(places, found.known), memory=host.memory)
    naming: dict[str, list[str]] = defaultdict(list)
    serving = {store.location: store.id for _, store in found.stores.values() if store.on_demand}
    reached = _reached(host)
    relinked.follow(host, ledger, found.moved)
    records = ledger.by_store()
    retired = replace(ledger, placements=ledger.retired).by_store()
    for _, store in found.stores.values():
        naming[store.names or ""] += [store.id] if store.id in records else []
    for backend, store in found.stores.values():
        record = records.get(store.id, {})
        if store.owner != host.account.uid or store.fed_by is not None:
            continue
        scene = _Scene(host, backend, store, record, retired.get(store.id, {}))
        scene.observe(wanted, former)
        by_machine = Capability.REACHES_EVERY_ACCOUNT in backend.capabilities and (
            store.names is not None or backend.beside_the_machines() is None
        )
        shared = reached if by_machine else frozenset[str]()
        unserved = store.on_demand and not record
        meant = [one for one in wanted if one.certificate.sha256 not in shared - record.keys()]
        missing = [] if unserved else scene.missing(meant)
        if missing and (decided := scene.decided(missing)):
            drift.left.append(Outcome(store, Result.FOREIGN, "; ".join(dict.fromkeys(decided.values()))))
            missing = [one for one in missing if one not in decided]
        for one in missing:  # a managed file is written only together with a setting that names it
            drift.missing[one] += [store.id, *(naming[store.location] if store.on_demand else ())]
        for former_one in scene.returned(former):
            drift.returned[former_one] += [store.id, *([serving[store.names]] if store.names in serving else ())]
    return drift


def mend(engine: Engine, drift: Drift, by: str, *, command: str, dry_run: bool) -> Scope:
    """Change the stores of a scope as its ledger asks; certificates with the same stores are changed together."""
    outcomes: dict[str, Outcome] = {one.store.id: one for one in drift.left}
    recovered = False
    if drift.memory is not None and not dry_run:
        engine.keep_memory(drift.memory)
    requests = [
        (Request((one,), trusted=False, by=by, dry_run=dry_run, returned=True, command=command), tuple(ids))
        for one, ids in drift.returned.items()
    ]
    groups: dict[tuple[tuple[str, ...], str, Terms | None, tuple[str, ...]], list[Certificate]] = defaultdict(list)
    for wish, ids in drift.missing.items():
        stores = tuple(sorted(dict.fromkeys(ids)))
        groups[stores, wish.by, wish.terms if wish.new else None, wish.terms.domains].append(wish.certificate)
    for (stores, whose, terms, domains), certificates in groups.items():
        request = Request(
            tuple(certificates), trusted=True, by=whose, dry_run=dry_run, domains=domains, terms=terms, command=command
        )
        requests.append((request, stores))
    for request, stores in requests:
        scope = engine.change(request, drift.places, Selection(stores), check=False)
        recovered = recovered or scope.recovered
        for one in scope.outcomes:
            before = outcomes.get(one.store.id)
            if before is None or before.result not in {Result.ADDED, Result.REMOVED, Result.FAILED, Result.PLANNED}:
                outcomes[one.store.id] = one
    return Scope(tuple(outcomes.values()), {}, recovered)


class _Scene:
    """One store, observed once for all certificates."""

    def __init__(self, host: Host, backend: Backend, store: Store, record: Record, before: Record) -> None:
        """`before`: placements in this store that were removed."""
        self._host, self._backend, self._store, self._record = host, backend, store, record
        self._known = {**before, **record}
        self._seen: Observation | str = "not looked at"

    def observe(self, wanted: Sequence[Wish], former: Sequence[Certificate]) -> None:
        """Observe the store."""
        names = {*(one.certificate.sha256 for one in wanted), *(one.sha256 for one in former), *self._record}
        seen = discovery.observe(self._host, self._backend, self._store, frozenset(names))
        if self._record and not (isinstance(seen, str) or seen.outdated or self._store.blocked):
            seen = replace(seen, outdated=self._backend.outdated(self._host, self._store))
        self._seen = seen

    def missing(self, wanted: Sequence[Wish]) -> list[Wish]:
        """Return the wishes that the store should show and does not, for any reason."""
        chosen = [one for one in wanted if self._is_chosen(one)]
        if isinstance(self._seen, str) or self._store.blocked is not None:
            placed = [one for one in chosen if one.new or one.certificate.sha256 in self._record]
            return placed if isinstance(self._seen, str) else [one for one in placed if not self._holds(one)]
        desired = [Desired(one.certificate, trusted=True, domains=one.terms.domains) for one in chosen]
        lacking = {one.sha256 for one in decide(self._seen, desired, self._record).add}
        return [one for one in chosen if one.certificate.sha256 in lacking]

    def returned(self, former: Sequence[Certificate]) -> list[Certificate]:
        """Return the removed certificates of which the store holds a managed copy again."""
        if isinstance(self._seen, str) or self._store.blocked is not None:
            return []
        change = decide(self._seen, [Desired(one, trusted=False) for one in former], self._known)
        going = {one.sha256 for one in change.remove}
        return [one for one in former if one.sha256 in going]

    def decided(self, missing: Sequence[Wish]) -> dict[Wish, str]:
        """Return the person's decision, in words, of each certificate that is missing because of one."""
        found = {one: why for one in missing if (why := self._overruled(one))}
        left = [one for one in missing if one not in found]
        return found | (dict.fromkeys(left, why) if (why := self._set_since(left)) else {})

    def _overruled(self, one: Wish) -> str:
        """Return who keeps the store from showing one certificate as it is wanted, in words; or ""."""
        if isinstance(self._seen, str):
            return ""
        desired = Desired(one.certificate, trusted=True, domains=one.terms.domains)
        state = overruled(self._seen, desired, self._record.get(desired.sha256))
        if state is None or (one.new and state is not Trust.DISTRUSTED):  # new terms are set, as `add` would
            return ""
        return f"{one.certificate.name} {_OVERRULED[state]}"

    def _set_since(self, missing: Sequence[Wish]) -> str:
        """Return that a person has changed the setting since, in words; or ""."""
        placed = [self._record[one.certificate.sha256] for one in missing if one.certificate.sha256 in self._record]
        if not placed or not isinstance(self._backend, Reference):
            return ""
        named = self._backend.named(self._host, self._store)
        if named.by is By.OWNER:
            return "" if all(self._is_theirs(named.path, one) for one in placed) else _CHANGED_SINCE
        edited = named.by is By.UNSET and self._edited_since(max(one.since for one in placed))
        return _CHANGED_SINCE if edited else ""

    def _is_theirs(self, path: str, placement: Placement) -> bool:
        """Whether a setting named its owner's bundle at `path`, or another one: then its new bundle gets the root."""
        others = (one for one in placement.entries if is_absolute(self._host, one) and one != self._store.location)
        return path in placement.entries or any(others)

    def _edited_since(self, since: str) -> bool:
        """Whether the file was written after `since`; restoring a backup restores the old time, too."""
        if not is_absolute(self._host, self._store.location):
            return True  # a key of Windows' registry has no time, and nothing but a person takes a value out of it
        status = self._host.status(self._store.location)
        return status is not None and status.mtime_ns > (moment(since).timestamp() + 1) * 1e9

    def _holds(self, one: Wish) -> bool:
        desired = Desired(one.certificate, trusted=True, domains=one.terms.domains)
        return not isinstance(self._seen, str) and holds(self._seen, desired)

    def _is_chosen(self, one: Wish) -> bool:
        limits = not one.terms.domains or Capability.NAME_CONSTRAINTS in self._backend.capabilities
        return limits and Selection(one.terms.stores, one.terms.skip).takes(self._store)


def _reached(host: Host) -> frozenset[str]:
    """Return the certificates that variables of the machine name for an ordinary account."""
    if host.account.is_root or host.is_image:
        return frozenset()
    return frozenset(sha256 for _, sha256 in machine_ledger(host)[0].placements)


def _state(host: Host) -> State:
    return State(host.state_base(), host.account.uid, machine=host.account.uid == host.machine_owner)


def _existing(host: Host, places: DiscoveryOptions) -> DiscoveryOptions:
    """Return the places that still exist: an earlier command named them."""
    pythons, searches, bundles = (
        tuple(path for path in paths if host.status(host.real(path)) is not None)
        for paths in (places.pythons, places.searches, places.bundles)
    )
    return replace(places, pythons=pythons, searches=searches, bundles=bundles)
