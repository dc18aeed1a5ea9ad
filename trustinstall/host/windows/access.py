"""Access lists of files on Windows: read as text (see `sddl`), and given to new files.

Nothing here is called on another system. The sources are Microsoft's reference pages of the named functions.
"""

from __future__ import annotations

import ctypes
import errno
import functools
from ctypes import wintypes
from typing import Any

from trustinstall.host.windows import api, sddl
from trustinstall.host.windows.api import failure, function

_FILE = 1  # SE_FILE_OBJECT
_OWNER, _LIST = 0x1, 0x4  # OWNER_SECURITY_INFORMATION, DACL_SECURITY_INFORMATION
_PROTECTED, _INHERITING = 0x8000_0000, 0x2000_0000
_REVISION = 1  # SDDL_REVISION_1
_EXISTS = 183  # ERROR_ALREADY_EXISTS
_KEPT = 0x1 | 0x2 | 0x4 | 0x20  # FILE_ATTRIBUTE_READONLY, HIDDEN, SYSTEM, ARCHIVE
_NORMAL, _READ_ONLY = 0x80, 0x1
_POINTER = ctypes.POINTER(ctypes.c_void_p)
_INVALID_OWNER = 1307  # ERROR_INVALID_OWNER: only some accounts may give a file away
_WINE = "S-1-5-21-0-0-0-1000"  # no Windows has such an account; Wine has no other, and reports every file as its own
OWN = 1000  # stands for an account that is not elevated, as in `accounts`
OTHERS = 1 << 20  # the first of the numbers that stand for other accounts


def other_writers(path: str, *, machine: bool) -> str | None:
    """Return who else than the machine (or this account and the machine) may change a path, in words, or None.

    A path that an account may change without being elevated is not the machine's, even if the account may become
    elevated. Raises OSError if that cannot be read.
    """
    text = describe(path)
    trusted = sddl.MACHINE | ({me()} if not machine or me() == _WINE else frozenset[str]())
    if sddl.owner(text) not in trusted:
        return f"it belongs to {sddl.owner(text) or 'an unknown account'}"
    others = sorted(sddl.who_may_change(text) - trusted)
    return f"{others[0]} may change it" if others else None


def controller(path: str, *, on_the_way: bool = False) -> int:
    """Return the owner of a path: 0 for the machine, 1000 for this account if it is not elevated, else a larger number.

    `on_the_way`: the path is a directory above the one that is meant. An elevated account must not be redirected: then
    PermissionError is raised, in words, if others may change the path.
    """
    text = describe(path)
    owner = sddl.owner(text)
    uid = 0 if owner in sddl.MACHINE else _number(owner)
    if not api.elevated():
        return OWN if uid != OWN and api.may_open(path, api.DELETE) else uid
    if sddl.who_may_change(text, on_the_way=on_the_way) - sddl.MACHINE - {owner, me()}:
        raise PermissionError(errno.EPERM, f"other accounts may write {path}", path)
    return uid


def _number(owner: str) -> int:
    if owner == me():
        return 0 if api.elevated() else OWN
    last = owner.rpartition("-")[2]
    return OTHERS + (int(last) if last.isdecimal() else 0)


def describe(path: str) -> str:
    """Return owner and access list of a file or directory, as text."""
    get = function(
        "advapi32", "GetNamedSecurityInfoW", wintypes.DWORD, wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD, _POINTER,
        _POINTER, _POINTER, _POINTER, _POINTER,
    )  # fmt: skip
    found = ctypes.c_void_p()
    status = get(path, _FILE, _OWNER | _LIST, None, None, None, None, ctypes.byref(found))
    if status:
        raise failure(status, path)
    try:
        return _text(found)
    finally:
        _free(found)


def make_directory(path: str, *, private: bool) -> bool:
    """Make a directory that no other account may change (or, if private, enter); return False if its name is taken."""

    class Attributes(ctypes.Structure):  # SECURITY_ATTRIBUTES
        _fields_ = (("size", wintypes.DWORD), ("descriptor", ctypes.c_void_p), ("inherit", wintypes.BOOL))

    create = function("kernel32", "CreateDirectoryW", wintypes.BOOL, wintypes.LPCWSTR, ctypes.c_void_p)
    elevated = api.elevated()
    descriptor = _descriptor(sddl.private(None if elevated else me()) if private or not elevated else sddl.shared())
    try:
        attributes = Attributes(ctypes.sizeof(Attributes), descriptor, 0)
        if create(path, ctypes.byref(attributes)):
            return True
        problem = failure(path=path)
        if getattr(problem, "winerror", 0) != _EXISTS:
            raise problem
        return False
    finally:
        _free(descriptor)


def belong_to_machine(path: str) -> None:
    """Give a file of an elevated account to the administrators."""
    if api.elevated():
        descriptor = _descriptor(f"O:{sddl.ADMINISTRATORS}")
        try:
            put = function(
                "advapi32", "SetFileSecurityW", wintypes.BOOL, wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p
            )
            if not put(path, _OWNER, descriptor):
                raise failure(path=path)
        finally:
            _free(descriptor)


def copy(source: str, target: str) -> None:
    """Give a new file owner, access list and attributes of another one, read-only last.

    If this account may not give files away, a file that was the machine's becomes its own.
    """
    wanted = describe(source)
    if wanted != describe(target):
        _copy_list(source, target, wanted)
    if _attributes(source) & _KEPT != _attributes(target) & _KEPT:
        _put_attributes(target, _attributes(source) & _KEPT or _NORMAL)


def _copy_list(source: str, target: str, wanted: str) -> None:
    get = function(
        "advapi32", "GetNamedSecurityInfoW", wintypes.DWORD, wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD, _POINTER,
        _POINTER, _POINTER, _POINTER, _POINTER,
    )  # fmt: skip
    put = function(
        "advapi32", "SetNamedSecurityInfoW", wintypes.DWORD, wintypes.LPCWSTR, ctypes.c_int, wintypes.DWORD,
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
    )  # fmt: skip
    what = _LIST | (_PROTECTED if sddl.is_protected(wanted) else _INHERITING)
    owner, entries, found = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    status = get(
        source,
        _FILE,
        _OWNER | _LIST,
        ctypes.byref(owner),
        None,
        ctypes.byref(entries),
        None,
        ctypes.byref(found),
    )
    if status:
        raise failure(status, source)
    try:
        status = put(target, _FILE, what | _OWNER, owner, None, entries, None)
        if status == _INVALID_OWNER and sddl.owner(wanted) in sddl.MACHINE:
            status = put(target, _FILE, what, None, None, entries, None)
    finally:
        _free(found)
    if status:
        raise failure(status, target)


def release(path: str) -> int:
    """Make a read-only file replaceable; return its former attributes, for `hold`."""
    attributes = _attributes(path)
    if attributes & _READ_ONLY:
        _put_attributes(path, attributes & _KEPT & ~_READ_ONLY or _NORMAL)
    return attributes & _KEPT


def hold(path: str, attributes: int) -> None:
    """Give a file back the attributes that `release` found."""
    if attributes & _READ_ONLY:
        _put_attributes(path, attributes)


@functools.cache
def me() -> str:
    """Return the account of this process, as access lists name it."""
    opened = function(
        "advapi32", "OpenProcessToken", wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)
    )
    ask = function(
        "advapi32", "GetTokenInformation", wintypes.BOOL, wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p,
        wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
    )  # fmt: skip
    word = function("advapi32", "ConvertSidToStringSidW", wintypes.BOOL, ctypes.c_void_p, _POINTER)
    this = function("kernel32", "GetCurrentProcess", wintypes.HANDLE)()
    token, size, text = wintypes.HANDLE(), wintypes.DWORD(), ctypes.c_void_p()
    answer = ctypes.create_string_buffer(256)  # TOKEN_USER: a pointer to the SID, which lies behind it
    if not opened(this, 0x8, ctypes.byref(token)):  # TOKEN_QUERY
        raise failure()
    try:
        if not ask(token, 1, answer, ctypes.sizeof(answer), ctypes.byref(size)):  # TokenUser
            raise failure()
    finally:
        api.close(token.value or 0)
    if not word(ctypes.c_void_p.from_buffer(answer), ctypes.byref(text)):
        raise failure()
    try:
        sid = ctypes.wstring_at(text.value or 0)
    finally:
        _free(text)
    descriptor = _descriptor(f"O:{sid}")  # there and back: some accounts have a name of two letters
    try:
        return sddl.owner(_text(descriptor))
    finally:
        _free(descriptor)


def _descriptor(text: str) -> ctypes.c_void_p:
    parse = function(
        "advapi32", "ConvertStringSecurityDescriptorToSecurityDescriptorW", wintypes.BOOL, wintypes.LPCWSTR,
        wintypes.DWORD, _POINTER, ctypes.c_void_p,
    )  # fmt: skip
    found = ctypes.c_void_p()
    if not parse(text, _REVISION, ctypes.byref(found), None):
        raise failure()
    return found


def _text(descriptor: ctypes.c_void_p) -> str:
    write = function(
        "advapi32", "ConvertSecurityDescriptorToStringSecurityDescriptorW", wintypes.BOOL, ctypes.c_void_p,
        wintypes.DWORD, wintypes.DWORD, _POINTER, ctypes.c_void_p,
    )  # fmt: skip
    found = ctypes.c_void_p()
    if not write(descriptor, _REVISION, _OWNER | _LIST, ctypes.byref(found), None):
        raise failure()
    try:
        return ctypes.wstring_at(found.value or 0)
    finally:
        _free(found)


def _attributes(path: str) -> int:
    found: int = function("kernel32", "GetFileAttributesW", wintypes.DWORD, wintypes.LPCWSTR)(path)
    if found == 0xFFFF_FFFF:  # noqa: PLR2004  INVALID_FILE_ATTRIBUTES
        raise failure(path=path)
    return found


def _put_attributes(path: str, attributes: int) -> None:
    put = function("kernel32", "SetFileAttributesW", wintypes.BOOL, wintypes.LPCWSTR, wintypes.DWORD)
    if not put(path, attributes):
        raise failure(path=path)


def _free(pointer: Any) -> None:  # noqa: ANN401  a pointer of ctypes'
    function("kernel32", "LocalFree", ctypes.c_void_p, ctypes.c_void_p)(pointer)
