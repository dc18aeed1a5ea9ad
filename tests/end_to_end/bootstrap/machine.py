"""A fresh machine for scripts/trustinstall: a copy of the checkout, a home, and wheels instead of the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[3]))
WHEELS = Path(os.environ.get("TRUSTINSTALL_TEST_WHEELS", CHECKOUT / ".venv" / "wheels"))
PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()

NOBODY = 65534
PREPARING = "Preparing trustinstall (first run)…\n"

# As root, a command runs in mounts of its own: /opt and /var/lib are empty,
# /usr/local/bin is a copy, and a Python that only root can
# reach (in root's home, say) is seen where all accounts can.
# Each command has layers of its own: two mounts at once that share a work directory fail.
IN_MOUNTS_OF_ITS_OWN = """
mount -t tmpfs -o mode="$1" none /opt
mount -t tmpfs none /var/lib
mount --bind "$2" "$3"
layers=$(mktemp -d "$4/XXXXXX")
mkdir -m 755 "$layers/up" "$layers/work"
mount -t overlay -o "lowerdir=/usr/local/bin,upperdir=$layers/up,workdir=$layers/work" none /usr/local/bin
shift 4
exec "$@"
"""


@dataclass(frozen=True)
class Machine:
    """A directory that holds all of it; `user` is who runs what is run here."""

    directory: Path
    user: int
    opt_mode: str = "755"

    @property
    def checkout(self) -> Path:
        """A copy of the checkout, with a blank in its path."""
        return self.directory / "a checkout"

    @property
    def home(self) -> Path:
        """The user's home directory."""
        return self.directory / "a home"

    @property
    def base(self) -> Path:
        """Where a user's environments are (root's are under an /opt that ends with the command)."""
        return self.home / ".local" / "share" / "trustinstall"

    @property
    def wheels(self) -> dict[str, str]:
        """What makes pip install from the wheels that scripts/test has fetched."""
        return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.directory / "wheels")}

    def run(
        self, *arguments: str, variables: Mapping[str, str] | None = None, wait: float = 100
    ) -> subprocess.CompletedProcess[str]:
        """Run scripts/trustinstall in an otherwise empty environment."""
        script = str(self.checkout / "scripts" / "trustinstall")
        return self.shell('exec "$@"', script, *arguments, variables=variables, wait=wait)

    def shell(
        self,
        commands: str,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        wait: float = 100,
    ) -> subprocess.CompletedProcess[str]:
        """Run shell commands as the user, in the machine's directory."""
        with self.start(commands, *arguments, variables=variables) as process:
            try:
                out, err = process.communicate(timeout=wait)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(
        self, commands: str, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start shell commands as the user, as the leader of a process group."""
        everyone = self.directory / "python"
        private = os.geteuid() == 0
        environment = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "PIP_CONFIG_FILE": os.devnull,  # the developer's machine may have a mirror, a proxy
            "TRUSTINSTALL_PYTHON": str(everyone / PYTHON.relative_to(sys.base_prefix) if private else PYTHON),
            **(variables or {}),
        }
        if private and sys.base_prefix != "/usr":  # a Python of root's own may have its library there too
            environment["LD_LIBRARY_PATH"] = str(everyone / "lib")
        words = ["/bin/sh", "-euc", commands, "sh", *arguments]
        words = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *words]
        if private:
            if self.user != 0:
                ids = ["--reuid", str(self.user), "--regid", str(self.user), "--clear-groups"]
                words = ["setpriv", *ids, *words]
            mounts = ["unshare", "--mount", "sh", "-euc", IN_MOUNTS_OF_ITS_OWN, "sh"]
            words = [*mounts, self.opt_mode, sys.base_prefix, str(everyone), str(self.directory / "local"), *words]
        return subprocess.Popen(
            words,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )


def make_machine(directory: Path, user: int) -> Machine:
    """Fill a directory that every account may enter."""
    machine = Machine(directory, user)
    machine.checkout.mkdir()
    for name in ("platforms", "requirements", "scripts", "trustinstall"):
        shutil.copytree(
            CHECKOUT / name,
            machine.checkout / name,
            ignore=shutil.ignore_patterns("__pycache__", ".*"),
        )
    if not WHEELS.is_dir():
        raise FileNotFoundError(f"{WHEELS} is made by scripts/test: run that once.")
    shutil.copytree(WHEELS, directory / "wheels")
    machine.home.mkdir()
    (directory / "python").mkdir()
    (directory / "local").mkdir(mode=0o755)
    if os.geteuid() == 0:
        os.chown(machine.home, user, user)
    return machine
