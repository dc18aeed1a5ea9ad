"""A Mac in a directory, with a small `security` that answers as Apple's sources say, and misbehaves when told to.

It is for planning and parsing alone: what it keeps are files that a test can read, a PEM of each certificate in each
keychain, and the two domains' settings as property lists.
"""

from __future__ import annotations

import hashlib
import os
import plistlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.pki import to_pem
from trustinstall.host import Account, ActingHost

SYSTEM = "/Library/Keychains/System.keychain"
LOGIN = "/Users/alice/Library/Keychains/login.keychain-db"
APPLE = "/System/Library/Keychains/SystemRootCertificates.keychain"
SSL, BASIC = bytes.fromhex("2a864886f763640103"), bytes.fromhex("2a864886f763640102")

_TOOL = """#!{python} -IS
import binascii, os, sys

root = r"{root}/"
command, words = sys.argv[1], sys.argv[2:]
domain = root + ("admin.plist" if "-d" in words else "user.plist")
with open(root + "log", "a") as log:
    print(*sys.argv[1:], file=log)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data, mode="wb"):
    with open(path, mode) as file:
        file.write(data)


def settings():
    import plistlib

    return plistlib.loads(content(domain))["trustList"] if os.path.exists(domain) else {{}}


def save(listed):
    import plistlib

    write(domain, plistlib.dumps({{"trustList": listed, "trustVersion": 1}}))


def keychain(path):
    if not path.startswith("/") or not os.path.exists(root + path):
        sys.exit("the default search list would be used: the caller did not look")
    return root + path


def read(path):
    text = content(keychain(path))
    blocks = text.split(b"-----BEGIN CERTIFICATE-----")[1:]
    return [binascii.a2b_base64(block.split(b"-----END")[0]) for block in blocks]


def pem(der):
    text = binascii.b2a_base64(der, newline=False)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])


def sha(der, kind):
    import hashlib

    return hashlib.new(kind, der).hexdigest().upper()


def put(path, der):
    if der not in read(path):
        write(keychain(path), pem(der), "ab")
        return True
    return False


how = content(root + "how").decode().split(":") if os.path.exists(root + "how") else []
if how[:1] == ["hangs"] and how[1] == command:
    import time

    time.sleep(600)
lies = how == ["lies", command]
refuses = how == ["refuses", command]
if command == "find-certificate":
    assert words[:2] == ["-a", "-p"], words
    for der in [der for path in words[2:] for der in read(path)]:
        sys.stdout.buffer.write(pem(der))
elif command == "trust-settings-export":
    if not os.path.exists(domain):
        sys.exit("SecTrustSettingsCreateExternalRepresentation: Keine Vertrauenseinstellungen.")
    write(words[-1], content(domain))
    print("...Trust Settings exported successfully.")
elif command == "add-certificates":
    assert words[0] == "-k", words
    if refuses:
        sys.exit("security: SecCertificateAddToKeychain: UNIX[Permission denied]")
    if not lies and not put(words[1], content(words[2])):
        sys.exit(f"security: {{words[2]}}: already in {{words[1]}}")
elif command == "add-trusted-cert":
    der = content(words[-1])
    put(words[words.index("-k") + 1], der)
    if refuses:
        sys.exit("SecTrustSettingsSetTrustSettings: Die Autorisierung wurde abgelehnt.")
    oids = {{"ssl": {ssl!r}, "basic": {basic!r}}}
    result = {{"trustAsRoot": {{"kSecTrustSettingsResult": 2}}}}.get(words[words.index("-r") + 1], {{}})
    policies = [words[at + 1] for at, word in enumerate(words) if word == "-p"]
    if not lies:
        entry = {{"trustSettings": [{{"kSecTrustSettingsPolicy": oids[one], **result}} for one in policies]}}
        save(settings() | {{sha(der, "sha1"): entry}})
elif command == "remove-trusted-cert":
    listed, name = settings(), sha(content(words[-1]), "sha1")
    if refuses or name not in listed:
        sys.exit("SecTrustSettingsRemoveTrustSettings: Das Objekt wurde nicht gefunden.")
    if not lies:
        save({{key: value for key, value in listed.items() if key != name}})
elif command == "delete-certificate":
    assert words[0] == "-Z" and len(words) == 3, words
    kind = {{40: "sha1", 64: "sha256"}}[len(words[1])]
    left = [der for der in read(words[2]) if sha(der, kind) != words[1]]
    if len(left) == len(read(words[2])):
        sys.exit(f'Unable to delete certificate matching "{{words[1]}}"')
    if not lies:
        write(keychain(words[2]), b"".join(map(pem, left)))
else:
    sys.exit(f'security: unknown command "{{command}}"')
"""


@dataclass
class Mac:
    """One Mac below a directory; alice sits in front of it."""

    root: Path
    version: str = "14.5"
    environ: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Deliver it."""
        for path in (SYSTEM, LOGIN, APPLE):
            self.write(path, b"")
        tool = _TOOL.format(python=sys.executable, root=self.root, ssl=SSL, basic=BASIC)
        self.write("/usr/bin/security", tool.encode())
        (self.root / "usr/bin/security").chmod(0o755)
        plist = {"ProductName": "macOS", "ProductVersion": self.version}
        self.write("/System/Library/CoreServices/SystemVersion.plist", plistlib.dumps(plist))
        self.write("/dev/console", b"")
        if os.geteuid() == 0:  # as root, the tests act as sudo would for alice
            os.chown(self.root / "dev/console", 501, 0)
            self.environ.setdefault("SUDO_UID", "501")

    def write(self, path: str, content: bytes) -> None:
        """Write a file of the Mac."""
        real = self.root / path[1:]
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(content)

    def host(self, *, dialogs: bool = True, platform: str = "darwin") -> ActingHost:
        """The Mac as the account that runs the test sees it."""
        account = Account(os.geteuid(), os.getegid(), "alice", "/Users/alice")
        return ActingHost(platform, str(self.root), self.environ, account, dialogs=dialogs)

    def put(self, keychain: str, *ders: bytes) -> None:
        """Put certificates into a keychain, as another program would."""
        self.write(keychain, (self.root / keychain[1:]).read_bytes() + b"".join(map(to_pem, ders)))

    def lies_in(self, keychain: str, der: bytes) -> bool:
        """Whether a certificate lies in a keychain."""
        return to_pem(der) in (self.root / keychain[1:]).read_bytes()

    def settings(self, domain: str = "admin") -> dict[str, Any]:
        """What a domain's trust settings say, by SHA-1; {} where there are none."""
        path = self.root / f"{domain}.plist"
        return dict(plistlib.loads(path.read_bytes())["trustList"]) if path.exists() else {}

    def set(self, der: bytes, *settings: dict[str, Any], domain: str = "admin") -> None:
        """Make trust settings, as another program would; without any, the certificate is trusted for everything."""
        entry: dict[str, Any] = {"trustSettings": list(settings)} if settings else {}
        listed = self.settings(domain) | {sha1(der): entry}
        self.write(f"/{domain}.plist", plistlib.dumps({"trustList": listed, "trustVersion": 1}))

    def misbehave(self, how: str, command: str) -> None:
        """From now on a command "refuses", "lies" or "hangs"."""
        (self.root / "how").write_text(f"{how}:{command}")

    def changes(self) -> list[str]:
        """The commands that were run to change something, and their options."""
        log = self.root / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [line for line in lines if not line.startswith(("find-certificate", "trust-settings-export"))]


def sha1(der: bytes) -> str:
    """The key of trust settings."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
