"""One entry in Windows' Application log.

Sources: Microsoft's reference pages of RegisterEventSourceW and ReportEventW. The source has no key in the registry: an
entry of such a source goes to the Application log, and the Event Viewer shows its texts below a sentence that it found
no description. So an account without an administrator's rights reports in the same way, and no command has a key to
undo.
"""

from __future__ import annotations

import contextlib
import ctypes
from ctypes import wintypes

from trustinstall.host.windows import api

SOURCE = "trustinstall"
_INFORMATION = 0x4  # EVENTLOG_INFORMATION_TYPE
_CHANGE = 1  # the identifier of the entries, of which there is one kind


def report(message: str, line: str) -> None:
    """Send an entry of a sentence and a line of JSON ("" for none); if Windows refuses it, nothing happens."""
    # The Event Viewer replaces a `%1` (ReportEventW, lpStrings); JSON has an escape for the percent sign.
    texts = [one for one in (message.replace("%", "% "), line.replace("%", "\\u0025")) if one]
    with contextlib.suppress(AttributeError, OSError):  # a Windows without the library, or without the functions
        _report((wintypes.LPCWSTR * len(texts))(*texts))


def _report(texts: ctypes.Array[wintypes.LPCWSTR]) -> None:
    register = api.function("advapi32", "RegisterEventSourceW", wintypes.HANDLE, wintypes.LPCWSTR, wintypes.LPCWSTR)
    send = api.function(
        "advapi32", "ReportEventW", wintypes.BOOL, wintypes.HANDLE, wintypes.WORD, wintypes.WORD, wintypes.DWORD,
        ctypes.c_void_p, wintypes.WORD, wintypes.DWORD, ctypes.POINTER(wintypes.LPCWSTR), ctypes.c_void_p,
    )  # fmt: skip
    close = api.function("advapi32", "DeregisterEventSource", wintypes.BOOL, wintypes.HANDLE)
    source = register(None, SOURCE)
    if source:
        send(source, _INFORMATION, 0, _CHANGE, None, len(texts), 0, texts, None)
        close(source)
