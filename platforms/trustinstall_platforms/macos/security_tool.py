"""`/usr/bin/security`: its command lines, the time that they may take, and the meaning of its answers.

Sources: SecurityTool/macOS of Apple's Security project (keychain_find.c, keychain_add.c, keychain_delete.c,
trusted_cert_add.c, trust_settings_impexp.c), the same in what matters here from macOS 10.14 to 26.

- Its messages are translated, so that nothing is concluded from them: certificates come as PEM, trust settings as a
  property list, and fingerprints are computed here.
- If a keychain cannot be opened, it searches the account's own ones: so the caller has checked that it exists.
- An OSStatus becomes an exit status modulo 256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import ToolFailed
from trustinstall.host.commands import INPUT_FILE, OUTPUT_FILE, Run
from trustinstall_platforms.macos import trust_settings

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall_platforms.macos.trust_settings import Settings

TOOL = "/usr/bin/security"
_LOOKING, _ASKING = 30.0, 120.0  # seconds: to read, and for a person to find a password
_NONE, _NOT_FOUND = 1, 44  # exit statuses: no trust settings at all; errSecItemNotFound (-25300)
_MEANINGS = (
    (36, "the keychain is locked, and no person could be asked for its password"),  # errSecInteractionNotAllowed
    (51, "the password was not accepted"),  # errSecAuthFailed
    (52, "the keychain may only be read"),  # errSecReadOnly
    (128, "the window was cancelled"),  # userCanceledErr
    (153, "no person could be asked for a password here"),  # errAuthorizationInteractionNotAllowed
    (154, "the window was cancelled"),  # errAuthorizationCanceled
    (155, "macOS did not allow it; the account is not an administrator's"),  # errAuthorizationDenied
    (161, "the operating system did not allow it (EPERM)"),
    (173, "the operating system did not allow it (EACCES)"),
    (195, "the keychain may not be written"),  # wrPermErr
)

Certificates = dict[str, bytes]  # DER by SHA-1 in upper case, as trust settings name certificates


def certificates(host: Host, keychain: str) -> Certificates:
    """Return every certificate in a keychain that exists. Raises ToolFailed."""
    command = (TOOL, "find-certificate", "-a", "-p", keychain)
    found = host.query(Run(command, seconds=_LOOKING, must_succeed=False))
    if found.status not in {0, _NOT_FOUND}:
        raise ToolFailed(f"security cannot read {keychain} (status {found.status}); look at it in Keychain Access")
    blocks = pem_blocks(found.answer)
    return {sha1(one.der): one.der for one in blocks if one.der is not None and one.label in CERTIFICATE_LABELS}


def settings(host: Host, *, machine: bool) -> Settings:
    """Return the trust settings of the machine (the "admin" domain), or the acting account's own. Raises ToolFailed."""
    command = (TOOL, "trust-settings-export", *_domain(machine=machine), OUTPUT_FILE)
    found = host.query(Run(command, seconds=_LOOKING, must_succeed=False))
    if found.status == _NONE and not found.answer:
        return {}
    advice = "run `security dump-trust-settings` (with -d for the machine's) to see why"
    if found.status:
        raise ToolFailed(f"security cannot export trust settings (status {found.status}); {advice}")
    try:
        return trust_settings.parse(found.answer)
    except ValueError as error:
        raise ToolFailed(f"the trust settings that security exports cannot be read: {error}; {advice}") from None


def deposit(keychain: str, der: bytes) -> Run:
    """Put a certificate into a keychain, which alone gives it no trust."""
    return Run(
        (TOOL, "add-certificates", "-k", keychain, INPUT_FILE),
        seconds=_ASKING,
        must_succeed=False,
        given=der,
        meanings=_MEANINGS,
    )


def delete(keychain: str, der: bytes, *, by_sha256: bool) -> Run:
    """Remove a certificate from a keychain; never with -t, which would also reach the other domain's trust."""
    fingerprint = hashlib.sha256(der).hexdigest().upper() if by_sha256 else sha1(der)
    return Run(
        (TOOL, "delete-certificate", "-Z", fingerprint, keychain),
        seconds=_ASKING,
        must_succeed=False,
        meanings=_MEANINGS,
    )


def trust(keychain: str, der: bytes, announce: str, *, machine: bool, root: bool) -> Run:
    """Trust a certificate for TLS. `root`: whether it is self-signed; macOS refuses the other word for either."""
    policies = ("-p", "ssl", "-p", "basic")
    return Run(
        (
            TOOL,
            "add-trusted-cert",
            *_domain(machine=machine),
            "-r",
            "trustRoot" if root else "trustAsRoot",
            *policies,
            "-k",  # without it, `security` itself would not list the certificates that it has trusted
            keychain,
            INPUT_FILE,
        ),
        seconds=_ASKING,
        must_succeed=False,
        given=der,
        meanings=_MEANINGS,
        announce=announce,
        timeout_advice="answer the window that macOS opens, and run the command again",
    )


def untrust(der: bytes, announce: str, *, machine: bool) -> Run:
    """Remove all trust settings of a certificate in its domain."""
    return Run(
        (TOOL, "remove-trusted-cert", *_domain(machine=machine), INPUT_FILE),
        seconds=_ASKING,
        must_succeed=False,
        given=der,
        meanings=_MEANINGS,
        announce=announce,
        # Known of macOS 14.7.5 and later, mostly without a screen: actions/runner-images issue 12116.
        timeout_advice="delete the certificate in Keychain Access, which ends its trust, and run the command again",
    )


def sha1(der: bytes) -> str:
    """Return the fingerprint by which trust settings name a certificate; never an identity."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def _domain(*, machine: bool) -> tuple[str, ...]:
    return ("-d",) if machine else ()
