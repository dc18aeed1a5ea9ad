r"""A throw-away Windows: real programs for Windows over a real CryptoAPI store, under Wine.

    with Windows() as windows:
        path = windows.write(r"C:\corp.crt", root.pem)
        assert windows.trustinstall("add", path).returncode == 0
        assert root.sha256 in windows.roots()

It is a copy of a prefix that `prefix.py` makes once: a registry, a drive C: and a Wine server of its own; nothing of
it is seen outside, and everything is gone at the end. The account is an administrator's, whose profile lies in
`C:\users\NAME`; with `elevated=False` a program runs without its rights (`win32/as-user.c` says what that means). The
network is the machine's, so loopback servers of the test are reached. Standard output must be a pipe: Wine has no name
for a file that is on none of its drives.
"""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from typing_extensions import Self

from tests.support.ending import ended
from tests.support.prefix import PYTHON, WINE, WineError, copy_of_template, environment, remove

SYSTEM = r"C:\windows\system32"
CERTUTIL = rf"{SYSTEM}\certutil.exe"
AS_USER = rf"{SYSTEM}\as-user.exe"
TLS_CLIENT = rf"{SYSTEM}\tls-client.exe"
#: What certutil.exe is told (see `win32/certutil.c`), and what it has been asked.
SETTINGS = r"C:\certutil\settings"
CALLS = r"C:\certutil\calls"
PROGRAM = (PYTHON, "-I", "-m", "trustinstall")

#: Lives as long as its standard input, and with it Wine's services: each start but the first takes a tenth of a second.
#: Wine takes the machine's public roots into the ROOT store when a program first reads that store. It starts the
#: desktop, here one without a screen, at the first request; the desktop keeps the pipes of the requesting program.
_KEEPER = r"""
import ctypes, ssl, sys, winreg
with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\Wine\Drivers") as key:
    winreg.SetValueEx(key, "Graphics", 0, winreg.REG_SZ, "null")
ctypes.WinDLL("user32").GetDesktopWindow()
ssl.enum_certificates("ROOT")
print("ready", flush=True)
sys.stdin.read()
"""

_ROOTS = """
import hashlib, json, ssl
print(json.dumps([hashlib.sha256(der).hexdigest() for der, *_ in ssl.enum_certificates("ROOT")]))
"""

_CONNECT = """
import socket, ssl, sys
context = ssl.create_default_context()
try:
    context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost").close()
except ssl.SSLCertVerificationError as error:
    print(error)
    sys.exit(1)
"""

_REGISTRY = """
import json, sys, winreg
def walk(key, name):
    sub_keys, values, _ = winreg.QueryInfoKey(key)
    found = {}
    for number in range(values):
        value, content, _ = winreg.EnumValue(key, number)
        found[value] = content.hex() if isinstance(content, bytes) else content
    yield name, found
    for number in range(sub_keys):
        below = winreg.EnumKey(key, number)
        with winreg.OpenKey(key, below) as inner:
            yield from walk(inner, f"{name}\\\\{below}" if name else below)
every = []
for path in sys.argv[1:]:
    name, _, rest = path.partition("\\\\")
    hive = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}[name]
    try:
        with winreg.OpenKey(hive, rest) as key:
            every.append(dict(walk(key, "")))
    except FileNotFoundError:
        every.append({})
print(json.dumps(every))
"""


class Windows:
    """See the head of this module. A context manager."""

    def __enter__(self) -> Self:
        """Copy it and start it.

        A start of Wine is tried twice: on a machine with no free processor a first one has failed. WineError says what
        the second printed.
        """
        for attempt in (1, 2):
            self._prefix = copy_of_template()
            self._keeper = self.popen([PYTHON, "-I", "-c", _KEEPER], stdin=subprocess.PIPE)
            assert self._keeper.stdout is not None
            if self._keeper.stdout.readline() == "ready\n":
                return self
            printed = self._end()
            print(f"Start {attempt} of Wine failed: {printed}")
        raise WineError(f"Wine does not start: {printed}")

    def __exit__(self, *_: object) -> None:
        """Everything is gone."""
        self._end()

    def _end(self) -> str:
        """Take the prefix away, and return what its first program printed on standard error."""
        remove(self._prefix)
        return self._keeper.communicate()[1]

    # --- commands ---------------------------------------------------------------------------------

    @property
    def user(self) -> str:
        """The account's name."""
        return pwd.getpwuid(os.geteuid()).pw_name

    @property
    def home(self) -> str:
        """The account's profile, as Windows calls it."""
        return rf"C:\users\{self.user}"

    def popen(
        self,
        command: Iterable[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "C:\\",
        stdin: int = subprocess.DEVNULL,
        elevated: bool = True,
    ) -> subprocess.Popen[str]:
        """Start a Windows program by its Windows path; killing the process kills the program, and it alone.

        `env` is added to the environment that Wine gives to programs.
        """
        return subprocess.Popen(
            [WINE, *(() if elevated else (AS_USER,)), *command],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(self._prefix), **(env or {})},
            cwd=self.path(cwd),
            start_new_session=True,
            umask=0o022,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def run(
        self,
        command: Iterable[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "C:\\",
        input: str | None = None,  # noqa: A002 - the name that subprocess.run gives it
        timeout: float = 60,
        check: bool = False,
        elevated: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a Windows program to its end.

        After `timeout` seconds it and its children are killed and TimeoutExpired is raised. Output is decoded as UTF-8
        with surrogates for what is not, line ends are LF. The status is what a POSIX parent sees: the low eight bits.
        With `check`, a bad one raises AssertionError.
        """
        command = [*command]
        stdin = subprocess.DEVNULL if input is None else subprocess.PIPE
        process = self.popen(command, env=env, cwd=cwd, stdin=stdin, elevated=elevated)
        return ended(process, command, input, timeout, check=check)

    def python(self, script: str, *arguments: str, timeout: float = 60) -> Any:  # noqa: ANN401 - what JSON can hold
        """What a script for Python for Windows prints as JSON."""
        return json.loads(self.run([PYTHON, "-I", "-c", script, *arguments], timeout=timeout, check=True).stdout)

    def trustinstall(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        input: str | None = None,  # noqa: A002 - as in `run`
        timeout: float = 120,
        check: bool = False,
        elevated: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run the program under test, as it was when the prefix was copied."""
        command = [*PROGRAM, *arguments]
        return self.run(command, env=env, input=input, timeout=timeout, check=check, elevated=elevated)

    def certutil(self, *arguments: str, elevated: bool = True, check: bool = False) -> subprocess.CompletedProcess[str]:
        """Run certutil.exe."""
        return self.run([CERTUTIL, *arguments], elevated=elevated, check=check)

    # --- certutil's other sides -------------------------------------------------------------------

    def behave(self, **settings: str) -> None:
        """Make certutil.exe behave in other ways from now on, and in none but these; see `win32/certutil.c`."""
        self.write(SETTINGS, "".join(f"{name}={value}\n" for name, value in settings.items()))

    def calls(self) -> list[list[str]]:
        """The arguments of every run of certutil.exe until now."""
        path = self.path(CALLS)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line.split("\t") for line in lines]

    # --- TLS --------------------------------------------------------------------------------------

    def go_trusts(self, port: int) -> bool:
        """Whether a program written in Go trusts the server on a port of localhost: it asks crypt32's chain engine."""
        return self._trusts([TLS_CLIENT, f"127.0.0.1:{port}", "localhost"])

    def python_trusts(self, port: int) -> bool:
        """Whether Python for Windows does: it loads crypt32's stores into OpenSSL."""
        return self._trusts([PYTHON, "-I", "-c", _CONNECT, str(port)])

    def _trusts(self, command: list[str]) -> bool:
        done = self.run(command)
        assert done.returncode in {0, 1}, done
        return done.returncode == 0

    # --- what there is ------------------------------------------------------------------------------

    def roots(self) -> set[str]:
        """SHA-256 of each certificate in the merged ROOT store, as Python's `ssl` for Windows asks crypt32 for them."""
        return set(self.python(_ROOTS))

    def registry(self, *keys: str) -> list[dict[str, dict[str, Any]]]:
        r"""For each key (`HKLM\...` or `HKCU\...`): its and all sub-keys' values; {} for one that is not there.

        Sub-keys are named relative to the key, which is itself ""; binary values are hexadecimal.
        """
        found: list[dict[str, dict[str, Any]]] = self.python(_REGISTRY, *keys)
        return found

    # --- files --------------------------------------------------------------------------------------

    def path(self, inside: str) -> Path:
        """The place of an absolute Windows path, seen from outside; the case of names does not matter."""
        drive, *parts = PureWindowsPath(inside).parts
        assert drive.lower() == "c:\\", inside
        found = self._prefix / "drive_c"
        for part in parts:
            same = [each for each in found.iterdir() if each.name.lower() == part.lower()] if found.is_dir() else []
            found = same[0] if same else found / part
        return found

    def read(self, inside: str) -> bytes:
        """A file's content."""
        return self.path(inside).read_bytes()

    def write(self, inside: str, content: str | bytes) -> str:
        """Make or replace a file, and the directories above it; returns its path inside."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # programs and libraries are shared with the template
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return inside
