"""Files that hold keys for certificates and for proxies: in each order of setting and removal, every byte returns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import fake_host
from tests.support.fake_store import ROOTS
from trustinstall import editing
from trustinstall.editing.section import PATH, PROXIES
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.request import Request
from trustinstall.facts.proxies import Proxies
from trustinstall.host import ActingHost, Host
from trustinstall.state.kept_keys import Kept
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.desired import Change
from trustinstall.stores.keys import FileKeys
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.tools.key_in_file import KeyInFile

_ASKED = Kept(Proxies("http://a:1"), "apply:/srv/trust.toml")
_HOME = "/home/alice/.config"
_BUNDLE = "/home/alice/bundle.pem"
_ROOT = ROOTS[0].sha256
#: The key for certificates, those for proxies in the same section, object or file, and what a person may have there.
_FORMATS: dict[str, tuple[editing.Path, list[editing.Path], list[bytes]]] = {
    "ini": (("global", "cert"), [("global", "proxy")], [b"[user]\nx = 1", b"[a]\r\nx = 1\r\n", b"[global]\nx = 1\n"]),
    "git": (("http", "sslbackend"), [("http", "proxy")], [b"[user]\n\tname = a", b"[http]\n", b"# none\n"]),
    "json": (("env", "CA"), [("env", "HTTP"), ("env", "HTTPS")], [b"{}", b'{"x": 1}', b'{\n\t"env": {"B": "1"}\n}\n']),
    "npmrc": (("cafile",), [("proxy",), ("https-proxy",)], [b"fund=false", b"; mine\r\n"]),
    "yaml": (("ssl_verify",), [("httpProxy",)], [b"# none", b"---\nx: 1\n"]),
    "proxy-section": (PATH, [PROXIES], [b"#!/bin/sh", b"umask 022", b"#!/bin/sh\numask 022\n"]),
}
_KIND = {"proxy-section": "section"}


class Keyed(Backend):
    """A store that is one key of one file."""

    name = "keyed"
    capabilities = frozenset({Capability.SET_ONCE})

    def __init__(self, format_: str, location: str) -> None:
        self._location, self.key = location, KeyInFile(_KIND.get(format_, format_), _FORMATS[format_][0], 0o600)

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """It is always there."""
        yield self.at(host, self._location)

    def at(self, host: Host, location: str) -> Store:
        """It is always there."""
        return Store(self.name, location, host.account.uid, f"{self.name}:{location}", "the tests")

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """The root is trusted if the key is set."""
        if self.key.read(host, self._location) != _BUNDLE:
            return Observation({})
        return Observation({_ROOT: State.TRUSTED}, copies=(Copy(_ROOT, marked=True),) if _ROOT in names else ())

    def anchors(self, _host: Host, _store: Store) -> Iterator[bytes]:
        """Return no certificates: the store only has a key."""
        return iter(())

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Set the key, or take it out."""
        noted = change.noted_entries
        if not change.add:
            return self.key.taken_back(host, store, self.key.away(host, store, _BUNDLE, noted))
        plan, entries = self.key.set(host, store, _BUNDLE)
        return Plan(plan.steps, placed=tuple(Placed(one.sha256, entries) for one in change.add))


def _step(host: ActingHost, format_: str, path: str, step: str) -> None:
    """Add or remove the root, or set other proxies or none."""
    if step in "+-":
        fake_host.change(host, [Keyed(format_, path)], fake_host.wish(ROOTS[0].der, trusted=step == "+"))
        return
    keys = tuple((key, f"http://a:{step}") for key in _FORMATS[format_][1]) if step != "0" else ()
    wanted = [FileKeys("tool", "the tests", path, format_, keys)] if keys else []
    request = Request((), trusted=True, by="alice")
    ProxyEngine(host, (), lambda _doing: None).keep(_ASKED if keys else Kept(), wanted, request)


def _live(host: ActingHost, format_: str, path: str, steps: str) -> None:
    """Do the steps, and check both halves after each."""
    root, proxy = "-", "0"
    for step in steps:
        _step(host, format_, path, step)
        root, proxy = (step, proxy) if step in "+-" else (root, step)
        content = host.read_or_none(path) or b""
        assert (Keyed(format_, path).key.read(host, path) is not None) == (root == "+"), (steps, content)
        found = [editing.get(format_, content, key) for key in _FORMATS[format_][1]]
        assert found == [None if proxy == "0" else f"http://a:{proxy}"] * len(found), (steps, content)


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """Return a host on which alice acts."""
    return fake_host.make(tmp_path)


@pytest.mark.parametrize("steps", ["+1-0", "1+0-", "1+20-", "+1-+0-"])
@pytest.mark.parametrize("format_", _FORMATS)
@pytest.mark.parametrize("written", ["", "by a person"])
def test_every_byte_comes_back_in_each_order(host: ActingHost, format_: str, steps: str, written: str) -> None:
    """A file that a person has written is as before; one that was made goes, with its directories."""
    path, before = f"{_HOME}/tool/file", _FORMATS[format_][2][0] if written else None
    if before is not None:
        fake_host.write(host, path, before)
    _live(host, format_, path, steps)
    assert host.read_or_none(path) == before
    assert host.is_directory(_HOME) == bool(written)


@settings(max_examples=20)
@given(
    st.sampled_from(sorted(_FORMATS)),
    st.lists(st.sampled_from("+-012"), max_size=8).map("".join),
    st.sampled_from(["-0", "0-"]),
    st.integers(-1, 2),
)
def test_every_byte_comes_back_after_any_steps(format_: str, steps: str, end: str, chosen: int) -> None:
    """After any number of steps in any order, the file is as before."""
    contents = _FORMATS[format_][2]
    before = contents[chosen % len(contents)] if chosen >= 0 else None
    with fake_host.played() as host:
        path = f"{_HOME}/tool/file"
        if before is not None:
            fake_host.write(host, path, before)
        _live(host, format_, path, steps + end)
        assert host.read_or_none(path) == before, steps
        assert host.is_directory(_HOME) == (before is not None)
