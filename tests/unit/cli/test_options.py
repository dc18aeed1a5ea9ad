"""Options of the command line: old spellings, environment variables, and what `--search` makes of a path."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts.command_line import commands
from tests.support.pki import make_root
from tests.unit.installer.test_library import lay_out
from trustinstall import Installer, load_certificates
from trustinstall.cli.app import app_for
from trustinstall.cli.examples import EXAMPLES, PANEL, epilog
from trustinstall.cli.main import run
from trustinstall.cli.places import places_for
from trustinstall.errors import UsageProblem
from trustinstall.host import console
from trustinstall.installer.situation import ScopeOptions


@pytest.fixture
def image(tmp_path: Path) -> str:
    """The root of an image with the store of Debian."""
    lay_out(tmp_path / "image")
    return str(tmp_path / "image")


@pytest.fixture
def corp(tmp_path: Path) -> str:
    """A root in a file."""
    (tmp_path / "corp.pem").write_bytes(make_root(common_name="Corp Root").pem)
    return str(tmp_path / "corp.pem")


@pytest.mark.parametrize(
    "words",
    [
        ("add", "CORP", "--root", "IMAGE", "--rescan", "--env", "none", "--no-color", "--force", "-n"),
        ("remove", "CORP", "--sysroot", "IMAGE", "--python", "/opt/app", "--bundle", "/opt/roots.pem", "--dry-run"),
        ("remove", "--sysroot=IMAGE", "--foreign", "--sha256", "0" * 64, "-n"),
        ("list", "--all", "--sysroot", "IMAGE", "--no-color"),
    ],
    ids=lambda words: words[0],
)
def test_old_spellings_are_taken(
    words: tuple[str, ...], image: str, corp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They mean what the new ones mean."""
    monkeypatch.setattr(console, "_colour", None)
    Path(image, "opt/app").mkdir(parents=True)
    Path(image, "opt/roots.pem").write_bytes(make_root().pem)
    assert run([one.replace("IMAGE", image).replace("CORP", corp) for one in words]) == 0


def test_no_help_shows_an_old_spelling() -> None:
    """Neither the manual page nor the reference teaches them."""
    old = {"--for-user", "--from-system", "--rescan", "--windows-host", "--env", "--force", "--no-color", "--all-users"}
    for command in commands():
        shown = {word.strip(",") for option in command.options for word in option.written.split()}
        assert not shown & old, command.name
        assert {"--color", "--help"} <= shown | {"--help"}, command.name


@pytest.mark.parametrize("command", ["add", "remove", "stores"])
def test_rare_options_are_in_the_long_help_alone(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` names `--help-all`, which shows those for images and special cases, too."""
    assert run([command, "--help"]) == 0
    short = capsys.readouterr().out
    assert run([command, "--help-all"]) == 0
    whole = capsys.readouterr().out
    for option in ("--sysroot", "--refresh", "--java-storepass-file"):
        assert (option in short, option in whole) == (False, True)
    assert "--help-all" in short
    assert "--store" in short if command != "stores" else True


def test_what_a_path_is_decides_how_it_is_searched(image: str) -> None:
    """An interpreter, an environment, a directory and a bundle; a path that is none is wrong usage."""
    for directory in ("opt/venv", "opt/many"):
        Path(image, directory).mkdir(parents=True)
    for file in ("opt/venv/pyvenv.cfg", "opt/python3.11", "opt/roots.pem"):
        Path(image, file).touch()
    installer, ask = Installer(image), ScopeOptions()
    search = [Path(f"/opt/{name}") for name in ("venv", "python3.11", "many", "roots.pem")]
    places = places_for(installer, ask, search, with_windows=False)
    assert places.pythons == ("/opt/venv", "/opt/python3.11")
    assert (places.searches, places.bundles) == (("/opt/many",), ("/opt/roots.pem",))
    with pytest.raises(UsageProblem, match="no such file or directory"):
        places_for(installer, ask, [Path("/opt/nothing")], with_windows=False)


def test_colour_is_chosen(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option decides before the environment does."""
    monkeypatch.setattr(console, "_colour", None)
    for word, wanted in (("always", True), ("never", False)):
        monkeypatch.setenv("NO_COLOR" if wanted else "FORCE_COLOR", "1")
        assert run(["list", "--sysroot", image, "--color", word]) == 0
        assert console.wants_colour() is wanted


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCOPE", "galaxy"),
        ("JSON", "perhaps"),
        ("YES", "perhaps"),
        ("COLOR", "pink"),
        ("STORE", "npm nonsense"),
        ("SKIP", "nonsense"),
        ("SEARCH", "/opt:/nonexistent"),
        ("SHA256", "abcd"),
    ],
)
def test_a_wrong_variable_is_named(
    variable: str,
    value: str,
    image: str,
    corp: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A wrong value in the environment is wrong usage, and the message says where it stands."""
    monkeypatch.setattr(console, "_colour", None)
    monkeypatch.setenv(f"TRUSTINSTALL_{variable}", value)
    Path(image, "opt").mkdir()
    assert run(["add", "--sysroot", image, corp]) == 2
    assert f"TRUSTINSTALL_{variable}" in capsys.readouterr().err


def test_variables_stand_for_options(
    image: str, corp: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several stores or paths are separated as usual; an option on the command line counts more."""
    monkeypatch.setenv("TRUSTINSTALL_JSON", "1")
    monkeypatch.setenv("TRUSTINSTALL_SKIP", "python browsers")
    (one,) = load_certificates(corp)
    monkeypatch.setenv("TRUSTINSTALL_SHA256", one.sha256)
    assert run(["add", "--sysroot", image, corp]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is True
    monkeypatch.setenv("TRUSTINSTALL_SHA256", "0" * 64)
    assert run(["add", "--sysroot", image, corp]) == 4
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["code"] == "certificate-refused"
    assert "TRUSTINSTALL_SHA256" in told.err


def test_every_command_has_the_common_options() -> None:
    """`--json`, `-q` and `--color` are on each command."""
    for command in commands():
        shown = {word.strip(",") for option in command.options for word in option.written.split()}
        assert {"--json", "--quiet", "-q", "--color"} <= shown, command.name


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, found in EXAMPLES.items() for words, _ in found], ids=str
)
def test_every_example_is_a_command_line(name: str, words: str) -> None:
    """What the help shows is taken as it stands."""
    command, *arguments = shlex.split(words)
    group: Any = typer.main.get_command(app_for(command))
    assert command == name
    group.commands[name].make_context(name, arguments)


def test_help_ends_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Also as `help COMMAND`, and without frames where the locale has none."""
    assert run(["help", "remove"]) == 0
    assert "trustinstall remove corp.crt" in capsys.readouterr().out
    assert run(["help"]) == 0
    shown = capsys.readouterr().out
    assert all(f" {command} " in shown for command in EXAMPLES)
    assert PANEL.keys() == EXAMPLES.keys()


def test_help_in_ascii(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal that shows no more than ASCII gets no frames."""
    monkeypatch.setenv("LC_ALL", "C")
    assert run(["remove", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "─" not in shown
    assert "\n  trustinstall remove corp.crt " in shown


def test_examples_fit_a_line() -> None:
    """None is broken in a terminal of 80 columns."""
    assert max(len(line) for command in EXAMPLES for line in epilog(command).splitlines()) <= 80


@pytest.mark.parametrize("words", [("--scope", "galaxy"), ("--scope=galaxy",)], ids=" ".join)
def test_a_wrong_option_names_no_variable(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """The variable does not count where the option is given."""
    assert run(["list", *words]) == 2
    assert capsys.readouterr().err.startswith("error: invalid value for '--scope': 'galaxy' is not one of")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["https://corp.example/root.crt"], "is an address, and `add` downloads nothing"),
        (["x.crt", "--domain", "https://intranet.example:8443/a"], "write --domain intranet.example\n"),
    ],
)
def test_an_address_is_no_file_and_no_name(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What was pasted from a browser is named, with what to write in its place."""
    assert run(["add", *words]) == 2
    assert said in capsys.readouterr().err


def test_help_is_coloured_as_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--color` counts for the help, too."""
    monkeypatch.setattr(console, "_colour", None)
    monkeypatch.setenv("TERM", "xterm")
    for word, coloured in (("always", True), ("never", False)):
        assert run(["log", "--color", word, "--help"]) == 0
        assert ("\x1b[" in capsys.readouterr().out) is coloured


def test_a_variable_is_named_only_where_it_decides(
    image: str, corp: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What an image cannot have is said of the variable; an error about something else is not."""
    monkeypatch.setenv("TRUSTINSTALL_SCOPE", "user")
    assert run(["add", "--sysroot", image, corp]) == 2
    assert capsys.readouterr().err.startswith("error: TRUSTINSTALL_SCOPE: an image has")
    assert run(["add", "--sysroot", image, f"{corp}.none"]) == 2
    assert capsys.readouterr().err.startswith("error: corp.pem.none: no such file; looked in ")
