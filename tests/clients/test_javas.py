"""Real JVMs whose keystores are their own, in every format that Java has had: they connect, or they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.clients.table import JAVA, REFUSES, TRUSTS, Command
from tests.contract.java import KINDS, PASSWORD, delivered
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)
CERTIFICATE = "/srv/corp.crt"
PKIX = "PKIX path (building|validation) failed"


@dataclass(frozen=True)
class Scene:
    """A throw-away Debian, its JVMs (each home is a JDK's), and two servers, of which one's root nobody adds."""

    root: Throwaway
    homes: tuple[str, ...]
    corporate: Server
    unknown: Server
    stranger: bytes

    def answers(self, kind: str) -> set[tuple[str, str]]:
        """What every JVM does with both servers; it is told the password where it could read nothing without."""
        told = (f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",) if kind in {"pkcs12", "pkcs12-old"} else ()
        return {(self._ask(home, self.corporate, told), self._ask(home, self.unknown, told)) for home in self.homes}

    def _ask(self, home: str, server: Server, told: tuple[str, ...]) -> str:
        command = (f"{home}/bin/java", *told, "-cp", "/srv/java", "Get", "{url}")
        return Command("java", command, PKIX).ask(self.root, server)


@pytest.fixture(scope="module")
def built() -> Iterator[Scene]:
    """The scene before anything was done in it."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    with (
        Server(corporate.issue("localhost")) as known,
        Server(unknown.issue("localhost")) as other,
        Throwaway() as root,
    ):
        root.write("/srv/java/Get.java", JAVA)
        root.write(CERTIFICATE, corporate.pem)
        found = root.run(["sh", "-c", "readlink -f /usr/bin/java /usr/lib/jvm/*/bin/java | sort -u"], check=True)
        homes = tuple(line.removesuffix("/bin/java") for line in found.stdout.split())
        assert homes
        javac = root.run(["readlink", "-f", "/usr/bin/javac"], check=True).stdout.strip()
        root.run([javac, "--release", "17", "/srv/java/Get.java"], check=True)
        root.freeze()
        yield Scene(root, homes, known, other, unknown.pem)


@pytest.fixture
def scene(built: Scene) -> Iterator[Scene]:
    """The scene, fresh."""
    built.root.reset()
    yield built
    built.root.reset()


def give(scene: Scene, kind: str, name: str = "cacerts") -> dict[str, bytes]:
    """Give every JVM a keystore of its own; the files and their contents."""
    content = delivered(scene.root, kind)
    paths = [f"{home}/lib/security/{name}" for home in scene.homes]
    for path in paths:
        scene.root.run(["rm", "-f", path], check=True)
        scene.root.write(path, content)
    return dict.fromkeys(paths, content)


@pytest.mark.parametrize("kind", KINDS)
def test_each_format_in_each_java(scene: Scene, kind: str) -> None:
    """It refuses before `add`, trusts after it, refuses after `remove`, and never trusts an unknown root."""
    files = give(scene, kind)
    assert scene.answers(kind) == {(REFUSES, REFUSES)}
    done = scene.root.trustinstall("add", "--store", "java", CERTIFICATE, check=True)
    assert all(f"java:{path}" in done.stdout or f"java ({len(files)})" in done.stdout for path in files), done
    assert scene.answers(kind) == {(TRUSTS, REFUSES)}
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.answers(kind) == {(REFUSES, REFUSES)}
    assert {path: scene.root.read(path) for path in files} == files


def test_jssecacerts_is_what_counts(scene: Scene) -> None:
    """Where both are there, the JVM reads `jssecacerts`, and only that is changed."""
    others, files = give(scene, "jks"), give(scene, "pkcs12-plain", "jssecacerts")
    scene.root.trustinstall("add", "--store", "java", CERTIFICATE, check=True)
    assert scene.answers("pkcs12-plain") == {(TRUSTS, REFUSES)}
    assert {path: scene.root.read(path) for path in others} == others
    assert all(scene.root.read(path) != content for path, content in files.items())


@pytest.mark.parametrize("kind", KINDS)
def test_what_keytool_writes_anew(scene: Scene, kind: str) -> None:
    """After the JDK's own keytool has written the whole keystore anew, `remove` takes ours out, and its entry stays."""
    files = give(scene, kind)
    scene.root.trustinstall("add", "--store", "java", CERTIFICATE, check=True)
    scene.root.write("/srv/other.crt", scene.stranger)
    for home, path in zip(scene.homes, files, strict=True):
        store = ("-keystore", path, "-storepass", PASSWORD)
        words = ("-importcert", "-noprompt", "-alias", "other", "-file", "/srv/other.crt")
        scene.root.run([f"{home}/bin/keytool", *words, *store], check=True)
    assert scene.answers(kind) == {(TRUSTS, TRUSTS)}
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.answers(kind) == {(REFUSES, TRUSTS)}
    for path in files:
        listed = scene.root.run(["keytool", "-list", "-keystore", path, "-storepass", PASSWORD], check=True).stdout
        assert "trustinstall" not in listed
