"""The settings and variables of trustinstall that would hide a setting which works for an account."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.facts import our_files, system_bundle
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import Effective, Form, Kind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Bundle, Scene
    from trustinstall_platforms.tools.effective.rows import Client


def variables_to_leave(host: Host) -> frozenset[str]:
    """Return the variables that must not be set for the acting account: each hides a setting of a client that works.

    A setting that names a managed file, the system's bundle, or only roots of that bundle, may be hidden.
    """
    return frozenset(hidden(host))


def hidden(host: Host) -> dict[str, frozenset[str]]:
    """Return, by variable, the bundles that settings of the acting account name, and that it would hide.

    The set is empty for a setting whose bundle is not a file, or not known.
    """
    scene, known = decide.bare(host), _system(host)
    found: dict[str, frozenset[str]] = {}
    for client, one in decide.all_of_them(scene):
        if one.decider.kind is Kind.SETTING and _would_lose(host, one, known):
            named = frozenset(host.real(each.path) for each in one.bundles if each.form is Form.FILE)
            for name in _above(client, scene, one):
                found[name] = found.get(name, frozenset()) | named
    return found


def _above(client: Client, scene: Scene, found: Effective) -> Iterator[str]:
    """Yield the variables that replace what a client reads, and have precedence over the setting that decides."""
    for place, one in decide.decisions(client, scene):
        if one.decider == found.decider:
            above = client.places[: client.places.index(place)]
            yield from (name for each in above if each.mode is Mode.REPLACES for name in each.variables)


def would_lose(host: Host, found: Effective) -> bool:
    """Whether a client would lose a root if it read the system's and the managed roots instead of its bundles."""
    return _would_lose(host, found, _system(host))


def is_theirs(host: Host, bundle: Bundle) -> bool:
    """Whether a bundle is neither managed nor the system's own."""
    system = system_bundle.find(host)
    return not our_files.is_ours(bundle.path) and (system is None or host.real(bundle.path) != system.path)


def _would_lose(host: Host, found: Effective, known: frozenset[str]) -> bool:
    if found.mode in {Mode.DEFAULT, Mode.NATIVE, Mode.OFF}:
        return False
    if found.mode is Mode.UNKNOWN:
        return True
    theirs = [one for one in found.bundles if is_theirs(host, one)]
    return any(one.form is not Form.FILE or not _anchors(host, one.path) <= known for one in theirs)


def _system(host: Host) -> frozenset[str]:
    """Return the anchors in the files that trustinstall writes: the system's, and the managed ones."""
    return host.remembered("anchors of the system and of trustinstall", lambda: _kept(host))


def _kept(host: Host) -> frozenset[str]:
    system, own = system_bundle.find(host), our_files.location(host)
    theirs = _digests(system.content) if system else frozenset[str]()
    return theirs | _anchors(host, own) if own else theirs


def _anchors(host: Host, path: str) -> frozenset[str]:
    return _digests(system_bundle.bundle(host, path) or b"")


def _digests(content: bytes) -> frozenset[str]:
    return frozenset(hashlib.sha256(one).hexdigest() for one in ders_of(content, CERTIFICATE_LABELS))
