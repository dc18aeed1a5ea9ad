"""Access to Windows' registry, its 64-bit view; only texts are written."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 100_000  # keys below one; the largest store of certificates has a few hundred
LARGEST = 1024 * 1024  # bytes of a value
_HIVES = {"HKLM": "HKEY_LOCAL_MACHINE", "HKCU": "HKEY_CURRENT_USER"}
_NO_MORE = 259  # ERROR_NO_MORE_ITEMS: one was deleted meanwhile


def keys(hive: str, path: str) -> list[str] | None:
    """Return the sorted names of a key's sub-keys; or None if there is no such key.

    `hive` is HKLM or HKCU. Raises OSError if it may not be read or has too many.
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
    """Return a binary value, or a number; or None if there is no such key or value, or it is of another type.

    Raises OSError if it may not be read or is too large.
    """
    if sys.platform == "win32":
        import winreg

        found, kind = _queried(hive, path, name)
        if kind not in {winreg.REG_BINARY, winreg.REG_DWORD} or not isinstance(found, (bytes, int)):
            return None
        if isinstance(found, bytes) and len(found) > LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        return found
    return None


def text(hive: str, path: str, name: str) -> str | None:
    """Return a text as it is written, without expansion; "" for a value of another type; or None.

    Raises OSError if it may not be read.
    """
    if sys.platform == "win32":
        import winreg

        found, kind = _queried(hive, path, name)
        if kind is None:
            return None
        return str(found) if kind in {winreg.REG_SZ, winreg.REG_EXPAND_SZ} else ""
    return None


def _queried(hive: str, path: str, name: str) -> tuple[object, int | None]:
    """Return a value and its type; (None, None) if there is no such key or value. Raises OSError if it is refused."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(
                getattr(winreg, _HIVES[hive]), path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            ) as key:
                return winreg.QueryValueEx(key, name)
        except FileNotFoundError:
            pass
    return None, None


def set_texts(hive: str, path: str, values: Mapping[str, str | None]) -> None:
    """Set texts in an existing key, or delete those that are None. Raises OSError if that is refused."""
    if sys.platform == "win32":
        import contextlib
        import winreg

        with winreg.OpenKey(
            getattr(winreg, _HIVES[hive]), path, 0, winreg.KEY_SET_VALUE | winreg.KEY_WOW64_64KEY
        ) as key:
            for name, value in values.items():
                if value is not None:
                    winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)
                    continue
                with contextlib.suppress(FileNotFoundError):
                    winreg.DeleteValue(key, name)
            winreg.FlushKey(key)
