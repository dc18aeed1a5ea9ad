"""Keychains of a made-up Mac, and how the engine changes them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from tests.support.pki import make_root
from tests.support.scripted_security import BASIC, SSL, Mac
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import Host
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.macos.keychain import Keychain

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
ALLOW: dict[str, Any] = {"kSecTrustSettingsPolicy": SSL}
DENY: dict[str, Any] = {"kSecTrustSettingsResult": 3}
MAIL: dict[str, Any] = {"kSecTrustSettingsPolicy": BASIC}


class Mine(Keychain):
    """A keychain whose file belongs to the account that runs the test, be it root or not."""

    def discover(self, host: Host, places: DiscoveryOptions) -> list[Store]:
        """As root, too, an account's keychain is found."""
        found = super().discover(replace(host, account=replace(host.account, uid=501)), places)
        return [replace(store, owner=os.geteuid()) for store in found]


MACHINE, ACCOUNT = Mine("keychain", machine=True), Mine("login-keychain", machine=False)


def change(
    mac: Mac,
    *ders: bytes,
    backend: Keychain = MACHINE,
    trusted: bool = True,
    adopt: bool = False,
    dialogs: bool = True,
) -> Outcome:
    """Run the engine to add or remove certificates (Corp Root, where none is named)."""
    certificates = tuple(map(Certificate, ders or (CORP.der,)))
    wish = Request(certificates, trusted, by="alice", adopt=adopt)
    engine = Engine(mac.host(dialogs=dialogs), [backend], lambda _doing: None)
    (outcome,) = engine.change(wish, DiscoveryOptions(), Selection()).outcomes
    return outcome


def states(mac: Mac, backend: Keychain = MACHINE) -> dict[str, State]:
    """What a store shows."""
    host = mac.host()
    (store,) = backend.discover(host, DiscoveryOptions())
    return dict(backend.observe(host, store, frozenset()).anchors)
