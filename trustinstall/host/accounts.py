"""Accounts of the machine, as values."""

from __future__ import annotations

import os
import sys

from trustinstall.values import dataclass

_FIRST = 1000  # the first uid of a person (login.defs(5)); directory services assign large ones
_NOBODY = frozenset({65534, 65535, 2**32 - 2, 2**32 - 1})  # the uids of the account `nobody`, in 16 and in 32 bits
_SEALED = ("/nologin", "/false", "/sync")  # shells without a login
_FIRST_OF_MAC = 501  # as dscl(1) gives them; macOS' own accounts are below


@dataclass(frozen=True)
class Account:
    """One account. On Windows, uid is 0 for an elevated process and 1000 for any other.

    Attributes:
        uid, gid: numbers of the account and its first group.
        name: the account's name, or "uid N" if the machine does not know one.
        home: absolute path of the home directory, or None.
        shell: the login shell, or "".
    """

    uid: int
    gid: int
    name: str
    home: str | None
    shell: str = ""

    @property
    def is_root(self) -> bool:
        """Whether this account may change the whole machine."""
        return self.uid == 0


def current() -> Account:
    """Return the account whose rights this process has (its effective uid)."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        home = api.known_folder(api.PROFILE)
        return Account(0 if api.elevated() else _FIRST, 0, api.user_name(), home)
    uid = os.geteuid()
    known = of(uid)
    return known or Account(uid, os.getegid(), f"uid {uid}", None)


def of(uid: int) -> Account | None:
    """Return the account of a uid, from the machine's account database."""
    if sys.platform == "win32":
        return None
    import pwd

    try:
        return _account(pwd.getpwuid(uid))
    except (KeyError, OverflowError):
        return None


def named(name: str) -> Account | None:
    """Return the account of a name, from the machine's account database."""
    if sys.platform == "win32":
        return None
    import pwd

    try:
        return _account(pwd.getpwnam(name))
    except (KeyError, ValueError):
        return None


def people(platform: str) -> list[Account]:
    """Return the accounts that people log in to, as far as they are listed (directory services often list none)."""
    if sys.platform == "win32":
        return []
    import pwd

    return [one for one in map(_account, pwd.getpwall()) if logs_in(one, platform)]


def logs_in(account: Account, platform: str) -> bool:
    """Whether a person logs in to it: a login shell, a home, a uid from 1000 (login.defs' UID_MIN) or 501 on."""
    first = _FIRST_OF_MAC if platform == "darwin" else _FIRST
    person = account.uid >= first and account.uid not in _NOBODY
    return person and bool(account.home) and not account.shell.endswith(_SEALED)


def groups(account: Account) -> list[int]:
    """Return every group of an account."""
    if sys.platform == "win32":
        return []
    return os.getgrouplist(account.name, account.gid)


def _account(entry: object) -> Account:
    home = str(getattr(entry, "pw_dir", "") or "")
    usable = home if home.startswith("/") and home != "/nonexistent" else None
    return Account(
        int(getattr(entry, "pw_uid", 0)),
        int(getattr(entry, "pw_gid", 0)),
        str(getattr(entry, "pw_name", "")),
        usable,
        str(getattr(entry, "pw_shell", "")),
    )
