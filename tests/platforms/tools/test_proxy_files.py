"""What each tool's file says of a proxy, and where its password may stand: where no other account reads it."""

from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support import fake_host
from trustinstall import editing
from trustinstall.editing.section import PROXIES
from trustinstall.facts.proxies import Proxies
from trustinstall.stores.keys import FileKeys
from trustinstall_platforms.java import net_properties
from trustinstall_platforms.tools import proxy_files, proxy_table, proxy_values

SECRET = Proxies("http://me:secret@proxy.example:3128", "http://me:secret@proxy.example:3128")
OPEN = Proxies("http://proxy.example:3128")


def _wanted(platform: str, proxies: Proxies) -> dict[str, FileKeys]:
    with fake_host.played(platform=platform) as host:
        for name in ("bash", "zsh", "git", "npm"):
            fake_host.program(host, f"/bin/{name}")
        fake_host.write(host, "/home/alice/.npmrc", "fund=false\n", 0o644)
        return {one.location.rpartition("/")[2]: one for one in proxy_files.wanted(host, proxies)}


def test_no_password_goes_into_the_arguments_of_a_process() -> None:
    """A launchd agent starts a process with its values as arguments, which every account sees."""
    agent = "trustinstall-proxy.environment.plist"
    said = _wanted("darwin", SECRET)
    assert (said[agent].keys, "every account" in said[agent].left) == ((), True)
    assert said[".zshenv"].secret
    assert _wanted("darwin", OPEN)[agent].keys


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_no_password_goes_into_a_file_that_others_read(platform: str) -> None:
    """Each file with it is private, and one that others may read is left with the words to mend that."""
    said = _wanted(platform, SECRET)
    assert (said[".npmrc"].keys, "chmod 600" in said[".npmrc"].left) == ((), True)
    assert all(one.secret and one.mode == 0o600 for one in said.values() if one.keys)
    assert any(one.keys for one in said.values())


_CORP = Proxies("http://me:pass%40word@a.example:1", "http://b.example:2", ("localhost", "::1", ".corp", "10.0.0.0/8"))


def _keys(name: str, proxies: Proxies = _CORP) -> dict[str, str]:
    tool = next(one for one in proxy_table.TOOLS if one.name == name)
    return {path[-1]: value for path, say in tool.keys if (value := say(proxies))}


def test_subversion_gets_parts_of_an_address_and_stars() -> None:
    """Host and port stand apart; a network, which it does not know, is left out; a proxy reached by https as well."""
    assert _keys("svn") == {
        "http-proxy-host": "b.example",
        "http-proxy-port": "2",
        "http-proxy-exceptions": "localhost,*.corp",
    }
    assert _keys("svn", _CORP._replace(https=""))["http-proxy-password"] == "pass@word"
    assert _keys("svn", Proxies(https="https://b.example:2", no_proxy=("localhost",))) == {}


def test_gradle_gets_the_properties_of_java() -> None:
    """Each scheme has its proxy, and one list of names without, with stars and brackets, holds for both."""
    assert _keys("gradle")[PROXIES[0]].split("\n") == [
        "systemProp.http.proxyHost=a.example",
        "systemProp.http.proxyPort=1",
        "systemProp.http.proxyUser=me",
        "systemProp.http.proxyPassword=pass@word",
        "systemProp.https.proxyHost=b.example",
        "systemProp.https.proxyPort=2",
        "systemProp.http.nonProxyHosts=localhost|[::1]|*.corp",
    ]


def test_maven_gets_an_element_for_each_scheme() -> None:
    """A login has no percent-encoding and is escaped; what Maven would replace or cannot reach is left out."""
    assert _keys("maven")["proxies"].split("\n") == [
        "<proxy>",
        "  <id>trustinstall-http</id>",
        "  <protocol>http</protocol>",
        "  <username>me</username>",
        "  <password>pass@word</password>",
        "  <host>a.example</host>",
        "  <port>1</port>",
        "  <nonProxyHosts>localhost|*.corp</nonProxyHosts>",
        "</proxy>",
        "<proxy>",
        "  <id>trustinstall-https</id>",
        "  <protocol>https</protocol>",
        "  <host>b.example</host>",
        "  <port>2</port>",
        "  <nonProxyHosts>localhost|*.corp</nonProxyHosts>",
        "</proxy>",
    ]
    assert "<password>a&lt;&amp;b</password>" in _keys("maven", Proxies("http://me:a%3C%26b@a.example:1"))["proxies"]
    for address in ("http://me:%24%7Benv.A%7D@a.example:1", "http://me:a%20@a.example:1", "https://a.example:1"):
        assert _keys("maven", Proxies(address)) == {}


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("/home/alice/.gradle/gradle.properties", "a=b\n systemProp.http.proxyHost = mine\n", "line 2 sets its proxy"),
        ("/etc/mercurial/hgrc", "[http_proxy]\nhost = mine:1\n", "line 2 says http_proxy.host"),
        (
            "/etc/maven/settings.xml",
            "<settings>\n<proxies>\n<proxy/></proxies></settings>",
            "line 3 says settings.proxies",
        ),
    ],
)
def test_a_proxy_of_a_person_is_named_in_files_of_sections_and_beside(path: str, text: str, line: str) -> None:
    """Gradle's file gets no section beside such a line, Mercurial's and Maven's none beside the machine's file."""
    with fake_host.played() as host:
        for name in ("gradle", "hg", "mvn"):
            fake_host.program(host, f"/bin/{name}")
        fake_host.write(host, path, text)
        found = {one.name: one for one in proxy_files.wanted(host, OPEN)}
    name = next(name for word, name in (("gradle", "gradle"), ("hg", "hg"), ("maven", "maven")) if word in path)
    assert (found[name].keys, found[name].left) == ((), f"{path} {line}")


def test_conda_gets_a_mapping_that_its_parser_reads() -> None:
    """The block below the key holds both proxies, with any other content of the file."""
    value = _keys("conda")["proxy_servers"]
    content, inserted = editing.put("yaml-block", b"channels:\n  - a\n", ("proxy_servers",), value, address=True)
    reader: Any = YAML(typ="safe")
    assert reader.load(content) == {"channels": ["a"], "proxy_servers": {"http": _CORP.http, "https": _CORP.https}}
    assert editing.take("yaml-block", content, ("proxy_servers",), inserted) == b"channels:\n  - a\n"


def test_java_gets_an_address_without_a_login() -> None:
    """A login, and a proxy that is reached by https, are nothing that Java takes from its file."""
    assert proxy_values.java(Proxies("http://a.example:1", "http://b.example:2", (".corp", "10.0.0.0/8"))).split(
        "\n"
    ) == [
        "http.proxyHost=a.example",
        "http.proxyPort=1",
        "https.proxyHost=b.example",
        "https.proxyPort=2",
        "http.nonProxyHosts=*.corp",
    ]
    for address in ("http://me@a.example:1", "https://a.example:1"):
        assert proxy_values.java(Proxies(address, "http://b.example:2")) == ""


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("http.nonProxyHosts=localhost|127.*|[::1]", True),
        ("http.nonProxyHosts=localhost|*.corp", False),
        ("java.net.useSystemProxies=false", True),
        ("java.net.useSystemProxies : true", False),
        ("# https.proxyHost=", True),
        (" https.proxyHost mine.test", False),
        ("socksProxyHost=mine.test", False),
        ("goes=on\\", False),
    ],
)
def test_what_a_person_has_set_for_java_stays(line: str, *, free: bool) -> None:
    """A line that each JDK brings decides nothing; a person's does; and no section stands in a line that goes on."""
    home = "/opt/jdk"
    with fake_host.played() as host:
        fake_host.write(host, f"{home}/lib/security/cacerts")
        fake_host.write(host, f"{home}/conf/net.properties", f"#\n{line}\n")
        found = net_properties.wanted(host, OPEN)
    (one,) = found
    try:
        written = bool(one.keys) and editing.put(one.format, f"#\n{line}\n".encode(), PROXIES, one.keys[0][1])[0] != b""
    except editing.Malformed:
        written = False
    assert written == free, one
