"""Real Firefox: refuses before, trusts after `add`, refuses after `remove`, and never trusts another root."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.browsers.conftest import CERTIFICATE, Scene

pytestmark = pytest.mark.timeout(300)

POLICIES = "/etc/firefox/policies/policies.json"


def test_the_machines_policy(scene: Scene) -> None:
    """By policy, for two accounts, in a profile that was there and in a new one; what else it says stays."""
    theirs = '{"policies": {"DisableTelemetry": true}}\n'
    scene.root.write(POLICIES, theirs)
    assert not scene.firefox(scene.corporate, profile="/home/alice/old")
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    assert json.loads(scene.root.read(POLICIES))["policies"]["DisableTelemetry"] is True
    assert scene.firefox(scene.corporate, profile="/home/alice/old")
    assert scene.firefox(scene.corporate, "bob")
    assert not scene.firefox(scene.unknown, profile="/home/alice/old")
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.root.read(POLICIES).decode() == theirs
    assert not scene.firefox(scene.corporate)


def test_policies_beside_the_program(scene: Scene) -> None:
    """Where a package brings policies, the managed one is among them, and no new file hides them."""
    path = "/usr/share/firefox-esr/distribution/policies.json"
    theirs = '{\n  "policies": {\n    "DisableTelemetry": true\n  }\n}\n'
    scene.root.write(path, theirs)
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    assert not scene.root.path("/etc/firefox").exists()
    assert scene.firefox(scene.corporate)
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert scene.root.read(path).decode() == theirs


def test_p11_kits_module(scene: Scene) -> None:
    """Where the module of roots is p11-kit's, Firefox and Chromium follow the system's store, and get no policy."""
    module = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-trust.so"
    for name in ("firefox-esr", "x86_64-linux-gnu"):
        scene.root.run(["ln", "-sf", module, f"/usr/lib/{name}/libnssckbi.so"], check=True)
    assert (scene.firefox(scene.corporate), scene.chromium(scene.corporate)) == (False, False)
    added = scene.root.trustinstall("add", "--json", "--scope", "machine", CERTIFICATE, check=True)
    results = {one["backend"]: one["result"] for one in json.loads(added.stdout)["stores"]}
    assert (results["firefox-policy"], results["chromium-policy"]) == ("via-system", "via-system")
    assert (scene.firefox(scene.corporate), scene.chromium(scene.corporate)) == (True, True)
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert (scene.firefox(scene.corporate), scene.chromium(scene.corporate)) == (False, False)
