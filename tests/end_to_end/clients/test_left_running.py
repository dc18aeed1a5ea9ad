"""A session that began before `remove`: the clients in it go on, and trust no managed root."""

from __future__ import annotations

import pytest

from tests.end_to_end.clients.fetched import npm_program
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)
CERTIFICATE = "/srv/corp.crt"
OWN, AT_BOOT = "/usr/local/share/trustinstall", "/etc/tmpfiles.d/trustinstall.conf"
_FETCH = 'fetch("{url}").then(() => console.log("came through"), why => console.log(`${{why}} ${{why.cause}}`))'


def test_deno_and_node_go_on_without_ours() -> None:
    """With the variables of alice's old session both refuse her root as unknown, and say nothing of a missing file."""
    corporate = make_root("Corp Root")
    with Server(corporate.issue("localhost")) as server, Throwaway(java=False) as root:
        root.write("/opt/deno", npm_program("deno").read_bytes(), mode=0o755)
        root.write(CERTIFICATE, corporate.pem)
        script = _FETCH.format(url=server.url)
        clients = {"deno": ("/opt/deno", "eval", script), "node": ("node", "-e", script)}

        def ask(session: dict[str, str]) -> dict[str, str]:
            done = {name: root.run(words, user="alice", env=session) for name, words in clients.items()}
            return {name: one.stdout + one.stderr for name, one in done.items()}

        assert not [name for name, said in ask({}).items() if "came through" in said]
        root.trustinstall("add", CERTIFICATE, user="alice", check=True)
        words = root.run(["bash", "-l", "-c", "env"], user="alice", check=True).stdout.splitlines()
        session = {name: value for name, _, value in (one.partition("=") for one in words) if "CERT" in name}
        assert {"DENO_CERT", "NODE_EXTRA_CA_CERTS"} <= session.keys()
        assert all(said.strip() == "came through" for said in ask(session).values())
        with root.popen(["sleep", "1000"], user="alice", env=session) as old:
            try:
                root.trustinstall("remove", CERTIFICATE, user="alice", check=True)
                after = ask(session)
            finally:
                old.kill()
    assert "UnknownIssuer" in after["deno"], after
    assert "unable to" in after["node"], after
    assert not [said for said in after.values() if "came through" in said or "No such file" in said], after


def test_a_machines_files_stay_for_everybodys_sessions() -> None:
    """What root leaves for alice's session goes at the next boot, and with a remove after it; a new add is not lost."""
    corporate = make_root("Corp Root")
    with Server(corporate.issue("localhost")) as server, Throwaway(java=False) as root:
        root.write(CERTIFICATE, corporate.pem)
        root.freeze()
        session = {"NODE_EXTRA_CA_CERTS": f"{OWN}/anchors.pem"}
        script = _FETCH.format(url=server.url)

        def ask() -> str:
            done = root.run(["node", "-e", script], user="alice", env=session)
            return done.stdout + done.stderr

        with root.popen(["sleep", "1000"], user="alice", env=session) as old:
            try:
                root.trustinstall("add", CERTIFICATE, check=True)
                assert ask().strip() == "came through"
                removed = root.trustinstall("remove", CERTIFICATE, check=True)
                assert "or the next boot" in " ".join(removed.stdout.split())
                refused = ask()
                assert root.read(AT_BOOT).count(b"\nr! ") == 4
                root.trustinstall("add", CERTIFICATE, check=True)
                root.run(["systemd-tmpfiles", "--remove", "--boot"], check=True)
                assert ask().strip() == "came through"
                root.trustinstall("remove", CERTIFICATE, check=True)
                assert root.changes().keys() >= {AT_BOOT, OWN}
            finally:
                old.kill()
        root.run(["systemd-tmpfiles", "--remove", "--boot", "trustinstall.conf"], check=True)
        assert not [path for path in root.changes() if not path.startswith("/var/lib/trustinstall")]
    assert "unable to" in refused, refused
    assert "extra certs" not in refused, refused


def test_somebodys_own_file_for_the_boot_stays() -> None:
    """Where an administrator has a file of that name, nothing is written over it; the next command tidies up."""
    corporate = make_root("Corp Root")
    with Throwaway(java=False) as root:
        root.write(CERTIFICATE, corporate.pem)
        root.write(AT_BOOT, "# mine\n")
        root.freeze()
        with root.popen(["sleep", "1000"], user="alice", env={"NODE_EXTRA_CA_CERTS": f"{OWN}/anchors.pem"}) as old:
            try:
                root.trustinstall("add", CERTIFICATE, check=True)
                removed = root.trustinstall("remove", CERTIFICATE, check=True)
                assert "next boot" not in " ".join(removed.stdout.split())
                assert OWN in root.changes()
            finally:
                old.kill()
        root.trustinstall("add", CERTIFICATE, check=True)
        root.trustinstall("remove", CERTIFICATE, check=True)
        assert not [path for path in root.changes() if not path.startswith("/var/lib/trustinstall")]
