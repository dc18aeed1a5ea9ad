"""Systems with read-only parts: what can be written is written, and where nothing can be, what to do is said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.families import COUNT, LAYOUTS, lay_out
from tests.support.other_families import OTHERS
from tests.support.pki import make_root
from tests.support.throwaway import NOISE, Throwaway

pytestmark = pytest.mark.timeout(300)

ALL = LAYOUTS | OTHERS
CERTIFICATE, CORP = "/srv/corp.crt", make_root("Corp Root")
STILL = (*NOISE, "/var/lib/trustinstall", "/run/mount")  # the last one is mount(8)'s own
IGNORED = (*STILL, COUNT)


@pytest.fixture
def root() -> Iterator[Throwaway]:
    """A Debian, to be laid out as something else."""
    with Throwaway(java=False) as made:
        made.write(CERTIFICATE, CORP.pem)
        yield made


def read_only(root: Throwaway, *directories: str) -> None:
    """Have parts of the tree on read-only file systems."""
    root.freeze()
    for directory in directories:
        root.run(["mount", "--bind", directory, directory], check=True)
        root.run(["mount", "-o", "remount,bind,ro", directory], check=True)


def outcome(root: Throwaway, command: str, store: str, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What becomes of one store."""
    done = root.trustinstall(command, CERTIFICATE, "--json", "--store", store, env=env)
    (found,) = json.loads(done.stdout)["stores"]
    return {**found, "code": done.returncode}


@pytest.mark.parametrize(("layout", "store"), [("fedora", "rhel"), ("suse", "suse"), ("flatcar", "flatcar")])
def test_where_only_usr_is_read_only_everything_works(root: Throwaway, layout: str, store: str) -> None:
    """Silverblue, CoreOS, image mode, MicroOS and Flatcar: /etc and /var are written, and clients trust."""
    laid = lay_out(root, ALL[layout])
    root.write("/run/ostree-booted", "")
    read_only(root, "/usr")
    verify = ["openssl", "verify", "-no-CApath", "-CAfile", laid.bundle, CERTIFICATE]

    assert outcome(root, "add", store)["result"] == "added"
    assert root.run(verify).returncode == 0
    assert outcome(root, "remove", store)["result"] == "removed"
    assert root.run(verify).returncode != 0
    # The keystore holds the time at which it was written.
    assert root.changes(ignore=(*IGNORED, laid.java)) == {}


@pytest.mark.parametrize(
    ("layout", "store", "directory"),
    [
        ("fedora", "rhel", "/etc"),
        ("suse", "suse", "/var/lib/ca-certificates"),
        ("arch", "arch", "/etc/ca-certificates"),
        ("alpine", "alpine", "/usr"),
        ("photon", "photon", "/etc"),
        ("flatcar", "flatcar", "/etc"),
        ("clear", "clear", "/var/cache"),
    ],
)
def test_where_the_store_is_read_only_the_image_is_named(
    root: Throwaway, layout: str, store: str, directory: str
) -> None:
    """The reason holds directory and command for the maker of the image; nothing is run and nothing changes."""
    laid = lay_out(root, ALL[layout])
    read_only(root, directory)

    seen = outcome(root, "add", store)
    assert (seen["code"], seen["result"]) == (1, "failed")
    assert "read-only" in seen["detail"]
    assert f"put the certificate into {laid.anchors} of that image" in seen["detail"]
    assert f"run {' '.join((laid.tool, *laid.arguments))}" in seen["detail"]
    assert root.changes(ignore=STILL) == {}


def test_nixos_says_what_to_declare(root: Throwaway) -> None:
    """Its bundle is a link into a read-only store: nothing is written, and the line to add is printed."""
    root.write("/etc/os-release", "ID=nixos\n")
    root.write("/nix/store/x-nss-cacert/ca-bundle.crt", root.read("/etc/ssl/certs/ca-certificates.crt"))
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    root.run(["ln", "-sf", "/nix/store/x-nss-cacert/ca-bundle.crt", bundle], check=True)
    read_only(root, "/nix")

    seen = outcome(root, "add", "declared")
    assert (seen["code"], seen["result"]) == (1, "failed")
    assert "security.pki.certificateFiles = [ ./corp.crt ];" in seen["detail"]
    assert "nixos-rebuild switch" in seen["detail"]
    assert root.changes(ignore=IGNORED) == {}


def test_within_a_transaction_nothing_is_promised(root: Throwaway) -> None:
    """Within transactional-update SUSE's tool does nothing and says that all is well: it is not even run."""
    lay_out(root, ALL["suse"])
    root.freeze()

    seen = outcome(root, "add", "suse", env={"TRANSACTIONAL_UPDATE": "true"})
    assert (seen["code"], seen["result"]) == (1, "failed")
    assert "transactional-update" in seen["detail"]
    assert root.changes(ignore=STILL) == {}
