"""What is written into an image that is not running is what the distribution's own tool writes, in the same layout.

The tool is run in one copy of a throw-away root, `trustinstall --sysroot` on another copy that it sees as an image. Two
things cannot be the same, and are compared by what they hold: a Java keystore, whose entries bear the time of writing
(and which Java writes in an order of its own), and the order of several anchors where the tool's is the directory's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contract.machines import jks_entries
from tests.support.der_writing import name
from tests.support.extensions import SERVER_AUTH
from tests.support.families import COUNT, LAYOUTS, lay_out
from tests.support.images import IMAGE, make_image, see_image
from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, Throwaway
from trustinstall.certificates.certificate import Certificate

EMAIL = "1.3.6.1.5.5.7.3.4"
CODE = "1.3.6.1.5.5.7.3.3"
JKS = b"\xfe\xed\xfe\xed"
DEBIAN = ("/usr/local/share/ca-certificates", ("/usr/sbin/update-ca-certificates",))


@dataclass
class Distribution:
    """One distribution's throw-away root: where anchors go, and what makes the rest of them."""

    throwaway: Throwaway
    anchors: str
    tool: tuple[str, ...]

    def by_tool(self, *roots: Root) -> dict[str, object]:
        """Put files where an administrator would, with the names of managed ones, and have the tool run after each."""
        self.restart()
        for root in roots:
            self.throwaway.write(self.anchor(root), root.pem)
            self.throwaway.run(self.tool, check=True)
        return self.left()

    def by_us(self, *roots: Root) -> dict[str, object]:
        """Add each to the image, with the tool out of the way."""
        self.restart()
        for root in roots:
            added = self.throwaway.trustinstall("add", "--force", "--sysroot", IMAGE, self.file(root))
            assert added.returncode == 0, added
        return self.left()

    def removed(self, *roots: Root) -> dict[str, object]:
        """Take each out of the image again."""
        for root in roots:
            done = self.throwaway.trustinstall("remove", "--sysroot", IMAGE, root.sha256)
            assert done.returncode == 0, done
        return self.left()

    def restart(self) -> None:
        """As it was delivered."""
        self.throwaway.reset()
        see_image(self.throwaway)

    def anchor(self, root: Root) -> str:
        """The file of an anchor, named as we name it: the names of links come from it."""
        return f"{self.anchors}/{Certificate(root.der).slug}-{root.sha256[:12]}.crt"

    def file(self, root: Root) -> str:
        """A root's file, in a place that is not compared."""
        return self.throwaway.write(f"/tmp/{root.sha256}.crt", root.pem)

    def left(self) -> dict[str, object]:
        """Every path that is not as it was delivered; a keystore by its entries."""
        found: dict[str, object] = {}
        ignore = (*NOISE, "/var/lib/trustinstall", "/tmp", COUNT)
        for path, entry in self.throwaway.changes(ignore=ignore).items():
            content = self.throwaway.read(path) if entry and entry.kind == "file" else b""
            found[path] = (entry and entry.mode, jks_entries(content)) if content.startswith(JKS) else entry
        return found


@pytest.fixture(scope="module", params=["debian", "debian-java", "el9", "fedora", "suse", "arch", "alpine"])
def distribution(request: pytest.FixtureRequest) -> Iterator[Distribution]:
    """Each of the layouts."""
    yield from _made(request.param)


@pytest.fixture(scope="module", params=["debian", "fedora", "suse"])
def one(request: pytest.FixtureRequest) -> Iterator[Distribution]:
    """Those that between them write everything that any of them does."""
    yield from _made(request.param)


def _made(layout: str) -> Iterator[Distribution]:
    with Throwaway(java=layout == "debian-java") as throwaway:
        if layout.startswith("debian"):
            made = Distribution(throwaway, *DEBIAN)
        else:
            laid = lay_out(throwaway, LAYOUTS[layout])
            made = Distribution(throwaway, laid.anchors, (laid.tool, *laid.arguments))
        make_image(throwaway)
        yield made


def test_every_file_is_what_the_tool_writes(distribution: Distribution) -> None:
    """Bundles, directories, links, keystores: path, kind, mode, owner and bytes."""
    roots = make_root("Corp Röt (A), x"), make_root("Another Corp Root")
    assert distribution.by_us(*roots) == distribution.by_tool(*roots)


def test_remove_leaves_what_was_delivered(distribution: Distribution) -> None:
    """In the order in which they came, and so with others behind them."""
    roots = make_root("Corp Root"), make_root("Another Corp Root")
    assert distribution.by_us(*roots)
    assert distribution.removed(*roots) == {}


def test_remove_after_the_tool_has_run_leaves_what_the_tool_would(distribution: Distribution) -> None:
    """A booted image's own tool may write everything anew in between."""
    ours, others = make_root("Corp Root"), make_root("Another Corp Root")
    expected = distribution.by_tool(others)
    distribution.by_us(ours)
    distribution.throwaway.write(distribution.anchor(others), others.pem)
    distribution.throwaway.run(distribution.tool, check=True)
    assert distribution.removed(ours) == expected


ODD = {
    "no common name": make_root(subject=name(("2.5.4.6", 0x13, b"DE"), ("2.5.4.10", 0x0C, b"Corp AG"))),
    "two organisations": make_root(subject=name(("2.5.4.10", 0x0C, b"First"), ("2.5.4.10", 0x0C, b"Second"))),
    "Latin-1 in a T61String": make_root(subject=name(("2.5.4.3", 0x14, "Corp Röt".encode("latin-1")))),
    "two octets a letter": make_root(subject=name(("2.5.4.3", 0x1E, "Corp Röt ж".encode("utf-16-be")))),
    "blanks and capitals": make_root(subject=name(("2.5.4.3", 0x13, b"  CORP  Root "))),
    "a long name": make_root("Corp " + "Long " * 30),
    "for servers": make_root("Corp Server Root", purposes=[SERVER_AUTH]),
    "for servers and mail": make_root("Corp Mail Root", purposes=[SERVER_AUTH, EMAIL]),
    "for servers and code": make_root("Corp Code Root", purposes=[CODE, SERVER_AUTH]),
}


def test_odd_roots_are_written_as_the_tool_writes_them(one: Distribution) -> None:
    """Names of files, comments, aliases, hashes, and which of the bundles they belong to."""
    roots = ODD.values()
    expected = one.by_tool(*roots)
    assert one.by_us(*roots) == expected
    assert one.removed(*roots) == {}


def test_roots_of_one_name_all_are_found_by_its_hash(one: Distribution) -> None:
    """Three with one subject, the first of which goes: OpenSSL finds the others, and no name is lost."""
    roots = [make_root("Corp Root") for _ in range(3)]
    assert one.by_us(*roots).keys() == one.by_tool(*roots).keys()
    one.by_us(*roots)
    one.removed(roots[0])
    for root in roots:
        command = ["openssl", "verify", "-no-CAfile", "-CApath", "/etc/ssl/certs", one.file(root)]
        assert (one.throwaway.run(command).returncode == 0) == (root is not roots[0])
    assert one.removed(*roots[1:]) == {}


def test_a_root_that_is_not_for_servers_is_refused(one: Distribution) -> None:
    """Nothing is written at all: no program that makes a connection would trust it."""
    root = make_root("Corp Mail Only", purposes=[EMAIL])
    one.restart()
    added = one.throwaway.trustinstall("add", "--force", "--sysroot", IMAGE, one.file(root))
    assert added.returncode in {1, 4}, added
    assert one.left() == {}


@pytest.mark.parametrize("one", ["fedora", "suse"], indirect=True)
def test_a_distrusted_key_is_refused_as_the_tool_leaves_it_out(one: Distribution) -> None:
    """Another certificate of a key on the blocklist is none that p11-kit trusts."""
    blocked = make_root("Corp Root")
    root = make_root("Corp Root", key=blocked.key)
    one.restart()
    one.throwaway.write(f"{one.anchors.removesuffix('anchors')}blocklist/bad.pem", blocked.pem)
    before = one.left()
    added = one.throwaway.trustinstall("add", "--sysroot", IMAGE, one.file(root))
    assert added.returncode == 1, added
    assert "is distrusted" in added.stdout
    assert one.left() == before
