"""The numbers that Security's functions return, and how the tool words them.

Texts come from a localised bundle, so they change with the language; what the tool itself prints is English everywhere.
The German and Japanese texts here are worded by us: what matters is that they are not the English ones.
"""

from __future__ import annotations

import os
import sys

NO_TRUST_SETTINGS = -25263
ITEM_NOT_FOUND = -25300
DUPLICATE_ITEM = -25299
INTERACTION_NOT_ALLOWED = -25308
NO_SUCH_KEYCHAIN = -25294
INVALID_TRUST_SETTINGS = -25262
UNKNOWN_FORMAT = -25257
PARAM = -50
INTERNAL_COMPONENT = -2070
AUTH_DENIED = -60005
AUTH_CANCELLED = -60006
AUTH_NO_INTERACTION = -60007
NOT_TRUSTED = -2147408853  # CSSMERR_TP_NOT_TRUSTED, 0x8001212A
_UNIX = 100000  # errno, added to this
USAGE = 2

_TEXTS = {
    "en": {
        NO_TRUST_SETTINGS: "No Trust Settings were found.",
        ITEM_NOT_FOUND: "The specified item could not be found in the keychain.",
        DUPLICATE_ITEM: "The specified item already exists in the keychain.",
        INTERACTION_NOT_ALLOWED: "User interaction is not allowed.",
        NO_SUCH_KEYCHAIN: "The specified keychain could not be found.",
        INVALID_TRUST_SETTINGS: "The trust settings record was corrupted.",
        UNKNOWN_FORMAT: "Unknown format in import.",
        PARAM: "One or more parameters passed to a function were not valid.",
        INTERNAL_COMPONENT: "errSecInternalComponent",
        AUTH_DENIED: "The authorization was denied.",
        AUTH_CANCELLED: "The authorization was cancelled by the user.",
        AUTH_NO_INTERACTION: "The authorization was denied since no user interaction was possible.",
        NOT_TRUSTED: "CSSMERR_TP_NOT_TRUSTED",
    },
    "de": {
        NO_TRUST_SETTINGS: "Es gibt hier keine Vertrauenseinstellungen.",
        ITEM_NOT_FOUND: "Das gesuchte Objekt ist nicht im Schlüsselbund.",
        DUPLICATE_ITEM: "Das Objekt ist bereits im Schlüsselbund.",
        INTERACTION_NOT_ALLOWED: "Eine Rückfrage beim Benutzer ist nicht erlaubt.",
        NO_SUCH_KEYCHAIN: "Den Schlüsselbund gibt es nicht.",
        PARAM: "Mindestens ein Parameter einer Funktion war ungültig.",
        AUTH_DENIED: "Die Berechtigung wurde verweigert.",
        AUTH_CANCELLED: "Der Benutzer hat den Vorgang abgebrochen.",
        AUTH_NO_INTERACTION: "Ohne Rückfrage beim Benutzer wurde die Berechtigung verweigert.",
    },
    "ja": {
        NO_TRUST_SETTINGS: "信頼設定が見つかりませんでした。",
        ITEM_NOT_FOUND: "指定された項目がキーチェーンに見つかりません。",
        DUPLICATE_ITEM: "指定された項目はすでにキーチェーンに存在します。",
        INTERACTION_NOT_ALLOWED: "ユーザの操作は許可されていません。",
        NO_SUCH_KEYCHAIN: "指定されたキーチェーンが見つかりません。",
        PARAM: "関数に渡されたパラメータが正しくありません。",
        AUTH_DENIED: "認証が拒否されました。",
        AUTH_CANCELLED: "ユーザが認証をキャンセルしました。",
        AUTH_NO_INTERACTION: "ユーザの操作ができないため、認証が拒否されました。",
    },
}


class OSStatusError(Exception):
    """A function of Security returned something other than noErr."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Ended(Exception):  # noqa: N818 - not an error: the tool's exit, from wherever it is decided
    """The tool ends with this status, having said why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def from_errno(error: OSError) -> OSStatusError:
    """What a failed system call becomes."""
    return OSStatusError(_UNIX + (error.errno or 0))


def text(code: int, language: str) -> str:
    """The bundle's text for a code."""
    if _UNIX < code < _UNIX + 1000:
        return f"UNIX[{os.strerror(code - _UNIX)}]"
    return _TEXTS[language].get(code) or _TEXTS["en"].get(code) or f"OSStatus {code}"


def say(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"{line}\n")


def cssm_perror(function: str, code: int, language: str) -> None:
    """One style of message: without the tool's name."""
    say(f"{function}: {text(code, language)}")


def sec_error(message: str) -> None:
    """The other style's beginning."""
    say(f"security: {message}")


def sec_perror(function: str, code: int, language: str) -> None:
    """The other style of message: with the tool's name."""
    sec_error(f"{function}: {text(code, language)}")
