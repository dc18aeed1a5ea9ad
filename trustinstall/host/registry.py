"""The door to Windows' registry, its 64-bit view; it is only read."""

from __future__ import annotations

import errno
import os
import sys

MOST = 100_000  # keys below one; the largest store of certificates has a few hundred
LARGEST = 1024 * 1024  # bytes of a value
_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER"}
_NO_MORE = 259  # ERROR_NO_MORE_ITEMS: one was deleted meanwhile


def keys(hive: str, path: str) -> list[str] | None:
    """The sorted names of a key's sub-keys; None where there is no such key.

    `hive` is HKLM or HKCU. Raises OSError where it may not be read or has too many.
    """
    if sys.platform == "win32":
        import winreg

        found: list[str] = []
        try:
            with winreg.OpenKey(
                getattr(winreg, _HIVES[hive]), path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            ) as key:
                count = winreg.QueryInfoKey(key)[0]
                if count > MOST:
                    raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
                found.extend(winreg.EnumKey(key, number) for number in range(count))
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.winerror != _NO_MORE:
                raise
        return sorted(found)
    return None


def value(hive: str, path: str, name: str) -> bytes | int | None:
    """A binary value, or a number; None where there is no such key or value, or it is of another type.

    Raises OSError where it may not be read or is too large.
    """
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(
                getattr(winreg, _HIVES[hive]), path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            ) as key:
                found, kind = winreg.QueryValueEx(key, name)
        except FileNotFoundError:
            return None
        if kind not in {winreg.REG_BINARY, winreg.REG_DWORD} or not isinstance(found, (bytes, int)):
            return None
        if isinstance(found, bytes) and len(found) > LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        return found
    return None
