"""What a review broke, so that it stays mended."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

ROOT = make_root("Mended Root")
SHA256 = hashlib.sha256(ROOT.der).hexdigest()
CERT = "/srv/corp.crt"
BUNDLE = "/home/bob/.local/lib/python3.11/site-packages/certifi/cacert.pem"
LEDGER = "/home/bob/.local/state/trustinstall/ledger.json"


def test_an_account_is_not_forgotten_before_it_is_undone(fresh: Throwaway) -> None:
    """A damaged ledger of bob's stops the first remove; when it is repaired, the next one still knows of bob."""
    fresh.write(CERT, ROOT.pem)
    fresh.write(BUNDLE, old := fresh.read("/etc/ssl/certs/ca-certificates.crt"), user="bob")
    assert fresh.trustinstall("add", "--for-user", "bob", CERT).returncode == 0
    good = fresh.read(LEDGER)
    fresh.write(LEDGER, b"{", user="bob", mode=0o600)
    failed = fresh.trustinstall("remove", SHA256)
    assert failed.returncode == 3, failed
    assert "ledger.json is damaged" in failed.stdout + failed.stderr
    fresh.write(LEDGER, good, user="bob", mode=0o600)
    assert fresh.trustinstall("remove", SHA256).returncode == 0
    assert fresh.read(BUNDLE) == old


def test_a_uid_without_an_account_is_said_to_be_left(fresh: Throwaway) -> None:
    """An environment that belongs to no account cannot be worked for: that is no success."""
    fresh.write(CERT, ROOT.pem)
    fresh.write("/srv/app/pyvenv.cfg", "home = /usr/bin\n")
    fresh.write("/srv/app/lib/python3.11/site-packages/certifi/cacert.pem", ROOT.pem)
    fresh.run(["chown", "-R", "5000:5000", "/srv/app"], check=True)
    done = fresh.trustinstall("add", "--python", "/srv/app", CERT)
    assert done.returncode == 3, done
    assert "uid 5000" in done.stdout


def test_a_java_alias_whose_file_is_gone_goes_when_it_is_named() -> None:
    """Somebody deleted the file by hand and ran the tool, which never tells Java; --foreign takes the alias out."""
    with Throwaway(java=True) as root:
        root.write(CERT, ROOT.pem)
        by_hand = root.write("/usr/local/share/ca-certificates/byhand.crt", ROOT.pem)
        root.run(["update-ca-certificates"], check=True)
        root.run(["rm", by_hand], check=True)
        root.run(["update-ca-certificates"], check=True)
        listing = ["keytool", "-list", "-keystore", "/etc/ssl/certs/java/cacerts", "-storepass", "changeit"]
        assert "byhand" in root.run(listing, check=True).stdout
        done = root.trustinstall("remove", "--foreign", "--sha256", SHA256)
        assert done.returncode == 0, done
        assert "byhand" not in root.run(listing, check=True).stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(fresh: Throwaway, closed: str) -> None:
    """A careless caller closes them: nothing that is opened later takes their place and is written into."""
    fresh.write(CERT, ROOT.pem)
    done = fresh.run(["sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, "add", CERT])
    assert (done.returncode, ROOT.pem.strip() in fresh.read("/etc/ssl/certs/ca-certificates.crt")) == (0, True)
    ledger = json.loads(fresh.read("/var/lib/trustinstall/ledger.json"))
    assert [one["sha256"] for one in ledger["claims"]] == [SHA256]
