"""Keystores that Java programs are told to trust in place of their Java's own: where they are named, and how opened."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.platforms.java.keystores import HOME, OURS, locations, stores
from tests.support.fake_host import link, make, program, write
from tests.support.jks import jks
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.perform import perform
from trustinstall.facts import variables
from trustinstall.host import ActingHost
from trustinstall.stores.desired import Change, Desired
from trustinstall_platforms.java import named, options
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.java.passwords import candidates

CORP = make_root("Corp Root")
KEYSTORE = f"{HOME}/corp.jks"
NAMED = f"-Djavax.net.ssl.trustStore={KEYSTORE} -Djavax.net.ssl.trustStorePassword=geheim"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Linux without any Java; alice has a keystore, of which nothing says yet that it is one that programs trust."""
    host = make(tmp_path)
    write(host, KEYSTORE, jks(password="geheim"))  # noqa: S106  the very password that must not be shown
    return host


def alice(host: ActingHost, environ: dict[str, str]) -> ActingHost:
    """Alice with variables; whose the files are does not matter here."""
    return replace(host, environ=environ, account=replace(host.account, uid=os.geteuid() or 1000))


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (f"{HOME}/.gradle/gradle.properties", "systemProp.javax.net.ssl.trustStore=/home/alice/corp.jks"),
        (f"{HOME}/.gradle/gradle.properties", "# x\nsystemProp.javax.net.ssl.trustStore : \\\n  /home/alice/corp.jks"),
        (f"{HOME}/.gradle/gradle.properties", f"org.gradle.jvmargs=-Xmx2g {NAMED} -Dfile.encoding=UTF-8"),
        (f"{HOME}/.mavenrc", f'export MAVEN_OPTS="$MAVEN_OPTS {NAMED}"'),
        (f"{HOME}/.mavenrc", "MAVEN_OPTS='-Djavax.net.ssl.trustStore=$HOME/corp.jks'"),
        ("/usr/local/etc/mavenrc", f"MAVEN_OPTS='{NAMED}'"),
        ("/etc/maven/m2.conf", f"main is m\nset javax.net.ssl.trustStore default {KEYSTORE}\n"),
        (f"{HOME}/.sbtopts", f"-J-Xmx2G\n{NAMED}\n"),
        (f"{HOME}/.bazelrc", f'startup --host_jvm_args=-Djavax.net.ssl.trustStore="{KEYSTORE}"'),
        (f"{HOME}/.profile", f'export GRADLE_OPTS="{NAMED}"\n'),
        (f"{HOME}/.bashrc.d/java", 'export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=$HOME/corp.jks"\n'),
        (f"{HOME}/.config/environment.d/50-java.conf", f"JAVA_OPTS={NAMED}\n"),
        (f"{HOME}/.config/fish/config.fish", f"set -gx MAVEN_OPTS '{NAMED}'\n"),
        (f"{HOME}/.config/JetBrains/IntelliJIdea2026.2/idea64.vmoptions", f"-Xmx2g\n{NAMED}".replace(" -D", "\n-D")),
    ],
)
def test_files_that_name_one(host: ActingHost, path: str, content: str) -> None:
    """What is named in a file of the account's is found, and nothing where it is not."""
    assert locations(host) == []
    write(host, path, content.encode())
    assert locations(host) == [KEYSTORE]
    (store,) = stores(host)
    assert (store.clients, store.why_blocked) == ("programs that are told to trust it", None)


@pytest.mark.parametrize("path", [f"{HOME}/.bashrc", f"{HOME}/.mavenrc"])
def test_a_comment_names_none(host: ActingHost, path: str) -> None:
    """The setting was taken out of use."""
    write(host, path, f"umask 022\n  # export MAVEN_OPTS='{NAMED}'\n".encode())
    assert locations(host) == []


def test_roots_files_count_for_all(host: ActingHost) -> None:
    """What the machine's files of variables name is what Java programs of each account trust."""
    write(host, "/etc/profile.d/java.sh", f"export JAVA_TOOL_OPTIONS='{NAMED}'\n".encode())
    assert list(named.keystores(replace(host, account=replace(host.account, uid=0, home="/root")))) == [KEYSTORE]
    assert list(named.keystores(alice(host, {}))) == [KEYSTORE]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/etc/systemd/system/app.service.d/corp.conf", f'[Service]\nEnvironment="JAVA_OPTS={NAMED}"\n'),
        ("/etc/default/tomcat", f'JAVA_OPTS="{NAMED}"\n'),
        ("/etc/cron.d/report", f"JAVA_TOOL_OPTIONS = {NAMED}\n"),
    ],
)
def test_what_services_and_jobs_are_told(host: ActingHost, path: str, text: str) -> None:
    """Their variables stand in files of their own, which count for root."""
    write(host, "/usr/lib/systemd/system/tomcat.service", b"[Service]\nEnvironmentFile=-/etc/default/tomcat\n")
    write(host, path, text.encode())
    root = replace(host, account=replace(host.account, uid=0, home="/root"))
    assert list(named.keystores(root)) == [KEYSTORE]
    assert list(named.keystores(alice(host, {}).remembering())) == []


@pytest.mark.parametrize(
    ("profile", "arguments"),
    [
        ('KEYS=$HOME/corp.jks\nexport _JAVA_OPTIONS="-Djavax.net.ssl.trustStore=$KEYS"\n', ""),
        ('export JDK_JAVA_OPTIONS="-Xmx1g @$HOME/args"\n', f"-Xss1m\n-Djavax.net.ssl.trustStore='{KEYSTORE}'\n"),
    ],
)
def test_what_a_session_makes_of_its_files(host: ActingHost, profile: str, arguments: str) -> None:
    """A path in another variable is found, and one in a file of arguments that JDK_JAVA_OPTIONS names."""
    program(host, "/bin/bash")
    write(host, f"{HOME}/.profile", profile.encode())
    assert locations(alice(host, {})) == ([] if arguments else [KEYSTORE])
    host.forget()
    write(host, f"{HOME}/args", arguments.encode())
    assert locations(alice(host, {})) == [KEYSTORE]
    host.forget()
    write(host, f"{HOME}/args", f"# {arguments}".replace("\n", " ").encode())
    assert locations(alice(host, {})) == ([] if arguments else [KEYSTORE])


@pytest.mark.parametrize("name", variables.JAVA)
def test_variables_that_name_one(host: ActingHost, name: str) -> None:
    """An account's variables count, and never those of the account that called root."""
    environ = {name: f"-Xmx1g {NAMED}"}
    assert locations(alice(host, environ)) == [KEYSTORE]
    root = replace(host, environ=environ, account=replace(host.account, uid=0, home="/root"))
    assert list(named.keystores(root)) == []
    assert "geheim" not in candidates(root)


def test_gradles_home_may_be_elsewhere(host: ActingHost) -> None:
    """By the variable that Gradle itself reads."""
    write(host, "/data/gradle/gradle.properties", f"systemProp.javax.net.ssl.trustStore={KEYSTORE}".encode())
    assert locations(alice(host, {"GRADLE_USER_HOME": "/data/gradle"})) == [KEYSTORE]


#: Files of projects and installations, by their text, in which a keystore is named.
PROJECTS = {
    "src/app/.mvn/jvm.config": f"-Xmx1g\n{NAMED}\n",
    "src/app/.mvn/maven.config": f"-T3\n{NAMED}\n",
    "src/app/gradle.properties": f"# mine\nsystemProp.javax.net.ssl.trustStore = {KEYSTORE}\n",
    "src/app/.jvmopts": f"{NAMED}\n",
    "opt/maven/bin/m2.conf": f"# mine\nset javax.net.ssl.trustStore default {KEYSTORE}\n",
}


@pytest.mark.parametrize("path", PROJECTS)
def test_a_project_that_names_one(host: ActingHost, path: str) -> None:
    """A walk finds the file, and the password beside the name is known."""
    path = write(host, f"{HOME}/{path}", PROJECTS[path.removeprefix(f"{HOME}/")].encode())
    store = Java().recognise(host, path)
    assert store is not None
    assert (store.location, store.why_blocked) == (KEYSTORE, None)
    told = candidates(replace(host, known=(path,)))
    assert ("geheim" in told) == ("Password" in PROJECTS[path.removeprefix(f"{HOME}/")])


@pytest.mark.parametrize(
    "text", ["", "-Xmx1g\n", "# -Djavax.net.ssl.trustStore=corp.jks\n", "-Djavax.net.ssl.trustStore="]
)
def test_a_project_that_names_none(host: ActingHost, text: str) -> None:
    """Most projects have no keystore of their own."""
    path = write(host, f"{HOME}/src/app/.mvn/jvm.config", text.encode())
    assert Java().recognise(host, path) is None


def test_root_believes_no_project_of_another_account(host: ActingHost) -> None:
    """It could have root change any keystore of root's."""
    path = write(host, "/srv/app/.mvn/jvm.config", NAMED.encode())
    root = replace(host, account=replace(host.account, uid=0, home="/root"))
    assert Java().recognise(root, path) is not None
    os.chown(host.where(path), 1234, 1234)
    assert Java().recognise(root, path) is None


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".mavenrc", "x=1\nMAVEN_OPTS='-Djavax.net.ssl.trustStore=corp.jks'\n", 2),
        (".mavenrc", "MAVEN_OPTS=-Djavax.net.ssl.trustStore=$OTHER/corp.jks", 1),
        (".profile", "\nexport MAVEN_OPTS=-Djavax.net.ssl.trustStore=../corp.jks\n", 2),
        (".gradle/gradle.properties", "# a\n\\\n\nsystemProp.javax.net.ssl.trustStore=../corp.jks\n", 4),
        ("src/app/.mvn/jvm.config", "-Xmx1g\n-Djavax.net.ssl.trustStore=.mvn/corp.jks\n", 2),
    ],
)
def test_a_relative_name_is_said(host: ActingHost, path: str, text: str, line: int) -> None:
    """Which keystore it is depends on the directory of each start: file and line are named, and nothing is changed."""
    program(host, "/bin/bash")
    path = write(host, f"{HOME}/{path}", text.encode())
    found = [*stores(alice(host, {})), Java().recognise(host, path)]
    store = found[0]
    assert store is not None
    assert store.sealed
    assert f"{path} line {line} says " in (store.why_blocked or "")
    assert store.clients == f"Java programs, by {path} line {line}"
    backend = Java()
    assert not backend.observe(host, store, frozenset({CORP.sha256})).anchors
    assert backend.at(host, store.location) is None


def test_a_relative_name_in_the_session_that_calls(host: ActingHost) -> None:
    """It is in no file: the variable is named."""
    (store,) = stores(alice(host, {"JAVA_OPTS": "-Djavax.net.ssl.trustStore=corp.jks"}))
    assert (store.why_blocked or "").startswith("JAVA_OPTS says corp.jks")


@pytest.mark.parametrize("value", ["gradle", "a\0b", "~other"])
def test_a_home_of_gradles_that_is_not_known(host: ActingHost, value: str) -> None:
    """A relative one depends on the directory: nothing is read."""
    assert locations(alice(host, {"GRADLE_USER_HOME": value})) == []


def test_gradles_home_by_a_file_of_the_shell(host: ActingHost) -> None:
    """A session of the account has the variable that moves it."""
    program(host, "/bin/bash")
    write(host, f"{HOME}/.profile", b"export GRADLE_USER_HOME=/data/gradle\n")
    write(host, "/data/gradle/gradle.properties", f"systemProp.javax.net.ssl.trustStore={KEYSTORE}".encode())
    assert locations(alice(host, {})) == [KEYSTORE]


@pytest.mark.parametrize("value", ["NONE", "/nowhere.jks", "/home/alice", "", "a\0b"])
def test_what_is_no_file_is_none(host: ActingHost, value: str) -> None:
    """Windows' and the Mac's own stores are named without one; the rest is a person's mistake."""
    write(host, f"{HOME}/.mavenrc", f"MAVEN_OPTS='-Djavax.net.ssl.trustStore={value}'".encode())
    assert locations(host) == []


def test_a_javas_own_is_one_store(host: ActingHost) -> None:
    """A variable that names a file which a Java trusts anyway, by a link, too, adds no store."""
    own = write(host, f"{HOME}/.sdkman/candidates/java/21/lib/security/cacerts", jks())
    link(host, f"{HOME}/link.jks", own)
    write(host, f"{HOME}/.mavenrc", f"MAVEN_OPTS='-Djavax.net.ssl.trustStore={HOME}/link.jks'".encode())
    assert locations(host) == [own]


def test_made_up_passwords_are_not_all_tried(host: ActingHost) -> None:
    """Each one costs a derivation of keys for each keystore: thousands in one file are cut off."""
    words = " ".join(f"-Djavax.net.ssl.trustStorePassword={number}" for number in range(5000))
    write(host, f"{HOME}/.mavenrc", words.encode())
    assert len(list(candidates(host))) < 100


def test_it_is_changed_with_the_password_beside_its_name(host: ActingHost) -> None:
    """The password is read where it stands when it is needed, and is in no plan."""
    write(host, f"{HOME}/.mavenrc", f"MAVEN_OPTS='{NAMED}'".encode())
    (store,) = stores(host)
    backend, names = Java(), frozenset({CORP.sha256})
    added = Change(add=(Desired(Certificate(CORP.der), trusted=True),))
    plan = backend.plan(host, store, backend.observe(host, store, names), added)
    assert "geheim" not in repr(plan)
    for step in plan.steps:
        perform(host, step, host.token())
    seen = backend.observe(host, store, names)
    assert seen.marked == {CORP.sha256}
    assert OURS.partition("-")[0] in Path(host.where(KEYSTORE)).read_bytes().decode("latin-1")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text", ["a\\\n" * 400_000, "\\" * 999_999, "a=\\u00" * 160_000, "-Djavax.net.ssl.trustStore=" * 40_000]
)
def test_hostile_files_cost_little(host: ActingHost, text: str) -> None:
    """A file that was made to keep us busy is read in the time of its size."""
    write(host, f"{HOME}/.gradle/gradle.properties", text.encode())
    write(host, f"{HOME}/.mavenrc", text.encode())
    assert locations(host) == []


_LOAD = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class Load {
    static String hex(String text) {
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_16BE));
    }
    public static void main(String[] arguments) throws IOException {
        for (String path : arguments) {
            var found = new TreeMap<String, String>();
            var read = new Properties();
            try (var reader = new FileReader(path, StandardCharsets.UTF_8)) { read.load(reader); }
            for (var one : read.entrySet()) found.put(hex((String) one.getKey()), hex((String) one.getValue()));
            System.out.println(found.toString());
        }
    }
}
"""
_WORDS = [
    "a",
    "a.b",
    " ",
    "=",
    ":",
    "\\\n  ",
    "\\:",
    "\\\\",
    "\\u0041",
    "#",
    "!",
    "\n",
    "\r\n",
    "\t",
    "x y",
    "\\t",
    "é",
    "\\",
    "\f",
]


@settings(max_examples=3, deadline=None)
@given(st.lists(st.lists(st.sampled_from(_WORDS), max_size=12).map("".join), min_size=60, max_size=100))
def test_java_reads_the_same(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """`java.util.Properties` itself, over many files at once."""
    directory = tmp_path_factory.mktemp("properties")
    (directory / "Load.java").write_text(_LOAD, encoding="utf-8")
    paths = [directory / f"{number}.properties" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode())
    words = ["java", str(directory / "Load.java"), *map(str, paths)]
    clean = {"PATH": os.defpath, "HOME": str(directory)}
    said = subprocess.run(words, env=clean, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    for text, line in zip(texts, said, strict=True):
        ours = {_hex(key): _hex(value) for key, value in options.properties(text)}
        theirs = dict(one.split("=") for one in line.strip("{}").split(", ")) if line != "{}" else {}
        for found in (ours, theirs):
            found.pop("", None)  # a lone backslash at the end of a file names nothing either
        assert ours == theirs, json.dumps(text)


def _hex(text: str) -> str:
    return text.encode("utf-16-be").hex()
