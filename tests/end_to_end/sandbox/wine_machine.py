"""Where the throw-away Windows keeps roots, and what certutil.exe says to a parent in Windows."""

from __future__ import annotations

import hashlib

from tests.support.pki import Root
from tests.support.wine import CERTUTIL, Windows

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
