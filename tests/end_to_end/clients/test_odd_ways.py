"""Settings that name a bundle in an unusual way: no client loses a root, and each reaches the added one, or is named.

The tools read them in ways of their own: names in any case, tables in one line, defaults of variables, a variable in
another one, another tool's file.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.end_to_end.clients.asking import NAME, Asking
from tests.end_to_end.clients.fetched import install_cargo, tarballs
from tests.end_to_end.clients.programs import BERRY, CARGO, COMPOSER, FAILED, MVN, NODE_REFUSES, YARN, sh
from tests.end_to_end.clients.table import JAVA, REFUSES, TRUSTS
from tests.support.fresh import copy_in
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(600)

HOME, CERTIFICATE = "/home/alice", "/srv/corp.crt"
LOGIN = ("bash", "-l", "-c", 'exec "$@"', "bash")
_SETUP = """
set -e
cd /srv/java && javac Get.java
for each in yarn berry; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done
"""
#: The keystore has Java's usual password.
_OF_ALICE = (
    "mkdir c/hashed; cp c/private.pem c/hashed; openssl rehash c/hashed;"
    "cp /etc/ssl/certs/java/cacerts c/keys; chmod u+w c/keys;"
    " keytool -importcert -noprompt -alias p -file c/private.pem -keystore c/keys -storepass changeit;"
    " cp c/keys c/maven"
)
#: Bundler's own connection; it downloads gems as RubyGems does.
_BUNDLER = (
    'require "bundler"; require "bundler/fetcher"; at = Bundler::URI(ARGV[0]);'
    " fetcher = Bundler::Fetcher.new(Bundler::Source::Rubygems::Remote.new(at)); fetcher.send(:connection).request(at)"
)
_RUBY = "certificate verify failed"


class Kind(NamedTuple):
    """A client, alice's settings for it by path, and what the report says where the added root does not reach it."""

    client: Asking
    settings: dict[str, str]
    left: str = ""


KINDS = (
    Kind(
        Asking("svn", ("svn", "ls", "--non-interactive", "{url}"), "issuer is not trusted", host=NAME),
        {".subversion/servers": f"[GLOBAL]\nSSL-Authority-Files = {HOME}/c/private.pem\n"},
        "of each file that /home/alice/.subversion/servers line 2 names one certificate is read",
    ),
    Kind(
        Asking(
            "cargo",
            sh(CARGO.replace("cargo-$2", ".cargo").replace("rm -rf $CARGO_HOME", ":")),
            "certificate verification failed",
        ),
        {".cargo/config.toml": f'http = {{ multiplexing = false, cainfo = "{HOME}/c/cargo.pem" }}\n'},
    ),
    Kind(
        Asking("composer", sh(COMPOSER.replace("export COMPOSER_HOME=$PWD", ":")), f"{FAILED}|SSL certificate"),
        {"php.ini": "openssl.cafile = ${HOME}/c/php.pem\n", "05.sh": "export PHPRC=$HOME/php.ini\n"},
    ),
    Kind(
        Asking("berry", sh(BERRY), NODE_REFUSES),
        {
            ".yarnrc.corp.yml": f'networkSettings: {{"local*": {{httpsCaFilePath: "${{NO:-{HOME}/c}}/berry.pem"}}}}\n',
            "06.sh": "export YARN_RC_FILENAME=.yarnrc.corp.yml\n",
        },
    ),
    Kind(
        Asking("yarn", sh(YARN), NODE_REFUSES),
        {".yarnrc": 'ca "{private}"\n'},
        "/home/alice/.yarnrc line 1 has certificates of its own",
    ),
    Kind(
        Asking("bundler", ("ruby", "-e", _BUNDLER, "{url}"), _RUBY),
        {
            "bundler/config": f'---\nBUNDLE_SSL_CA_CERT: "{HOME}/c/bundler.pem"\n',
            "08.sh": "export BUNDLE_USER_HOME=$HOME/bundler\n",
        },
    ),
    Kind(
        Asking("gem", sh("exec gem install nothing --clear-sources --source $1/"), _RUBY),
        {".gemrc": f":ssl_ca_cert: {HOME}/c/hashed\n"},
        "/home/alice/.gemrc line 1 names the directory /home/alice/c/hashed; add the certificate there",
    ),
    Kind(
        Asking("java", ("java", "-cp", "/srv/java", "Get", "{url}"), "PKIX path (building|validation) failed"),
        {
            "07.sh": "KEYS=$HOME/c/keys\nexport JDK_JAVA_OPTIONS=@$HOME/c/arguments\n",
            "c/arguments": f'# mine\n-Djavax.net.ssl.trustStore="{HOME}/c/keys"\n',
        },
    ),
    Kind(
        Asking("maven", sh(f"unset JDK_JAVA_OPTIONS; cd work && {MVN}"), "PKIX path"),
        {"work/.mvn/jvm.config": f"-Xmx512m\n-Djavax.net.ssl.trustStore={HOME}/c/maven\n"},
    ),
)


class Scene(NamedTuple):
    """A home with all of these settings, and the two servers."""

    root: Throwaway
    private: Server
    ours: Server

    def ask(self) -> dict[str, tuple[str, str]]:
        """What each client does with the server under the private root, and the one under the added root."""

        def one(kind: Kind) -> tuple[str, str]:
            first, second = (kind.client.ask(self.root, server, LOGIN) for server in (self.private, self.ours))
            return first, second

        with ThreadPoolExecutor(2) as pool:
            return dict(zip((kind.client.name for kind in KINDS), pool.map(one, KINDS), strict=True))

    def files(self) -> dict[str, bytes]:
        """Alice's settings and bundles."""
        listed = self.root.run(["find", "c", "-type", "f"], user="alice", cwd=HOME, check=True).stdout.split()
        named = (path for kind in KINDS for path in kind.settings if not path.endswith(".sh"))
        return {path: self.root.read(f"{HOME}/{path}") for path in (*listed, *named, ".profile")}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """The home before `add`."""
    private, ours = make_root("Private Root"), make_root("Corp Root")
    names = ("localhost", NAME)
    with Server(private.issue(*names)) as theirs, Server(ours.issue(*names)) as known, Throwaway() as root:
        root.write("/etc/hosts", root.read("/etc/hosts") + f"127.0.0.1 {NAME}\n".encode())
        root.write(CERTIFICATE, ours.pem)
        root.write("/srv/java/Get.java", JAVA)
        install_cargo(root)
        copy_in(root, tarballs(), "/opt/tarballs")
        root.run(["sh", "-c", _SETUP], timeout=180, check=True)
        for name in ("cargo", "php", "berry", "bundler"):
            root.write(
                f"{HOME}/c/{name}.pem", root.read("/etc/ssl/certs/ca-certificates.crt") + private.pem, user="alice"
            )
        root.write(f"{HOME}/c/private.pem", private.pem, user="alice")
        root.run(["sh", "-ec", _OF_ALICE], user="alice", cwd=HOME, check=True)
        profile = root.read(f"{HOME}/.profile").decode()
        for path, text in (item for kind in KINDS for item in kind.settings.items()):
            if path.endswith(".sh"):
                profile += text
            else:
                made = text.replace("{private}", private.pem.decode().replace("\n", "\\n"))
                root.write(f"{HOME}/{path}", made, user="alice")
        root.write(f"{HOME}/.profile", profile, user="alice")
        yield Scene(root, theirs, known)


def test_what_works_goes_on_working(scene: Scene) -> None:
    """Without root: no client loses the private root, each reaches the other or is named, and every byte returns."""
    assert scene.ask() == {kind.client.name: (TRUSTS, REFUSES) for kind in KINDS}
    before = scene.files()
    done = scene.root.trustinstall("add", "--verbose", CERTIFICATE, user="alice")
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert [kind.left for kind in KINDS if kind.left not in said] == []
    assert scene.ask() == {kind.client.name: (TRUSTS, REFUSES if kind.left else TRUSTS) for kind in KINDS}
    scene.root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
    assert scene.files() == before
