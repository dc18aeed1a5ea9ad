"""Many large bundles are changed in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.pki import make_root

SCRIPT = """
import sys
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import Account, ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.named_bundle import NamedBundle
import os
root, number, der = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
host = ActingHost("linux", root, {}, Account(os.geteuid(), os.getegid(), "tester", "/home"))
wish = Request((Certificate(der),), trusted=True, by="tester")
places = DiscoveryOptions(bundles=tuple(f"/bundle{n}.pem" for n in range(number)))
scope = Engine(host, [NamedBundle()], lambda _doing: None).change(wish, places, Selection())
assert [one.result.value for one in scope.outcomes] == ["added"] * number, scope.outcomes
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM:')))
"""
MEBIBYTES = 12


def test_large_bundles_are_not_in_memory_together(tmp_path: Path) -> None:
    """Eight bundles of 12 MiB that all differ cost less than twice the memory of one."""
    (tmp_path / "home").mkdir()
    pem = make_root(common_name="Large Root").pem
    filler = b"".join(b"# filler %04d %b\n" % (line, b"x" * 1000) for line in range(MEBIBYTES * 1024))
    for number in range(8):
        (tmp_path / f"bundle{number}.pem").write_bytes(b"# %d\n" % number + filler + pem)
    used: dict[int, int] = {}
    for number in (1, 8):
        der = make_root(common_name=f"Added Root {number}").der.hex()
        words = [sys.executable, "-c", SCRIPT, str(tmp_path), str(number), der]
        environ = {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environ, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        used[number] = int(done.stdout) // 1024
    assert used[8] < 2 * used[1], used
