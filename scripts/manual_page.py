"""Prints the manual page trustinstall(1), made from the program's own help: `python -m scripts.manual_page`."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.command_line import commands
from trustinstall._version import __version__

_EXIT_CODES = Path(__file__).parents[1] / "docs" / "reference" / "exit-codes.md"
_ROW = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


def exit_codes() -> list[tuple[str, str]]:
    """Return each exit code with its meaning, as the reference has them."""
    return _ROW.findall(_EXIT_CODES.read_text(encoding="utf-8").replace("`", ""))


def page() -> str:
    """Return the page in the language of man(7)."""
    lines = [
        f'.TH TRUSTINSTALL 1 "" "trustinstall {__version__}" "User Commands"',
        ".SH NAME",
        "trustinstall \\- make the machine trust a root certificate everywhere, and take it back exactly",
        ".SH SYNOPSIS",
        ".B trustinstall",
        "COMMAND [OPTIONS] [ARGUMENTS]",
        ".SH DESCRIPTION",
        "A company that inspects TLS or runs a certificate authority of its own needs programs to trust one more root.",
        "trustinstall adds it to each trust store of the machine, checks that it is trusted, and restores each file",
        "byte for byte when it is removed.",
        ".SH COMMANDS",
    ]
    for command in commands():
        lines += [f".SS {_plain(command.usage)}", _plain(command.summary)]
        if command.description:
            lines += [".PP", _plain(command.description)]
        for option in command.options:
            lines += [".TP", f".B {_plain(option.written)}", _plain(option.text)]
        lines += [".PP", "Examples:"]
        for words, purpose in command.examples:
            lines += [".TP", f".B {_plain(f'trustinstall {words}')}", _plain(purpose)]
    lines += [".SH EXIT STATUS"]
    for code, meaning in exit_codes():
        lines += [".TP", f".B {code}", _plain(meaning)]
    lines += [
        ".SH FILES",
        ".TP",
        ".I /var/lib/trustinstall, ~/.local/state/trustinstall",
        "The ledger: each certificate that was added, and each place where it was put.",
        ".TP",
        ".I /usr/local/share/trustinstall, ~/.local/share/trustinstall",
        "The bundles that settings and variables name.",
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _plain(text: str) -> str:
    """Return text as one paragraph without anything that man(7) would take for a request."""
    joined = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    joined = "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in joined)
    return f"\\&{joined}" if joined.startswith((".", "'")) else joined


if __name__ == "__main__":
    print(page(), end="")
