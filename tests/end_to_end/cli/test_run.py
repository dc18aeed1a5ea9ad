"""`run`: what one command is lent, who else may read it, and that it goes away."""

from __future__ import annotations

import os
import signal

from tests.end_to_end.cli.machine import CERT, ROOT, deliver
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

RUN = (*PROGRAM, "run", "--cert", CERT, "--")
_KEY = f"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI{'A' * 43}\n-----END PRIVATE KEY-----\n"


def lent(root: Throwaway) -> list[str]:
    """Directories that are lent at this moment."""
    return sorted(path.name for path in root.path("/tmp").glob(".trustinstall-*"))


def test_the_commands_end_is_ours(fresh: Throwaway) -> None:
    """Its exit code, or 128 and its signal, or 127 where there is none; nothing stays."""
    deliver(fresh)
    assert fresh.run([*RUN, "sh", "-c", "exit 7"]).returncode == 7
    assert fresh.run([*RUN, "sh", "-c", "kill -TERM $$"]).returncode == 128 + signal.SIGTERM
    assert fresh.run([*RUN, "/nowhere/at/all"]).returncode == 127
    assert lent(fresh) == []


def test_what_is_private_stays_so(fresh: Throwaway) -> None:
    """A password in her settings of wget is for her eyes; the key in her bundle is not lent; the certificate is."""
    deliver(fresh)
    theirs = make_root("Alice's Own")
    fresh.write("/home/alice/.wgetrc", "http_password = s3cret\n", mode=0o600, user="alice")
    fresh.write("/home/alice/mine.pem", theirs.pem.decode() + _KEY, mode=0o600, user="alice")
    script = 'stat -c "%a %n" "$(dirname "$WGETRC")"/*; cat "$SSL_CERT_FILE" "$WGETRC"'
    done = fresh.run(
        [*RUN, "sh", "-c", script], user="alice", env={"SSL_CERT_FILE": "/home/alice/mine.pem"}, check=True
    )
    listed = (line for line in done.stdout.splitlines() if line[:3].isdecimal() and "/.trustinstall-" in line)
    modes = {line.rpartition("/")[2]: line.split()[0] for line in listed}
    assert (modes.pop("wgetrc"), set(modes.values())) == ("600", {"644"})
    assert "s3cret" in done.stdout
    assert "PRIVATE KEY" not in done.stdout
    assert all(one.pem.decode() in done.stdout for one in (theirs, ROOT))


def test_killed_it_goes_when_its_command_has_ended(fresh: Throwaway) -> None:
    """While the command goes on its files are there, whoever comes by; after its end the next command removes them."""
    deliver(fresh)
    running = fresh.popen([*RUN, "sh", "-c", "echo $$; exec sleep 100"])
    assert running.stdout is not None
    pid = int(running.stdout.readline())
    running.kill()
    running.wait()  # and not for the end of its output, which the command still has
    assert len(lent(fresh)) == 1
    assert fresh.run([*RUN, "true"]).returncode == 0
    assert len(lent(fresh)) == 1
    os.kill(pid, signal.SIGKILL)
    running.communicate()
    assert fresh.run([*RUN, "true"]).returncode == 0
    assert lent(fresh) == []


def test_where_nobody_has_a_home_or_a_terminal(fresh: Throwaway) -> None:
    """Without HOME, as an ordinary account, the certificate comes from standard input or from a secret's mount."""
    deliver(fresh)
    fresh.write("/run/secrets/corp", ROOT.pem, mode=0o400, user="bob")
    words = [*PROGRAM, "run", "--cert"]
    look = ["--", "sh", "-c", 'cat "$NODE_EXTRA_CA_CERTS"']
    homeless = ["env", "--unset=HOME", "CI=true"]
    for name, given in (("-", ROOT.pem), ("/run/secrets/corp", None)):
        done = fresh.run([*homeless, *words, name, *look], user="bob", input=given)
        assert (done.returncode, done.stdout, done.stderr) == (0, ROOT.pem.decode(), "")
    refused = fresh.run([*words, "-", "--", "touch", "/tmp/ran"], user="bob", input=b"no certificate")
    assert (refused.returncode, fresh.path("/tmp/ran").exists(), lent(fresh)) == (4, False, [])


def test_whoever_ends_it_ends_its_command(fresh: Throwaway) -> None:
    """SIGTERM goes to the command, which may tidy up; its exit code is passed on, and nothing stays."""
    deliver(fresh)
    running = fresh.popen([*RUN, "sh", "-c", "trap 'echo tidied; exit 5' TERM; echo up; while :; do sleep 0.1; done"])
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.terminate()
    assert (running.communicate()[0], running.returncode, lent(fresh)) == ("tidied\n", 5, [])
