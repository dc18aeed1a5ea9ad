"""What keeps a root out of p11-kit's bundle, and what p11-kit passes over, beside a managed file."""

from __future__ import annotations

import subprocess

import pytest

from tests.platforms.linux.anchors.machine import CORP, OTHER, PUBLIC, Machine, on_p11_kit
from trustinstall.stores.observation import Copy, State


@on_p11_kit
@pytest.mark.parametrize("how", ["blocklist", "reject", "p11-kit"])
def test_what_a_file_keeps_out_is_distrusted(machine: Machine, how: str) -> None:
    """A person has distrusted a managed root since: it is so, `remove` takes ours, and names nothing that stays."""
    machine.write(machine.ours, CORP.pem)
    if how == "blocklist":
        machine.write(f"{machine.family.blocklists[0]}/bad.pem", CORP.pem)
    elif how == "reject":
        words = ["openssl", "x509", "-trustout", "-addreject", "serverAuth"]
        machine.by_hand("theirs.pem", subprocess.run(words, input=CORP.pem, capture_output=True, check=True).stdout)
    else:
        machine.by_hand("theirs.p11-kit", b"[p11-kit-object-v1]\nclass: certificate\nx-distrusted: true\n" + CORP.pem)
    machine.write(machine.family.bundle, PUBLIC.pem)
    seen, change = machine.observe(CORP), machine.change(CORP)
    assert seen.anchors[CORP.sha256] is State.DISTRUSTED
    assert (change.remove, change.foreign) == ((Copy(CORP.sha256, machine.ours, marked=True),), frozenset())
    assert machine.plan(CORP, trusted=False).refresh is not None
    assert not machine.plan(OTHER).empty


@on_p11_kit
def test_a_label_that_p11_kit_passes_over_is_no_copy(machine: Machine) -> None:
    """OpenSSL's old name for a certificate: such a file beside ours neither stays named nor is missed in the bundle."""
    machine.write(machine.ours, CORP.pem)
    machine.by_hand("theirs.pem", CORP.pem.replace(b" CERTIFICATE-----", b" X509 CERTIFICATE-----"))
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)
    assert machine.observe(CORP).problems == ()
    assert machine.change(CORP).foreign == frozenset()
