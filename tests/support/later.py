"""The program in a throw-away root on another day: the clock is an argument of the host."""

from __future__ import annotations

import subprocess

from tests.support.throwaway import PROGRAM, Throwaway

_SHIFTED = """
import sys
from datetime import timedelta
from trustinstall.host import ActingHost, Host, invocation
days = float(sys.argv.pop(1))
real = invocation.now
def shifted():
    return real() + timedelta(days=days)
invocation.now = shifted
for kind in (Host, ActingHost):  # with shared methods the field counts, with compiled ones the function's defaults
    kind.__dataclass_fields__["clock"].default = shifted
    if defaults := kind.__init__.__defaults__:
        kind.__init__.__defaults__ = tuple(shifted if one is real else one for one in defaults)
assert ActingHost.current().clock is shifted
sys.argv[0] = "/opt/trustinstall/bin/trustinstall"
from trustinstall.__main__ import main
main()
"""


def later(
    root: Throwaway, days: float, *arguments: str, user: str = "root", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run the program under test as if so many days had passed; negative ones have not come yet."""
    return root.run([PROGRAM[0], "-I", "-c", _SHIFTED, str(days), *arguments], user=user, timeout=timeout)
