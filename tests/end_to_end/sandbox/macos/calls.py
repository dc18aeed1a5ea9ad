"""Calls of the stand-in for macOS's `security`, and what they said."""

from __future__ import annotations

import plistlib
import subprocess

from tests.support.macos.mac import SYSTEM_KEYCHAIN, Mac
from tests.support.macos.standin import certs
from tests.support.pki import Root

CORP = "/tmp/corp.crt"
PLIST = "/tmp/settings.plist"
ADD = ("add-trusted-cert", "-d", "-k", SYSTEM_KEYCHAIN)


def sha1(root: Root) -> str:
    """As trust settings name it."""
    return certs.parse(root.der).sha1


def exported(mac: Mac, *words: str) -> dict[str, dict[str, object]]:
    """The records of a domain, as the tool exports them."""
    mac.security("trust-settings-export", *words, PLIST, check=True)
    found: dict[str, dict[str, object]] = plistlib.loads(mac.throwaway.read(PLIST))["trustList"]
    return found


def said(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    """How a call ended."""
    return done.returncode, done.stdout, done.stderr
