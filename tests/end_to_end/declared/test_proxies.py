"""The proxies of a document: real programs use them, what people have set stays, and every byte comes back."""

from __future__ import annotations

import json
import textwrap

import pytest

from tests.end_to_end.cli.machine import CERT, ROOT, deliver
from tests.end_to_end.declared.events import repaired, sh
from tests.support.proxy import refusing
from tests.support.throwaway import NOISE, Throwaway

TRUST = "/srv/trust.toml"
STATE = ("/var/lib/trustinstall", "/home/alice/.local", "/srv")
LIST = "/srv/corp.list"
PROXY = "http://proxy.corp.example:3128"
PLAIN = 'no_proxy = ["localhost", "127.0.0.1", "::1", ".corp.example"]\n'
POM = (
    "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version>"
    "<parent><groupId>a</groupId><artifactId>c</artifactId><version>1</version><relativePath/></parent><repositories>"
    "<repository><id>r</id><url>https://HOST/</url></repository></repositories></project>"
)
SECRET = "s3cret%40word"  # noqa: S105  a made-up one


def document(root: Throwaway, address: str = PROXY, more: str = PLAIN) -> str:
    """A document that names one proxy for both schemes; returns its path."""
    return root.write(TRUST, f'version = 1\n[proxies]\nhttp = "{address}"\nhttps = "{address}"\n{more}')


def seen(root: Throwaway, command: str, user: str = "root") -> str:
    """What a command says."""
    return root.run(["/bin/sh", "-c", command], user=user, check=True).stdout.strip()


def test_real_programs_use_them_and_an_empty_document_takes_them_back(fresh: Throwaway) -> None:
    """apt, git, pip and login shells know the proxy; again nothing changes; pruned, every byte is as before."""
    fresh.write("/etc/gitconfig", "[user]\n\tname = corp")  # without a line break at its end
    before = fresh.changes(ignore=(*NOISE, *STATE))
    planned = fresh.trustinstall("apply", document(fresh), "--dry-run", "--exit-code")
    assert planned.returncode == 10, planned
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before
    fresh.trustinstall("apply", TRUST, check=True)
    assert seen(fresh, "apt-config dump Acquire::http::Proxy").startswith(f'Acquire::http::Proxy "{PROXY}"')
    assert 'Acquire::https::Proxy::localhost "DIRECT"' in seen(fresh, "apt-config dump Acquire::https::Proxy")
    assert seen(fresh, "git config --system http.proxy") == PROXY
    assert seen(fresh, "bash -lc 'echo $https_proxy $NO_PROXY'") == f"{PROXY} localhost,127.0.0.1,::1,.corp.example"
    again = fresh.trustinstall("apply", TRUST, "--json", "--prune", check=True)
    assert not json.loads(again.stdout)["changed"]
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, check=True)
    assert seen(fresh, "git config --system http.proxy") == PROXY
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before


def test_an_account_has_them_in_its_own_files(fresh: Throwaway) -> None:
    """npm, git, pip and docker of an account know the proxy, and its files come back to the byte."""
    fresh.write("/home/alice/.npmrc", "fund=false\r\n", user="alice")
    fresh.write("/home/alice/.docker/config.json", '{\n\t"auths": {}\n}\n', user="alice", mode=0o600)
    before = fresh.changes(ignore=(*NOISE, *STATE))
    fresh.trustinstall("apply", document(fresh), user="alice", check=True)
    assert seen(fresh, "git config --global http.proxy", "alice") == PROXY
    docker = json.loads(fresh.read("/home/alice/.docker/config.json"))
    assert docker["proxies"]["default"]["noProxy"] == "localhost,127.0.0.1,::1,.corp.example"
    assert fresh.read("/home/alice/.npmrc").splitlines()[1:3] == [
        f"proxy={PROXY}".encode(),
        f"https-proxy={PROXY}".encode(),
    ]
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", user="alice", check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE)) == before


@pytest.mark.parametrize(
    ("user", "command", "expected"),
    [
        (
            "root",
            f"apt-get -o Acquire::Retries=0 -o Dir::Etc::sourcelist={LIST} update",
            "GET http://mirror.corp.test/",
        ),
        ("alice", "git ls-remote https://git.corp.test/a", "CONNECT git.corp.test:443"),
        ("alice", "pip download --retries 0 --no-cache -i https://pypi.corp.test/ a", "CONNECT pypi.corp.test:443"),
        ("alice", "hg identify https://hg.corp.test/a", "CONNECT hg.corp.test:443"),
        ("alice", "svn --non-interactive info https://svn.corp.test/a", "CONNECT svn.corp.test:443"),
        ("alice", "npm --registry https://npm.corp.test/ --fetch-retries 0 view a", "CONNECT npm.corp.test:443"),
        ("alice", "bash -lc 'curl -s https://curl.corp.test/'", "CONNECT curl.corp.test:443"),
        ("alice", "bash -lc 'wget -qt1 http://wget.corp.test/'", "GET http://wget.corp.test/"),
    ],
    ids=["apt", "git", "pip", "hg", "svn", "npm", "curl", "wget"],
)
def test_real_programs_ask_the_proxy(fresh: Throwaway, user: str, command: str, expected: str) -> None:
    """Without any variable of a session a tool asks the proxy of its file; curl and wget ask that of a login shell."""
    fresh.write(LIST, "deb [trusted=yes] http://mirror.corp.test/ stable main\n")
    with refusing() as proxy:
        document(fresh, proxy.address)
        fresh.trustinstall("apply", TRUST, check=True)
        if "npm" in command:  # the machine's file of npm lies where the package manager that installed it says
            fresh.trustinstall("apply", TRUST, user=user, check=True)
        home = fresh.user(user).home
        fresh.run(
            ["/usr/bin/env", "-i", f"HOME={home}", "PATH=/usr/sbin:/usr/bin:/bin", "sh", "-c", command], user=user
        )
    assert any(one.startswith(expected) for one in proxy.lines), proxy.lines


def test_maven_asks_the_proxy() -> None:
    """Maven itself, on its own template of settings, asks for a repository's host, and not for an excluded one."""
    with Throwaway() as root, refusing() as proxy:
        document(root, proxy.address, more='no_proxy = [".near.test"]\n')
        root.write("/home/alice/.m2/settings.xml", root.read("/etc/maven/settings.xml"), user="alice")
        root.trustinstall("apply", TRUST, user="alice", check=True)
        for host in ("far", "maven.near"):
            pom = POM.replace("HOST", f"{host}.test")
            root.run(["sh", "-c", f"cd; echo '{pom}' >pom.xml; mvn -B validate"], user="alice")
        asked = [one for one in proxy.lines if ".test:" in one]
    assert asked
    assert all(one.startswith("CONNECT far.test:443") for one in asked), asked


@pytest.mark.parametrize("template", [True, False])
def test_mavens_settings_come_back_to_the_byte(fresh: Throwaway, *, template: bool) -> None:
    """Maven's own template gets the proxies among its comments; an empty element is left as it is."""
    settings = "/home/alice/.m2/settings.xml"
    before = fresh.read("/etc/maven/settings.xml")
    fresh.write(settings, before if template else b"<settings/>", user="alice")
    fresh.trustinstall("apply", document(fresh), user="alice")
    text = fresh.read(settings)
    if template:
        assert text.count(b"<host>proxy.corp.example</host>") == 2
        assert b"<nonProxyHosts>localhost|127.0.0.1|*.corp.example</nonProxyHosts>" in text
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", user="alice", check=True)
    assert fresh.read(settings) == (before if template else b"<settings/>")


def test_a_password_that_no_file_may_hold_is_forgotten(fresh: Throwaway) -> None:
    """Every file of the machine can be read by all: none gets it, the answer says so, and --prune leaves no record."""
    before = fresh.changes(ignore=(*NOISE, "/srv"))
    document(fresh, f"http://corp:{SECRET}@proxy.corp.example:3128")
    done = fresh.trustinstall("apply", TRUST, check=True)
    assert "= Nothing was changed; " in done.stdout
    assert "left as found, for the reasons below" in " ".join(done.stdout.split())
    assert "s3cret" not in done.stdout
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", check=True)
    assert not fresh.path("/var/lib/trustinstall/private/proxies.json").exists()
    left = fresh.changes(ignore=(*NOISE, "/srv"))
    assert {path for path in {*left, *before} if left.get(path) != before.get(path)} <= {
        "/var/lib/trustinstall",
        "/var/lib/trustinstall/private",
        "/var/lib/trustinstall/private/lock",
    }


def test_root_sets_them_for_accounts(fresh: Throwaway) -> None:
    """In files that the machine's do not stand for; an account that is no longer named loses them; its own stay."""
    fresh.write("/home/alice/.npmrc", "fund=false\r\n", user="alice")
    ignored = (*NOISE, *STATE, "/home/bob/.local")
    before = fresh.changes(ignore=ignored)
    fresh.trustinstall("apply", document(fresh, more=f'{PLAIN}accounts = ["alice"]\n'), check=True)
    assert f"https-proxy={PROXY}".encode() in fresh.read("/home/alice/.npmrc")
    assert seen(fresh, "grep -l trustinstall ~/.profile ~/.gitconfig 2>/dev/null || true", "alice") == ""
    assert 'accounts = ["alice"]' in fresh.trustinstall("export", check=True).stdout
    assert not json.loads(fresh.trustinstall("repair", "--json", check=True).stdout)["changed"]
    assert not json.loads(fresh.trustinstall("repair", "--json", user="alice", check=True).stdout)["changed"]
    fresh.trustinstall("apply", document(fresh), "--prune", check=True)
    assert fresh.read("/home/alice/.npmrc") == b"fund=false\r\n"
    mine = document(fresh, "http://mine.example:1")
    fresh.trustinstall("apply", mine, user="alice", check=True)
    fresh.trustinstall("apply", document(fresh, more=f'{PLAIN}accounts = "all"\n'), check=True)
    assert b"https-proxy=http://mine.example:1" in fresh.read("/home/alice/.npmrc")
    fresh.write(TRUST, "version = 1\n")
    for user in ("alice", "root"):
        fresh.trustinstall("apply", TRUST, "--prune", user=user, check=True)
    assert fresh.changes(ignore=ignored) == before


@pytest.mark.parametrize("first", ["root", "proxies"])
def test_roots_and_proxies_share_files(fresh: Throwaway, first: str) -> None:
    """In either order, proxies stay when the root goes, and after both every byte is as before."""
    sh(fresh, "rm -f /home/alice/.profile /home/alice/.bashrc")  # both are made, by the half that comes first
    before = fresh.changes(ignore=(*NOISE, *STATE, "/tmp"))
    deliver(fresh)
    set_ = {"root": ("add", CERT), "proxies": ("apply", document(fresh))}
    second = "proxies" if first == "root" else "root"
    for one in (first, second):
        fresh.trustinstall(*set_[one], user="alice", check=True)
    text = fresh.read("/home/alice/.profile")
    assert b"NODE_EXTRA_CA_CERTS" in text
    assert b"https_proxy" in text
    fresh.trustinstall("remove", "--all", "--yes", user="alice", check=True)
    assert b"https_proxy" in fresh.read("/home/alice/.profile")
    fresh.write(TRUST, "version = 1\n")
    fresh.trustinstall("apply", TRUST, "--prune", user="alice", check=True)
    assert fresh.changes(ignore=(*NOISE, *STATE, "/tmp")) == before


def test_what_people_have_set_stays(fresh: Throwaway) -> None:
    """A variable or setting of a person's is named with file and line; no managed setting hides it."""
    fresh.write("/etc/apt/apt.conf.d/01proxy", 'Acquire {\n http { Proxy "http://a:1"; };\n};\n')
    fresh.write("/etc/profile.d/corp.sh", "# corp\nexport https_proxy=http://b:2\n")
    fresh.write("/etc/gitconfig", "[http]\n\tproxy = http://c:3\n")
    done = fresh.trustinstall("apply", document(fresh), "--json", check=True)
    details = {one["id"]: one["detail"] for one in json.loads(done.stdout)["stores"]}
    assert "/etc/apt/apt.conf.d/01proxy line 2" in details["proxies:/etc/apt/apt.conf.d/90trustinstall-proxy"]
    assert "/etc/profile.d/corp.sh line 2 sets https_proxy" in details["proxies:/etc/gitconfig"]
    assert seen(fresh, "bash -lc 'echo $https_proxy $HTTPS_PROXY $http_proxy'") == f"http://b:2 {PROXY}"
    assert seen(fresh, "apt-config dump Acquire::http::Proxy") == 'Acquire::http::Proxy "http://a:1";'


def test_what_is_lost_comes_back_and_what_a_person_takes_out_stays_out(fresh: Throwaway) -> None:
    """Repair writes a missing file again; a key that a person has taken out is left, with the reason."""
    fresh.trustinstall("apply", document(fresh), check=True)
    sh(
        fresh,
        "rm /etc/profile.d/trustinstall-proxy.sh; sleep 1.2; sed -i /proxy/d /etc/gitconfig; echo >>/etc/gitconfig",
    )
    found = {one["id"]: one["result"] for one in repaired(fresh)["stores"]}
    assert found == {"proxies:/etc/profile.d/trustinstall-proxy.sh": "added", "proxies:/etc/gitconfig": "foreign"}


def test_a_password_is_in_private_files_alone_and_never_shown(fresh: Throwaway) -> None:
    """As root it goes into no file; an account's files of mode 0600 get it; no plan, log, JSON or export has it."""
    fresh.write("/home/alice/.profile", "umask 022\n", user="alice", mode=0o600)
    fresh.write("/home/alice/.bashrc", "umask 022\n", user="alice", mode=0o644)
    path = document(fresh, f"http://corp:{SECRET}@proxy.corp.example:3128")
    said = ""
    for user in ("root", "alice"):
        for words in (
            ("apply", path, "--dry-run"),
            ("apply", path, "--verbose"),
            ("apply", path, "--json"),
            ("repair", "--json"),
            ("log", "--json"),
            ("export",),
        ):
            done = fresh.trustinstall(*words, user=user)
            said += done.stdout + done.stderr
    assert SECRET not in said
    assert ("http://proxy.corp.example:3128" in said, "corp@" in said) == (True, False)
    assert "chmod 600 /home/alice/.bashrc" in said
    found = seen(fresh, f"grep -rlF {SECRET} /etc /home /var/lib /var/log 2>/dev/null || true").split()
    assert "/home/alice/.profile" in found
    assert "/home/alice/.bashrc" not in found
    assert [one for one in found if not one.startswith("/home/alice/")] == [
        "/var/lib/trustinstall/private/proxies.json"
    ]
    assert [one for one in found if fresh.path(one).stat().st_mode & 0o077] == []
    assert seen(fresh, "env -i HOME=/home/alice sh -c '. ~/.profile; echo $https_proxy'", "alice").count(SECRET) == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('http = "socks5://a:1"', "proxies.http: it must be an address"),
        ('http = "http://user:geheim@a"', "with its port"),
        ('http = "http://a:1"\nno_proxy = ["*.corp.example"]', "proxies.no_proxy"),
        ('http = "http://a:1"\nno_proxy = ["10.0.0.300/8"]', "is no address and no network"),
        ("no_proxy = []", "it must have http or https"),
    ],
)
def test_mistakes_change_nothing_and_show_no_value(fresh: Throwaway, line: str, expected: str) -> None:
    """An address that programs would read differently is a mistake with its line."""
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    fresh.write(TRUST, f"version = 1\n[proxies]\n{line}\n")
    done = fresh.trustinstall("apply", TRUST)
    assert (done.returncode, expected in done.stderr, "geheim" in done.stderr) == (2, True, False), done.stderr
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before


def test_damaged_records_stop_a_document_before_anything_is_touched(fresh: Throwaway) -> None:
    """Where it cannot be known what was set, no root and no proxy is changed; and no record shows a value."""
    fresh.trustinstall("apply", document(fresh), check=True)
    fresh.write(
        "/var/lib/trustinstall/private/proxies.json", '{"version": 1, "http": "http://a:geheim@b:1"}', mode=0o600
    )
    before = fresh.changes(mtimes=True, ignore=(*NOISE, "/srv"))
    more = f"{PLAIN}[[certificate]]\npem = '''\n{ROOT.pem.decode()}'''\n"
    done = fresh.trustinstall("apply", document(fresh, more=more))
    assert (done.returncode, "is damaged" in done.stderr, "geheim" in done.stderr) == (1, True, False), done
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/srv")) == before


def test_the_program_is_not_uninstalled_while_proxies_are_set(fresh: Throwaway) -> None:
    """Its records are what takes them back: `self uninstall` says how to do that first."""
    fresh.trustinstall("apply", document(fresh), check=True)
    done = fresh.trustinstall("self", "uninstall", "--yes")
    assert (done.returncode, "proxies that trustinstall has set" in done.stderr) == (2, True), done


def test_dialects_of_no_proxy_are_told(fresh: Throwaway) -> None:
    """A localhost that is left out, and a network that not every tool knows, are notes."""
    done = fresh.trustinstall("apply", document(fresh, more='no_proxy = ["10.0.0.0/8"]\n'), check=True)
    told = textwrap.dedent(done.stdout).replace("\n", " ")
    assert "no_proxy leaves out localhost" in told
    assert "no_proxy has networks (10.0.0.0/8)" in told
