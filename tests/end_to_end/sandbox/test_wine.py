"""The throw-away Windows of the tests: what is real in it, and what its stand-ins say and do.

The outputs and statuses of certutil.exe that are asserted here are what real ones have been seen to give.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from tests.support.pki import Root, make_root
from tests.support.prefix import PYTHON
from tests.support.tls import Server
from tests.support.wine import CERTUTIL, Windows

pytestmark = pytest.mark.timeout(900)  # the first makes the template

MACHINE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
USER = r"HKCU\SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\Root\Certificates"
ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates\Root\Certificates"
FILE = r"C:\corp.crt"

ACCESS_DENIED = 0x80070005
CANCELLED = 0x800704C7
FILE_NOT_FOUND = 0x80070002
NOT_FOUND = 0x80090011
FAIL = 0x80004005
EXPIRED = 0x800B0101

#: A parent in Windows sees 32 bits of a status; one outside sees eight.
_STATUS = """
import json, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
print(json.dumps([done.returncode, done.stdout.hex(), done.stderr.hex()]))
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Windows]:
    """One for all tests here: each uses a root of its own."""
    with Windows() as windows:
        yield windows


@pytest.fixture
def windows(shared: Windows) -> Iterator[Windows]:
    """With a certutil that behaves."""
    yield shared
    shared.behave()


@pytest.fixture
def root(windows: Windows) -> Root:
    """A root, in the file that is added."""
    made = make_root("Corp Root")
    windows.write(FILE, made.pem)
    return made


def thumbprint(root: Root) -> str:
    """As Windows calls a certificate."""
    return hashlib.sha1(root.der, usedforsecurity=False).hexdigest()


def certutil(windows: Windows, *arguments: str) -> tuple[int, bytes, bytes]:
    """Status, output and errors as a parent in Windows gets them."""
    status, output, errors = windows.python(_STATUS, CERTUTIL, *arguments)
    return status, bytes.fromhex(output), bytes.fromhex(errors)


def places(windows: Windows, root: Root) -> set[str]:
    """The physical stores that hold a root, by the registry."""
    keys = (MACHINE, USER, POLICY, ENTERPRISE)
    return {key for key, found in zip(keys, windows.registry(*keys), strict=True) if thumbprint(root).upper() in found}


# --- the machine -----------------------------------------------------------------------------------


def test_it_is_windows(windows: Windows) -> None:
    """The interpreter is CPython for Windows, and the program's requirements load in it."""
    script = "import cryptography.x509, json, os, sys, typer, winreg; print(json.dumps([os.name, sys.platform]))"
    assert windows.python(script) == ["nt", "win32"]


def test_nothing_of_the_machine_is_within_reach(windows: Windows) -> None:
    """There is no drive but C:, and no directory of the account's profile is one of the machine's."""
    script = r"import json, os; print(json.dumps([each for each in 'ABCDEFGHIJZ' if os.path.exists(each + ':\\')]))"
    assert windows.python(script) == ["C"]
    profile = windows.path(windows.home)
    assert not [path for path in profile.rglob("*") if path.is_symlink()]


def test_what_one_does_another_does_not_see(windows: Windows, root: Root) -> None:
    """Files and registry of two are apart, although they share the files that no program writes in place."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    with Windows() as other:
        assert not other.path(FILE).exists()
        assert root.sha256 not in other.roots()
        other.write(CERTUTIL, b"changed")
        assert windows.read(CERTUTIL) != b"changed"


def test_nothing_stays() -> None:
    """At the end its processes and its directory are gone."""
    with Windows() as windows:
        place = windows.path("C:\\").parent
        running = windows.popen([PYTHON, "-I", "-c", "import time; print('ready', flush=True); time.sleep(600)"])
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
    running.communicate(timeout=60)
    assert not place.exists()


# --- trust -----------------------------------------------------------------------------------------


def test_clients_follow_the_store(windows: Windows, root: Root) -> None:
    """Programs in Go and in Python reject a server, trust it while its root is in the store, and reject it again."""
    with Server(root.issue("localhost")) as server:
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)
        windows.certutil("-addstore", "Root", FILE, check=True)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (True, True)
        assert root.sha256 in windows.roots()
        windows.certutil("-delstore", "Root", thumbprint(root), check=True)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)
        assert root.sha256 not in windows.roots()


def test_clients_follow_the_accounts_store(windows: Windows, root: Root) -> None:
    """The same for a root of the account's own, put there without an administrator's rights."""
    with Server(root.issue("localhost")) as server:
        windows.certutil("-user", "-addstore", "Root", FILE, check=True, elevated=False)
        assert places(windows, root) == {USER}
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (True, True)
        windows.certutil("-user", "-delstore", "Root", thumbprint(root), check=True, elevated=False)
        assert (windows.go_trusts(server.port), windows.python_trusts(server.port)) == (False, False)


@pytest.mark.parametrize(("option", "place"), [("-grouppolicy", POLICY), ("-enterprise", ENTERPRISE)])
def test_the_machines_store_is_a_view(windows: Windows, root: Root, option: str, place: str) -> None:
    """What a policy or the enterprise put there is shown as the machine's, and is neither added again nor replaced."""
    windows.certutil(option, "-addstore", "Root", FILE, check=True)
    assert places(windows, root) == {place}
    assert certutil(windows, "-store", "Root", thumbprint(root))[0] == 0
    assert "already in store" in windows.certutil("-addstore", "Root", FILE, check=True).stdout
    assert certutil(windows, "-f", "-addstore", "Root", FILE)[0] == ACCESS_DENIED
    assert places(windows, root) == {place}
    windows.certutil(option, "-delstore", "Root", thumbprint(root), check=True)
    assert places(windows, root) == set()


def test_an_accounts_view_has_the_machines_roots(windows: Windows, root: Root) -> None:
    """An administrator who deletes by the merged view deletes the machine's copy; others may not."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    assert certutil(windows, "-user", "-store", "Root", thumbprint(root))[0] == 0
    refused = windows.certutil("-user", "-delstore", "Root", thumbprint(root), elevated=False)
    assert refused.returncode == ACCESS_DENIED & 0xFF
    assert places(windows, root) == {MACHINE}
    windows.certutil("-user", "-delstore", "Root", thumbprint(root), check=True)
    assert places(windows, root) == set()


# --- what certutil says --------------------------------------------------------------------------------


def test_adding_listing_deleting(windows: Windows, root: Root) -> None:
    """The words of an English Windows."""
    status, output, errors = certutil(windows, "-addstore", "Root", FILE)
    assert (status, errors) == (0, b"")
    assert output.split(b"\r\n") == [
        b'Root "Trusted Root Certification Authorities"',
        b"Signature matches Public Key",
        b'Certificate "Corp Root" added to store.',
        b"CertUtil: -addstore command completed successfully.",
        b"",
    ]
    assert b'Certificate "Corp Root" already in store.' in certutil(windows, "-addstore", "Root", FILE)[1]
    shown = certutil(windows, "-store", "Root", thumbprint(root))[1]
    assert f"Cert Hash(sha1): {thumbprint(root)}\r\n".encode() in shown
    assert b"Subject: CN=Corp Root\r\n" in shown
    assert shown.endswith(b"CertUtil: -store command completed successfully.\r\n")
    deleted = certutil(windows, "-delstore", "Root", thumbprint(root))[1]
    assert b": CN=Corp Root\r\n" in deleted


def test_deleting_nothing_succeeds(windows: Windows) -> None:
    """The status of -delstore says nothing about whether anything matched."""
    status, output, _ = certutil(windows, "-delstore", "Root", "0" * 40)
    assert (status, b"command completed successfully" in output) == (0, True)


def test_what_is_not_found(windows: Windows) -> None:
    """A certificate, a file, a store: each has its status, said on standard output."""
    status, output, errors = certutil(windows, "-store", "Root", "0" * 40)
    assert (status, errors) == (NOT_FOUND, b"")
    assert output.splitlines()[1:] == [
        b"CertUtil: -store command FAILED: 0x80090011 (-2146893807 NTE_NOT_FOUND)",
        b"CertUtil: Object was not found.",
    ]
    assert certutil(windows, "-addstore", "Root", r"C:\nothing")[0] == FILE_NOT_FOUND
    status, output, _ = certutil(windows, "-store", "Nonsense")
    assert (status, output.startswith(b"Cannot open existing Cert store.")) == (FILE_NOT_FOUND, True)
    assert certutil(windows, "-addstore", "Root")[0] == 0x80070057


def test_what_is_no_certificate(windows: Windows) -> None:
    """It is refused, and nothing is added."""
    before = windows.roots()
    windows.write(FILE, "nonsense")
    assert certutil(windows, "-addstore", "Root", FILE)[0] in {0x80092009, 0x80093102, 0x8009310B}
    assert windows.roots() == before


def test_only_the_first_of_several_blocks_is_added(windows: Windows) -> None:
    """As certutil has it."""
    first, second = make_root("First"), make_root("Second")
    windows.write(FILE, first.pem + second.pem)
    windows.certutil("-addstore", "Root", FILE, check=True)
    assert windows.roots() & {first.sha256, second.sha256} == {first.sha256}


def test_a_name_matches_every_bearer(windows: Windows) -> None:
    """Of a common name, a serial number, a fingerprint only the last is one certificate's."""
    twins = make_root("Twin", serial=0x1234567890), make_root("Twin", serial=0x1234567890)
    for twin in twins:
        windows.write(FILE, twin.pem)
        windows.certutil("-addstore", "Root", FILE, check=True)
    for word in ("Twin", "1234567890"):
        shown = certutil(windows, "-store", "Root", word)[1]
        assert all(thumbprint(twin).encode() in shown for twin in twins)
    windows.certutil("-delstore", "Root", thumbprint(twins[0]), check=True)
    assert windows.roots() & {twin.sha256 for twin in twins} == {twins[1].sha256}
    windows.certutil("-delstore", "Root", "twin", check=True)
    assert not windows.roots() & {twin.sha256 for twin in twins}


def test_an_expired_root_does_not_verify(windows: Windows) -> None:
    """-verifystore looks at more than whether it is there."""
    old = make_root(
        "Old", not_before=datetime(2001, 1, 1, tzinfo=timezone.utc), not_after=datetime(2002, 1, 1, tzinfo=timezone.utc)
    )
    windows.write(FILE, old.pem)
    windows.certutil("-addstore", "Root", FILE, check=True)
    assert certutil(windows, "-store", "Root", thumbprint(old))[0] == 0
    assert certutil(windows, "-verifystore", "Root", thumbprint(old))[0] == EXPIRED


@pytest.mark.parametrize(
    ("language", "encoding", "words"),
    [
        ("de", "cp850", ("Zertifikathash(sha1): ", "-store-Befehl wurde erfolgreich ausgeführt.")),
        ("fr", "cp850", ("Hach. cert. (sha1)\xa0: ", "La commande s'est terminée correctement.")),
        ("ja", "cp932", ("証明書ハッシュ(sha1): ", "================ 証明書 ")),
        ("zh", "cp936", ("证书哈希(sha1): ", "命令成功完成。")),
    ],
)
def test_other_languages(windows: Windows, root: Root, language: str, encoding: str, words: tuple[str, ...]) -> None:
    """Redirected output is in the OEM code page; with -Unicode it is UTF-16."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    windows.behave(language=language)
    shown = certutil(windows, "-store", "Root", thumbprint(root))[1].decode(encoding)
    wide = certutil(windows, "-Unicode", "-store", "Root", thumbprint(root))[1].decode("utf-16-le")
    assert shown == wide
    assert all(word in shown for word in words)
    assert thumbprint(root) in shown


def test_shapes_of_other_versions(windows: Windows, root: Root) -> None:
    """Fingerprints in pairs; no banner; everything listed instead of nothing; errors on standard error."""
    windows.certutil("-addstore", "Root", FILE, check=True)
    windows.behave(hash="pairs")
    pairs = " ".join(thumbprint(root)[at : at + 2] for at in range(0, 40, 2))
    assert f"(sha1): {pairs}\r\n".encode() in certutil(windows, "-store", "Root", thumbprint(root))[1]
    windows.behave(missing="bare")
    assert certutil(windows, "-store", "Root", "0" * 40)[1].startswith(b"CertUtil: -store command FAILED")
    windows.behave(missing="all")
    status, output, _ = certutil(windows, "-store", "Root", "0" * 40)
    assert (status, thumbprint(root).encode() in output) == (0, True)
    windows.behave(errors="stderr")
    status, output, errors = certutil(windows, "-store", "Root", "0" * 40)
    assert (status, b"FAILED" in output, b"FAILED" in errors) == (NOT_FOUND, False, True)


# --- what certutil does ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "status", "changed"), [("fails", FAIL, False), ("lies", 0, False), ("late", FAIL, True)]
)
def test_a_bad_tool(windows: Windows, root: Root, how: str, status: int, changed: bool) -> None:  # noqa: FBT001 - a case
    """It can fail, lie, and fail after the fact."""
    windows.behave(change=how)
    assert certutil(windows, "-addstore", "Root", FILE)[0] == status
    assert (root.sha256 in windows.roots()) is changed


def test_a_dialog_that_is_declined(windows: Windows, root: Root) -> None:
    """Adding and deleting a root of the account's own ask; what the machine has is not asked about."""
    windows.behave(dialog="no")
    assert certutil(windows, "-user", "-addstore", "Root", FILE)[0] == CANCELLED
    assert places(windows, root) == set()
    windows.certutil("-addstore", "Root", FILE, check=True)
    windows.certutil("-delstore", "Root", thumbprint(root), check=True)
    windows.behave()
    windows.certutil("-user", "-addstore", "Root", FILE, check=True)
    windows.behave(dialog="no")
    assert certutil(windows, "-user", "-delstore", "Root", thumbprint(root))[0] == CANCELLED
    assert places(windows, root) == {USER}


def test_a_dialog_that_why_unanswered(windows: Windows, root: Root) -> None:
    """It waits until it is killed, and hinders no other process."""
    windows.behave(dialog="never")
    waiting = windows.popen([CERTUTIL, "-user", "-addstore", "Root", FILE])
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.communicate(timeout=5)
    windows.certutil("-addstore", "Root", FILE, check=True)
    waiting.kill()
    waiting.communicate(timeout=60)
    assert places(windows, root) == {MACHINE}


def test_calls_are_counted(windows: Windows) -> None:
    """Each run leaves its arguments."""
    before = len(windows.calls())
    windows.certutil("-store", "Root", "a b")
    assert windows.calls()[before:] == [["-store", "Root", "a b"]]


# --- without an administrator's rights ---------------------------------------------------------------------

_RIGHTS = r"""
import ctypes, json, winreg
from ctypes import wintypes
class Elevation(ctypes.Structure):
    _fields_ = [("elevated", wintypes.DWORD)]
token, found, size = wintypes.HANDLE(), Elevation(), wintypes.DWORD()
process = ctypes.windll.kernel32.GetCurrentProcess
process.restype = wintypes.HANDLE
assert ctypes.windll.advapi32.OpenProcessToken(wintypes.HANDLE(process()), 8, ctypes.byref(token))
assert ctypes.windll.advapi32.GetTokenInformation(token, 20, ctypes.byref(found), 4, ctypes.byref(size))
certificates = r"SOFTWARE\Microsoft\SystemCertificates\Root\Certificates"
try:
    winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, certificates, 0, winreg.KEY_WRITE)
    writable = True
except PermissionError:
    writable = False
print(json.dumps([bool(ctypes.windll.shell32.IsUserAnAdmin()), bool(found.elevated), writable]))
"""


@pytest.mark.parametrize("elevated", [True, False])
def test_rights(windows: Windows, elevated: bool) -> None:  # noqa: FBT001 - a case
    """An account without rights is no administrator by any account, and may not write the machine's certificates."""
    done = windows.run([PYTHON, "-I", "-c", _RIGHTS], elevated=elevated, check=True)
    word = "true" if elevated else "false"
    assert done.stdout == f"[{word}, {word}, {word}]\n"


def test_certutil_needs_rights_for_the_machine(windows: Windows, root: Root) -> None:
    """It says so, and changes nothing."""
    refused = windows.certutil("-addstore", "Root", FILE, elevated=False)
    assert refused.returncode == ACCESS_DENIED & 0xFF
    assert refused.stdout.splitlines()[1:] == [
        "CertUtil: -addstore command FAILED: 0x80070005 (WIN32: 5 ERROR_ACCESS_DENIED)",
        "CertUtil: Access is denied.",
    ]
    assert places(windows, root) == set()
    windows.certutil("-addstore", "Root", FILE, check=True)
    assert windows.certutil("-delstore", "Root", thumbprint(root), elevated=False).returncode == ACCESS_DENIED & 0xFF
    assert places(windows, root) == {MACHINE}
    assert windows.certutil("-store", "Root", thumbprint(root), elevated=False).returncode == 0


def test_without_rights_a_program_is_killed_alone(windows: Windows) -> None:
    """Killing it leaves the programs that it has started."""
    script = r"""
import subprocess, sys
child = "import sys, time; sys.stdin.read(); open(r'C:\survived', 'w').close()"
keep = subprocess.Popen([sys.executable, "-I", "-c", child], stdin=subprocess.PIPE)
print("ready", flush=True)
keep.wait()
"""
    running = windows.popen([PYTHON, "-I", "-c", script], elevated=False)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.kill()
    running.communicate(timeout=60)  # ends only when both have closed standard output
    assert windows.path(r"C:\survived").exists()
