"""The throw-away root of the tests: if it were wrong, every test that uses it could be green for the wrong reason."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.changes import Entry
from tests.support.keytool import KEYTOOL
from tests.support.throwaway import Throwaway

pytestmark = pytest.mark.timeout(300)

STORE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(scope="module")
def shared() -> Iterator[Throwaway]:
    """One for all tests here."""
    with Throwaway() as root:
        yield root


@pytest.fixture
def root(shared: Throwaway) -> Iterator[Throwaway]:
    """As it was at the start."""
    yield shared
    shared.reset()


def file(content: bytes, *, mode: int = 0o644, uid: int = 0) -> Entry:
    """What `changes` says of a file."""
    return Entry("file", mode, uid, uid, len(content), hashlib.sha256(content).hexdigest(), 0)


@pytest.mark.parametrize(("every_root", "least"), [(True, 100), (False, 50)])
def test_only_public_roots(*, every_root: bool, least: int) -> None:
    """The bundle is what Debian's package selects, and Java's keystore has as many; no other root is in them."""
    with Throwaway(every_root=every_root) as root:
        _has_only_public_roots(root, least)


def _has_only_public_roots(root: Throwaway, least: int) -> None:
    lines = root.read("/etc/ca-certificates.conf").decode().splitlines()
    selected = [line for line in lines if line and line[0] not in "#!"]
    bundle = root.read(STORE)
    assert bundle.count(b"BEGIN CERTIFICATE") == len(selected) > least
    shipped = root.path("/usr/share/ca-certificates")
    assert sorted(str(path.relative_to(shipped)) for path in shipped.rglob("*.crt")) == sorted(selected)
    for name in selected:
        assert root.read(f"/usr/share/ca-certificates/{name}").strip() in bundle
    listed = root.run([*KEYTOOL, "-list", "-cacerts", "-storepass", "changeit"], check=True)
    assert listed.stdout.count("trustedCertEntry") == len(selected)
    assert list(root.path("/usr/local/share/ca-certificates").iterdir()) == []


def test_clean_surroundings(root: Throwaway, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the test's environment, no tool's configuration and no file of a home reaches a command."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    names = {line.partition("=")[0] for line in root.run(["env"]).stdout.splitlines()}
    assert names == {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG"}
    assert root.run(["pip3", "config", "list"]).stdout == ""
    assert {path.name for path in root.path("/root").iterdir()} == {".bashrc", ".profile"}
    assert {path.name for path in root.path("/home").iterdir()} == {"alice", "bob"}


def test_nothing_is_changed_at_the_start(root: Throwaway) -> None:
    """A fresh root, and one in which the program has only looked, is unchanged: not even byte-code is written."""
    assert root.changes() == {}
    root.trustinstall("list", check=True)
    assert root.changes() == {}


def test_changes(root: Throwaway) -> None:
    """New, changed, removed and replaced paths are reported as they are; the same bytes written again are not."""
    content = root.read("/etc/hosts")
    root.write("/etc/hosts", content)
    assert root.changes() == {}
    root.write("/etc/hosts", content + b"x")
    root.write("/home/alice/new/file", "y", mode=0o600, user="alice")
    alice = root.user("alice").uid
    root.run(
        [
            "sh",
            "-ec",
            "rm /etc/issue; rm -r /etc/skel; mkdir -m 700 /etc/skel; ln -s there /srv/link; chmod 600 /etc/group",
        ]
    )
    changes = root.changes()
    group = changes.pop("/etc/group")
    assert group is not None
    assert group.mode == 0o600
    assert changes == {
        "/etc/hosts": file(content + b"x"),
        "/home/alice/new": Entry("directory", 0o755, alice, alice, 0, "", 0),
        "/home/alice/new/file": file(b"y", mode=0o600, uid=alice),
        "/etc/issue": None,
        "/etc/skel": Entry("directory", 0o700, 0, 0, 0, "", 0),
        "/etc/skel/.bash_logout": None,
        "/etc/skel/.bashrc": None,
        "/etc/skel/.profile": None,
        "/srv/link": Entry("link", 0o777, 0, 0, 0, "there", 0),
    }


def test_times(root: Throwaway) -> None:
    """A file that was only touched is a change where times are compared, and none where they are not."""
    root.run(["touch", "/etc/hosts"], check=True)
    assert root.changes() == {}
    assert set(root.changes(mtimes=True)) == {"/etc/hosts"}


def test_the_machine_is_not_touched(root: Throwaway) -> None:
    """What is done to a store inside is not seen outside, through `path` and its links neither."""
    outside = Path(STORE).read_bytes()
    root.write(STORE, "inside")
    root.run(["ln", "-s", STORE, "/srv/link"], check=True)
    assert root.path("/srv/link") == root.path(STORE)
    root.write("/srv/link", "through the link")
    assert root.read(STORE) == b"through the link"
    assert Path(STORE).read_bytes() == outside


def test_reset_and_freeze() -> None:
    """`reset` goes back to the start, or to the last `freeze`, and ends what still runs."""
    with Throwaway() as root:
        root.write("/srv/kept", "1")
        root.freeze()
        assert root.changes() == {}
        root.write("/srv/lost", "2")
        root.run(["rm", "/etc/issue"], check=True)
        sleeper = root.popen(["sh", "-c", "echo here; exec sleep 1000"])
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == "here\n"
        root.reset()
        assert sleeper.wait(10) == -9
        sleeper.communicate()
        assert root.read("/srv/kept") == b"1"
        assert not root.path("/srv/lost").exists()
        assert root.path("/etc/issue").exists()
        assert root.changes() == {}


def test_nothing_stays(root: Throwaway) -> None:
    """At the end its processes are ended, and no mount of it is left in the machine's own name space."""
    mounts = Path("/proc/self/mountinfo").read_text()
    with Throwaway() as other:
        sleeper = other.popen(["sleep", "1000"])
        assert root.run(["kill", "-0", str(sleeper.pid)]).returncode == 0
    assert sleeper.wait(10) == -9
    sleeper.communicate()
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_ordinary_user(root: Throwaway) -> None:
    """A command may run as an ordinary user, in its home, without root's rights or groups; the program, too."""
    done = root.run(["sh", "-c", "id -un; id -Gn; pwd; touch /etc/x"], user="alice")
    assert done.stdout == "alice\nalice\n/home/alice\n"
    assert "Permission denied" in done.stderr
    assert root.trustinstall("--version", user="alice", check=True).stdout.startswith("trustinstall")


def test_time_out(root: Throwaway) -> None:
    """A command that takes too long is killed with its children."""
    start = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        root.run(["sh", "-c", "sleep 1000 & sleep 1000"], timeout=0.5)
    assert time.monotonic() - start < 10


def test_input_and_output(root: Throwaway) -> None:
    """Standard input may be any bytes; without, it is empty."""
    assert root.run(["cat"], input=b"\xff\n").stdout.encode("utf-8", "surrogateescape") == b"\xff\n"
    assert root.run(["cat"]).stdout == ""


def test_without_java() -> None:
    """The variant without Java has no JVM, no keystore and no hook that would need them."""
    with Throwaway(java=False) as root:
        assert root.run(["sh", "-c", "command -v java keytool"]).returncode != 0
        assert not root.path("/usr/lib/jvm").exists()
        assert not root.path("/etc/ssl/certs/java").exists()
        assert list(root.path("/etc/ca-certificates/update.d").iterdir()) == []
        root.run(["update-ca-certificates"], check=True)
        assert root.changes() == {}
