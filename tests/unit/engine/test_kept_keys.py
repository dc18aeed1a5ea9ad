"""Keys that a document asks for: what people have stays, a kill and a full disk lose nothing, every byte comes back."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import fake_host
from trustinstall import editing
from trustinstall.editing.section import PATH, PROXIES
from trustinstall.engine.keeping import ProxyEngine
from trustinstall.engine.outcome import Result
from trustinstall.engine.perform import perform
from trustinstall.engine.request import Request
from trustinstall.facts.proxies import Proxies
from trustinstall.host import ActingHost, files
from trustinstall.state.kept_keys import Kept
from trustinstall.stores.keys import FileKeys
from trustinstall.stores.steps import Delete

_ASKED = Kept(Proxies("http://a:1", "http://b:2"), "apply:/srv/trust.toml")
_NPMRC = "/home/alice/.npmrc"
_KEYS = ((("proxy",), "http://a:1"), (("https-proxy",), "http://b:2"))
_FORMATS = {
    "npmrc": (*_KEYS, (("noproxy",), "::1,.corp.example,10.0.0.0/8")),
    "ini": ((("global", "proxy"), "http://u:p%40@b:2"),),
    "git": ((("http", "proxy"), "http://b:2"),),
    "yaml": ((("httpProxy",), "http://a:1"), (("httpsProxy",), "http://b:2")),
    "yaml-block": ((("proxy_servers",), 'http: "http://a:1"'),),
    "json": ((("proxies", "default", "httpProxy"), "http://a:1"), (("proxies", "default", "noProxy"), "::1,localhost")),
    "maven": ((("settings", "proxies"), "<proxy><host>a1</host></proxy>"),),
    "proxy-section": ((PROXIES, 'export https_proxy="http://b:2"\nexport no_proxy="::1"'),),
}


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A host that is alice's own."""
    return fake_host.make(tmp_path)


def want(format_: str = "npmrc", path: str = _NPMRC, **more: Any) -> FileKeys:  # noqa: ANN401  any field
    """What a file should say."""
    fields: dict[str, Any] = {"keys": _FORMATS[format_], **more}
    return FileKeys("npm", "npm", path, format_, **fields)


def keep(host: ActingHost, *wanted: FileKeys, asked: Kept = _ASKED, dry_run: bool = False) -> list[Result]:
    """Ask for it; the results, in the order of the files."""
    request = Request((), trusted=True, by="alice", dry_run=dry_run)
    found = ProxyEngine(host, (), lambda _doing: None).keep(asked, wanted, request)
    return [one.result for one in sorted(found, key=lambda one: one.store.location)]


def killed(what: Callable[[], object]) -> None:
    """Do something in a process that is killed when it writes the file, before or in the middle."""
    child = os.fork()
    if not child:
        try:
            what()
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("format_", _FORMATS)
@pytest.mark.parametrize("before", [None, b"", b"\n", b"\xef\xbb\xbf\r\n"])
def test_every_byte_comes_back(host: ActingHost, format_: str, before: bytes | None) -> None:
    """Set, set to another value, and taken back: a file is as it was, and one that was made goes with its directory."""
    path = "/home/alice/.config/tool/file"
    if before is not None and format_ != "json":
        fake_host.write(host, path, before)
    else:
        before = None
    assert keep(host, want(format_, path)) == [Result.ADDED]
    content = host.read(path)
    assert all(editing.get(format_, content, key) == value for key, value in _FORMATS[format_])
    assert keep(host, want(format_, path)) == [Result.ALREADY]
    other = tuple((key, value.replace("1", "3")) for key, value in _FORMATS[format_])
    keep(host, want(format_, path, keys=other))
    assert all(editing.get(format_, host.read(path), key) == value for key, value in other)
    assert keep(host, asked=Kept()) == [Result.REMOVED]
    assert host.read_or_none(path) == before
    assert host.is_directory("/home/alice/.config") == (before is not None)
    assert "proxies.json" not in str(host.names(f"{host.state_base()}/private"))


def test_what_a_person_has_set_is_left(host: ActingHost) -> None:
    """A person's key, set before or after the managed one, is named with its line and stays."""
    fake_host.write(host, _NPMRC, "fund=false\nproxy=http://mine:1\n")
    request = Request((), trusted=True, by="alice")
    (outcome,) = ProxyEngine(host, (), lambda _doing: None).keep(_ASKED, [want()], request)
    assert (outcome.result, outcome.detail) == (Result.ADDED, f"{_NPMRC} line 2 says proxy, and is left")
    fake_host.write(host, _NPMRC, host.read(_NPMRC).replace(b"http://b:2", b"http://theirs:2"))
    keep(host, asked=Kept())
    assert host.read(_NPMRC) == b"fund=false\nproxy=http://mine:1\nhttps-proxy=http://theirs:2\n"


def test_keys_of_one_proxy_are_set_together(host: ActingHost) -> None:
    """Where a person has set the host, neither port nor exceptions of another proxy stand beside it."""
    path, text = "/home/alice/.subversion/servers", "[global]\nhttp-proxy-host = mine\n"
    fake_host.write(host, path, text)
    keys = ((("global", "http-proxy-host"), "a"), (("global", "http-proxy-port"), "1"))
    assert keep(host, want("ini", path, keys=keys, together=True)) == [Result.FOREIGN]
    assert host.read(path) == text.encode()


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_kill_loses_nothing(host: ActingHost, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    """Killed before or after the file was written, the next run completes it or takes it back; no file is left."""
    fake_host.write(host, _NPMRC, "fund=false\n")

    def die(host: ActingHost, step: Delete, token: str) -> None:
        if at == "after":
            perform(host, step, token)
        else:
            fake_host.write(host, f"/home/alice/{host.temporary_name(token)}", "proxy=secret")
        os._exit(9)

    with monkeypatch.context() as patched:
        patched.setattr("trustinstall.engine.kept_keys.perform", die)
        killed(lambda: keep(host, want()))
    assert keep(host, asked=Kept()) == [Result.REMOVED if at == "after" else Result.ABSENT]
    assert host.read(_NPMRC) == b"fund=false\n"
    assert [one for one in host.names("/home/alice") if one.startswith(host.temporary_name(""))] == []


def test_a_file_that_a_person_has_deleted_is_not_made_again(host: ActingHost) -> None:
    """Taking the proxies back makes no empty file in the place of one that is gone."""
    assert keep(host, want()) == [Result.ADDED]
    Path(host.where(_NPMRC)).unlink()
    assert keep(host, asked=Kept()) == [Result.ABSENT]
    assert host.read_or_none(_NPMRC) is None


def test_a_kill_while_a_file_is_deleted_loses_nothing(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the file that was created for the keys is put aside: the next run puts it back, and deletes it."""
    assert keep(host, want()) == [Result.ADDED]

    def die(host: ActingHost, step: Delete, token: str) -> None:
        host.move(step.path, f"/home/alice/{files.aside_name(token, '.npmrc')}")
        os._exit(9)

    with monkeypatch.context() as patched:
        patched.setattr("trustinstall.engine.kept_keys.perform", die)
        killed(lambda: keep(host, asked=Kept()))
    assert host.status(_NPMRC) is None
    assert keep(host, asked=Kept()) == [Result.REMOVED]
    assert [one for one in host.names("/home/alice") if one.startswith((".npmrc", host.temporary_name("")))] == []


def test_a_full_disk_leaves_the_file(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be written is as it was, fails alone, and is set by the next run."""
    fake_host.write(host, _NPMRC, "fund=false\n")
    real = ActingHost.replace

    def full(self: ActingHost, one: Any) -> None:  # noqa: ANN401  a Replacement
        if one.path == _NPMRC:
            raise OSError(errno.ENOSPC, "No space left on device", one.path)
        real(self, one)

    with monkeypatch.context() as patched:
        patched.setattr(ActingHost, "replace", full)
        assert keep(host, want(), want("git", "/home/alice/.gitconfig")) == [Result.ADDED, Result.FAILED]
    assert host.read(_NPMRC) == b"fund=false\n"
    assert keep(host, want(), want("git", "/home/alice/.gitconfig")) == [Result.ALREADY, Result.ADDED]


def test_a_file_of_several_names_is_not_separated(host: ActingHost) -> None:
    """A file with hard links fails, and both names still lead to the same file."""
    fake_host.write(host, _NPMRC, "fund=false\n")
    os.link(host.where(_NPMRC), host.where("/home/alice/other"))
    assert keep(host, want()) == [Result.FAILED]
    assert host.read("/home/alice/other") == host.read(_NPMRC) == b"fund=false\n"


def test_a_dry_run_writes_nothing(host: ActingHost) -> None:
    """A plan says which file would be made, and makes neither that nor any record."""
    assert keep(host, want(), dry_run=True) == [Result.PLANNED]
    assert host.status("/home/alice") is None


@pytest.mark.parametrize("first", [PATH, PROXIES])
def test_sections_of_certificates_and_proxies_do_not_disturb_each_other(first: editing.Path) -> None:
    """Put and taken out in both orders, the file is as it was."""
    kinds = {PATH: "section", PROXIES: "proxy-section"}
    second = PROXIES if first == PATH else PATH
    before = b"#!/bin/sh\numask 022"
    one, text = editing.put(kinds[first], before, first, "a=1")
    both, other = editing.put(kinds[second], one, second, "b=2")
    assert editing.take(kinds[second], both, second, other) == one
    rest = editing.take(kinds[first], both, first, text)
    assert editing.take(kinds[second], rest, second, other) == before
