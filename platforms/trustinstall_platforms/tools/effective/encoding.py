"""Settings files that their tools refuse, because the bytes are no text in the encoding of the locale.

Sources: pip, src/pip/_internal/configuration.py, _construct_parser: locale.getpreferredencoding; botocore,
configloader.py, raw_config_parse: as configparser opens files; PEP 538 and 540 (the C locale is UTF-8); TOML 1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.text import Malformed

if TYPE_CHECKING:
    from trustinstall.host import Host

_BY_LOCALE = frozenset({"ini-options", "ini-sections"})
_ALWAYS = frozenset({"toml", "cargo"})
_NAMES = ("LC_ALL", "LC_CTYPE", "LANG")


def check(host: Host, format_: str, content: bytes) -> None:
    """Check that the tools of a format can decode a file. Raises Malformed, with the line."""
    if format_ not in _ALWAYS and not (format_ in _BY_LOCALE and _is_utf8(host)):
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"line {line} is no UTF-8, which its tool refuses; write it anew in UTF-8", line) from None


def _is_utf8(host: Host) -> bool:
    """Whether the locale of the acting account's session has UTF-8; root's session may be another account's."""
    said = "" if host.account.is_root else next((host.environ[one] for one in _NAMES if host.environ.get(one)), "")
    return said in {"", "C", "POSIX"} or "utf" in said.lower()
