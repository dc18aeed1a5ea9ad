"""What is built, what it holds, and that it installs with the tools people use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import trustinstall

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[2]))
WHEELS = Path(os.environ.get("TRUSTINSTALL_TEST_WHEELS", CHECKOUT / ".venv" / "wheels"))
PACKAGES = {"trustinstall": "trustinstall", "trustinstall_platforms": "platforms/trustinstall_platforms"}
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the sdist and of the wheel that was built from it."""
    if "TRUSTINSTALL_TEST_DIST" in os.environ:
        return Path(os.environ["TRUSTINSTALL_TEST_DIST"])
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-I", "-m", "build", "--no-isolation", "--outdir", str(directory)]
    subprocess.run([*command, str(CHECKOUT)], check=True, capture_output=True)
    return directory


def sources() -> set[str]:
    """The files of both packages, by their path in the wheel."""
    return {
        str(Path(name) / path.relative_to(CHECKOUT / directory))
        for name, directory in PACKAGES.items()
        for path in (CHECKOUT / directory).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not re.search(r"/\.", str(path.relative_to(CHECKOUT)))
    }


def test_the_tests_run_against_what_was_installed() -> None:
    """Under scripts/test the sources cannot be imported: what is tested is the wheel."""
    installed = "TRUSTINSTALL_CHECKOUT" in os.environ
    assert trustinstall.__file__ is not None
    assert ("site-packages" in Path(trustinstall.__file__).parts) == installed


def test_the_wheel_holds_both_packages_and_nothing_else(dist: Path) -> None:
    """Every source and both py.typed markers are in it; beside them only its metadata."""
    (wheel,) = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if re.match(r"trustinstall-[^/]+\.dist-info/", name)}
    assert names - metadata == sources()
    assert {"trustinstall/py.typed", "trustinstall_platforms/py.typed"} <= names


def test_the_wheel_names_its_command_its_licence_and_its_version(dist: Path) -> None:
    """The metadata says what a package index and an installer need."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        by_name = {name.split("/", 1)[1]: name for name in archive.namelist() if ".dist-info/" in name}
        entry_points = archive.read(by_name["entry_points.txt"]).decode()
        metadata = archive.read(by_name["METADATA"]).decode()
    assert "trustinstall = trustinstall.__main__:main" in entry_points
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert f"\nVersion: {trustinstall.__version__}\n" in metadata
    assert "licenses/LICENSE" in by_name


def test_the_source_distribution_runs_from_where_it_is_unpacked(dist: Path) -> None:
    """It carries what scripts/trustinstall and scripts/test need."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
        executable = {m.name.split("/", 1)[1] for m in archive.getmembers() if m.mode & 0o111 and m.isfile()}
    assert {"requirements/runtime.txt", "scripts/bootstrap/__main__.py", "pyproject.toml"} <= names
    assert {"scripts/trustinstall", "scripts/find-python", "scripts/test"} <= executable


def test_the_command_and_the_module_start(tmp_path: Path) -> None:
    """Both ways to start the installed program print its version."""
    expected = f"trustinstall {trustinstall.__version__}\n"
    for command in ([sys.executable, "-I", "-m", "trustinstall"], [str(PROGRAMS / "trustinstall")]):
        done = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True, cwd=tmp_path)
        assert (done.stdout, done.stderr) == (expected, "")


@pytest.mark.parametrize(
    "install",
    [
        pytest.param(["pipx", "install", "."], id="pipx"),
        pytest.param(["uv", "--no-config", "tool", "install", "."], id="uv"),
    ],
)
def test_installs_as_a_tool(install: list[str], tmp_path: Path) -> None:
    """`pipx install .` and `uv tool install .` give a command that starts."""
    checkout = tmp_path / "checkout"
    shutil.copytree(CHECKOUT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    variables = {
        "HOME": str(tmp_path),
        "PATH": f"{PROGRAMS}:/usr/bin:/bin",
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(WHEELS),
        "PIP_NO_INDEX": "1",
        "UV_FIND_LINKS": str(WHEELS),
        "UV_OFFLINE": "1",
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    done = subprocess.run(install, cwd=checkout, env=variables, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    command = tmp_path / ".local" / "bin" / "trustinstall"
    done = subprocess.run([str(command), "--help"], env={}, check=True, capture_output=True, text=True)
    assert "add" in done.stdout
