"""The problems with the stores of a machine: differences from the ledgers, and faults in the bytes of bundles."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from trustinstall.catalog import SYSTEM_STORES
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.doctor import health
from trustinstall.doctor.health import Finding
from trustinstall.errors import printable
from trustinstall.facts import readable, running_programs, system_bundle
from trustinstall.state.ledger import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.installer.views import Held, Listed, StoreView, View

_BUNDLES = frozenset({"certifi", "bundle", "homebrew", "embedded"})
_POLICIES = frozenset({"chromium-policy", "firefox-policy"})
#: The other kinds of stores that a damaged file leaves without any root, or without those that were added.
_OTHERS = _POLICIES | {"java", "nss", "dotnet", "mono", "drop-directory"}
_LOST = frozenset({"missing", "gone", "half-installed"})
_LOCAL = "/usr/local/share/ca-certificates"
_UPDATE = "/usr/sbin/update-ca-certificates"
_MOST = 2000  # files of a directory that are read
_ENDING = ".crt"  # update-ca-certificates(8): only files with it are read


def findings(host: Host, view: View) -> Iterator[Finding]:
    """Yield the problems of the stores in scope, and the stores without one."""
    yield from _roots(host, view)
    yield from _bundles(host, view)
    yield from _others(view)
    yield from _debian(host)
    yield from _policies(host, view)
    yield from _programs(host, view)


def _roots(host: Host, view: View) -> Iterator[Finding]:
    for one in view.certificates:
        own = [held for held in one.stores if not held.foreign]
        lost = [held for held in own if held.state in _LOST]
        yield from (_lost(host, one, held) for held in lost)
        if own and not lost:
            reason = f"{one.name} is in all {len(own)} stores that it was added to"
            yield Finding("store-holds", one.name, one.sha256, reason, scope=one.scope)
        yield from _ending(host, one)


def _lost(host: Host, one: Listed, held: Held) -> Finding:
    words = (*_as_owner(host, one.scope), *host.program(), "repair")
    what = "is gone" if held.state == "gone" else f"does not hold {one.name} any more"
    return Finding("store-lost-root", held.label, held.store, f"{held.store} {what}", words, scope=one.scope)


def _as_owner(host: Host, scope: str) -> tuple[str, ...]:
    """Return the words in front of a command for the machine: sudo, or nothing."""
    return ("sudo",) if scope == "machine" and not host.account.is_root and host.platform != "win32" else ()


def _ending(host: Host, one: Listed) -> Iterator[Finding]:
    if not one.expires_soon:
        return
    day = one.not_after[:10]
    if datetime.fromisoformat(one.not_after) < host.now():
        words = (*_as_owner(host, one.scope), *host.program(), "remove", one.sha256)
        yield Finding("root-expired", one.name, one.sha256, f"it expired on {day}", words, scope=one.scope)
    else:
        advice = f"Ask the administrator for the root that follows {one.name}, and add it before {day}."
        yield Finding("root-ends-soon", one.name, one.sha256, f"it expires on {day}", advice=advice, scope=one.scope)


def _bundles(host: Host, view: View) -> Iterator[Finding]:
    """Yield the faults of the bundles that hold all the roots of their clients; equal bundles are examined once."""
    known: dict[bytes, health.Bundle] = {}
    places = {one.location: one for one in view.stores if one.backend in _BUNDLES}
    system = system_bundle.find(host)
    paths = [*([system.path] if system else []), *(one for one in places if not system or one != system.path)]
    for path in paths:
        content = system_bundle.bundle(host, path)
        if content is None:
            continue
        digest = hashlib.sha256(content).digest()
        if digest not in known:
            known[digest] = health.bundle(content, host.now())
        store = places.get(path)
        found = list(_faults(host, path, store, known[digest]))
        reason = f"{known[digest].total} roots, {known[digest].public} of them public"
        yield from found or [Finding("bundle-sound", _name(store), path, reason, scope=_scope(store))]


def _others(view: View) -> Iterator[Finding]:
    """Yield the faults of keystores, databases and policies."""
    for one in view.stores:
        if one.backend in _OTHERS and one.fault:
            advice = "Mend the file, or have its program make it anew; trustinstall leaves it as it is."
            yield Finding("store-faulty", one.label, one.location, one.fault, advice=advice, scope=one.scope)


def _name(store: StoreView | None) -> str:
    return store.label if store else "the system"


def _scope(store: StoreView | None) -> str:
    return store.scope if store else "machine"


def _faults(host: Host, path: str, store: StoreView | None, seen: health.Bundle) -> Iterator[Finding]:
    name, scope = _name(store), _scope(store)
    found = list(health.faults(seen))
    if seen.public < health.FEWEST_PUBLIC_ROOTS:
        reason = f"it holds {seen.public} public roots only: it may be cut off, replaced or very old"
        found.append(("bundle-short", reason, "Get the bundle anew from where it came."))
    made_anew = store is None and host.status(_UPDATE) is not None
    for kind, reason, advice in found:
        mends = made_anew and kind in {"bundle-damaged", "bundle-short"}
        words = (*_as_owner(host, "machine"), _UPDATE) if mends else ()
        yield Finding(kind, name, path, reason, words, "" if mends else advice, scope)


def _debian(host: Host) -> Iterator[Finding]:
    """Yield files of Debian's local directory that its tool never reads, or has not read yet."""
    system = system_bundle.find(host)
    if system is None or host.status(_UPDATE) is None:
        return
    trusted = health.anchors(system.content)
    for path in _local(host):
        roots = health.anchors(_content(host, path)) - trusted
        if not roots:
            continue
        shown = printable(path, 4096)
        if path.endswith(_ENDING):
            reason = f"the system does not trust {shown} yet: its tool has not run since the file came"
            words: tuple[str, ...] = (*_as_owner(host, "machine"), _UPDATE)
            yield Finding("not-updated", "the system", path, reason, words, scope="machine")
        else:
            reason = f"update-ca-certificates reads files that end in {_ENDING} alone, and so never {shown}"
            words = (*_as_owner(host, "machine"), *host.program(), "add", path)
            yield Finding("never-read", "the system", path, reason, words, scope="machine")


def _local(host: Host) -> Iterator[str]:
    count = 0
    for entry in host.walk(_LOCAL) if host.is_directory(_LOCAL) else ():
        for name in entry.files:
            count += 1
            if count > _MOST:
                return
            yield f"{entry.path}/{name}"


def _content(host: Host, path: str) -> bytes:
    """Return a file's content, in PEM where it is one certificate in DER; b"" where it cannot be read."""
    try:
        content = host.read(host.real(path), 1 << 20)
    except OSError:
        return b""
    return content if any(one.label in CERTIFICATE_LABELS for one in pem_blocks(content)) else b""


def _policies(host: Host, view: View) -> Iterator[Finding]:
    """Yield policy files that only root can read, so that browsers cannot."""
    if not host.account.is_root:
        return
    for store in view.stores:
        if store.backend not in _POLICIES or store.scope != "machine":
            continue
        inside = host.names(store.location) if host.is_directory(store.location) else []
        for path in (store.location, *(f"{store.location}/{one}" for one in inside)):
            if closed := readable.hidden(host, path):
                part, mode = closed
                reason = f"{printable(part, 4096)} can be read by root alone, and {store.label} runs as people"
                yield Finding("file-unreadable", store.label, path, reason, ("chmod", mode, part), scope="machine")
                break


def _programs(host: Host, view: View) -> Iterator[Finding]:
    """Yield running programs that started before the system's roots changed, and read them only at their start."""
    system = {one.store for one in view.stores if one.backend in SYSTEM_STORES}
    held = [one for listed in view.certificates for one in listed.stores if one.store in system and one.since]
    if not held:
        return
    latest = max(moment(one.since) for one in held)
    for name in running_programs.older(host, latest.timestamp()):
        reason = f"{name} reads the system's roots when it starts, and runs since before {latest:%Y-%m-%d %H:%M} UTC"
        yield Finding("program-older", name, f"{latest:%Y-%m-%dT%H:%M:%SZ}", reason, advice=f"Restart {name}.")
