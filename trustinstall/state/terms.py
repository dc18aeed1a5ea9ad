"""The terms of a claim: until when, in which stores and for whom a certificate is wanted.

`repair` reads them, so that it restores exactly the requested state.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from trustinstall.typed_json import flag, words
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.stores.store import DiscoveryOptions


@dataclass(frozen=True)
class Terms:
    """The terms of one claim.

    Attributes:
        until: when the trust ends, ISO 8601 in UTC; "" for never.
        all_users: whether the claim covers accounts that are created later, too.
        stores, skip: the stores that were chosen or left out, as `Selection` names them.
        domains: the names and networks that the certificate is trusted for, or () for all of them.
        pythons, searches, bundles, windows_host: additional places to look in, as in `DiscoveryOptions`.
        variables: how environment variables are set (`--variables`); "" for the default of the scope.
        origin: the documents of `apply` that ask for the certificate ("apply:PATH"), or "" if a person does.
    """

    until: str = ""
    all_users: bool = False
    stores: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    windows_host: bool = False
    variables: str = ""
    origin: str = ""

    @classmethod
    def of(cls, places: DiscoveryOptions, stores: tuple[str, ...], skip: tuple[str, ...]) -> Terms:
        """Return terms with the places and the selection of a command."""
        return cls(
            stores=stores,
            skip=skip,
            pythons=places.pythons,
            searches=places.searches,
            bundles=places.bundles,
            windows_host=places.windows_host,
        )

    def renewed(self, new: Terms) -> Terms:
        """Return the terms after the same certificate was requested again: the new terms, in the stores of both.

        Additional places and the scope of all accounts are kept. A person's certificate does not become a document's,
        and a document does not shorten a person's trust.
        """
        narrow = bool(self.stores and new.stores)
        beside = bool(new.origin) and not self.origin
        return replace(
            new,
            until=max(self.until, new.until) if beside and self.until and new.until else "" if beside else new.until,
            stores=_joined(self.stores, new.stores) if narrow else () if new.stores and not self.stores else new.stores,
            skip=tuple(one for one in self.skip if one not in new.stores) if new.stores else new.skip,
            all_users=self.all_users or new.all_users,
            pythons=_joined(self.pythons, new.pythons),
            searches=_joined(self.searches, new.searches),
            bundles=_joined(self.bundles, new.bundles),
            windows_host=self.windows_host or new.windows_host,
            origin=new.origin if self.origin else "",
        )

    def without(self, stores: tuple[str, ...], skip: tuple[str, ...]) -> Terms:
        """Return the terms after the certificate was taken out of some stores: those chosen, or all but the skipped."""
        if stores:
            left = tuple(one for one in self.stores if one not in stores)
            return replace(self, stores=left, skip=_joined(self.skip, stores))
        return replace(self, stores=skip) if skip else self

    def to_json(self) -> dict[str, Any]:
        """Return the terms that differ from the default, as JSON data."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        """Return the terms that `to_json` described. Raises TypeError or ValueError on any other data."""
        if unknown := data.keys() - {one.name for one in fields(cls)}:
            raise ValueError(f"no such term: {min(unknown)!r}")
        return cls(
            until=_text(data.get("until", "")),
            all_users=flag(data.get("all_users", False)),
            stores=words(data.get("stores", [])),
            skip=words(data.get("skip", [])),
            domains=words(data.get("domains", [])),
            pythons=words(data.get("pythons", [])),
            searches=words(data.get("searches", [])),
            bundles=words(data.get("bundles", [])),
            windows_host=flag(data.get("windows_host", False)),
            variables=_text(data.get("variables", "")),
            origin=_text(data.get("origin", "")),
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
