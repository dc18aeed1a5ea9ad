"""The stand-in for macOS's `security` as a program: its usage, languages and sabotage, and the Mac around it.

Where a Mac is at hand, `scripts/record-macos` says whether the real tool does the same.
"""

from __future__ import annotations

import time

import pytest

from tests.end_to_end.sandbox.macos.calls import ADD, CORP, said, sha1
from tests.support.macos.mac import SECURITY, SYSTEM_KEYCHAIN, Mac
from tests.support.macos.standin import machine
from tests.support.pki import Root, make_root

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize(("version", "end"), [("14.7.5", (0, "YES (0)\n")), ("15.0", (255, "NO (-60005)\n"))])
def test_authorizationdb(mac: Mac, corp: Root, version: str, end: tuple[int, str]) -> None:
    """Through 14 root may open the admin domain; from 15 on that is refused."""
    mac.version(version)
    mac.over_ssh()
    done = mac.security("authorizationdb", "write", "com.apple.trust-settings.admin", "allow")
    assert (done.returncode, done.stderr) == end
    assert mac.security(*ADD, CORP).returncode == (0 if end[0] == 0 else 1)
    assert mac.keychain() == [corp.der]
    assert mac.security("authorizationdb", "read", "com.apple.trust-settings.admin").stderr == "YES (0)\n"


# --- the tool itself ------------------------------------------------------------------------------


def test_prefixes(mac: Mac) -> None:
    """The first command that begins with a word is meant."""
    assert mac.security("find-c", "-a", SYSTEM_KEYCHAIN).returncode == 0
    assert mac.security("dump-t", "-d").stderr.startswith("SecTrustSettingsCopyCertificates")
    assert mac.log("call")[0]["words"][0] == "find-certificate"


def test_unknown_and_wrong(mac: Mac) -> None:
    """An unknown command is 1; wrong usage is 2."""
    assert said(mac.security("bogus")) == (1, "", 'security: unknown command "bogus"\n')
    for words in (["add-trusted-cert", "a", "b"], ["find-certificate", "-X"], ["trust-settings-export"], []):
        done = mac.security(*words)
        assert done.returncode == 2
        assert "Usage: " in done.stdout + done.stderr


def test_options_end_at_the_first_word(mac: Mac, corp: Root) -> None:
    """As BSD's getopt has it: options behind the file are files, and too many."""
    assert mac.security("add-trusted-cert", CORP, "-d").returncode == 2
    assert sha1(corp) not in (mac.settings() or {})


@pytest.mark.parametrize("language", ["de", "ja"])
def test_language(mac: Mac, language: str) -> None:
    """Texts of the bundle change with the language; function names and the tool's own texts do not."""
    mac.behave(language=language)
    done = mac.security("dump-trust-settings", "-d")
    function, _, text = done.stderr.partition(": ")
    assert (done.returncode, function) == (1, "SecTrustSettingsCopyCertificates")
    assert "No Trust" not in text
    assert mac.security("find-certificate", "-c", "x").stderr.startswith("security: SecKeychainSearchCopyNext: ")


def test_error(mac: Mac) -> None:
    """A code's text, decimal or hexadecimal."""
    assert "No Trust Settings were found." in mac.security("error", "-25263").stdout
    assert mac.security("error", hex(-25263 & 0xFFFFFFFF)).stdout == mac.security("error", "-25263").stdout


@pytest.mark.parametrize(
    ("how", "code", "written"), [("fails", 1, False), ("lies", 0, False), ("fails afterwards", 1, True)]
)
def test_sabotage(mac: Mac, corp: Root, how: str, code: int, *, written: bool) -> None:
    """Calls that change something misbehave as they are told; those that look do not."""
    mac.behave(sabotage=how)
    assert mac.security(*ADD, CORP).returncode == code
    assert (mac.keychain() == [corp.der], bool(mac.settings())) == (written, written)
    assert mac.security("find-certificate", "-a", SYSTEM_KEYCHAIN).returncode == 0


def test_a_lost_update(mac: Mac, corp: Root) -> None:
    """Settings are read before the dialog and written whole after it: another program's change meanwhile is lost."""
    other = make_root("Other")
    mac.throwaway.write("/tmp/other.crt", other.pem)
    mac.behave(answer="none")
    both = [mac.throwaway.popen([SECURITY, *ADD, path]) for path in (CORP, "/tmp/other.crt")]
    deadline = time.monotonic() + 30
    while mac.dialogs() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    mac.behave(answer="accept")
    for one in both:
        one.communicate(timeout=30)
    assert [one.returncode for one in both] == [0, 0]
    assert {corp.der, other.der} == set(mac.keychain())
    assert len(mac.settings() or {}) == 1


# --- the machine around it ------------------------------------------------------------------------


def test_it_looks_like_a_mac(mac: Mac) -> None:
    """Version, console and session are where macOS has them."""
    root = mac.throwaway
    assert root.run(["sw_vers", "-productVersion"]).stdout == "15.0\n"
    assert root.run(["sw_vers"]).stdout.startswith("ProductName:\t\tmacOS\nProductVersion:\t\t15.0\nBuildVersion:\t\t")
    assert root.run(["stat", "-c", "%U", "/dev/console"]).stdout == "alice\n"
    assert root.run(["launchctl", "managername"]).stdout == "Aqua\n"
    mac.over_ssh()
    assert root.run(["stat", "-c", "%U", "/dev/console"]).stdout == "root\n"
    assert root.run(["launchctl", "managername"]).stdout == "Background\n"


def test_the_program_believes_it(mac: Mac) -> None:
    """The program under test runs, takes itself to be on macOS, and has nothing that only Linux has."""
    probe = (
        "import os, sys\n"
        "import trustinstall.__main__\n"
        "from trustinstall.host import Host\n"
        "trustinstall.__main__.main = lambda: print(Host.current().platform, hasattr(os, 'setresuid'))\n"
        f"sys.argv[0] = {mac.program()[-1]!r}\n"
        "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))\n"
    )
    done = mac.throwaway.run(["/opt/trustinstall/bin/python", "-I", "-c", probe], check=True)
    assert done.stdout == "darwin False\n"
    assert mac.throwaway.run(["ls", "/proc"]).stdout == ""
    version = mac.throwaway.run(mac.program("--version"), user="alice", check=True)
    assert version.stdout.startswith("trustinstall ")


def test_nothing_is_changed_at_the_start(mac: Mac) -> None:
    """A Mac as it is delivered is the state that changes are compared with; looking changes only the log."""
    assert mac.throwaway.changes() == {}
    mac.security("find-certificate", "-a", SYSTEM_KEYCHAIN, check=True)
    assert set(mac.throwaway.changes()) == {machine.LOG}
