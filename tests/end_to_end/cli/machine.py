"""What the command line's tests do to a throw-away Debian, and what they ask of it."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.changes import Entry
from tests.support.pki import Root, make_root
from tests.support.throwaway import NOISE, PROGRAM, Throwaway
from trustinstall import reporting

FULL = os.environ.get("TRUSTINSTALL_TEST_LEVEL") == "full"
DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
COMMAND = shlex.join(PROGRAM)  # how it says that it was called
TOOL = "/usr/sbin/update-ca-certificates"
CERT = "/tmp/input/corp.crt"
LEDGER = "/var/lib/trustinstall/ledger.json"
ROOT = make_root("Corp Root G2")
OTHER = make_root("Other Root")
_SCHEMA = Path(reporting.__file__).with_name("report.schema.json")


def bundle(home: str) -> str:
    """Where the certifi of `pip install --user` is in a home."""
    return f"{home}/.local/lib/python3.11/site-packages/certifi/cacert.pem"


def ledger(home: str) -> str:
    """Where an account's own ledger is."""
    return f"{home}/.local/state/trustinstall/ledger.json"


ALICE, BOB = bundle("/home/alice"), bundle("/home/bob")
ALICES = f"certifi:{ALICE}"


def deliver(root: Throwaway, *users: str, made: Root = ROOT) -> None:
    """The certificate, and a certifi in the homes of users."""
    root.write(CERT, made.pem)
    for user in users:
        root.write(bundle(f"/home/{user}"), root.read(DEBIAN), user=user)


def venv(root: Throwaway, place: str, user: str = "root") -> str:
    """An environment with certifi; returns its bundle."""
    path = f"{place}/lib/python3.11/site-packages/certifi/cacert.pem"
    root.write(path, root.read(DEBIAN), user=user)
    root.write(f"{place}/pyvenv.cfg", "home = /usr/bin\n", user=user)
    return path


def quick(root: Throwaway) -> None:
    """A tool that makes nothing but bundle and hash links, in a fifth of the time: for tests that are not about it."""
    root.write(
        TOOL,
        "#!/bin/sh\nset -e\ncd /etc/ssl/certs\n"
        "cat $(sed -n 's|^\\([^!#].*\\)|/usr/share/ca-certificates/\\1|p' /etc/ca-certificates.conf) >.new\n"
        "for each in /usr/local/share/ca-certificates/*.crt; do\n"
        '    [ -e "$each" ] || continue; cat "$each" >>.new\n'
        '    ln -sf "$each" "$(basename "$each" .crt).pem"; done\n'
        "openssl rehash . >/dev/null 2>&1 || true\nmv .new ca-certificates.crt\n",
        mode=0o755,
    )


def holds(root: Throwaway, path: str, made: Root = ROOT) -> bool:
    """Whether a bundle holds a certificate, however it is broken into lines."""
    return b"".join(made.pem.splitlines()[1:-1]) in root.read(path).replace(b"\n", b"")


def sudo(root: Throwaway, user: str = "alice") -> dict[str, str]:
    """What a command finds in its environment when a user calls it by sudo."""
    who = root.user(user)
    return {"SUDO_UID": str(who.uid), "SUDO_GID": str(who.gid), "SUDO_USER": user, "SUDO_COMMAND": "trustinstall"}


def snapshot(root: Throwaway, *ignore: str) -> Mapping[str, Entry | None]:
    """Everything that is not as it was delivered, times included."""
    return root.changes(ignore=(*NOISE, *ignore), mtimes=True)


@functools.cache
def _validator() -> Any:  # noqa: ANN401  the library's own types are not complete
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON report, valid by the schema that is shipped, and in agreement with the exit code."""
    found: dict[str, Any] = json.loads(done.stdout)
    _validator().validate(found)
    assert found["exit_code"] == done.returncode, done
    assert found["ok"] == (done.returncode == 0), done
    assert "\x1b" not in done.stdout
    return found


def result(found: Mapping[str, Any], store: str) -> str:
    """How a store ended."""
    return next(str(one["result"]) for one in found["stores"] if one["id"] == store and one["result"] != "not-in-scope")
