"""Errors as types with an exit code, and the conversion of foreign text for messages.

Every error that a user meets is one of these, and its text is one sentence: what happened, where, what to do.
"""

from __future__ import annotations

from typing import ClassVar


class TrustInstallError(Exception):
    """Any error that ends a command; `exit_code` is the process's exit code, `code` a stable word for JSON."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"


class UsageProblem(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The command line is invalid or contradicts itself."""

    exit_code = 2
    code = "usage"


class CertificateRefused(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The input is not a certificate that should be trusted.

    `allowed_as` is the word of the option `--allow-…` that lifts the refusal ("expired", "weak", "same-name"), or "".
    `judged` is True if a certificate was read and no option lifts the refusal, because no client could use it, or
    because its use would do harm; the text then says so. `differs` says it without an option's name if the fingerprint
    is another one, or is "".
    """

    exit_code = 4
    code = "certificate-refused"

    def __init__(self, message: str, *, allowed_as: str = "", judged: bool = False, differs: str = "") -> None:
        self.allowed_as, self.judged, self.differs = allowed_as, judged, differs
        self.reason = message
        option = f"to trust it all the same: --allow-{allowed_as}" if allowed_as else ""
        about_options = option or ("no option lifts this" if judged else "")
        super().__init__("; ".join(filter(None, (message, about_options))))

    def prefixed(self, origin: str) -> CertificateRefused:
        """Return the same refusal with the name of the input in front."""
        return CertificateRefused(f"{origin}: {self.reason}", allowed_as=self.allowed_as, judged=self.judged)

    def after_allowing(self) -> CertificateRefused:
        """Return the same refusal for a caller who has used an option `--allow-…`."""
        return CertificateRefused(self.reason, allowed_as=self.allowed_as, judged=True)


class NoRights(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The user may not do this."""

    exit_code = 5
    code = "no-rights"


class StoreError(TrustInstallError):
    """One store could not be read or changed; the others are not affected."""

    code = "store-failed"

    def __init__(self, *, store: str, cause: str, advice: str) -> None:
        self.store = store
        self.cause = cause
        self.advice = advice
        super().__init__(f"{store}: {cause}; {advice}")


class StoreLocked(StoreError):  # noqa: N818 -- named for what it tells a user
    """The store is protected by a password that trustinstall does not know."""

    code = "store-locked"


class StateError(TrustInstallError):
    """The ledger or the journal cannot be read, or a newer version of the program has written it."""

    code = "state"


class Busy(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """A lock was not acquired in time."""

    code = "busy"


class ToolFailed(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """A native tool could not be started, failed or ran out of time."""

    code = "tool-failed"


class OutOfReach(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The store cannot be reached now (e.g. a stopped VM). An error only if it still holds a managed certificate."""

    code = "out-of-reach"


class CommandMissing(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The command to be run does not exist. POSIX, 2.8.2: 127."""

    exit_code = 127
    code = "command-missing"


class CommandRefused(TrustInstallError):  # noqa: N818 -- named for what it tells a user
    """The command to be run cannot be run. POSIX, 2.8.2: 126."""

    exit_code = 126
    code = "command-refused"


def printable(text: str, limit: int = 120) -> str:
    r"""Return `text` on one line, safe for a terminal, at most `limit` characters (at least 1) long.

    Characters that `str.isprintable` rejects become `\xNN`, `\uNNNN` or `\UNNNNNNNN`: control characters
    (terminal escapes), line separators, direction overrides, surrogates, unassigned and private characters, spaces
    other than the plain one. Text that is too long ends with "…".
    """
    pieces: list[str] = []
    length = 0
    for char in text[: limit + 1]:
        piece = char if char.isprintable() else _escaped(ord(char))
        length += len(piece)
        if length > limit:
            return _cut(pieces, limit)
        pieces.append(piece)
    return "".join(pieces)


def _cut(pieces: list[str], limit: int) -> str:
    while sum(map(len, pieces)) >= limit:
        pieces.pop()
    return "".join(pieces) + "…"


def _escaped(point: int) -> str:
    if point <= 0xFF:  # noqa: PLR2004 -- the widths are what the three escapes are
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004
