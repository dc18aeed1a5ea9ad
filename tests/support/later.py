"""The program in a throw-away root on another day: the clock is an argument of the host."""

from __future__ import annotations

import subprocess

from tests.support.throwaway import PROGRAM, Throwaway

_SHIFTED = """
import sys
from datetime import timedelta
from trustinstall.host import invocation, looking
days = float(sys.argv.pop(1))
real = invocation.now
def shifted():
    return real() + timedelta(days=days)
invocation.now = shifted
looking.Host.__init__.__defaults__ = tuple(
    shifted if one is real else one for one in looking.Host.__init__.__defaults__
)
from trustinstall.host import ActingHost
ActingHost.__init__.__defaults__ = tuple(shifted if one is real else one for one in ActingHost.__init__.__defaults__)
sys.argv[0] = "/opt/trustinstall/bin/trustinstall"
from trustinstall.__main__ import main
main()
"""


def later(
    root: Throwaway, days: float, *arguments: str, user: str = "root", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the program under test as if so many days had passed; negative ones have not come yet."""
    return root.run([PROGRAM[0], "-I", "-c", _SHIFTED, str(days), *arguments], user=user, timeout=timeout)
