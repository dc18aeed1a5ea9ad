"""Where the first run has its pip from."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from tests.end_to_end.bootstrap.machine import CHECKOUT, PYTHON

sys.path.append(str(CHECKOUT / "scripts" / "bootstrap"))
import pip_files


def _bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", CHECKOUT / "scripts" / "bootstrap" / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("found", [True, False], ids=["the wheel that ensurepip has", "no wheel is found"])
def test_pip_starts_in_a_new_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, found: bool) -> None:
    """The wheel is unpacked, and where it lies in neither of its two places, `venv` brings pip."""
    monkeypatch.setattr("sys.executable", str(PYTHON))
    if not found:
        monkeypatch.setattr(pip_files, "wheel", lambda: None)
    assert bool(pip_files.wheel()) == found
    bootstrap = _bootstrap()
    bootstrap.make_virtual_environment(tmp_path, {})
    asked = [str(tmp_path / "bin" / "python"), "-I", "-m", "pip", "--version"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, cwd="/", env={}, timeout=60).stdout
    assert said.startswith("pip ")
    assert (tmp_path / "bin" / "pip3").exists() != found


def test_a_distributions_wheel_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As Debian and Fedora, which take the wheels out of `ensurepip` and say to Python where they are."""
    wheel = tmp_path / "pip-99.0-py3-none-any.whl"
    wheel.touch()
    monkeypatch.setattr(sysconfig, "get_config_var", {"WHEEL_PKG_DIR": str(tmp_path)}.get)
    assert pip_files.wheel() == wheel
