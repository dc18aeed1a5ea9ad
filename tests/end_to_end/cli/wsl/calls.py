"""Calls of the program in a Linux in WSL, and what it says of Windows' stores."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.end_to_end.cli.machine import CERT
from tests.support.wsl.linux import ACCOUNT, MACHINE, Wsl

HOST, USER = rf"windows-host:{MACHINE}", rf"windows-host-user:{ACCOUNT}"
STATE = "/home/alice/.local/state/trustinstall"
ADD = ("add", "--with-windows", CERT)


def alice(wsl: Wsl, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as alice, in a script."""
    return wsl.throwaway.trustinstall(*words, user="alice", env=environ)


def held(wsl: Wsl, *words: str) -> Mapping[str, Any]:
    """What `list` says of the only certificate in each store."""
    done = alice(wsl, "list", "--json", *words)
    assert done.returncode == 0, done
    listed = json.loads(done.stdout)["certificates"]
    return {one["id"]: one["state"] for each in listed for one in each["stores"]}
