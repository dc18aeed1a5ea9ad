"""Calls that only FreeBSD has, and Python does not offer: access lists.

Sources: acl_get_fd_np(3), acl_get_link_np(3), acl_is_trivial_np(3), <sys/acl.h> of FreeBSD.
"""

from __future__ import annotations

import ctypes
import os

_KINDS = (2, 4)  # ACL_TYPE_ACCESS of UFS, ACL_TYPE_NFS4 of ZFS; a file system has one of them or none


def has_access_list(file: int | str) -> bool:
    """Whether an open file, or the file at a path, has an access list that says more than its mode."""
    system = ctypes.CDLL(None, use_errno=True)
    get = getattr(system, "acl_get_fd_np" if isinstance(file, int) else "acl_get_link_np", None)
    if get is None:
        return False
    get.restype = ctypes.c_void_p
    get.argtypes = [ctypes.c_int if isinstance(file, int) else ctypes.c_char_p, ctypes.c_int]
    system.acl_is_trivial_np.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)]
    system.acl_free.argtypes = [ctypes.c_void_p]
    for kind in _KINDS:
        found = get(file if isinstance(file, int) else os.fsencode(file), kind)
        if found is not None:
            trivial = ctypes.c_int(0)
            failed = system.acl_is_trivial_np(found, ctypes.byref(trivial))
            system.acl_free(found)
            if failed or not trivial.value:
                return True
    return False
