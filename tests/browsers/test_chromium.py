"""Real Chromium: refuses before, trusts after `add`, refuses after `remove`, and never trusts another root."""

from __future__ import annotations

import base64
import json

import pytest

from tests.browsers.conftest import CERTIFICATE, Scene
from tests.support.pki import make_root

pytestmark = pytest.mark.timeout(300)

MANAGED = "/etc/chromium/policies/managed"


def test_the_machines_policy(scene: Scene) -> None:
    """By policy, for two accounts, in a profile that was there and in new ones."""
    assert not scene.chromium(scene.corporate, profile="old")
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    for user in ("alice", "bob"):
        assert scene.chromium(scene.corporate, user)
    assert scene.chromium(scene.corporate, profile="old")
    assert not scene.chromium(scene.unknown, profile="old")
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert not scene.chromium(scene.corporate, profile="old")
    assert not scene.chromium(scene.corporate, "bob")


def test_merged_into_the_file_that_counts(scene: Scene) -> None:
    """Where an administrator's files set the policy, what they say holds before, meanwhile and after."""
    theirs = base64.b64encode(scene.unknown_root.der).decode()
    other = base64.b64encode(make_root("Other Root").der).decode()
    texts = {
        f"{MANAGED}/10.json": json.dumps({"CACertificates": [other]}),
        f"{MANAGED}/20": f'// ours\n{{"CACertificates": ["{theirs}", ], }}\n',
        f"{MANAGED}/30.json": '{"HomepageLocation": "https://intranet.example/"}',
    }
    for path, text in texts.items():
        scene.root.write(path, text)
    assert (scene.chromium(scene.corporate), scene.chromium(scene.unknown)) == (False, True)
    scene.root.trustinstall("add", "--scope", "machine", CERTIFICATE, check=True)
    assert (scene.chromium(scene.corporate), scene.chromium(scene.unknown)) == (True, True)
    scene.root.trustinstall("remove", CERTIFICATE, check=True)
    assert (scene.chromium(scene.corporate), scene.chromium(scene.unknown)) == (False, True)
    assert {path: scene.root.read(path).decode() for path in texts} == texts
    assert sorted(path.name for path in scene.root.path(MANAGED).iterdir()) == ["10.json", "20", "30.json"]
