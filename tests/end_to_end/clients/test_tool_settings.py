"""Real tools that only their settings reach: an account without root adds a root, and each of them trusts it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.contract.machines import FULL
from tests.end_to_end.clients.fetched import tarballs
from tests.end_to_end.clients.table import REFUSES, TRUSTS, Command, pip
from tests.support.fresh import copy_in, downloads
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server, package_index

pytestmark = pytest.mark.timeout(600)

CERTIFICATE = "/srv/corp.crt"
PHASES = ("before", "added", "removed")
_OPENSSL = "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY|GET)|unable to (verify|get)|self.signed certificate"
_AT = "rm -rf w-{name}-{{port}} && mkdir -p w-{name}-{{port}} && cd w-{name}-{{port}} && echo {{{{}}}} >package.json"
_SETUP = """
set -e
python3 -m venv --without-pip /srv/app/.venv
pip3 --python /srv/app/.venv/bin/python install --quiet --no-index --find-links /opt/wheels awscli pip
for each in pnpm yarn berry; do mkdir -p /opt/npm/$each; tar -xzf /opt/tarballs/$each.tgz -C /opt/npm/$each; done
"""
#: What alice has in her home: files that she has written, which come back to the byte.
HOME = {
    ".npmrc": "; mine\nfund=false",
    ".yarnrc": "# mine\nlastUpdateCheck 1",
    ".yarnrc.yml": "# mine\r\nenableTelemetry: false\r\n",
    ".aws/config": "[default]\nregion = eu-west-1\n\n[profile other]\nregion = x\n",
}


def _in_directory(name: str, command: str, success: str) -> Command:
    return Command(name, ("sh", "-c", f"{_AT.format(name=name)} && {command}"), _OPENSSL, success)


EVERY = (
    pip("pip with its own roots", "/srv/app/.venv/bin/pip"),
    _in_directory("npm", "npm install --fetch-retries=0 --registry={url} --cache=c tinything", "added 1 package"),
    _in_directory(
        "pnpm",
        "node /opt/npm/pnpm/package/bin/pnpm.cjs add --config.fetch-retries=0 --registry={url} "
        "--store-dir=s --config.cache-dir=c tinything 2>&1",
        r"\+ tinything 1.0.0",
    ),
    _in_directory(
        "yarn",
        "node /opt/npm/yarn/package/bin/yarn.js add --registry={url} --cache-folder=c --network-timeout=9000 tinything",
        "Saved 1 new dependency",
    ),
    _in_directory(
        "berry",
        ": >yarn.lock && YARN_HTTP_RETRY=0 YARN_NPM_REGISTRY_SERVER={url} "
        "node /opt/npm/berry/package/bin/yarn.js npm info tinything --json 2>&1",
        '"version":"1.0.0"',
    ),
    Command(
        "aws",
        (
            *("/srv/app/.venv/bin/aws", "s3api", "head-object", "--no-sign-request", "--cli-read-timeout=9"),
            *("--endpoint-url={url}", "--bucket=Not_Dns", "--key=k"),
        ),
        "SSL validation failed",
        "ContentLength",
    ),
)
#: The short form leaves out those that the matrix asks as well.
TOOLS = EVERY if FULL else tuple(one for one in EVERY if one.name in {"pip with its own roots", "berry"})


@dataclass(frozen=True)
class Answers:
    """What each tool did with the two servers, by phase; and alice's home, before and after."""

    tools: dict[tuple[str, str], tuple[str, str]]
    homes: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    """All tools, asked once in each phase."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    with (
        Server(corporate.issue("localhost")) as known,
        Server(unknown.issue("localhost")) as stranger,
        Throwaway(java=False) as root,
    ):
        for server in (known, stranger):
            server.files |= {**package_index(), **_registry(server.url), "/Not_Dns/k": b"content"}
        _install(root)
        root.write(CERTIFICATE, corporate.pem)
        tools: dict[tuple[str, str], tuple[str, str]] = {}
        homes: dict[str, dict[str, str]] = {}
        for phase in PHASES:
            if phase != "before":
                root.trustinstall({"added": "add"}.get(phase, "remove"), CERTIFICATE, user="alice", check=True)
            for tool in TOOLS:
                tools[phase, tool.name] = (tool.ask(root, known), tool.ask(root, stranger))
            homes[phase] = _home(root)
        yield Answers(tools, homes)


def _install(root: Throwaway) -> None:
    copy_in(root, downloads("awscli", "pip==24.1"), "/opt/wheels")
    copy_in(root, tarballs(), "/opt/tarballs")
    for name, content in HOME.items():
        root.write(f"/home/alice/{name}", content, user="alice", mode=0o600)
    root.run(["sh", "-c", _SETUP], timeout=180, check=True)


def _registry(url: str) -> dict[str, bytes]:
    """A registry of one package."""
    manifest = {"name": "tinything", "version": "1.0.0"}
    raw = json.dumps(manifest).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("package/package.json")
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))
    tarball = gzip.compress(packed.getvalue(), mtime=0)
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    path = "/tinything/-/tinything-1.0.0.tgz"
    dist = {"tarball": url + path, "integrity": integrity, "shasum": hashlib.sha1(tarball).hexdigest()}  # noqa: S324
    document = {
        "name": "tinything",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {**manifest, "dist": dist}},
    }
    return {"/tinything": json.dumps(document).encode(), path: tarball}


def _home(root: Throwaway) -> dict[str, str]:
    """The settings and our own files in alice's home."""
    listed = root.run(
        ["sh", "-c", "find .npmrc .yarnrc .yarnrc.yml .aws .config/pip .local/share -type f | xargs sha256sum"],
        user="alice",
    )
    return {path: digest for digest, path in (line.split() for line in listed.stdout.splitlines())}


@pytest.mark.parametrize("tool", [one.name for one in TOOLS])
def test_a_tool_trusts_what_its_settings_name(tool: str, answers: Answers) -> None:
    """The tool refuses before `add`, trusts after it, refuses after `remove`, and never trusts another root."""
    assert {phase: answers.tools[phase, tool] for phase in PHASES} == {
        "before": (REFUSES, REFUSES),
        "added": (TRUSTS, REFUSES),
        "removed": (REFUSES, REFUSES),
    }


def test_the_home_is_as_it_was(answers: Answers) -> None:
    """Every settings file was changed by `add`, and is as before to the byte after `remove`; no managed text stays."""
    before, added, removed = (answers.homes[phase] for phase in PHASES)
    assert set(HOME) <= before.keys()
    assert all(added[name] != before[name] for name in HOME)
    assert ".local/share/trustinstall/bundle.pem" in added
    assert removed == before
