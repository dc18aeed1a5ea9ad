"""The other sub-commands: `verify-cert`, `authorizationdb`, `error`."""

from __future__ import annotations

import json
import os
import plistlib
import sys
from pathlib import Path

from . import call as calls
from . import keychains, machine, settings, status
from .call import Call
from .certs import Certificate

_LONGEST_CHAIN = 8


# --- verify-cert ----------------------------------------------------------------------------------


def verify_cert(call: Call) -> int:
    """`verify-cert [-c FILE]... [-r FILE]... [-p POLICY] [-s HOST] [-l] [-q]`: a whole-system opinion.

    Whether the certificate names the host is not looked at, only whether it is trusted for it.
    """
    found, rest = call.options("Cc:r:p:k:e:s:n:d:LlNPqR:tvh")
    policy = next((value for option, value in reversed(found) if option == "-p"), "basic")
    host = next((value for option, value in reversed(found) if option == "-s"), None)
    given = [keychains.read_file(call, value, complaint=False) for option, value in found if option == "-c"]
    roots = [keychains.read_file(call, value, complaint=False) for option, value in found if option == "-r"]
    if rest or policy not in settings.POLICIES or not (given or len(roots) == 1):
        return status.USAGE
    given_options = {option for option, _ in found}
    leaf, ca_allowed = (given[0], "-l" in given_options) if given else (roots[0], True)
    if leaf.is_ca and not ca_allowed:
        verdict = settings.UNSPECIFIED
    else:
        verdict = _verdict(leaf, [*given[1:], *roots, *_known()], {one.sha1 for one in roots}, (policy, host))
    quiet = call.quiet or "-q" in given_options
    if verdict in {settings.TRUST_ROOT, settings.TRUST_AS_ROOT}:
        if not quiet:
            print("...certificate verification successful.")
        return 0
    if not quiet:
        if verdict == settings.DENY:
            status.say("SecTrustEvaluate result: kSecTrustResultDeny")
        else:
            call.cssm_perror("Cert Verify Result", status.NOT_TRUSTED)
    return 1


def _known() -> list[Certificate]:
    places = [*keychains.default_search_list(), machine.SYSTEM_KEYCHAIN, machine.SYSTEM_ROOTS]
    return [one for path in places for one in keychains.certificates(path)]


def _verdict(leaf: Certificate, others: list[Certificate], anchors: set[str], use: tuple[str, str | None]) -> int:
    """Go up the chain by names, to the first certificate with trust settings."""
    one: Certificate | None = leaf
    for _ in range(_LONGEST_CHAIN):
        if one is None:
            break
        if one.sha1 in anchors:
            return settings.TRUST_ROOT
        decided = evaluate(one, *use)
        if decided != settings.UNSPECIFIED:
            return decided
        if one.self_signed:
            break
        issuer = one.issuer
        one = next((other for other in others if other.subject == issuer), None)
    return settings.UNSPECIFIED


def evaluate(one: Certificate, policy: str, host: str | None = None) -> int:
    """What the domains say of a certificate: the user's first, where users may, then the administrator's."""
    disabled = Path(machine.DISABLED).exists()
    for domain in (*([] if disabled else ["user"]), "admin", "system"):
        record = (machine.read_settings(domain) or settings.empty())["trustList"].get(one.sha1)
        found = settings.UNSPECIFIED if record is None else settings.result(record, policy, host)
        if found != settings.UNSPECIFIED:
            return found
    return settings.UNSPECIFIED


# --- authorizationdb, error -----------------------------------------------------------------------


def authorizationdb(call: Call) -> int:
    """`authorizationdb read|write|remove RIGHT [RULE]`."""
    _, words = call.options("i")
    if len(words) not in {2, 3} or words[0] not in {"read", "write", "remove"}:
        return status.USAGE
    action, right, *rule = words
    code = _authorizationdb(call, action, right, rule)
    if not call.quiet:
        status.say(f"{'NO' if code else 'YES'} ({code})")
    return -1 if code else 0


def _authorizationdb(call: Call, action: str, right: str, rule: list[str]) -> int:
    changed = calls.rights()
    if action == "read":
        definition = {"class": "rule", "rule": [changed.get(right, "authenticate-admin")]}
        sys.stdout.write(plistlib.dumps(definition).decode())
        return 0
    if os.geteuid() != 0 or (machine.version() >= (15,) and right.startswith("com.apple.trust-settings.")):
        return status.AUTH_DENIED
    if action == "remove":
        changed.pop(right, None)
    elif rule:
        changed[right] = rule[0]
    else:
        try:
            read = plistlib.loads(sys.stdin.buffer.read())
            changed[right] = str(read["rule"][0])
        except Exception:  # noqa: BLE001 - plistlib raises many kinds
            status.say("Unable to read the right definition")
            raise status.Ended(-1) from None
    Path(machine.RIGHTS).write_text(json.dumps(changed))
    machine.note("change", what=right)
    call.stall()
    return 0


def error(call: Call) -> int:
    """`error CODE...`: the text of a code, decimal or hexadecimal."""
    for word in call.words:
        try:
            code = int(word, 0)
        except ValueError:
            code = 0
        code = code - (1 << 32) if code >= 1 << 31 else code
        print(f"Error: 0x{code & 0xFFFFFFFF:08X} {code} {status.text(code, call.state.language)}")
    return 0 if call.words else status.USAGE
