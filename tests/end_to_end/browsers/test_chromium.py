"""Real Chromium: refuses before, trusts after `add`, refuses after `remove`, and never trusts another root."""

from __future__ import annotations

import base64
import json

import pytest

from tests.end_to_end.browsers.conftest import CERTIFICATE, PAGE, Scene
from tests.support.pki import make_root
from tests.support.tls import Server

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


def test_kept_to_some_names(scene: Scene) -> None:
    """With `--domain` a root holds for these names and networks, and for no others; other stores are left out."""
    issue, files = scene.corporate_root.issue, {PAGE: b"x"}
    with (
        Server(issue("localhost"), files) as named,
        Server(issue("localhost", "127.0.0.1"), files) as both,
        Server(issue("127.0.0.1"), files) as numbered,
    ):
        numbered.url = numbered.url.replace("localhost", "127.0.0.1")
        for domains, expected in (
            (("localhost",), (True, False, False)),
            (("127.0.0.0/8",), (False, False, True)),
            (("localhost", "127.0.0.1/32"), (True, True, True)),
            (("corp.example",), (False, False, False)),
        ):
            words = [word for name in domains for word in ("--domain", name)]
            added = json.loads(scene.root.trustinstall("add", CERTIFICATE, "--json", *words, check=True).stdout)
            results = {one["id"]: one["result"] for one in added["stores"]}
            assert added["limited"] == {"domains": sorted(domains), "stores": 1, "of": len(added["stores"])}
            assert results.pop(f"chromium-policy:{MANAGED}") == "added"
            assert set(results.values()) == {"not-in-scope"}
            assert tuple(map(scene.chromium, (named, both, numbered))) == expected, domains
        again = scene.root.trustinstall("add", CERTIFICATE, "--json", *words, check=True)
        assert json.loads(again.stdout)["changed"] is False
        said = scene.root.trustinstall("add", CERTIFICATE, *words, "--yes", check=True).stdout
        assert f"trusted in 1 of {len(results) + 1} stores" in said
        scene.root.trustinstall("remove", CERTIFICATE, check=True)
        assert not scene.root.path("/etc/chromium/policies").exists()
