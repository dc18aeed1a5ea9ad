"""The registry of another Windows than the running system, read by its `reg.exe`.

Of its output, only the lines of keys and of values count: the rest is in Windows' own language, and in an unknown
encoding. Its exit status is 1 for a missing key as well as for every other failure (and if it could not even be
started), so that "missing" is believed only of a reg.exe that can read a key which every Windows has.

Sources: Microsoft's reference of `reg query`; outputs that many people have published.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from trustinstall.errors import ToolFailed, printable
from trustinstall.facts import wsl
from trustinstall.host.commands import Run
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

MOST = 100_000  # keys that are read of one answer; the largest store of certificates has a few hundred
LARGEST = 1024 * 1024  # bytes of a value
_SECONDS = 60.0
_VALUE = regex(rb"[ \t]+(\S+)[ \t]+(REG_BINARY|REG_DWORD)(?:[ \t]+(\S+))?")  # a line without blanks at its end
_HIVES = {b"HKEY_LOCAL_MACHINE": "HKLM", b"HKEY_CURRENT_USER": "HKCU"}
_BLOB = "Blob"
#: A key that every Windows has, and a text in it.
_ALWAYS = (r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion", "CurrentBuild")

Values = dict[str, dict[str, bytes | int | None]]  # by key (its whole path) and name, both in lower case


def parse(answer: bytes) -> Values:
    """Return the values in the output of `reg.exe query`; None for one that is not binary, not a number, or damaged.

    Raises OSError if there are more keys than any store has.
    """
    found: Values = {}
    values: dict[str, bytes | int | None] | None = None
    for each in answer.split(b"\n"):
        line = each.rstrip(b"\r")
        hive, _, path = line.partition(b"\\")
        if hive in _HIVES and path:
            key = rf"{_HIVES[hive]}\{path.decode('latin-1')}".lower()
            values = found.setdefault(key, {})
            if len(found) > MOST:
                raise OSError(errno.EFBIG, f"reg.exe names more than {MOST} keys")
        elif values is not None and (match := _VALUE.fullmatch(line.rstrip(b" \t"))):
            name, kind, data = match.groups()
            values.setdefault(name.decode("latin-1").lower(), _value(kind, data or b""))
    return found


def _value(kind: bytes, data: bytes) -> bytes | int | None:
    text = data.decode("latin-1")
    try:
        if kind == b"REG_DWORD":
            return int(text, 16) if re.fullmatch("0x[0-9a-fA-F]{1,8}", text) else None
        return bytes.fromhex(text) if len(text) <= 2 * LARGEST else None
    except ValueError:
        return None


class RegQuery:
    """A registry, read once: each answer is kept, so make a new one to read again."""

    def __init__(self, host: Host, system32: str) -> None:
        """`system32` is the directory of reg.exe on the host."""
        self._host, self._tool = host, f"{system32}/reg.exe"
        self._answers: dict[str, Values] = {}
        self._works = False

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """Return the names of a key's sub-keys that hold a certificate's blob; None if it has none, or does not exist.

        Raises OSError if Windows gives no answer.
        """
        prefix = rf"{hive}\{path}".lower() + "\\"
        found = self._tree(hive, path)
        return sorted(key.removeprefix(prefix) for key in found if _is_child(key, prefix)) or None

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """Return a binary value or a number; None if it is missing, or of another type. Raises OSError as above."""
        key = rf"{hive}\{path}".lower()
        parent = key.rpartition("\\")[0]
        if name == _BLOB and parent in self._answers:
            return self._answers[parent].get(key, {}).get(name.lower())
        return self._ask(rf"{hive}\{path}", "/v", name).get(key, {}).get(name.lower())

    def _tree(self, hive: str, path: str) -> Mapping[str, Mapping[str, bytes | int | None]]:
        key = rf"{hive}\{path}"
        if key.lower() not in self._answers:
            self._answers[key.lower()] = self._ask(key, "/s", "/v", _BLOB)
        return self._answers[key.lower()]

    def _ask(self, key: str, *words: str) -> Values:
        status, answer, said = self._query(key, *words)
        if status == 0:
            return parse(answer)
        if not self._works:
            checked, _, complaint = self._query(_ALWAYS[0], "/v", _ALWAYS[1])
            if checked != 0:
                raise OSError(errno.EIO, f"Windows' reg.exe reads nothing (status {checked}): {_last(complaint)}")
            self._works = True
        if status != 1:
            raise OSError(errno.EIO, f"Windows' reg.exe ended with status {status}: {_last(said)}")
        return {}

    def _query(self, key: str, *words: str) -> tuple[int, bytes, str]:
        run = Run(
            (self._tool, "query", key, *words, "/reg:64"),
            env=tuple(wsl.interop(self._host.environ).items()),
            seconds=_SECONDS,
            must_succeed=False,
        )
        try:
            result = self._host.query(run)
        except ToolFailed as error:
            raise OSError(errno.EIO, str(error)) from error
        return result.status, result.answer, result.output


def _is_child(key: str, prefix: str) -> bool:
    return key.startswith(prefix) and "\\" not in key[len(prefix) :]


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"
