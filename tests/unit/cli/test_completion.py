"""Completion of values, asked for by real shells; it never fails and never prints an error."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer._click.shell_completion import CompletionItem
from typer._completion_classes import ZshComplete
from typer._completion_shared import get_completion_script

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.cli import completion
from trustinstall.cli.app import app_for
from trustinstall.cli.main import run
from trustinstall.state import ledger_file
from trustinstall.state.ledger import Ledger

#: What each shell runs to complete the words of a command line.
SHELLS = {
    "bash": (
        "COMP_WORDS=({line}); COMP_CWORD={last}; _trustinstall_completion trustinstall; "
        "printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ),
    "fish": "complete --do-complete {quoted}",
}


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has this program, and whose home is empty."""
    home, place = tmp_path / "home", tmp_path / "bin/trustinstall"
    place.parent.mkdir()
    home.mkdir()
    place.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m trustinstall "$@"\n')
    place.chmod(0o755)
    modules = os.pathsep.join(filter(None, sys.path))
    path = f"{place.parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": modules, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}


def completed(shell: str, program: dict[str, str], *words: str) -> list[str]:
    """Return what a shell offers for the last word."""
    script = get_completion_script(prog_name="trustinstall", complete_var="_TRUSTINSTALL_COMPLETE", shell=shell)
    line = shlex.join(["trustinstall", *words[:-1]]) + f" {words[-1]}"
    ask = SHELLS[shell].format(line=line, last=len(words), quoted=shlex.quote(line))
    done = subprocess.run(
        [shell, "-c", f"{script}\n{ask}"], env=program, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return [one.partition("\t")[0] for one in done.stdout.splitlines() if one]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("add", "--scope", "a"), ["all-users"]),
        (("add", "--store", "bro"), ["browsers"]),
        (("remove", "--skip", "npm,sys"), ["npm,system"]),
        (("stores", "jav"), ["java"]),
        (("add", "--from", "w"), ["windows"]),
        (("env", "--shell", "git"), ["github", "gitlab"]),
        (("list", "--color", "n"), ["never"]),
        (("expo",), ["export"]),
    ],
    ids=lambda one: one[0],
)
def test_shells_complete_values(
    shell: str, words: tuple[str, ...], offered: list[str], program: dict[str, str]
) -> None:
    """Words of options, groups and names of stores, also after a comma, and commands."""
    assert sorted(completed(shell, program, *words)) == offered


def test_zsh_is_answered(program: dict[str, str]) -> None:
    """Its completion system gets a call of `_arguments`, or of `_files` where files are meant."""
    asked = {"_TRUSTINSTALL_COMPLETE": "complete_zsh"}
    for line, answer in {"add --scope m": '"machine"', "add --search ": "_files"}.items():
        env = program | asked | {"_TYPER_COMPLETE_ARGS": f"trustinstall {line}"}
        done = subprocess.run(["trustinstall"], env=env, capture_output=True, text=True, check=True, timeout=60)
        assert (answer in done.stdout, done.stderr) == (True, "")


@pytest.mark.parametrize(
    ("line", "word", "offered"),
    [
        ("add --scope m", "m", ["machine"]),
        ("env --shell git", "git", ["github", "gitlab"]),
        ("add --store ", "", ["browsers", "java"]),
        ("expo", "expo", ["export"]),
    ],
)
def test_powershell_is_answered(line: str, word: str, offered: list[str], program: dict[str, str]) -> None:
    """Asked as its script asks, each line is a value and its help, with three colons between them."""
    asked = {"_TRUSTINSTALL_COMPLETE": "complete_powershell", "_TYPER_COMPLETE_WORD_TO_COMPLETE": word}
    env = program | asked | {"_TYPER_COMPLETE_ARGS": f"trustinstall {line}"}
    done = subprocess.run(["trustinstall"], env=env, capture_output=True, text=True, check=True, timeout=60)
    values = [one.split(":::")[0] for one in done.stdout.splitlines()]
    assert (set(offered) <= set(values), done.stderr) == (True, "")
    assert all(":::" in one for one in done.stdout.splitlines())


def test_a_shell_without_completion_is_told_which_ones_have_it(program: dict[str, str]) -> None:
    """A plain sh gets one sentence of trustinstall, and bash its script."""
    for shell, said in (("sh", "error: there is no completion for the shell that asks; start bash, "), ("bash", "")):
        done = subprocess.run(
            [shell, "-c", "trustinstall --show-completion; true"],
            env=program,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stderr.startswith(said)
        assert ("COMPREPLY" in done.stdout) == (shell == "bash")


def _hold(monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    def load(*_: object) -> Ledger:
        return ledger

    monkeypatch.setattr(ledger_file, "load", load)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> str:
    """The fingerprint of a certificate that a ledger holds."""
    one = Certificate(make_root("Corp Root").der)
    ledger = Ledger(certificates={one.sha256: one})
    _hold(monkeypatch, ledger)
    return one.sha256


def test_fingerprints_of_what_was_added(added: str) -> None:
    """Short where a start is enough, whole where all digits are needed, with the certificate's name."""
    assert completion.certificates("") == [(added[:12], "Corp Root")]
    assert completion.fingerprints(added[:5].upper()) == [(added, "Corp Root")]
    assert completion.certificates("corp.crt") == []


#: zsh as Typer's script and the action of `_arguments` have it evaluate an answer (zshcompsys(1), "((...))").
_ZSH = "_arguments() { action=${1#*: :}; eval words=\\( ${action[3,-3]} \\); }; eval $(cat)"


def asked_zsh(name: str, place: Path) -> None:
    """Have zsh evaluate, in a directory, the answer that offers a certificate of a name."""
    item = ZshComplete(typer.main.get_command(app_for()), {}, "trustinstall", "").format_completion(
        CompletionItem("46c298ca2bfd", help=name)
    )
    answer = f"_arguments '*: :(({item}))'"
    subprocess.run(["zsh", "-fc", _ZSH], input=answer, capture_output=True, text=True, check=False, cwd=place)


def test_a_name_is_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A certificate of a hostile name is offered with the harmless part of it."""
    trap = tmp_path / "ran"
    asked_zsh("\\$(touch ran)", tmp_path)
    assert trap.exists()  # what Typer lets through
    trap.unlink()
    for hostile in (
        "\\$(touch ran)",
        "$(touch ran)",
        "\\`touch ran`",
        "`touch ran`",
        "'; touch ran #",
        '"; touch ran #',
    ):
        one = Certificate(make_root(hostile).der)
        held = Ledger(certificates={one.sha256: one})
        _hold(monkeypatch, held)
        ((_, name),) = completion.certificates("")
        assert all(char.isalnum() or char in " .-_" for char in name)
        asked_zsh(name, tmp_path)
        assert not trap.exists()


def test_a_damaged_ledger_completes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After any failure, the command line that a person is typing stays as it is."""

    def fail(*_: object) -> Ledger:
        raise OSError("no")

    monkeypatch.setattr(ledger_file, "load", fail)
    assert completion.certificates("") == []
    assert "java" in completion.stores("")
    monkeypatch.setenv("_TRUSTINSTALL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "trustinstall remove 'x")
    monkeypatch.setenv("COMP_CWORD", "nonsense")
    assert run([]) == 0
    assert capsys.readouterr() == ("", "")
