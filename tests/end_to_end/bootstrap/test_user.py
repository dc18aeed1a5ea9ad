"""scripts/trustinstall for an account without root's rights."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.end_to_end.bootstrap.machine import PREPARING, PYTHON, Machine


def test_the_first_run_prepares_and_the_second_starts_at_once(machine: Machine) -> None:
    """The first run says one line, runs the command and keeps no pip; the next says nothing and fetches nothing."""
    first = machine.run("--version", variables=machine.wheels)
    assert (first.returncode, first.stderr) == (0, PREPARING)
    assert first.stdout.startswith("trustinstall ")
    left = ("pip", "pip-*", "setuptools", "setuptools-*")
    assert [path for name in left for path in machine.base.glob(f"env-*/lib/python3*/site-packages/{name}")] == []
    assert list(machine.base.glob("env-*/bin/pip*")) == []

    again = machine.run("--version")
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")


def test_a_hostile_environment_changes_nothing(machine: Machine) -> None:
    """No module of the current directory or PYTHONPATH is imported; PIP_TARGET and the like are not obeyed."""
    trap = machine.directory / "trap"
    trap.mkdir()
    witness = machine.home / "imported"
    for module in ("sitecustomize", "pip", "venv", "subprocess", "typer", "trustinstall"):
        text = f"open({str(witness)!r}, 'a').write({module!r})\n"
        (trap / f"{module}.py").write_text(text, encoding="utf-8")
    elsewhere = machine.home / "elsewhere"
    hostile = {
        "PYTHONPATH": str(trap),
        "PYTHONHOME": str(trap),
        "PYTHONSTARTUP": str(trap / "pip.py"),
        "PIP_TARGET": str(elsewhere),
        "PIP_USER": "1",
        "PIP_NO_BINARY": ":all:",
        "PIP_REQUIREMENT": "/nowhere",
    }
    script = str(machine.checkout / "scripts" / "trustinstall")
    commands = 'cd trap; exec "$@"'
    for _ in range(2):
        done = machine.shell(commands, script, "--help", variables={**hostile, **machine.wheels})
        assert done.returncode == 0, done.stderr
    assert not witness.exists()
    assert not elsewhere.exists()


def test_a_killed_first_run_leaves_nothing_that_is_used(machine: Machine) -> None:
    """Whenever a first run is killed, the next one begins anew, and leaves no rest of the killed one."""
    chance = random.Random(2)  # noqa: S311  any moments will do; the same ones each time
    for _ in range(4):
        script = str(machine.checkout / "scripts" / "trustinstall")
        with machine.start('exec "$@"', script, "--version", variables=machine.wheels) as process:
            time.sleep(chance.uniform(0.1, 3))
            os.killpg(process.pid, signal.SIGKILL)
    done = machine.run("--help", variables=machine.wheels)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name.split("-")[0] for path in machine.base.iterdir()) == [
        "bin",
        "env",
        "lock",
    ]


def test_two_first_runs_at_once_prepare_one_environment(machine: Machine) -> None:
    """Of several first runs at once one prepares, the others wait for it; all do what they were asked to."""
    script = str(machine.checkout / "scripts" / "trustinstall")
    started = [machine.start('exec "$@"', script, "--version", variables=machine.wheels) for _ in range(3)]
    answers = [process.communicate(timeout=100) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert "".join(err for _, err in answers) == PREPARING
    assert len(list(machine.base.glob("env-*"))) == 1


def test_a_changed_checkout_is_installed_anew_without_the_network(machine: Machine) -> None:
    """After a change of the program alone, nothing is fetched; only the environment before is kept."""
    assert machine.run("--version", variables=machine.wheels).returncode == 0
    version = machine.checkout / "trustinstall" / "_version.py"
    for number in ("7.7.7", "8.8.8"):
        version.write_text(f'"""Changed."""\n\n__version__ = "{number}"\n', encoding="utf-8")
        done = machine.run("--version", variables={"PIP_NO_INDEX": "1"})
        assert (done.stdout, done.stderr) == (f"trustinstall {number}\n", PREPARING)
    assert len(list(machine.base.glob("env-*"))) == 2
    stable = machine.shell('exec "$1"/bin/trustinstall --version', str(machine.base))
    assert stable.stdout == "trustinstall 8.8.8\n"


def test_a_python_that_has_gone_is_replaced(machine: Machine) -> None:
    """After an upgrade of the system has taken the environment's Python away, it is made anew."""
    assert machine.run("--version", variables=machine.wheels).returncode == 0
    (environment,) = machine.base.glob("env-*")
    for name in ("python", "python3", f"python3.{sys.version_info[1]}"):
        (environment / "bin" / name).unlink()
        (environment / "bin" / name).symlink_to("/usr/bin/python-of-before")
    done = machine.run("--version", variables=machine.wheels)
    assert (done.returncode, done.stderr) == (0, PREPARING)


def test_a_changed_file_in_the_index_is_refused(machine: Machine) -> None:
    """A wheel with another hash than the pinned one is not installed, and nothing is left."""
    for wheel in (machine.directory / "wheels").glob("typer-*.whl"):
        wheel.write_bytes(wheel.read_bytes() + b"\0")
    done = machine.run("--version", variables=machine.wheels)
    assert done.returncode == 1
    assert done.stderr.startswith(PREPARING + "trustinstall: Cannot download what trustinstall needs")
    assert "Traceback" not in done.stderr
    assert [path.name for path in machine.base.iterdir()] == ["lock"]


def test_a_python_without_ensurepip_is_named_with_its_package(machine: Machine) -> None:
    """As on Debian without python3-venv: one sentence, which names the package."""
    bare = python_without_ensurepip(machine.directory / "bare")
    done = machine.run("--version", variables={"TRUSTINSTALL_PYTHON": str(bare)})
    package = f"python3.{sys.version_info[1]}-venv"
    assert done.returncode == 1
    assert f"apt-get install {package}" in done.stderr
    assert done.stderr.removeprefix(PREPARING).count("\n") == 1


def python_without_ensurepip(prefix: Path) -> Path:
    """Make a copy of this Python, all but `ensurepip` and what it starts without."""
    library = Path(os.__file__).parent
    left_out = shutil.ignore_patterns("ensurepip", "*-packages", "test", "tests", "__pycache__", "config-*")
    shutil.copytree(library, prefix / "lib" / library.name, ignore=left_out, ignore_dangling_symlinks=True)
    python = prefix / "bin" / PYTHON.name
    python.parent.mkdir()
    shutil.copy(PYTHON, python)
    return python


def test_no_python_at_all_is_one_sentence(machine: Machine) -> None:
    """Where no Python 3.10 can be found, the sentence says what to install."""
    done = machine.run("--version", variables={"TRUSTINSTALL_PYTHON": "/nowhere/python3"})
    assert done.returncode == 1
    assert "no Python 3.10 or later was found" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_home_the_sentence_says_what_to_set(machine: Machine) -> None:
    """A service's account may have no HOME: nothing is written anywhere else instead."""
    done = machine.run("--version", variables={"HOME": ""})
    assert done.returncode == 1
    assert "set HOME or XDG_DATA_HOME" in done.stderr


def test_a_home_that_cannot_be_written_is_named(machine: Machine) -> None:
    """Where the environment cannot be made, the path and the cause are named, without a traceback."""
    done = machine.run("--version", variables={"HOME": "/proc"})
    assert done.returncode == 1
    assert done.stderr.startswith("trustinstall: cannot prepare /proc/.local/share/trustinstall/")
    assert "Traceback" not in done.stderr


def test_a_link_to_the_script_runs_it(machine: Machine) -> None:
    """A link in a directory of PATH finds the checkout it points to."""
    link = machine.directory / "link"
    link.symlink_to(machine.checkout / "scripts" / "trustinstall")
    done = machine.shell('exec "$1" --version', str(link), variables=machine.wheels)
    assert done.stdout.startswith("trustinstall ")
