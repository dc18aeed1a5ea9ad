"""The door to the operating system on Windows, run by Python for Windows under Wine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.pki import make_root
from tests.support.prefix import PYTHON
from tests.support.wine import Windows
from trustinstall.certificates.certificate import Certificate

pytestmark = pytest.mark.timeout(600)

BUNDLE = r"C:\Python311\Lib\site-packages\pip\_vendor\certifi\cacert.pem"
STATE = r"C:\ProgramData\trustinstall"
_HEAD = """
import json, os, sys, time
from trustinstall.errors import TrustInstallError
from trustinstall.host import ActingHost, locks, process
from trustinstall.host.commands import Run
"""
_RUN = """
def run(*words, seconds=60, inherit=(), script=None):
    command = Run((sys.executable, "-I", "-c", script, *words), seconds=seconds, must_succeed=False)
    return process.run(command, sys.executable, {}, inherit)
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Windows]:
    """A Windows for what leaves nothing behind."""
    with Windows() as windows:
        yield windows


@pytest.fixture
def windows() -> Iterator[Windows]:
    """A Windows as it was made."""
    with Windows() as windows:
        yield windows


def ask(windows: Windows, script: str, *arguments: str) -> object:
    """What a script of the host's prints as JSON."""
    return windows.python(_HEAD + script, *arguments)


# --- who and where ---


def test_the_account_and_its_places(shared: Windows) -> None:
    """By what Windows says, with forward slashes; the environment is not asked."""
    script = """
host = ActingHost.current()
print(json.dumps([host.account.uid, host.account.name, host.account.home, host.state_base(), host.machine_state_base(),
                  host.windows_tool("certutil.exe"), host.has_desktop(), sorted(host.distribution())]))
"""
    lies = {"USERPROFILE": "C:\\evil", "PROGRAMDATA": "C:\\evil", "SYSTEMROOT": "C:\\windows", "WINDIR": "C:\\evil"}
    done = shared.run([PYTHON, "-I", "-c", _HEAD + script], env=lies, check=True)
    home = shared.home.replace("\\", "/")
    state = STATE.replace("\\", "/")
    tool = "C:/windows/System32/certutil.exe"
    assert json.loads(done.stdout) == [0, shared.user, home, state, state, tool, True, []]


def test_a_linux_in_c_is_believed_by_nobody(shared: Windows) -> None:
    """On Windows, every account may make such directories at the root of a drive."""
    shared.write(r"C:\etc\os-release", "ID=debian\n")
    shared.write(r"C:\etc\ssl\certs\ca-certificates.crt", make_root().pem)
    shared.write(r"C:\usr\sbin\update-ca-certificates", "#!/bin/sh\n")
    stores = json.loads(shared.trustinstall("stores", "--json", check=True).stdout)["stores"]
    assert {one["backend"] for one in stores} == {"windows", "certifi", "environment"}
    assert ask(shared, 'print(json.dumps(ActingHost.current().status("/etc/os-release") is None))') is True


# --- files ---


def test_files_are_replaced_whole_and_stay_as_they_were(shared: Windows) -> None:
    """A read-only file is replaced, and is read-only again; nothing is left beside it."""
    path = shared.write(r"C:\files\old.pem", "old")
    shared.path(path).chmod(0o444)
    script = """
host = ActingHost.current()
host.write("C:/files/old.pem", b"new", 0o644, None, "t1")
host.write("C:/files/new.pem", b"new", 0o644, None, "t2")
print(json.dumps([os.stat("C:/files/old.pem").st_file_attributes & 1, host.names("C:/files"),
                  host.read("C:/files/old.pem").decode()]))
"""
    assert ask(shared, script) == [1, ["new.pem", "old.pem"], "new"]
    assert shared.path(path).stat().st_mode & 0o222 == 0


def test_a_directory_without_rights_is_known_before(shared: Windows) -> None:
    """Whether a file can be replaced is asked of Windows, and nothing is tried."""
    script = """
host = ActingHost.current()
print(json.dumps([host.may_write("C:/files-not/x"), host.may_write("C:/Python311/python.exe")]))
"""
    assert ask(shared, script) == ["its directory is missing", None]


@pytest.mark.parametrize(
    ("name", "code"),
    [("NUL", 2), ("CON", 2), (r"C:\corp.pem:stream", 4), (r"C:\Windows", 4), (r"\\.\PhysicalDrive0", 2)],
)
def test_what_is_no_file_is_no_input(shared: Windows, name: str, code: int) -> None:
    """Devices, streams and directories without certificates are refused, and none of them is waited for."""
    shared.write(r"C:\corp.pem", make_root().pem)
    done = shared.trustinstall("add", "--dry-run", name, timeout=60)
    assert done.returncode == code, done
    assert "unexpected" not in done.stderr


def test_standard_input_and_a_directory_are_inputs(shared: Windows) -> None:
    """As on any system."""
    root = make_root()
    shared.write(r"C:\many\one.CRT", root.pem)
    shared.write(r"C:\many\readme.txt", "no certificate")
    for arguments, piped in ((["-"], root.pem.decode()), ([r"C:\many"], None), (["c:/MANY/one.crt"], None)):
        done = shared.trustinstall("add", "--dry-run", "--json", "--skip", "windows", *arguments, input=piped)
        found = json.loads(done.stdout)
        assert [one["sha256"] for one in found["certificates"]] == [Certificate(root.der).sha256], done


# --- state ---


def test_our_state_is_ours(windows: Windows) -> None:
    """A directory that others may change is not believed, and others may not read one that may hold secrets."""
    path = windows.write(r"C:\corp.pem", make_root().pem)
    assert windows.trustinstall("add", "--skip", "windows", path).returncode == 0
    state = windows.path(STATE)
    assert state.stat().st_mode & 0o002 == 0
    assert (state / "private").stat().st_mode & 0o007 == 0
    (state / "ledger.json").chmod(0o666)
    for command in (["list"], ["add", path], ["remove", "--all"]):
        done = windows.trustinstall(*command)
        assert done.returncode == 1, done
        assert "may have been written by another account (WD may change it)" in done.stderr


def test_a_lock_holds_and_is_free_when_its_holder_is_killed(windows: Windows) -> None:
    """Also while a tool that has inherited it still runs."""
    hold = (
        _HEAD
        + """
lock = locks.take("C:\\\\lock", lambda: None)
print("taken", flush=True)
time.sleep(60)
"""
    )
    wait = """
from trustinstall.errors import Busy
try:
    locks.release(locks.take("C:\\\\lock", lambda: None, float(sys.argv[1])))
    print('"free"')
except Busy:
    print('"busy"')
"""
    with windows.popen([PYTHON, "-I", "-c", hold]) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        assert ask(windows, wait, "0.5") == "busy"
        holder.kill()
    assert ask(windows, wait, "20") == "free"


# --- tools ---


def test_a_tool_sees_an_environment_that_is_made(shared: Windows) -> None:
    """Nothing of the caller's, and a path that only Windows itself is on."""
    script = (
        _RUN
        + """
print(run(script="import os, json; print(json.dumps(dict(os.environ)))").output)
"""
    )
    env = {"PATH": "C:\\evil", "PYTHONPATH": "C:\\evil", "EVIL": "1", "SSL_CERT_FILE": "C:\\evil"}
    done = shared.run([PYTHON, "-I", "-c", _HEAD + script], env=env, check=True)
    seen = {name.upper(): value for name, value in json.loads(done.stdout).items()}
    assert seen["PATH"] == r"C:\windows\System32"
    assert seen["SYSTEMROOT"] == r"C:\windows"
    assert seen["SYSTEMDRIVE"] == "C:"
    assert not {"EVIL", "PYTHONPATH", "SSL_CERT_FILE", "USERNAME"} & seen.keys()


def test_a_status_has_all_its_bits(shared: Windows) -> None:
    """As an unsigned number."""
    script = (
        _RUN
        + """
end = "import ctypes; ctypes.windll.kernel32.ExitProcess(ctypes.c_uint(0x800704C7))"
print(json.dumps(run(script=end).status))
"""
    )
    assert ask(shared, script) == 0x800704C7


def test_a_time_out_ends_everything_that_was_started(shared: Windows) -> None:
    """The tool, and what it has started itself."""
    script = (
        _RUN
        + """
from trustinstall.errors import ToolFailed
child = 'import os, sys, time; open(sys.argv[1], "w").write(str(os.getpid())); time.sleep(60)'
parent = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', {child!r}, sys.argv[1]])"
try:
    run(sys.argv[1], script=parent, seconds=10)
except ToolFailed as error:
    said = str(error)
import ctypes
process_of = int(open(sys.argv[1]).read())
handle = ctypes.windll.kernel32.OpenProcess(0x100000, 0, process_of)
ended = not handle or ctypes.windll.kernel32.WaitForSingleObject(handle, 10000) == 0
print(json.dumps([said, ended]))
"""
    )
    said, ended = json.loads(json.dumps(ask(shared, script, r"C:\grandchild")))
    assert "did not end within 10 s and was stopped" in said
    assert ended


def test_a_tool_ends_with_us_and_holds_the_lock_until_then(windows: Windows) -> None:
    """After a kill no process is left that answers a window later; and no other process gets the lock before."""
    script = (
        _HEAD
        + _RUN
        + """
lock = locks.take("C:\\\\lock", lambda: None)
run("C:\\\\tool", script="import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)",
    inherit=(lock,))
"""
    )
    with windows.popen([PYTHON, "-I", "-c", script]) as program:
        ask(
            windows, 'while not (os.path.exists("C:\\\\tool") and open("C:\\\\tool").read()): time.sleep(0.1)\nprint(0)'
        )
        program.kill()
    look = """
import ctypes
handle = ctypes.windll.kernel32.OpenProcess(0x100000, 0, int(open("C:\\\\tool").read()))
ended = not handle or ctypes.windll.kernel32.WaitForSingleObject(handle, 20000) == 0
locks.release(locks.take("C:\\\\lock", lambda: None, 20))
print(json.dumps(ended))
"""
    assert ask(windows, look) is True


def test_a_tool_that_others_may_change_is_not_run(shared: Windows) -> None:
    """An administrator's prompt runs what only administrators can have written."""
    path = shared.write(r"C:\tools\tool.exe", b"MZ")
    shared.path(path).chmod(0o777)
    script = """
from trustinstall.errors import ToolFailed
try:
    process.run(Run(("C:/tools/tool.exe",)), "C:\\\\tools\\\\tool.exe", {}, ())
except ToolFailed as error:
    print(json.dumps(str(error)))
"""
    assert "tool.exe is not run, because WD may change it" in str(ask(shared, script))


# --- what is printed ---


def test_what_a_code_page_cannot_say_is_escaped(shared: Windows) -> None:
    """Output to a pipe is in a code page; no letter of a name ends the program."""
    path = shared.write(r"C:\corp.pem", make_root(common_name="Ünïcode 会社 Root").pem)
    done = shared.trustinstall("add", "--dry-run", "--skip", "windows", path)
    assert done.returncode == 0, done
    assert r"\u4f1a\u793e" in done.stdout


def test_an_interrupt_is_told(windows: Windows) -> None:
    """Ctrl-Break ends the program politely, also while it waits for input: a sentence, and its exit code."""
    script = """
import _thread, signal, sys, threading, time
from trustinstall.cli.main import run

def interrupt():  # once the program listens, which takes longer on a busy machine
    while signal.getsignal(signal.SIGBREAK) is signal.SIG_DFL:
        time.sleep(0.05)
    time.sleep(1)
    _thread.interrupt_main(signal.SIGBREAK)

threading.Thread(target=interrupt, daemon=True).start()
sys.exit(run(["add", "--yes", "-"]))
"""
    with windows.popen([PYTHON, "-I", "-c", script], stdin=subprocess.PIPE) as program:
        assert program.stderr is not None
        assert program.stderr.read().startswith("error: interrupted; ")
    assert program.returncode == 130
