"""The manual page that the Debian package ships, made from the program's help."""

from __future__ import annotations

import subprocess

from scripts.command_line import MARK, PAGE, commands, reference
from scripts.manual_page import exit_codes, page
from trustinstall import errors
from trustinstall.cli.main import INTERRUPTED, RUN_FAILED
from trustinstall.errors import TrustInstallError
from trustinstall.installer.checking import NOT_AS_WANTED
from trustinstall.reporting.health import FOUND


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


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The reference has each code of an error and of a command's end, and no other one; the page has the same."""
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, TrustInstallError)]
    ends = {0, 3, NOT_AS_WANTED, FOUND, INTERRUPTED, RUN_FAILED}  # 3: `Report.exit_code`
    assert [int(code) for code, _ in exit_codes()] == sorted(ends | {one.exit_code for one in kinds})
    assert all(f".B {code}\n" in page() for code, _ in exit_codes())


def test_the_reference_shows_every_option() -> None:
    """`python -m scripts.command_line` has written it after the last change of the help."""
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == reference()
