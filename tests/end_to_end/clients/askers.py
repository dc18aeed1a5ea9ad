"""Tools that answer for many homes in one process: to start each of them again for every question takes too long.

Each is the tool's own code, called with other variables: the `main` of conda and of AWS.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

from tests.end_to_end.clients.fetched import keep, kept_at
from tests.support.fresh import CACHE, PYTHON, downloads

#: conda 24.7, and what it imports.
_CONDA = (
    *("conda-lock==4.0.3", "boltons", "ruamel.yaml", "tqdm", "pluggy", "packaging", "platformdirs"),
    *("requests", "urllib3", "idna", "certifi", "charset-normalizer"),
)

_PYTHON_LOOP = """
import contextlib, io, json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = ask(asked["words"])
        except SystemExit as left:
            code = left.code
    print(json.dumps([code or 0, out.getvalue()]), flush=True)
"""
#: `aws configure get` reads files alone; botocore's own reader knows the variable, too.
AWS = f"""
import awscli.clidriver, botocore.session
def ask(words):
    os.environ["AWS_DATA_PATH"] = os.path.join(os.path.dirname(awscli.__file__), "data")
    if words:
        return awscli.clidriver.create_clidriver().main(words)
    print(botocore.session.get_session().get_config_variable("ca_bundle") or "")
{_PYTHON_LOOP}
"""
CONDA = f"""
from conda.cli.main import main
def ask(words):
    return main(*words)
{_PYTHON_LOOP}
"""


class Asker(NamedTuple):
    """A process that answers one question a line."""

    process: subprocess.Popen[str]

    def ask(self, words: Sequence[str], env: Mapping[str, str], cwd: Path) -> tuple[int, str]:
        """Return the exit code and what the tool prints with these words and variables in a directory."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        question = {"words": list(words), "env": {"PATH": os.defpath, **env}, "cwd": str(cwd)}
        self.process.stdin.write(f"{json.dumps(question)}\n")
        self.process.stdin.flush()
        code, said = cast("tuple[int, str]", json.loads(self.process.stdout.readline()))
        return code, said.strip()


@contextmanager
def asker(script: str, packages: Path) -> Generator[Asker]:
    """Start a script of Python with the packages of a directory and no others."""
    command = [PYTHON, "-S", "-c", script]
    clean = {"PATH": os.defpath, "PYTHONPATH": str(packages)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=clean, text=True, cwd="/") as process:
        try:
            yield Asker(process)
        finally:
            process.kill()


def aws() -> tuple[str, Path]:
    """Return the script that asks AWS, and its packages."""
    wheels = downloads("awscli")
    return AWS, _unpacked("aws", sorted(wheels.iterdir()))


def conda() -> tuple[str, Path]:
    """Return the script that asks conda, and its packages: the whole of conda is in conda-lock, by another name."""
    target = _unpacked("conda", sorted(_wheels(*_CONDA).iterdir()))
    inside = target / "conda_lock/_vendor/conda"
    if inside.exists():
        for file in inside.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            text = text.replace("conda_lock._vendor.conda", "conda").replace("conda_lock._vendor import", "")
            file.write_text(text, encoding="utf-8")
        inside.rename(target / "conda")
    return CONDA, target


def _unpacked(name: str, wheels: Sequence[Path]) -> Path:
    """Unpack wheels, once for each set of them."""
    target = kept_at(f"{name}-unpacked", [one.name for one in wheels])
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            made = Path(directory, "made")
            for wheel in wheels:
                with zipfile.ZipFile(wheel) as file:
                    file.extractall(made)
            keep(made, target)
    return target


def _wheels(*packages: str) -> Path:
    """Get wheels of these packages alone, as the machine's `pip download` gets them."""
    target = kept_at("wheels-alone", packages)
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            made = Path(directory, "made")
            command = [PYTHON, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", f"--dest={made}"]
            subprocess.run([*command, *packages], check=True, timeout=300)
            keep(made, target)
    return target
