"""`run`: what one command is lent, who else may read it, and that it goes away."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess

import pytest

from tests.end_to_end.cli.machine import CERT, ROOT, deliver, told
from tests.support.ending import await_asleep
from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

RUN = (*PROGRAM, "run", "--cert", CERT, "--")
_KEY = f"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI{'A' * 43}\n-----END PRIVATE KEY-----\n"


def lent(root: Throwaway) -> list[str]:
    """Directories that are lent at this moment."""
    return sorted(path.name for path in root.path("/tmp").glob(".trustinstall-*"))


def test_the_commands_end_is_ours(fresh: Throwaway) -> None:
    """Its exit code, or 128 and its signal; 127 where there is none, 126 where it cannot be run; nothing stays."""
    deliver(fresh)
    assert fresh.run([*RUN, "sh", "-c", "exit 7"]).returncode == 7
    assert fresh.run([*RUN, "sh", "-c", "kill -TERM $$"]).returncode == 128 + signal.SIGTERM
    assert fresh.run([*RUN, "/nowhere/at/all"]).returncode == 127
    assert fresh.run([*RUN, "/etc/hostname"]).returncode == 126
    assert fresh.run([*PROGRAM, "run", "--no-such-option", "true"]).returncode == 125
    assert lent(fresh) == []


def test_json_is_alone_on_standard_output(fresh: Throwaway) -> None:
    """The report names what was lent and the command's status; the command's output goes to standard error."""
    deliver(fresh)
    words = [*PROGRAM, "run", "--json", "--cert", CERT, "--"]
    done = fresh.run([*words, "sh", "-c", "echo said; echo complained >&2; test -r $SSL_CERT_FILE && exit 7", "s3cret"])
    report = told(done)
    assert (done.returncode, done.stderr) == (7, "said\ncomplained\n")
    assert [report[key] for key in ("exit_code", "ok", "program", "changed")] == [7, False, "sh", False]
    assert [one["sha256"] for one in report["certificates"]] == [ROOT.sha256]
    assert {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "HGRCPATH"} <= set(report["variables"])
    assert "JAVA_TOOL_OPTIONS" not in report["variables"]
    assert "s3cret" not in done.stdout
    for wrong, code, status in (
        ([*PROGRAM, "run", "--json", "--cert", "/nosuch", "true"], "usage", 125),
        ([*words, "/nowhere/at/all"], "command-missing", 127),
    ):
        failed = fresh.run(wrong)
        assert (failed.returncode, told(failed)["exit_code"], told(failed)["error"]["code"]) == (status, status, code)


def test_no_variable_moves_the_output_of_a_command(fresh: Throwaway) -> None:
    """TRUSTINSTALL_JSON, set for a whole job, changes nothing for `run`, whose output is that of its command."""
    deliver(fresh)
    done = fresh.run([*RUN, "echo", "said"], env={"TRUSTINSTALL_JSON": "1"}, check=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
    failed = fresh.run([*RUN, "/nowhere/at/all"], env={"TRUSTINSTALL_JSON": "1"})
    assert (failed.returncode, failed.stdout) == (127, "")


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
    """While the command runs, its files stay during other commands; after its end the next command removes them."""
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
    assert (refused.returncode, fresh.path("/tmp/ran").exists(), lent(fresh)) == (125, False, [])


def test_whoever_ends_it_ends_its_command(fresh: Throwaway) -> None:
    """SIGTERM goes to the command, which may tidy up; its exit code is passed on, and nothing stays."""
    deliver(fresh)
    running = fresh.popen([*RUN, "sh", "-c", "trap 'echo tidied; exit 5' TERM; echo up; while :; do sleep 0.1; done"])
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.terminate()
    assert (running.communicate()[0], running.returncode, lent(fresh)) == ("tidied\n", 5, [])


# --- where its files lie -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "a:b", "a'b", "a#b", "a$HOME", "a\nb"])
def test_a_directory_whose_name_means_something(fresh: Throwaway, name: str) -> None:
    """Where TMPDIR has a blank, a colon, or what else a JVM or Mercurial reads as syntax, files lie elsewhere."""
    deliver(fresh)
    place = f"/var/tmp/{name}"
    fresh.write(f"{place}/x", b"", user="alice")
    words = [*RUN, "sh", "-c", "hg config web.cacerts; echo $SSL_CERT_FILE"]
    first, second = fresh.run(words, user="alice", env={"TMPDIR": place}, check=True).stdout.splitlines()
    assert first == second
    assert first.startswith("/tmp/.trustinstall-")
    assert lent(fresh) == []


def test_no_directory_can_be_named(fresh: Throwaway) -> None:
    """Where only such a directory may be written, nothing is run, and the sentence names TMPDIR."""
    deliver(fresh)
    fresh.write("/home/alice/a b/x", b"", user="alice")
    for place in ("/tmp", "/var/tmp"):
        fresh.path(place).chmod(0o755)
    done = fresh.run([*RUN, "touch", "/home/alice/ran"], user="alice", env={"TMPDIR": "/home/alice/a b"})
    assert (done.returncode, "TMPDIR" in done.stderr, fresh.path("/home/alice/ran").exists()) == (125, True, False)


REPLACED = {
    "a link": "mv $D $D.old; ln -s /home/alice/kept $D",
    "a link to nothing": "rm -r $D; ln -s /nowhere $D",
    "a file": "rm -r $D; echo x >$D",
    "another directory": "mv $D $D.old; mkdir -p $D/x/y; echo x >$D/x/y/z",
    "nothing": "rm -r $D",
    "a full one": "mkdir -p $D/a/b; echo x >$D/a/b/c; ln -s /home/alice/kept $D/a/link",
    "a closed one": "chmod 0 $D",
}


@pytest.mark.parametrize("what", REPLACED)
def test_whatever_becomes_of_its_directory(fresh: Throwaway, what: str) -> None:
    """The command's exit code is passed on, its directory goes with all that is in it, and no link is followed."""
    deliver(fresh)
    fresh.write("/home/alice/kept/file", b"hers", user="alice")
    fresh.write("/home/alice/.wgetrc", "http_password = s3cret\n", mode=0o600, user="alice")
    script = f'D="${{SSL_CERT_FILE%/*}}"; {REPLACED[what]}; exit 7'
    done = fresh.run([*RUN, "sh", "-c", script], user="alice")
    assert (done.returncode, done.stderr) == (7, "")
    left = {name: fresh.path(f"/tmp/{name}").is_dir() for name in lent(fresh)}
    assert all(name.endswith(".old") and not list(fresh.path(f"/tmp/{name}").iterdir()) for name in left), left
    assert fresh.read("/home/alice/kept/file") == b"hers"


# --- signals -------------------------------------------------------------------------------------

_COUNTING = """
import os, signal, time
seen = []
for number in (signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, lambda number, frame: seen.append(signal.Signals(number).name))
print("up", os.getppid(), flush=True)
end = time.monotonic() + 60
while not seen and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(0.7)  # for a second one
print("seen", *seen, flush=True)
"""


def _counted(root: Throwaway, how: str, *, at_input: str) -> list[str]:
    """The signals that reach a command on a terminal, after one was sent by a key or to us alone."""
    line = f"exec {shlex.join([*RUN, 'python3', '-c', _COUNTING])} {at_input}"
    running = root.popen(["script", "-qec", line, "/dev/null"], stdin=subprocess.PIPE)
    assert running.stdin is not None
    assert running.stdout is not None
    up = running.stdout.readline().split()
    assert up[0] == "up"
    await_asleep(int(up[1]))  # it waits for signals by now
    if how in {"\x03", "\x1c"}:
        running.stdin.write(how)
        running.stdin.flush()
    else:
        os.kill(int(up[1]), signal.Signals[how])
    said, _ = running.communicate(timeout=90)
    return next(line for line in said.splitlines() if "seen" in line).split("seen")[1].split()


@pytest.mark.parametrize("at_input", ["", "</dev/null"], ids=["terminal", "none"])
@pytest.mark.parametrize(
    ("how", "seen"),
    [("\x03", ["SIGINT"]), ("\x1c", ["SIGQUIT"]), ("SIGINT", ["SIGINT"]), ("SIGQUIT", ["SIGQUIT"])],
    ids=["Ctrl-C", "Ctrl-backslash", "kill -INT", "kill -QUIT"],
)
def test_a_signal_comes_once(fresh: Throwaway, how: str, seen: list[str], at_input: str) -> None:
    """A key of the terminal reaches the command once, wherever its input comes from; so does a signal to us alone."""
    deliver(fresh)
    assert _counted(fresh, how, at_input=at_input) == seen
