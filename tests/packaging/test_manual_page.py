"""The manual page that the Debian package ships, made from the program's help."""

from __future__ import annotations

import subprocess

from scripts.command_line import MARK, PAGE, commands, reference
from scripts.manual_page import exit_codes, page


def test_groff_reads_the_page_without_a_warning() -> None:
    """No text of the help is taken for a request of man(7)."""
    done = subprocess.run(["groff", "-man", "-ww", "-z"], input=page(), text=True, capture_output=True, check=True)
    assert done.stderr == ""


def test_every_command_and_option_has_an_entry() -> None:
    """A new option is in the page because it is in the help."""
    text = page()
    for command in commands():
        assert f".SS trustinstall {command.name}" in text
        assert command.options
        assert all(option.text for option in command.options)


def test_the_exit_codes_are_those_of_the_reference() -> None:
    """The table is read from the document, so that there is one."""
    assert [code for code, _ in exit_codes()] == ["0", "1", "2", "3", "4", "5", "10", "125", "126", "127", "130"]
    assert all(f".B {code}\n" in page() for code, _ in exit_codes())


def test_the_reference_shows_every_option() -> None:
    """`python -m scripts.command_line` has written it after the last change of the help."""
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == reference()
