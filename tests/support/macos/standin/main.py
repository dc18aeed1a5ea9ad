"""The tool's beginning and end: which sub-command is meant, and the exit status."""

from __future__ import annotations

import getopt
import sys
from collections.abc import Callable, Sequence

from . import keychains, machine, others, status, trust
from .call import Call

# In the tool's own order, because the first one that begins with the given word is taken.
NAMES = (
    "help list-keychains list-smartcards default-keychain login-keychain create-keychain delete-keychain "
    "lock-keychain unlock-keychain set-keychain-settings set-keychain-password show-keychain-info "
    "dump-keychain recode-keychain create-keypair create-key-loop wait-for-notifications create-csr "
    "add-generic-password add-internet-password add-certificates find-generic-password "
    "delete-generic-password set-generic-password-partition-list find-internet-password "
    "delete-internet-password set-internet-password-partition-list find-key set-key-partition-list "
    "find-certificate find-identity delete-certificate delete-identity set-identity-preference "
    "get-identity-preference create-db export import export-smartcard cms install-mds add-trusted-cert "
    "remove-trusted-cert dump-trust-settings user-trust-settings-enable trust-settings-export "
    "trust-settings-import verify-cert authorize authorizationdb execute-with-privileges leaks error "
    "create-filevaultmaster-keychain smartcards"
)
PLAYED: dict[str, Callable[[Call], int]] = {
    "list-keychains": keychains.list_keychains,
    "create-keychain": keychains.create_keychain,
    "delete-keychain": keychains.delete_keychain,
    "add-certificates": keychains.add_certificates,
    "find-certificate": keychains.find_certificate,
    "delete-certificate": trust.delete_certificate,
    "add-trusted-cert": trust.add_trusted_cert,
    "remove-trusted-cert": trust.remove_trusted_cert,
    "dump-trust-settings": trust.dump,
    "user-trust-settings-enable": trust.user_trust_settings_enable,
    "trust-settings-export": trust.export_settings,
    "trust-settings-import": trust.import_settings,
    "verify-cert": others.verify_cert,
    "authorizationdb": others.authorizationdb,
    "error": others.error,
}
CHANGING = frozenset(
    {
        "add-certificates",
        "add-trusted-cert",
        "delete-certificate",
        "remove-trusted-cert",
        "trust-settings-import",
    }
)


def main(words: Sequence[str]) -> int:
    """Run one command line; the exit status, which the shell sees modulo 256."""
    try:
        options, rest = getopt.getopt(list(words), "hilp:qvR")
    except getopt.GetoptError:
        options, rest = [], []
    if not rest:
        print("Usage: security [-h] [-i] [-l] [-p prompt] [-q] [-v] [command] [opt ...]")
        return status.USAGE % 256
    name = next((one for one in NAMES.split() if one.startswith(rest[0])), None)
    if name is None:
        status.sec_error(f'unknown command "{rest[0]}"')
        return 1
    machine.note("call", words=[name, *rest[1:]])
    call = Call(name, rest[1:], machine.state(), quiet=("-q", "") in options)
    return _played(call) % 256


def _played(call: Call) -> int:
    play = PLAYED.get(call.name)
    if play is None:
        status.sec_error(f"the stand-in does not play {call.name}")
        return 64
    sabotage = call.state.sabotage if call.name in CHANGING else ""
    if sabotage == "lies":
        return 0
    if sabotage == "fails":
        call.cssm_perror("sabotage", status.INTERNAL_COMPONENT)
        return 1
    try:
        code = play(call)
    except status.Ended as end:
        code = end.code
    if code == status.USAGE:
        status.say(f"Usage: {call.name} [options]\n        as its manual page says")
    if sabotage == "fails afterwards" and code == 0:
        call.cssm_perror("sabotage", status.INTERNAL_COMPONENT)
        return 1
    sys.stdout.flush()
    return code
