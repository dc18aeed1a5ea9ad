"""The manual page that the Debian package ships, made from the program's help."""

from __future__ import annotations

import subprocess

from scripts.command_line import commands
from scripts.manual_page import page


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
