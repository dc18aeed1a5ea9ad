"""The home of the made-up machines, and the form of a case."""

from __future__ import annotations

from tests.support.pki import make_root

ROOT = make_root("Private Root")
HOME = "/home/alice"
BUNDLE = f"{HOME}/b.pem"
#: client, variables, files, the current directory, and who decides what: "FILE LINE PATH", or a mode.
Case = tuple[str, dict[str, str], dict[str, str], str, str]
