"""What happens to a machine in the course of a year, done for real in a throw-away root; and who trusts after it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.end_to_end.cli.machine import DEBIAN, ROOT
from tests.support.jks import jks
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from trustinstall.reporting import repair_report

OTHER = make_root("Other Root")
JRE = "/opt/vendor/jre/lib/security/cacerts"
NPMRC = "/home/alice/.npmrc"
_SCHEMA = json.loads(Path(repair_report.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))


def repaired(root: Throwaway, *options: str, user: str = "root") -> dict[str, Any]:
    """The JSON report of `repair`, valid by its schema and in agreement with the exit code."""
    done = root.trustinstall("repair", "--json", *options, user=user, timeout=120)
    assert done.stdout, done
    found: dict[str, Any] = json.loads(done.stdout)
    validator: Any = Draft202012Validator(_SCHEMA)
    validator.validate(found)
    assert found["exit_code"] == done.returncode, done
    return found


def results(found: dict[str, Any]) -> dict[str, str]:
    """How each store ended."""
    return {str(one["id"]): str(one["result"]) for one in found["stores"]}


def new_jre(root: Throwaway) -> None:
    """A vendor delivers a Java with a keystore of its own."""
    root.write(JRE, jks(("other", OTHER.der)))


def environment(root: Throwaway, place: str, user: str = "root") -> str:
    """A new environment with certifi as it is delivered; returns its bundle."""
    path = f"{place}/lib/python3.11/site-packages/certifi/cacert.pem"
    root.write(path, root.read(DEBIAN).replace(ROOT.pem, b""), user=user)
    root.write(f"{place}/pyvenv.cfg", "home = /usr/bin\n", user=user)
    return path


def sh(root: Throwaway, script: str, user: str = "root") -> subprocess.CompletedProcess[str]:
    """Run a script to its good end."""
    return root.run(["sh", "-ec", script], user=user, check=True, timeout=120)


def holds_root(root: Throwaway, path: str) -> bool:
    """Whether a bundle holds the root that is added."""
    return b"".join(ROOT.pem.splitlines()[1:-1]) in root.read(path).replace(b"\n", b"")


def save_etc(root: Throwaway) -> None:
    """A backup of /etc, and of what administrators keep below /usr/local."""
    sh(root, "tar -C / -cpf /srv/etc.tar etc usr/local/share")


def restore_etc(root: Throwaway) -> None:
    """The backup is restored, with its times; what is newer is deleted, as an image of the disk would."""
    sh(root, "rm -rf /usr/local/share/* /etc/ssl; tar -C / -xpf /srv/etc.tar")
