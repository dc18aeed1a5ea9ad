"""The rules of verification of a client, or of the programs that read a store, on this machine."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.doctor.families import FAMILIES
from trustinstall.installer import store_columns
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from trustinstall.doctor.family import Family
    from trustinstall.host import Host
    from trustinstall.installer.callers import Caller
    from trustinstall.installer.store_columns import Column

#: Kinds of stores whose readers are of one family; other stores are read by programs of several.
_OF_STORES = {
    "certifi": "python",
    "chromium-policy": "chromium",
    "dotnet": "dotnet",
    "firefox-policy": "firefox",
    "homebrew": "openssl",
    "java": "java",
    "keychain": "apple",
    "login-keychain": "apple",
    "nss": "firefox",
    "windows": "schannel",
    "windows-host": "schannel",
    "windows-host-user": "schannel",
    "windows-user": "schannel",
}
_STRICT = (3, 13)  # the first Python that sets VERIFY_X509_STRICT
_VERSION = regex(r"python(\d)\.(\d{1,3})")


def of_client(host: Host, caller: Caller, word: str) -> Family:
    """Return the family of verifiers for a word of `rows.Client.verifier`.

    Two words depend on host and caller. "git": Debian links git with GnuTLS (changelog of its package, 1:2.36.0-1 and
    before), and other systems with OpenSSL's curl. "python3": Python verifies more strictly from 3.13 on.
    """
    if word == "git":
        word = "gnutls" if "debian" in host.distribution() else "curl"
    if word == "python3":
        word = "python-strict" if _is_strict(host, caller) else "python"
    return FAMILIES[word]


def of_store(store: Column) -> Family:
    """Return the family of the programs that read a store: by its kind, and for NSS databases by their readers."""
    if store.kind == "nss" and posixpath.basename(store.place) == store_columns.CHROMIUMS:
        return FAMILIES["chromium"]
    return FAMILIES["nss" if store.is_programs else _OF_STORES.get(store.kind, "")]


def _is_strict(host: Host, caller: Caller) -> bool:
    """Whether the caller is Python 3.13 or later, or the first `python3` of its PATH is.

    The version is read from the name of the file, links resolved.
    """
    found = _VERSION.fullmatch(caller.file) or _VERSION.fullmatch(posixpath.basename(_first_python(host, caller)))
    return found is not None and (int(found[1]), int(found[2])) >= _STRICT


def _first_python(host: Host, caller: Caller) -> str:
    for directory in caller.environ.get("PATH", "").split(":"):
        program = f"{directory}/python3"
        if directory.startswith("/") and host.status(program) is not None:
            return host.real(program)
    return ""
