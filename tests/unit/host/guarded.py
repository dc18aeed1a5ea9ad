"""Another process that waits as trustinstall does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
GUARDED = """
import sys
from trustinstall.host import ActingHost
from trustinstall.host.commands import Guard, Locking
root, lock, tool, *locking = sys.argv[1:]
host = ActingHost("linux", root, {}, ActingHost.current().account)
with host.guarded(Guard(lock or None, tool or None, 5.0, *map(Locking, locking))) as guarded:
    print(dict(guarded.told))
"""


def guarded(root: Path, lock: str = "", tool: str = "") -> subprocess.CompletedProcess[str]:
    """Enter a guard in a child process."""
    command = [sys.executable, "-c", GUARDED, str(root), lock, tool]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=ENVIRON)
