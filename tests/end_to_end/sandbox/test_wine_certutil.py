"""The stand-in for certutil.exe: outputs and statuses that are asserted here are those of real ones."""

from __future__ import annotations

import subprocess
from datetime import datetime, timezone

import pytest

from tests.end_to_end.sandbox.wine_machine import (
    ACCESS_DENIED,
    CANCELLED,
    EXPIRED,
    FAIL,
    FILE,
    FILE_NOT_FOUND,
    MACHINE,
    NOT_FOUND,
    USER,
    certutil,
    places,
    thumbprint,
)
from tests.support.pki import Root, make_root
from tests.support.wine import CERTUTIL, Windows

pytestmark = pytest.mark.timeout(900)  # the first makes the template


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
def test_a_bad_tool(windows: Windows, root: Root, how: str, status: int, *, changed: bool) -> None:
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
