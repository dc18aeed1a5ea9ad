"""The sub-commands about trust settings."""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Callable
from pathlib import Path

from . import call as calls
from . import keychains, machine, settings, status
from .call import Call
from .certs import Certificate
from .settings import Constraint

_MOST_POLICIES, _MOST_STRINGS = 16, 128  # that one call takes


def _flush(call: Call, domain: str, new: machine.Settings) -> None:
    """Authorise and write; another program's write since the reading is lost, as on a real Mac."""
    calls.authorise(call, domain, new)
    machine.write_settings(domain, new)
    machine.note("change", what=domain, records=len(new["trustList"]))


def _domain(found: list[tuple[str, str]]) -> str:
    """The domain that options mean; the last one counts."""
    names = {"-d": "admin", "-s": "system"}
    return next((names[option] for option, _ in reversed(found) if option in names), "user")


# --- writing --------------------------------------------------------------------------------------


def add_trusted_cert(call: Call) -> int:
    """`add-trusted-cert [-d] [-r RESULT] [-p POLICY]... [-s NAME]... [-k KEYCHAIN] FILE`."""
    found, files = call.options("dr:a:p:s:e:u:k:i:o:h")
    constraints = _constraints(found)
    keychain = None
    for _, name in (pair for pair in found if pair[0] == "-k"):
        keychain = keychains.opened(call, name)
        if keychain is None:
            return 1
    if len(files) != 1:
        if not files:
            status.say("No cert file specified.")
        return status.USAGE
    certificate = keychains.read_file(call, files[0])
    if written := dict(found).get("-o"):
        return _into_file(call, certificate, constraints, written)
    if keychain:
        try:
            keychains.add(call, certificate, keychain)
        except status.OSStatusError as error:
            if error.code != status.DUPLICATE_ITEM:
                call.cssm_perror("SecCertificateAddToKeychain", error.code)
                return 1
    domain = "admin" if ("-d", "") in found else "user"  # -s is no domain here
    try:
        new = machine.read_settings(domain) or settings.empty()
        settings.put(new, certificate, settings.check(certificate, constraints, call.state.reading))
        _flush(call, domain, new)
    except status.OSStatusError as error:
        call.cssm_perror("SecTrustSettingsSetTrustSettings", error.code)
        return 1
    return 0


def _into_file(call: Call, certificate: Certificate, constraints: list[Constraint] | None, name: str) -> int:
    """With -o, write settings into a file instead of a domain, without a question."""
    new = settings.empty()
    try:
        settings.put(new, certificate, settings.check(certificate, constraints, call.state.reading))
    except status.OSStatusError as error:
        call.cssm_perror("SecTrustSettingsSetTrustSettings", error.code)
        return 1
    content = plistlib.dumps(new, sort_keys=True)
    Path(name).write_bytes(content)
    if not call.quiet:
        print(f"...wrote {len(content)} bytes to {name}")
    return 0


def _constraints(found: list[tuple[str, str]]) -> list[Constraint] | None:
    """What -r, -p and -s ask for: one constraint for each policy and string; None where nothing is asked for.

    Without a policy, strings are taken and forgotten: what is written then is for every name (trusted_cert_add.c).
    """
    given = [pair for pair in found if pair[0] in {"-r", "-p", "-s"}]
    if not given:
        return None
    words = [value for option, value in given if option == "-r"]
    policies = [value for option, value in given if option == "-p"]
    strings: list[str | None] = [value for option, value in given if option == "-s"]
    for too_many, what in ((policies[_MOST_POLICIES:], "policy"), (strings[_MOST_STRINGS:], "policy string")):
        if too_many:
            status.say(f"Too many {what} arguments.")
            raise status.Ended(status.USAGE)
    if any(word not in settings.RESULTS for word in words) or any(one not in settings.POLICIES for one in policies):
        raise status.Ended(status.USAGE)
    result = settings.RESULTS[words[-1]] if words else settings.TRUST_ROOT
    if not policies:
        return [_constraint(None, None, result)]
    return [_constraint(policy, text, result) for policy in policies for text in strings or [None]]


def _constraint(policy: str | None, text: str | None, result: int) -> Constraint:
    one: Constraint = {}
    if policy is not None:
        one["kSecTrustSettingsPolicy"] = settings.POLICY[policy]
        one["kSecTrustSettingsPolicyName"] = settings.POLICIES[policy][1]
    if text is not None:
        one["kSecTrustSettingsPolicyString"] = text
    if result != settings.TRUST_ROOT:
        one["kSecTrustSettingsResult"] = result
    return one


def remove(call: Call, certificate: Certificate, domain: str) -> None:
    """Take out a certificate's record; raises OSStatusError."""
    new = machine.read_settings(domain)
    if new is None:
        raise status.OSStatusError(status.NO_TRUST_SETTINGS)
    if certificate.sha1 not in new["trustList"]:
        raise status.OSStatusError(status.ITEM_NOT_FOUND)
    del new["trustList"][certificate.sha1]
    _flush(call, domain, new)


def remove_trusted_cert(call: Call) -> int:
    """`remove-trusted-cert [-d] FILE`."""
    found, files = call.options("dh")
    if len(files) != 1:
        if not files:
            status.say("No cert file specified.")
        return status.USAGE
    certificate = keychains.read_file(call, files[0])
    try:
        remove(call, certificate, _domain(found))
    except status.OSStatusError as error:
        call.cssm_perror("SecTrustSettingsRemoveTrustSettings", error.code)
        return 1
    return 0


def import_settings(call: Call) -> int:
    """`trust-settings-import [-d] FILE`: the file becomes all that the domain has."""
    found, files = call.options("dh")
    if len(files) != 1:
        return status.USAGE
    try:
        content = Path(files[0]).read_bytes()
    except OSError as error:
        status.say(f"Error ({error.errno}) reading {files[0]}.")
        return 1
    try:
        _flush(call, _domain(found), _imported(content))
    except status.OSStatusError as error:
        call.cssm_perror("SecTrustSettingsImportExternalRepresentation", error.code)
        return 1
    if not call.quiet:
        print("...Trust Settings imported successfully.")
    return 0


def _imported(content: bytes) -> machine.Settings:
    try:
        found: machine.Settings = plistlib.loads(content)
    except Exception:  # noqa: BLE001 - plistlib raises many kinds
        raise status.OSStatusError(status.INVALID_TRUST_SETTINGS) from None
    if not settings.valid(found):
        raise status.OSStatusError(status.INVALID_TRUST_SETTINGS)
    return found


def delete_certificate(call: Call) -> int:
    """`delete-certificate (-c NAME | -Z HASH) [-t] [KEYCHAIN...]`."""
    found, names = call.options("hc:Z:t")
    given = dict(found)
    name, wanted = given.get("-c"), given.get("-Z")
    places = keychains.array(call, names)
    if name is None and wanted is None:
        return status.USAGE
    item = keychains.unique(places, name, wanted)
    if item is None:
        sys.stderr.write(f'Unable to delete certificate matching "{name or wanted or ""}"')
        return 1
    function = ""
    try:
        if "-t" in given:
            for domain in ("user", *(["admin"] if os.geteuid() == 0 else [])):
                function = f"SecTrustSettingsRemoveTrustSettings ({domain})"
                _remove_if_there(call, item[1], domain)
        function = "SecKeychainItemDelete"
        keychains.take_out(call, *item)
    except status.OSStatusError as error:
        call.sec_perror(function, error.code)
        return error.code
    return 0


def _remove_if_there(call: Call, certificate: Certificate, domain: str) -> None:
    harmless = {status.ITEM_NOT_FOUND, *([status.NO_TRUST_SETTINGS] if call.state.reading == "notes" else [])}
    try:
        remove(call, certificate, domain)
    except status.OSStatusError as error:
        if error.code not in harmless:
            raise


# --- reading --------------------------------------------------------------------------------------


def export_settings(call: Call) -> int:
    """`trust-settings-export [-d|-s] FILE`: a file of the caller's, that only the caller may read."""
    found, files = call.options("dsh")
    if len(files) != 1:
        return status.USAGE
    there = machine.read_settings(_domain(found))
    if there is None:
        call.cssm_perror("SecTrustSettingsCreateExternalRepresentation", status.NO_TRUST_SETTINGS)
        return 1
    try:
        descriptor = os.open(files[0], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        status.say(f"Error ({error.errno}) writing {files[0]}.")
        return error.errno or 1
    with os.fdopen(descriptor, "wb") as file:
        plistlib.dump(there, file, sort_keys=True)
    if not call.quiet:
        print("...Trust Settings exported successfully.")
    return 0


def dump(call: Call) -> int:
    """`dump-trust-settings [-d|-s]`: only certificates that some keychain still holds are listed."""
    found, rest = call.options("sdh")
    if rest:
        return status.USAGE
    domain = _domain(found)
    places = {
        "user": [*keychains.default_search_list(), machine.SYSTEM_KEYCHAIN],
        "admin": [machine.SYSTEM_KEYCHAIN],
        "system": [],
    }[domain]
    records = (machine.read_settings(domain) or settings.empty())["trustList"]
    every = (one for path in [*places, machine.SYSTEM_ROOTS] for one in keychains.certificates(path))
    listed = {one.sha1: one for one in every if one.sha1 in records}
    if not listed:
        call.cssm_perror("SecTrustSettingsCopyCertificates", status.NO_TRUST_SETTINGS)
        return 1
    print(f"Number of trusted certs = {len(listed)}")
    for number, (sha1, one) in enumerate(listed.items()):
        print(f"Cert {number}: {one.label}")
        constraints = records[sha1].get("trustSettings", [])
        if call.state.reading == "source":
            constraints = [each for each in constraints if each]
        print(f"   Number of trust settings : {len(constraints)}")
        for count, each in enumerate(constraints):
            print(f"   Trust Setting {count}:")
            _dump_constraint(each)
    return 0


def _policy_name(oid: object) -> str:
    names = {settings.POLICY[word]: name for word, (_, _, name) in settings.POLICIES.items()}
    found = next((name for known, name in names.items() if oid in {known, settings.dotted(known)}), None)
    return found or f"Unknown OID {oid!r}"


def _result_name(number: object) -> str:
    return next((name for known, name in settings.RESULT_NAMES.items() if known == number), str(number))


_SHOWN: dict[str, tuple[str, Callable[[object], str]]] = {
    "kSecTrustSettingsPolicy": ("Policy OID", _policy_name),
    "kSecTrustSettingsPolicyString": ("Policy String", str),
    "kSecTrustSettingsAllowedError": ("Allowed Error", str),
    "kSecTrustSettingsResult": ("Result Type", _result_name),
    "kSecTrustSettingsKeyUsage": ("Key Usage", str),
}


def _dump_constraint(one: Constraint) -> None:
    for key, (label, wording) in _SHOWN.items():
        if key in one:
            print(f"      {label:22}: {wording(one[key])}")


def user_trust_settings_enable(call: Call) -> int:
    """`user-trust-settings-enable [-d|-e]`."""
    found, rest = call.options("deh")
    if rest:
        return status.USAGE
    flag = Path(machine.DISABLED)
    wish = found[-1][0] if found else ""
    if wish and os.geteuid() != 0:
        status.say("You must be root to set this preference.")
        return 1
    if wish == "-d":
        flag.touch()
    elif wish == "-e":
        flag.unlink(missing_ok=True)
    print(f"{'...' if wish else ''}User-level Trust Settings are {'Disabled' if flag.exists() else 'Enabled'}")
    return 0
