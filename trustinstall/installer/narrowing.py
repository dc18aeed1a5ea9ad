"""A part of the result of `look`: one scope, some stores, some certificates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.stores.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.engine.request import Selection
    from trustinstall.installer.views import Anchor, Held, StoreView, View

_MACHINE = "machine"


def narrowed(
    view: View,
    *,
    scope: str | None = None,
    selection: Selection | None = None,
    certificates: Collection[str] | None = None,
) -> View:
    """Return a part of a view.

    Args:
        view: the result of `look`.
        scope: "machine" for the machine's stores alone, "user" for those of accounts, None for both.
        selection: the chosen stores; None for all.
        certificates: SHA-256 of the chosen certificates; None for all.

    Raises:
        UsageProblem: a word of the selection names no store.
    """
    if scope in {_MACHINE, "user"}:
        machine = scope == _MACHINE
        stores = tuple(one for one in view.stores if (one.scope == _MACHINE) == machine)
        listed = tuple(one for one in view.certificates if (one.scope == _MACHINE) == machine)
        view = replace(view, stores=stores, certificates=listed, anchors=_anchors(view, {one.store for one in stores}))
    if selection is not None and (selection.stores or selection.skip):
        view = _selected(view, selection)
    if certificates is not None:
        listed = tuple(one for one in view.certificates if one.sha256 in certificates)
        anchors = tuple(one for one in view.anchors if one.sha256 in certificates)
        view = replace(view, certificates=listed, anchors=anchors)
    return view


def _selected(view: View, selection: Selection) -> View:
    known = {one.store: _store(one) for one in view.stores}
    gone = {held.store: _of(held) for one in view.certificates for held in one.stores if held.store not in known}
    selection.check([*known.values(), *gone.values()])
    chosen = {name for name, store in {**gone, **known}.items() if selection.takes(store)}
    listed = (
        replace(one, stores=tuple(held for held in one.stores if held.store in chosen)) for one in view.certificates
    )
    return replace(
        view,
        stores=tuple(one for one in view.stores if one.store in chosen),
        certificates=tuple(one for one in listed if one.stores),
        anchors=_anchors(view, chosen),
    )


def _anchors(view: View, stores: Collection[str]) -> tuple[Anchor, ...]:
    return tuple(one for one in view.anchors if one.store in stores)


def _store(one: StoreView) -> Store:
    return Store(one.backend, one.location, 0, one.store, one.clients, label=one.label)


def _of(held: Held) -> Store:
    """Return a store that no longer exists, with the facts in its id."""
    backend, _, location = held.store.partition(":")
    return Store(backend, location, 0, held.store, "", label=held.label if held.label != held.store else "")
