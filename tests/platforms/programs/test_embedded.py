"""Bundles that programs bring along: the files that are some, and those of no program or of another store."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest

from tests.support.fake_host import link, make, program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine import discovery
from trustinstall.engine.outcome import Result
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.embedded import Embedded
from trustinstall_platforms.programs.named_bundle import NamedBundle
from trustinstall_platforms.python.certifi import Certifi

if TYPE_CHECKING:
    from trustinstall.host import ActingHost

HOME = "/home/tester"
BUNDLE = Path(certifi.where()).read_bytes()
ROOT = Certificate(make_root("Corp Root").der)
ELF = "\x7fELF\x02"
EVERYWHERE = DiscoveryOptions(through=True)


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """An empty machine."""
    return make(tmp_path, "tester", HOME)


def found(host: ActingHost, places: DiscoveryOptions = EVERYWHERE) -> list[str]:
    """The ids of stores; Python's and named bundles come first in the catalogue."""
    return list(discovery.discover(host, (Certifi(), NamedBundle(), Embedded()), places).stores)


@pytest.mark.parametrize(
    "path",
    [
        "/opt/chef/embedded/ssl/certs/cacert.pem",
        "/opt/puppetlabs/puppet/ssl/cert.pem",
        "/opt/datadog-agent/embedded/ssl/certs/cacert.pem",
        "/opt/gitlab/embedded/ssl/certs/cacert.pem",
        "/opt/vagrant/embedded/cacert.pem",
        "/opt/sensu/embedded/ssl/certs/cacert.pem",
        "/opt/Example/resources/app.asar.unpacked/ca-bundle.crt",
        "/opt/ca-bundle.pem",
        "/usr/local/lib/tool/roots.pem",
        "/usr/local/lib/node_modules/grpc/deps/grpc/etc/roots.pem",
    ],
)
def test_what_opt_and_usr_local_hold_is_a_programs(host: ActingHost, path: str) -> None:
    """A bundle below /opt and /usr/local is found without a table that names it."""
    write(host, path, BUNDLE)
    assert found(host) == [f"embedded:{path}"]


@pytest.mark.parametrize(
    "path",
    [
        "/opt/tool/tests/data/cacert.pem",
        "/opt/tool/examples/cacert.pem",
        "/opt/backup-2026/chef/cacert.pem",
        "/opt/tool.old/cacert.pem",
        "/usr/local/src/curl/cacert.pem",
        "/usr/local/share/ca-certificates/all.crt",
        "/usr/local/share/trustinstall/bundle.pem",
        "/opt/tool/cacert.pem.orig",
    ],
)
def test_tests_sources_and_backups_are_nobodys(host: ActingHost, path: str) -> None:
    """Also there, what is kept for tests, as a backup or by the system's own tools is no program's bundle."""
    write(host, path, BUNDLE)
    assert found(host) == []


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        ("apps/tool/ssl/cacert.pem", {"apps/tool/bin/tool": "#!/bin/sh\n"}),
        ("apps/tool/resources/cacert.pem", {"apps/tool/tool": ELF, "apps/tool/resources.pak": ""}),
        (".rbenv/versions/3.3.0/lib/ruby/cacert.pem", {".rbenv/.git/HEAD": "", ".rbenv/versions/3.3.0/bin/ruby": ELF}),
        ("src/app/node_modules/@x/y/certs/ca.pem", {"src/app/.git/HEAD": ""}),
        (
            "src/app/vendor/composer/ca-bundle/res/cacert.pem",
            {"src/app/.git/HEAD": "", "src/app/vendor/autoload.php": ""},
        ),
        (".gem/ruby/3.1.0/gems/excon-1.0/data/cacert.pem", {".gem/ruby/3.1.0/specifications/excon-1.0.gemspec": ""}),
        (".vscode/extensions/a.b-1.0/ca-bundle.crt", {".vscode/extensions/a.b-1.0/package.json": "{}"}),
    ],
)
@pytest.mark.parametrize("top", [HOME, "/srv"])
def test_elsewhere_a_program_or_a_package_is_about_it(
    host: ActingHost, top: str, path: str, beside: dict[str, str]
) -> None:
    """In a home and in /srv the nearest directory that says what it is must be a program's or a package's."""
    write(host, f"{top}/{path}", BUNDLE)
    assert found(host) == [] or "node_modules" in path
    for name, content in beside.items():
        program(host, f"{top}/{name}", content)
    assert found(host) == [f"embedded:{top}/{path}"]


@pytest.mark.parametrize(
    ("path", "beside"),
    [
        ("Downloads/cacert.pem", {"Downloads/kubectl": ELF}),
        ("cacert.pem", {"bin/tool": "#!/bin/sh\n"}),
        (".local/share/x/cacert.pem", {".local/bin/tool": "#!/bin/sh\n"}),
        ("go/pkg/mod/example.org/x/roots.pem", {"go/bin/tool": ELF}),
        (".cargo/registry/src/x/cacert.pem", {".cargo/bin/cargo": ELF}),
        ("src/curl/lib/cacert.pem", {"src/curl/.git/HEAD": "", "src/curl/bin/tool": "#!/bin/sh\n"}),
        ("src/app/tests/fixtures/roots.pem", {"src/app/bin/tool": "#!/bin/sh\n"}),
        ("backup/opt/chef/embedded/cacert.pem", {"backup/opt/chef/embedded/bin/chef": ELF}),
        ("notes/cacert.pem", {"notes/bin/readme": "text that may be executed, as on a disk of Windows'\n"}),
    ],
)
def test_downloads_checkouts_and_backups_are_left(host: ActingHost, path: str, beside: dict[str, str]) -> None:
    """In a home a file of many public roots alone is no store: no program reads it."""
    write(host, f"{HOME}/{path}", BUNDLE)
    for name, content in beside.items():
        program(host, f"{HOME}/{name}", content)
    assert found(host) == found(host, DiscoveryOptions(searches=(HOME,))) == []


@pytest.mark.parametrize("name", ["test", "backup", "docs"])
def test_the_name_of_an_account_says_nothing(tmp_path: Path, name: str) -> None:
    """The home of an account that is called backup is a home like any other."""
    host = make(tmp_path, name, f"/home/{name}")
    program(host, f"/home/{name}/tool/bin/tool")
    path = write(host, f"/home/{name}/tool/cacert.pem", BUNDLE)
    assert found(host) == [f"embedded:{path}"]


@pytest.mark.parametrize("content", [BUNDLE[:9000], b"#" * 300_000, b""], ids=["few", "text", "empty"])
def test_few_roots_are_no_bundle(host: ActingHost, content: bytes) -> None:
    """A file with less than ten public roots is a pin or a chain."""
    write(host, "/opt/tool/cacert.pem", content)
    assert found(host) == []


def test_a_file_is_one_store(host: ActingHost) -> None:
    """Links to a bundle are the same store, a file that another kind of store has is that one's alone."""
    path = write(host, "/opt/chef/embedded/ssl/certs/cacert.pem", BUNDLE)
    link(host, "/opt/chef/embedded/ssl/cert.pem", path)
    site = write(host, "/opt/chef/lib/python3.12/site-packages/certifi/cacert.pem", BUNDLE)
    link(host, "/opt/chef/embedded/ca-bundle.pem", site)
    write(host, "/etc/ssl/certs/ca-certificates.crt", BUNDLE)
    link(host, "/opt/chef/roots.pem", "/etc/ssl/certs/ca-certificates.crt")
    assert found(host) == [f"certifi:{site}", f"embedded:{path}"]
    named = DiscoveryOptions(through=True, bundles=(path,))
    assert found(host, named) == [f"certifi:{site}", f"bundle:{path}"]


def test_names_of_one_file_are_changed_each(host: ActingHost) -> None:
    """Two programs share a bundle by a hard link, as package managers make them: each gets the root, and loses it."""
    one = write(host, "/opt/one/cacert.pem", BUNDLE)
    Path(host.where("/opt/two")).mkdir()
    os.link(host.where(one), host.where("/opt/two/cacert.pem"))
    engine = Engine(host, (Embedded(),), lambda _doing: None)
    for trusted, result in ((True, Result.ADDED), (False, Result.REMOVED)):
        scope = engine.change(Request((ROOT,), trusted=trusted, by="root"), EVERYWHERE, Selection())
        assert [each.result for each in scope.outcomes] == [result, result]
        assert [ROOT.pem in host.read(path) for path in (one, "/opt/two/cacert.pem")] == [trusted, trusted]
    assert host.read(one) == host.read("/opt/two/cacert.pem") == BUNDLE


def test_an_upgrade_takes_the_root_away_and_add_brings_it_back(host: ActingHost) -> None:
    """A package's new file gets the root without a walk, and `remove` leaves it as the package made it."""
    path = write(host, "/opt/tool/cacert.pem", BUNDLE)
    engine = Engine(host, (Embedded(),), lambda _doing: None)
    wish = Request((ROOT,), trusted=True, by="root")
    engine.change(wish, DiscoveryOptions(), Selection())
    write(host, path, BUNDLE + b"# newer\n")
    assert [one.result for one in engine.change(wish, DiscoveryOptions(), Selection()).outcomes] == [Result.ADDED]
    engine.change(Request((ROOT,), trusted=False, by="root"), DiscoveryOptions(), Selection())
    assert host.read(path) == BUNDLE + b"# newer\n"


def test_signed_apps_and_images_are_not_changed(host: ActingHost) -> None:
    """What its owner's tool checks is shown, with the way that works."""
    path = write(host, "/opt/Example.app/Contents/Resources/cacert.pem", BUNDLE)
    ((_, store),) = discovery.discover(host, (Embedded(),), EVERYWHERE).stores.values()
    assert (store.location, store.sealed) == (path, True)


def test_the_owning_package_is_named(host: ActingHost) -> None:
    """Dpkg's lists say it; where packages share a directory, the one that has the file, or none if none has it."""
    own = write(host, "/opt/datadog-agent/embedded/ssl/cacert.pem", BUNDLE)
    shared = write(host, "/opt/puppetlabs/puppet/ssl/cert.pem", BUNDLE)
    other = write(host, "/opt/unpacked/cacert.pem", BUNDLE)
    lists = {
        "datadog-agent:amd64": "/.\n/opt\n/opt/datadog-agent\n/opt/datadog-agent/embedded\n",
        "puppet-agent": f"/.\n/opt\n/opt/puppetlabs\n{shared}\n",
        "puppet-release": "/.\n/opt\n/opt/puppetlabs\n/opt/puppetlabs/keys\n",
    }
    for name, content in lists.items():
        write(host, f"/var/lib/dpkg/info/{name}.list", content)
    stores = discovery.discover(host, (Embedded(),), EVERYWHERE).stores.values()
    assert {store.location: store.clients.partition(",")[0] for _, store in stores} == {
        own: "package datadog-agent",
        shared: "package puppet-agent",
        other: "unpacked",
    }


def test_rpms_package_is_named(host: ActingHost) -> None:
    """The tables are those of rpm 4.18: the package of the file, or else of the program's directory."""
    own = write(host, "/opt/agent/embedded/ssl/cacert.pem", BUNDLE)
    made = write(host, "/opt/agent/made/cacert.pem", BUNDLE)
    other = write(host, "/opt/unpacked/cacert.pem", BUNDLE)
    path = write(host, "/var/lib/rpm/rpmdb.sqlite")
    rows = {
        "Name": [("example-agent", 7), ("other", 8)],
        "Dirnames": [("/opt/agent/embedded/ssl/", 8), ("/opt/agent/embedded/ssl/", 7), ("/opt/agent/", 7)],
        "Basenames": [("cacert.pem", 7), ("cert.pem", 8)],
    }
    with closing(sqlite3.connect(host.where(path))) as database:
        for table, values in rows.items():
            database.execute(f"CREATE TABLE '{table}' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER)")
            database.executemany(f"INSERT INTO '{table}' VALUES (?, ?, 0)", values)  # noqa: S608  names of this test
        database.commit()
    stores = discovery.discover(host, (Embedded(),), EVERYWHERE).stores.values()
    assert {store.location: store.clients.partition(",")[0] for _, store in stores} == {
        own: "package example-agent",
        made: "package example-agent",
        other: "unpacked",
    }
    write(host, path, b"no database")
    assert len(found(host)) == 3
