"""The settings and variables of trustinstall that would hide a setting which works for an account."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.facts import our_files, system_bundle
from trustinstall.facts.programs import programs
from trustinstall_platforms.tools.effective import decide, elsewhere
from trustinstall_platforms.tools.effective.clients.python import SSL, SSL_DIRECTORY
from trustinstall_platforms.tools.effective.model import Effective, Form, Kind, Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Bundle, Scene, Session
    from trustinstall_platforms.tools.effective.rows import Client, Place


def variables_to_leave(host: Host, sessions: Iterable[Session] = ()) -> frozenset[str]:
    """Return the variables that must not be set for the acting account: each hides what works for a client.

    That is a setting, of the account, or of one of its Python environments or projects, or another variable of one of
    the account's `sessions` or of the session that calls: it may also move the file that has the setting. What names a
    managed file, the system's bundle, or only roots of that bundle, may be hidden.
    """
    return frozenset(hidden(host, sessions))


def hidden(host: Host, sessions: Iterable[Session] = ()) -> dict[str, frozenset[str]]:
    """Return, by variable, the bundles that it would hide, which settings and variables of the acting account name.

    The set is empty if such a bundle is not a file, or not known.
    """
    known = _system(host)
    found: dict[str, frozenset[str]] = {}
    seen = (
        (client, scene, one) for scene in decide.scenes(host, sessions) for client, one in decide.all_of_them(scene)
    )
    for client, scene, one in (*seen, *elsewhere.look(host)):
        if one.decider.kind in {Kind.SETTING, Kind.VARIABLE} and _would_lose(host, one, known):
            named = frozenset(host.real(each.path) for each in one.bundles if each.form is Form.FILE)
            for name in variables_above(client, scene, one):
                found[name] = found.get(name, frozenset()) | named
    return found


def variables_above(client: Client, scene: Scene, found: Effective) -> Iterator[str]:
    """Yield the variables that replace what a client reads, and have precedence over the place that decides."""
    for place, one in decide.decisions(client, scene):
        if one.decider == found.decider:
            above = client.places[: client.places.index(place)]
            counting = (one for one in above if one.mode is Mode.REPLACES and not _is_beside(scene, client, one, place))
            yield from (name for one in counting for name in one.variables)
            yield from takewhile(decide.name(place, scene).__ne__, place.variables)


def _is_beside(scene: Scene, client: Client, first: Place, second: Place) -> bool:
    """Whether a client reads SSL_CERT_DIR's directories beside SSL_CERT_FILE's file, as OpenSSL and curl do.

    Composer reads the file alone (composer/ca-bundle, CaBundle.php, getSystemCaRootBundlePath).
    """
    both = (first, second) == (SSL, SSL_DIRECTORY)
    return both and not (client.name == "Composer" and programs(scene.host, ("composer",)))


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
    return any(one.form is Form.INLINE or not decide.digests(host, one) <= known for one in theirs)


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
    return frozenset(map(sha256_of, ders_of(content, CERTIFICATE_LABELS)))
