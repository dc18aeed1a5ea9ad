"""`doctor URL` in a throw-away Debian, held against the clients themselves."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from tests.end_to_end.cli.machine import told
from tests.support.chain_making import made
from tests.support.extensions import issuers_at
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from tests.unit.doctor.peers import answering, says

CORP = make_root("Doctor Corp Root")
LEAF = CORP.issue("localhost")


def _asked(root: Throwaway, url: str, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report for alice, and its clients by name."""
    report = told(root.trustinstall("doctor", url, "--json", *words, user="alice"))
    (found,) = report["servers"]
    found["exit_code"] = report["exit_code"]
    return found, {one["name"]: one for one in found["clients"]}


def _curl(root: Throwaway, url: str) -> bool:
    return root.run(["curl", "-sS", "-o", "/dev/null", url], user="alice").returncode == 0


def test_the_doctor_agrees_with_curl_before_and_after_add(fresh: Throwaway) -> None:
    """An unknown root is named with the command that adds it; after that, every client accepts."""
    fresh.write("/corp.crt", CORP.pem)
    with Server(LEAF) as server:
        found, clients = _asked(fresh, server.url, "--exit-code")
        assert (found["layer"], found["exit_code"], found["public"]) == ("certificate", 10, None)
        assert [one["code"] for one in clients["curl"]["reasons"]] == ["unknown-issuer"]
        assert not _curl(fresh, server.url)
        fresh.trustinstall("add", "/corp.crt", check=True)
        found, clients = _asked(fresh, server.url, "--exit-code")
        assert (clients["curl"]["accepts"], _curl(fresh, server.url)) == ("yes", True)
        assert (found["root"]["sha256"], found["public"]) == (CORP.sha256, False)


def test_servers_are_judged_in_one_call(fresh: Throwaway) -> None:
    """Each gets its verdict and its part of the page; a server that is refused among others decides the status."""
    fresh.write("/corp.crt", CORP.pem)
    fresh.trustinstall("add", "/corp.crt", "--store", "system", check=True)
    stranger = make_root("Doctor Stranger Root").issue("localhost")
    with Server(LEAF) as good, Server(stranger) as bad:
        assert (_curl(fresh, good.url), _curl(fresh, bad.url)) == (True, False)
        words = ("doctor", good.url, bad.url, "--exit-code")
        report = told(fresh.trustinstall(*words, "--json", "--report", "/tmp/both.html"))
        curls = [
            client["accepts"] for one in report["servers"] for client in one["clients"] if client["name"] == "curl"
        ]
        assert (report["exit_code"], curls) == (10, ["yes", "no"])
        page = fresh.read("/tmp/both.html").decode()
        said = fresh.trustinstall(*words).stdout
        assert all(f"localhost:{one.port}" in text for one in (good, bad) for text in (page, said))
        assert "of 2 servers" in said.splitlines()[0]
        assert fresh.trustinstall(*words, "--save-root", "/tmp/x.pem").returncode == 2


def test_who_decides_is_named_with_file_and_line(fresh: Throwaway) -> None:
    """A pip whose settings name one other root refuses although the machine trusts it, and the line is said."""
    fresh.write("/corp.crt", CORP.pem)
    fresh.write("/home/alice/other.pem", make_root("Other Root").pem, user="alice")
    fresh.trustinstall("add", "/corp.crt", "--skip", "settings", check=True)
    fresh.write("/home/alice/.config/pip/pip.conf", "[global]\ncert = /home/alice/other.pem\n", user="alice")
    with Server(LEAF) as server:
        found, clients = _asked(fresh, server.url)
        fresh.run(["pip3", "download", "--retries=0", f"--index-url={server.url}/simple/", "corp"], user="alice")
        assert (clients["pip"]["accepts"], server.refusals > 0) == ("no", True)
        assert clients["pip"]["decided_by"] == "/home/alice/.config/pip/pip.conf line 2"
        assert found["remedy"][-3:] == ["ROOT.pem", "--sha256", CORP.sha256]
        said = fresh.trustinstall("doctor", server.url, user="alice", check=True).stdout
    assert "pip /home/alice/.config/pip/pip.conf line 2" in " ".join(said.split())


#: Clients of Debian, the settings file that names another root alone, and how each asks a server.
BESIDE = {
    "curl": (".curlrc", "cacert = /home/alice/other.pem\n", ("curl", "-sS", "-o", "/dev/null")),
    "git": (".gitconfig", "[http]\n\tsslCAInfo = /home/alice/other.pem\n", ("git", "ls-remote")),
    "wget": (".wgetrc", "ca_certificate = /home/alice/other.pem\n", ("wget", "-q", "-O", "/dev/null")),
}
_REFUSED = re.compile("certificate|verif", re.IGNORECASE)


@pytest.mark.parametrize("name", BESIDE)
def test_what_debian_reads_beside_a_bundle_counts(fresh: Throwaway, name: str) -> None:
    """They read the system's directory beside the bundle that their settings name: the doctor says what they do."""
    file, text, command = BESIDE[name]
    fresh.write("/corp.crt", CORP.pem)
    fresh.write("/home/alice/other.pem", make_root("Other Root").pem, user="alice")

    def answers(server: Server) -> tuple[str, bool]:
        fresh.write(f"/home/alice/{file}", text, user="alice")
        server.refusals = 0
        done = fresh.run([*command, server.url], user="alice")
        refused = done.returncode == 5 if name == "wget" else _REFUSED.search(done.stderr) is not None
        return _asked(fresh, server.url)[1][name]["accepts"], not refused

    with Server(LEAF) as server:
        assert answers(server) == ("no", False)
        fresh.trustinstall("add", "/corp.crt", "--skip", "settings", check=True)
        assert answers(server) == ("yes", True)


def test_a_root_is_saved_and_not_trusted_without_its_fingerprint(fresh: Throwaway) -> None:
    """The root is fetched from the certificate's URL; `add` wants the fingerprint, also with other confirmations."""
    page = b"HTTP/1.0 200 OK\r\n\r\n" + CORP.der
    with answering(says(page)) as port:
        leaf = made(CORP, extensions=[issuers_at(f"http://127.0.0.1:{port}/corp.crt")])
        with Server(leaf) as server:
            found, _ = _asked(fresh, server.url, "--save-root", "seen.pem")
    assert (found["saved"], found["root"]["sha256"]) == ("/home/alice/seen.pem", CORP.sha256)
    assert found["remedy"][-3:] == ["/home/alice/seen.pem", "--sha256", CORP.sha256]
    wrong = ["--sha256", "0" * 64]
    for words, said in (
        ([], "fingerprint"),
        (["--yes"], "fingerprint"),
        (wrong, "not the certificate that --sha256 names"),
    ):
        done = fresh.trustinstall("add", "/home/alice/seen.pem", *words)
        assert (done.returncode != 0, said in done.stderr) == (True, True)
    fresh.trustinstall("add", *found["remedy"][-3:], check=True)
    unseen = fresh.trustinstall("doctor", "localhost:1", "--save-root", "/home/alice/unseen.pem")
    assert (unseen.returncode, fresh.path("/home/alice/unseen.pem").exists()) == (10, False)
    again = fresh.trustinstall("doctor", "localhost:1", "--save-root", "/home/alice/seen.pem")
    assert "The layer that failed: tcp." in again.stdout


def test_a_running_program_is_judged_by_its_own_variables(fresh: Throwaway) -> None:
    """The bundle of a variable that only the process has decides, for its own account and for root, and no other."""
    fresh.write("/home/alice/corp.pem", CORP.pem, user="alice")
    program = ["python3", "-c", "import sys; print(flush=True); sys.stdin.read()"]
    variables = {"SSL_CERT_FILE": "/home/alice/corp.pem", "SECRET": "hunter2"}
    process = fresh.popen(program, user="alice", env=variables, stdin=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with Server(LEAF) as server:
            words = ("doctor", server.url, f"--pid={process.pid}", "--json")
            for user in ("alice", "root"):
                said = fresh.trustinstall(*words, user=user)
                assert "hunter2" not in said.stdout
                clients = {one["name"]: one for one in told(said)["servers"][0]["clients"]}
                assert (clients["Python's ssl"]["accepts"], clients["requests"]["accepts"]) == ("yes", "no")
                assert "curl" not in clients
            assert fresh.trustinstall(*words, user="bob").returncode == 5
            assert _asked(fresh, server.url)[1]["curl"]["accepts"] == "no"
    finally:
        process.communicate("")
    for number in (process.pid, 0, -1):
        assert "there is no process" in fresh.trustinstall("doctor", "x.example", f"--pid={number}").stderr
    for option in ("--report", "--save-root"):  # of an empty variable of a script
        assert fresh.trustinstall("doctor", "x.example", option, "").returncode == 2


def test_root_judges_a_program_by_its_own_rights(fresh: Throwaway) -> None:
    """A bundle that root alone may read is none for alice's program, and mounts of its own are said."""
    fresh.write("/srv/corp.pem", CORP.pem, mode=0o600)
    program = "import sys; print(flush=True); sys.stdin.read()"
    words = [
        "unshare",
        "--mount",
        "setpriv",
        "--reuid=alice",
        "--regid=alice",
        "--clear-groups",
        "python3",
        "-c",
        program,
    ]
    variables = {"SSL_CERT_FILE": "/srv/corp.pem"}
    process = fresh.popen(words, env=variables, stdin=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        with Server(LEAF) as server:
            said = told(fresh.trustinstall("doctor", server.url, f"--pid={process.pid}", "--json"))["servers"][0]
            wrong = fresh.trustinstall("doctor", server.url, f"--pid={process.pid}", "--proxy", "ftp://x:1")
    finally:
        process.communicate("")
    (python,) = (one for one in said["clients"] if one["name"] == "Python's ssl")
    assert (python["accepts"], python["reasons"][0]["code"]) == ("no", "unknown-issuer")
    assert "with files of its own" in said["caller"]
    assert [one["sha256"] for one in said["chain"]] == [LEAF.sha256] == [said["root"]["sha256"]]
    assert (wrong.returncode, "--proxy names no proxy" in wrong.stderr) == (2, True)


def test_a_program_with_files_of_its_own_is_judged_by_these(fresh: Throwaway) -> None:
    """As in a container: a bundle that is mounted over the machine's, and a tree below chroot, as root and as alice."""
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    fresh.write("/srv/bundle.pem", fresh.read(bundle) + CORP.pem)
    fresh.write("/jail/host.pem", CORP.pem)
    fresh.run(
        ["sh", "-c", "mkdir -p /jail/usr /jail/srv && cp -a /etc /jail/etc && ln -s usr/lib usr/lib64 usr/bin /jail/"]
    )
    fresh.write("/jail/home/alice/.curlrc", "insecure\n")
    fresh.run(["ln", "-s", "/srv/bundle.pem", "/jail/srv/leads-out.pem"], check=True)
    wait = "import sys; print(flush=True); sys.stdin.read()"
    alice = "setpriv --reuid=alice --regid=alice --clear-groups"
    mounted = f"mount --bind /srv/bundle.pem {bundle} && exec {alice} python3 -c '{wait}'"
    below = f"mount --rbind /usr /jail/usr && exec chroot /jail {alice} python3 -c '{wait}'"
    cases: list[tuple[str, dict[str, str], str]] = [
        (mounted, {}, "yes"),
        (below, {}, "no"),
        (below, {"SSL_CERT_FILE": "/host.pem"}, "yes"),
        (below, {"SSL_CERT_FILE": "/srv/leads-out.pem"}, "no"),
        (f'exec unshare --net sh -c "{mounted}"', {}, "yes"),
    ]
    with Server(LEAF) as server:
        for shell, variables, accepts in cases:
            process = fresh.popen(["unshare", "--mount", "sh", "-c", shell], env=variables, stdin=subprocess.PIPE)
            try:
                assert process.stdout is not None
                process.stdout.readline()
                for user in ("root", "alice"):
                    words = ("doctor", server.url, f"--pid={process.pid}", "--json")
                    (said,) = told(fresh.trustinstall(*words, user=user))["servers"]
                    (python,) = (one for one in said["clients"] if one["name"] == "Python's ssl")
                    assert (python["accepts"], "with files of its own" in said["caller"]) == (accepts, True), (
                        shell,
                        user,
                    )
                    assert {one["name"] for one in said["clients"] if one["accepts"] == "off"} == set()
                    assert ("a network of its own" in said["caller"]) == ("--net" in shell)
            finally:
                process.communicate("")
        assert _asked(fresh, server.url)[1]["curl"]["accepts"] == "no"


def test_a_command_that_fails_is_explained(fresh: Throwaway) -> None:
    """Its output is shown, its status returned, its server diagnosed for its program only; one that works is left."""
    with Server(LEAF) as server:
        done = fresh.trustinstall("doctor", "--", "curl", "-sS", server.url, user="alice")
        assert (done.returncode, "curl: (60)" in done.stderr) == (60, True)
        assert "does not trust a certificate's issuer" in done.stdout
        assert f"1 of 1 clients here refuse localhost:{server.port}" in done.stdout
        report = told(fresh.trustinstall("doctor", "--json", "--", "curl", "-sS", server.url, user="alice"))
        assert (report["exit_code"], report["fault"]) == (60, "unknown-issuer")
        assert [one["name"] for one in report["servers"][0]["clients"]] == ["curl"]
        fresh.write("/corp.crt", CORP.pem)
        fresh.trustinstall("add", "/corp.crt", check=True)
        done = fresh.trustinstall("doctor", "--", "curl", "-sS", server.url, user="alice")
        assert (done.returncode, "hello over TLS" in done.stdout, "nothing to explain" in done.stdout) == (
            0,
            True,
            True,
        )
    done = fresh.trustinstall("doctor", "--json", "--", "sh", "-c", "echo --json; exit 7")
    report = told(done)
    assert (report["exit_code"], report["program"], report["fault"], report["servers"]) == (7, "sh", "", [])
    assert "--json" in done.stderr
    assert fresh.trustinstall("doctor", "--", "/nothing", "--json").stdout == ""
    done = fresh.trustinstall("doctor", "--", "sh", "-c", "exit 7")
    assert (done.returncode, "names no fault of TLS" in done.stdout) == (7, True)
    assert fresh.trustinstall("doctor", "--", "/nothing").returncode == 127
    assert fresh.trustinstall("doctor", "x.example", "--", "true").returncode == 2


def test_an_add_ends_with_a_look(fresh: Throwaway) -> None:
    """With the right root all clients accept the server; with another one they refuse, and the status says so."""
    fresh.write("/corp.crt", CORP.pem)
    fresh.write("/other.crt", make_root("Doctor Other Root").pem)
    with Server(LEAF) as server:
        words = ("--yes", "--verify", server.url)
        done = fresh.trustinstall("add", "/other.crt", *words)
        assert (done.returncode, "clients here refuse" in done.stdout) == (10, True)
        done = fresh.trustinstall("add", "/corp.crt", *words)
        assert (done.returncode, "clients here refuse" in done.stdout) == (0, True)
        assert "sign in again" in " ".join(
            done.stdout.split()
        )  # Node.js reads a variable, which this session does not have
        assert "Ask the administrator" not in done.stdout
        report = told(fresh.trustinstall("add", "/corp.crt", *words, "--json"))
        assert (report["exit_code"], report["diagnosis"]["target"]) == (0, f"localhost:{server.port}")
        assert ("curl", "yes") in {(one["name"], one["accepts"]) for one in report["diagnosis"]["clients"]}


def test_a_planned_add_is_judged_as_it_would_be(fresh: Throwaway) -> None:
    """A dry run says what clients would make of the server, as they do after the add; and changes nothing."""
    fresh.write("/corp.crt", CORP.pem)
    fresh.write("/other.crt", make_root("Doctor Other Root").pem)
    with Server(LEAF) as server:
        words = ("--yes", "--verify", server.url)
        before = fresh.changes()
        wrong = fresh.trustinstall("add", "/other.crt", *words, "--dry-run")
        assert (wrong.returncode, "clients here would refuse" in wrong.stdout) == (10, True)
        planned = told(fresh.trustinstall("add", "/corp.crt", *words, "--dry-run", "--json"))["diagnosis"]
        some = told(fresh.trustinstall("add", "/corp.crt", *words, "--dry-run", "--skip", "system,tools", "--json"))
        assert (planned["planned"], fresh.changes(), _curl(fresh, server.url)) == (True, before, False)
        real = told(fresh.trustinstall("add", "/corp.crt", *words, "--json"))["diagnosis"]
    assert _verdicts(planned) == _verdicts(real)
    assert (_verdicts(planned)["curl"], _verdicts(some["diagnosis"])["curl"]) == ("yes", "no")


def _verdicts(diagnosis: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["accepts"] for one in diagnosis["clients"]}


def test_an_add_is_reported_although_the_look_fails(fresh: Throwaway) -> None:
    """A variable that names no proxy is an error of the look: the change is in the report, and the status is 10."""
    fresh.write("/corp.crt", CORP.pem)
    words = ("add", "/corp.crt", "--yes", "--verify", "a.example", "--json")
    done = fresh.trustinstall(*words, env={"HTTPS_PROXY": "ftp://x:1"})
    report = told(done)
    assert (report["exit_code"], report["changed"], "diagnosis" in report) == (10, True, False)
    assert "HTTPS_PROXY names no proxy" in done.stderr


def test_a_look_changes_nothing(fresh: Throwaway) -> None:
    """The doctor writes no file, and a server that is not there is one sentence."""
    before = fresh.changes()
    done = fresh.trustinstall("doctor", "localhost:1", "--exit-code")
    assert (done.returncode, done.stderr) == (10, "")
    assert "The layer that failed: tcp." in done.stdout
    assert fresh.changes() == before


def test_a_client_that_does_not_verify_is_said(fresh: Throwaway) -> None:
    """A curl whose settings switch verification off accepts a stranger's server: the doctor says so, with the line."""
    with Server(LEAF) as server:
        assert not _curl(fresh, server.url)
        fresh.write("/home/alice/.curlrc", "silent\ninsecure\n", user="alice")
        curl = _asked(fresh, server.url)[1]["curl"]
        assert (curl["accepts"], curl["decided_by"], _curl(fresh, server.url)) == (
            "off",
            "/home/alice/.curlrc line 2",
            True,
        )
