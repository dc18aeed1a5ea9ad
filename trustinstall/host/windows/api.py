"""Functions that only Windows has: folders, elevation, desktops, jobs, and files opened as Windows opens them.

Nothing here is called on another system. The sources are Microsoft's reference pages of the named functions.
"""

from __future__ import annotations

import ctypes
import sys
import time
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from trustinstall.host.windows.paths import slashed

if TYPE_CHECKING:
    from collections.abc import Callable

_SYSTEM32 = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32: never a library of that name from elsewhere
# Known folders (KNOWNFOLDERID).
LOCAL_APP_DATA = "{F1B32785-6FBA-4FCF-9D55-7B8E7F157091}"
PROFILE = "{5E6C858F-0E22-4760-9AFE-EA3317B67173}"
PROGRAM_DATA = "{62AB5D82-FDC1-4DC3-A9DD-070D1D495D97}"

_ADMINISTRATORS, _LARGEST_SID = 26, 68  # WinBuiltinAdministratorsSid, SECURITY_MAX_SID_SIZE
_SHARED = 0x1 | 0x2 | 0x4  # FILE_SHARE_READ, WRITE, DELETE
_OPEN_EXISTING, _OPEN_ALWAYS = 3, 4
_REPARSE_POINT, _BACKUP = 0x0020_0000, 0x0200_0000  # FILE_FLAG_OPEN_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS
_INVALID = ctypes.c_void_p(-1).value
_SHARING_VIOLATION, _ACCESS_DENIED = 32, 5  # System Error Codes
_REPLACE, _WRITE_THROUGH = 0x1, 0x8  # MoveFileEx
_PROGRAM = ".exe"
_PATIENCE, _POLL = 2.0, 0.05  # seconds: scanners and indexers open new files
FILE_ADD_FILE, DELETE = 0x2, 0x0001_0000  # access rights: create a file in a directory; replace or delete one


def function(library: str, name: str, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401  ctypes' types have no common one
    """Return a function of a library of Windows, with the types of its result and arguments."""
    if sys.platform == "win32":
        prototype = ctypes.WINFUNCTYPE(result, *arguments, use_last_error=True)
        return prototype((name, ctypes.WinDLL(library, winmode=_SYSTEM32)))
    raise NotImplementedError(name)


def failure(code: int | None = None, path: str | None = None) -> OSError:
    """Return Windows' last error (or this code) as the OSError that Python would raise."""
    if sys.platform == "win32":
        code = ctypes.get_last_error() if code is None else code
        return OSError(0, ctypes.FormatError(code).strip(), path, code)
    raise NotImplementedError


def elevated() -> bool:
    """Whether this process has an administrator's rights (without UAC's consent, an administrator has not).

    IsUserAnAdmin does the same, and may be removed (its reference page says).
    """
    size = wintypes.DWORD(_LARGEST_SID)
    administrators = ctypes.create_string_buffer(size.value)
    make = function(
        "advapi32", "CreateWellKnownSid", wintypes.BOOL, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
        ctypes.POINTER(wintypes.DWORD),
    )  # fmt: skip
    check = function(
        "advapi32", "CheckTokenMembership", wintypes.BOOL, wintypes.HANDLE, ctypes.c_void_p,
        ctypes.POINTER(wintypes.BOOL),
    )  # fmt: skip
    member = wintypes.BOOL()
    made = make(_ADMINISTRATORS, None, administrators, ctypes.byref(size))
    return bool(made and check(None, administrators, ctypes.byref(member)) and member.value)


def user_name() -> str:
    """Return the name of the account that this process runs as."""
    size = wintypes.DWORD(257)  # UNLEN + 1
    name = ctypes.create_unicode_buffer(size.value)
    get = function("advapi32", "GetUserNameW", wintypes.BOOL, wintypes.LPWSTR, ctypes.POINTER(wintypes.DWORD))
    return name.value if get(name, ctypes.byref(size)) else "user"


def known_folder(identifier: str) -> str:
    """Return the path of a known folder of this account, independent of the environment. Raises OSError."""
    guid = (ctypes.c_byte * 16)()
    parse = function("ole32", "CLSIDFromString", ctypes.c_long, wintypes.LPCWSTR, ctypes.c_void_p)
    parse(identifier, guid)
    get = function(
        "shell32", "SHGetKnownFolderPath", ctypes.c_long, ctypes.c_void_p, wintypes.DWORD, wintypes.HANDLE,
        ctypes.POINTER(ctypes.c_void_p),
    )  # fmt: skip
    found = ctypes.c_void_p()
    status = get(guid, 0, None, ctypes.byref(found))
    try:
        if status != 0 or not found.value:
            raise failure(status & 0xFFFF)
        return slashed(ctypes.wstring_at(found.value))
    finally:
        function("ole32", "CoTaskMemFree", None, ctypes.c_void_p)(found)


def windows_directory() -> str:
    """Return the directory of Windows itself, from the kernel; SystemRoot is only a variable."""
    buffer = ctypes.create_unicode_buffer(1024)
    get = function("kernel32", "GetSystemWindowsDirectoryW", wintypes.UINT, wintypes.LPWSTR, wintypes.UINT)
    if not 0 < get(buffer, len(buffer)) < len(buffer):
        raise failure()
    return slashed(buffer.value).rstrip("/")


def system_directory() -> str:
    """Return the directory of Windows' own tools: a 32-bit process on 64 bits reaches it under another name."""
    inside = wintypes.BOOL()
    check = function("kernel32", "IsWow64Process", wintypes.BOOL, wintypes.HANDLE, ctypes.POINTER(wintypes.BOOL))
    this = function("kernel32", "GetCurrentProcess", wintypes.HANDLE)()
    redirected = check(this, ctypes.byref(inside)) and inside.value
    return f"{windows_directory()}/{'Sysnative' if redirected else 'System32'}"


def has_desktop() -> bool:
    """Whether a window that opens can be seen: services' and remote shells' window stations are invisible."""

    class Flags(ctypes.Structure):  # USEROBJECTFLAGS
        _fields_ = (("inherit", wintypes.BOOL), ("reserved", wintypes.BOOL), ("flags", wintypes.DWORD))

    flags, needed = Flags(), wintypes.DWORD()
    station = function("user32", "GetProcessWindowStation", wintypes.HANDLE)()
    get = function(
        "user32", "GetUserObjectInformationW", wintypes.BOOL, wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p,
        wintypes.DWORD, ctypes.POINTER(wintypes.DWORD),
    )  # fmt: skip
    known = get(station, 1, ctypes.byref(flags), ctypes.sizeof(flags), ctypes.byref(needed))  # UOI_FLAGS
    return bool(known and flags.flags & 0x1)  # WSF_VISIBLE


def tell_of_variables() -> None:
    """Notify the desktop, and other listeners, to read environment variables again (see WM_SETTINGCHANGE's page).

    A hanging program is not waited for; a program that was not notified has them after the next login.
    """
    answer = ctypes.c_size_t()
    send = function(
        "user32", "SendMessageTimeoutW", ctypes.c_ssize_t, wintypes.HWND, wintypes.UINT, wintypes.WPARAM,
        wintypes.LPCWSTR, wintypes.UINT, wintypes.UINT, ctypes.POINTER(ctypes.c_size_t),
    )  # fmt: skip
    # HWND_BROADCAST, WM_SETTINGCHANGE, SMTO_ABORTIFHUNG; milliseconds for each window
    send(0xFFFF, 0x001A, 0, "Environment", 0x0002, 1000, ctypes.byref(answer))


def show_colours() -> bool:
    """Make the console understand escape sequences (Windows 10 and later); return whether it does."""
    get = function("kernel32", "GetConsoleMode", wintypes.BOOL, wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
    put = function("kernel32", "SetConsoleMode", wintypes.BOOL, wintypes.HANDLE, wintypes.DWORD)
    output = function("kernel32", "GetStdHandle", wintypes.HANDLE, wintypes.DWORD)(0xFFFF_FFF5)  # STD_OUTPUT_HANDLE
    mode = wintypes.DWORD()
    # ENABLE_VIRTUAL_TERMINAL_PROCESSING
    return bool(get(output, ctypes.byref(mode)) and put(output, mode.value | 0x4))


def _open(path: str, access: int, share: int, how: int, flags: int) -> int:
    create = function(
        "kernel32", "CreateFileW", wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p,
        wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
    )  # fmt: skip
    handle: int = create(path, access, share, None, how, flags, None)
    if handle == _INVALID:
        raise failure(path=path)
    return handle


def close(handle: int) -> None:
    """Close a handle."""
    function("kernel32", "CloseHandle", wintypes.BOOL, wintypes.HANDLE)(handle)


def open_alone(path: str) -> int | None:
    """Return a descriptor of a file that no other program can open while it is open here or in a tool.

    The file is created if it is missing. Returns None if another program has it open.
    """
    if sys.platform == "win32":
        import msvcrt
        import os

        try:
            handle = _open(path, 0xC000_0000, 0, _OPEN_ALWAYS, _REPARSE_POINT)  # GENERIC_READ, GENERIC_WRITE
        except OSError as error:
            if error.winerror == _SHARING_VIOLATION:
                return None
            raise
        os.set_handle_inheritable(handle, True)  # noqa: FBT003  positional only
        return msvcrt.open_osfhandle(handle, os.O_RDWR)
    raise NotImplementedError


def may_open(path: str, access: int) -> bool:
    """Whether this account has an access right to a file or directory; another program that uses it is no obstacle."""
    try:
        close(_open(path, access, _SHARED, _OPEN_EXISTING, _BACKUP | _REPARSE_POINT))
    except OSError as error:
        return getattr(error, "winerror", 0) == _SHARING_VIOLATION
    return True


def replace(source: str, target: str) -> None:
    """Rename a file onto another one, durably; waits a moment for programs that have either open. Raises OSError."""
    move = function("kernel32", "MoveFileExW", wintypes.BOOL, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD)
    end = time.monotonic() + _PATIENCE
    while not move(source, target, _REPLACE | _WRITE_THROUGH):
        problem = failure(path=target)
        if getattr(problem, "winerror", 0) not in {_SHARING_VIOLATION, _ACCESS_DENIED} or time.monotonic() > end:
            raise problem
        time.sleep(_POLL)


def programs() -> set[str]:
    """Return the file names of all running programs, without their `.exe`; none if Windows does not tell."""

    class Entry(ctypes.Structure):  # PROCESSENTRY32W
        _fields_ = (
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("process", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("name", wintypes.WCHAR * 260),
        )

    snapshot = function("kernel32", "CreateToolhelp32Snapshot", wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD)
    first, following = (
        function("kernel32", name, wintypes.BOOL, wintypes.HANDLE, ctypes.POINTER(Entry))
        for name in ("Process32FirstW", "Process32NextW")
    )
    found: set[str] = set()
    every = snapshot(0x2, 0)  # TH32CS_SNAPPROCESS
    if every == _INVALID:
        return found
    entry = Entry(size=ctypes.sizeof(Entry))
    more = first(every, ctypes.byref(entry))
    while more:
        name: str = entry.name
        found.add(name[: -len(_PROGRAM)] if name.lower().endswith(_PROGRAM) else name)
        more = following(every, ctypes.byref(entry))
    close(every)
    return found


class Job:
    """A started process and everything that it starts: ended together, and at the latest with this process."""

    def __init__(self, pid: int) -> None:
        """Take a process that has just been started, whose handle is still open (so that its number is its own)."""

        class Limits(ctypes.Structure):  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION
            _fields_ = (
                ("times", ctypes.c_int64 * 2),
                ("flags", wintypes.DWORD),
                ("sizes", ctypes.c_size_t * 2),
                ("processes", wintypes.DWORD),
                ("affinity", ctypes.c_size_t),
                ("classes", wintypes.DWORD * 2),
                ("counters", ctypes.c_uint64 * 6),
                ("memory", ctypes.c_size_t * 4),
            )

        create = function("kernel32", "CreateJobObjectW", wintypes.HANDLE, ctypes.c_void_p, wintypes.LPCWSTR)
        limit = function(
            "kernel32", "SetInformationJobObject", wintypes.BOOL, wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p,
            wintypes.DWORD,
        )  # fmt: skip
        assign = function("kernel32", "AssignProcessToJobObject", wintypes.BOOL, wintypes.HANDLE, wintypes.HANDLE)
        find = function("kernel32", "OpenProcess", wintypes.HANDLE, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        limits = Limits(flags=0x2000)  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
        self._handle: int | None = create(None, None)
        limit(self._handle, 9, ctypes.byref(limits), ctypes.sizeof(limits))  # JobObjectExtendedLimitInformation
        process = find(0x0101, False, pid)  # noqa: FBT003  PROCESS_SET_QUOTA, PROCESS_TERMINATE
        if process:  # else it has ended already
            assign(self._handle, process)
            close(process)

    def close(self) -> None:
        """Close the job; its processes that still run are ended."""
        if self._handle:
            close(self._handle)
            self._handle = None
