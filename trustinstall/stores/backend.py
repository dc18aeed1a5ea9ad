"""What a backend is: the knowledge of one kind of store, as answers to questions.

A backend looks at a host and answers; it never writes and never runs anything. The engine acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from trustinstall.stores.desired import Record, Wanted
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import Found, Places, Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.steps import Command, Native


class Backend(Protocol):
    """The knowledge of one kind of store. Every method only reads; OSError means the store could not be read."""

    name: str

    def discover(self, host: Host, places: Places, /) -> Iterable[Found]:
        """The stores of this kind on this host, without following anything into another account's files."""
        ...

    def at(self, host: Host, location: str, /) -> Store | None:
        """The store at a location that the ledger remembers, or None where there is none any more."""
        ...

    def observe(self, host: Host, store: Store, /) -> Observation:
        """What the store's clients trust now."""
        ...

    def anchors(self, host: Host, store: Store, /) -> Iterator[bytes]:
        """The DER of every anchor that `observe` counts, for a list of all of them."""
        ...

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record, /) -> Plan:
        """The steps from what was seen to what is wanted; raises StoreError where that is impossible."""
        ...

    def refresh(self, host: Host, store: Store, gone: Sequence[str], /) -> Refresh | None:
        """How derived files are made anew after file steps were applied or undone.

        `gone` names the files that were deleted; the answer depends on nothing else that was remembered,
        so that recovery after a crash can ask for it again.
        """
        ...

    def verify(self, host: Host, store: Store, /) -> str | None:
        """A last, expensive opinion on the artefact after it was changed (does it load?); None when it is fine."""
        ...


@runtime_checkable
class ToolBackend(Backend, Protocol):
    """A backend whose plans hold `Native` steps."""

    def commands(self, host: Host, store: Store, step: Native, /) -> Sequence[Command]:
        """What is run for an operation, decided from what stands there now; nothing where it has nothing to do."""
        ...


@runtime_checkable
class Whole(Protocol):
    """A backend each of whose stores is one file of which its bytes say everything, wherever it lies.

    What is observed, planned (one Edit of it, and no refresh) or verified of one holds of all with the same bytes.
    """

    whole: bool


@runtime_checkable
class Beside(Protocol):
    """A backend of another system's stores: `add` finds those that were asked for, and none by memory."""

    beside: bool


@runtime_checkable
class Delivering(Protocol):
    """A backend that knows which anchors of a store the system's vendor has delivered."""

    def delivered(self, host: Host, store: Store, /) -> frozenset[str]:
        """SHA-256 of the anchors that packages brought, and nobody of this company."""
        ...


@runtime_checkable
class Imposing(Protocol):
    """A backend of policies that have certificates imported into stores, where they stay when the policy goes."""

    name: str
    imposes: bool


@runtime_checkable
class Constraining(Protocol):
    """A backend whose stores can keep a root to some names: `Wanted.domains`."""

    constrains: bool


@runtime_checkable
class ForEverybody(Protocol):
    """A backend of variables: those of the machine reach every account, and with them it needs none of its own."""

    def replaces(self, host: Host, /) -> bool:
        """Whether what is set for the acting account replaces the roots that programs have built in."""
        ...
