"""What `scripts/record-macos` prints: of the stand-in, word for word what is kept to be compared with a real Mac."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.macos.mac import Mac
from tests.support.throwaway import Throwaway

pytestmark = pytest.mark.timeout(300)

HERE = Path(__file__)
SCRIPT = HERE.parents[3] / "scripts" / "record-macos"
RECORDING = HERE.parents[2] / "support" / "macos" / "recording.txt"


@pytest.fixture
def mac() -> Iterator[Mac]:
    """A Mac with the script."""
    with Throwaway(java=False) as root:
        root.write("/opt/record-macos", SCRIPT.read_bytes(), mode=0o755)
        yield Mac(root)


def test_the_recording_is_of_the_stand_in(mac: Mac) -> None:
    """The kept recording is what the stand-in says, dialogs accepted; nothing is left behind."""
    before = mac.keychain()
    done = mac.throwaway.run(["/opt/record-macos", "--admin"], timeout=120, check=True)
    assert done.stdout == RECORDING.read_text()
    assert "ProductVersion" in done.stderr
    assert (mac.keychain(), mac.settings()) == (before, {})
    assert list(mac.throwaway.path("/tmp").iterdir()) == []


def test_without_admin_nothing_is_asked(mac: Mac) -> None:
    """Without --admin no trust setting is changed, no dialog is shown, and the recording is the first part of it."""
    done = mac.throwaway.run(["/opt/record-macos"], user="alice", timeout=120, check=True)
    assert done.stdout == RECORDING.read_text().partition("== admin:")[0]
    assert (mac.dialogs(), mac.settings(), mac.settings("alice")) == (0, None, None)
    assert mac.keychain(mac.login_keychain()) == []


def test_admin_needs_root(mac: Mac) -> None:
    """It says so, and does nothing."""
    done = mac.throwaway.run(["/opt/record-macos", "--admin"], user="alice")
    assert (done.returncode, mac.log("call")) == (1, [])
    assert "needs root" in done.stderr


def test_a_call_that_hangs_is_said_to(mac: Mac) -> None:
    """It is ended after a while, and the recording goes on."""
    script = SCRIPT.read_text()
    assert "seconds=60" in script
    mac.throwaway.write("/opt/record-macos", script.replace("seconds=60", "seconds=5"), mode=0o755)
    mac.behave(stalls=["remove-trusted-cert -d"])
    done = mac.throwaway.run(["/opt/record-macos", "--admin"], timeout=120, check=True)
    removal = done.stdout.partition("== admin: remove\n")[2].splitlines()
    assert removal[1] == "status hangs"
    assert "== admin: delete again" in done.stdout
