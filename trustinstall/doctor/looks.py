"""Probes several servers at the same time."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.doctor import probe
from trustinstall.doctor.failures import Layer, ProbeFailed
from trustinstall.host import waits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.doctor.probe import Seen
    from trustinstall.doctor.proxies import Proxy
    from trustinstall.doctor.target import Target

SECONDS = 60.0  # for all servers together


def look(
    wanted: Sequence[tuple[Target, Proxy | None]],
    seconds: float = SECONDS,
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> list[Seen | ProbeFailed]:
    """Probe servers, and return the result or the failure of each, in the order given.

    `wanted` holds each server with the proxy to it, or None. `seconds` limits all probes together: a server whose turn
    has not come by then fails with the layer NOT_LOOKED. `trust` is that of `probe.look`.

    >>> look([])
    []
    """
    found = waits.at_once([partial(_look, *one, trust) for one in wanted], seconds)
    text = (
        f"it was not looked at: the looks at {len(wanted)} servers have taken {seconds:.0f} seconds; name fewer at once"
    )
    late = ProbeFailed(Layer.NOT_LOOKED, text)
    return [late if one is None else one for one in found]


def _look(target: Target, proxy: Proxy | None, trust: Callable[[], ssl.SSLContext], left: float) -> Seen | ProbeFailed:
    try:
        return probe.look(target, proxy, min(probe.SECONDS, left), trust)
    except ProbeFailed as error:
        return error
