"""What the clients of a store trust now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(Enum):
    """How far a certificate is trusted in a store."""

    TRUSTED = "trusted"
    HALF = "half-installed"  # some of the store's clients see it, others do not
    DISTRUSTED = "distrusted"
    LIMITED = "limited to domains"


@dataclass(frozen=True)
class Observation:
    """What the clients of a store trust now, read from the artefact that they read.

    Attributes:
        anchors: SHA-256 of each anchor's DER (of the raw bytes, where no library here can parse it) and its state.
        ours: those that carry our mark (a marker, a file name) whatever the ledger says.
        problems: what is wrong with the artefact itself, a sentence each; empty when all is well.
        unsettled: why the artefact does not show the latest state yet (dpkg will finish it), or None.
    """

    anchors: Mapping[str, State]
    ours: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    unsettled: str | None = None
