"""What others have decided since: `apply --prune` names their copy with its command, `repair` leaves their limit."""

from __future__ import annotations

import base64
import json

from tests.end_to_end.cli.machine import DEBIAN, deliver, holds
from tests.end_to_end.cli.machine import ROOT as CORP
from tests.support.throwaway import Throwaway

TRUST = "/etc/trustinstall/trust.toml"
CERT = "/tmp/input/corp.crt"
POLICIES = "/etc/chromium/policies/managed"


def test_what_prune_leaves_is_named_with_its_command(fresh: Throwaway) -> None:
    """An administrator has put the same root beside ours; the command that is named takes exactly that out."""
    deliver(fresh)
    fresh.write(TRUST, f'version = 1\n[[certificate]]\nfile = "{CERT}"\n')
    fresh.trustinstall("apply", TRUST, check=True)
    fresh.write("/usr/local/share/ca-certificates/theirs.crt", CORP.pem)
    fresh.write(TRUST, "version = 1\n")
    done = json.loads(fresh.trustinstall("apply", TRUST, "--prune", "--json", check=True).stdout)
    (debian,) = (one for one in done["stores"] if one["id"] == "debian")
    assert (debian["result"], debian["foreign"]) == ("foreign", [CORP.sha256])
    assert holds(fresh, DEBIAN)
    (command,) = done["remove_foreign"]
    fresh.trustinstall(*command[command.index("remove") :], check=True)
    assert not holds(fresh, DEBIAN)


def test_repair_widens_no_limit_of_others(fresh: Throwaway) -> None:
    """The administrator limits the root to some servers in a policy of theirs: `repair` leaves it so, and says it."""
    deliver(fresh)
    fresh.write("/usr/bin/chromium", "#!/bin/sh\n", mode=0o755)
    fresh.trustinstall("add", CERT, "--store", "chromium-policy", check=True)
    limits = {"permitted_dns_names": ["corp.example"], "permitted_cidrs": ["255.255.255.255/32"]}
    item = {"certificate": base64.b64encode(CORP.der).decode(), "constraints": limits}
    fresh.path(f"{POLICIES}/00-trustinstall.json").unlink()
    fresh.write(f"{POLICIES}/corp.json", json.dumps({"CACertificatesWithConstraints": [item]}))
    done = fresh.trustinstall("repair", check=True)
    assert "is limited to other servers there" in done.stdout
    assert [path.name for path in fresh.path(POLICIES).iterdir()] == ["corp.json"]
