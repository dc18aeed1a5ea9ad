"""Errors as words for people."""

from __future__ import annotations

import errno

from trustinstall.errors import printable
from trustinstall.host.inode_flags import ProtectedError

_ADVICE = {
    errno.ENOSPC: "make room on that file system, and try again",
    errno.EDQUOT: "raise the quota or make room, and try again",
    errno.EROFS: "it lies on a read-only file system; use an overlay or change the image",
    errno.EACCES: "the acting account may not do that; run it as the owner",
    errno.EPERM: "run it as an account that may do that",
    errno.EBUSY: "if a file is mounted there (findmnt shows it), change that file where it comes from",
    errno.ENOENT: "a directory on the way is missing; is the store half-installed?",
    errno.ENOTSUP: "take it away from the file, or change the file by hand",
    errno.EINVAL: "it is not a regular file; look at it",
    errno.ELOOP: "it is a link, and links are not followed; look at it",
    errno.EFBIG: "no bundle is that large; look at it",
}


def words(error: BaseException) -> str:
    """Return an error as a few words for people, with advice if there is any."""
    if isinstance(error, OSError):
        advice = _ADVICE.get(error.errno or 0, "look at it, and try again")
        advice = error.advice if isinstance(error, ProtectedError) else advice
        where = f" ({printable(str(error.filename))})" if error.filename else ""
        return f"{error.strerror or type(error).__name__}{where}; {advice}"
    return str(error) or type(error).__name__
