"""What stands inside a machine of a container engine, by what the engine's command prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall_platforms.containers.inside import parse, path_for, removing
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, RHEL, SUSE
from trustinstall_platforms.linux.family import Family

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
CERTIFICATE = Certificate(CORP.der)
PLAIN = re.compile(r"[A-Za-z0-9./=_-]+")  # what no shell takes for anything but itself


def printed(release: str, **files: bytes) -> bytes:
    """What LOOK prints."""
    lines = [f"/etc/os-release:{line}" for line in release.splitlines()]
    for path, content in files.items():
        lines += [f"{path}:{line}" for line in content.decode().splitlines()]
    return "\n".join([*lines, ""]).encode()


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ("NAME=x\nID=fedora\nVERSION_ID=42", RHEL),
        ('ID="rhcos"\nID_LIKE="rhel fedora"', RHEL),
        ("ID=ubuntu\nID_LIKE=debian", DEBIAN),
        ("ID=alpine", ALPINE),
        ("ID='opensuse-leap'\nID_LIKE='suse opensuse'", SUSE),
        ("ID=arch", ARCH),
        ("ID=buildroot", None),
        ("VARIANT_ID=debian", None),
    ],
)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_the_family_inside(release: str, family: Family | None, ending: bytes) -> None:
    """os-release names it, with any line endings that a terminal makes."""
    answer = printed(release).replace(b"\n", ending)
    assert parse(b"Welcome!" + ending + answer).family is family


def test_bundle_and_anchors_inside() -> None:
    """Each line belongs to its file; what stands between, in other places or of other systems is left out."""
    ours = path_for(DEBIAN, CERTIFICATE)
    files = {
        DEBIAN.bundle: CORP.pem + OTHER.pem,
        ours: CORP.pem,
        f"{DEBIAN.anchors}/two.crt": CORP.pem + OTHER.pem,
        f"{DEBIAN.anchors}/a b.crt": CORP.pem,
        f"{DEBIAN.anchors}/../../../../etc/x.crt": CORP.pem,
        f"{RHEL.anchors}/other.pem": OTHER.pem,
        "/etc/shadow": b"root:x:\n",
    }
    inside = parse(b"motd\n" + printed("ID=debian", **files).replace(b"\n", b"\r\n"))
    assert inside.trusted == inside.present == {CERTIFICATE.sha256, Certificate(OTHER.der).sha256}
    assert inside.ours == {CERTIFICATE.sha256: ours}
    assert inside.going(CERTIFICATE.sha256, everything=True, cloud_init=False) == (ours,)
    places = [(one.entry, one.marked) for one in inside.copies(CERTIFICATE.sha256)]
    assert sorted(places) == [("", False), ("", False), ("", False), (ours, True)]
    assert inside.damaged() == 0
    assert not any("shadow" in path for path in inside.anchors)


def test_what_goes_with_a_certificate() -> None:
    """The managed one always; cloud-init's if the managed one is beside it; a foreign one when asked for."""
    ours = path_for(DEBIAN, CERTIFICATE)
    theirs, cloud = f"{DEBIAN.anchors}/corp.crt", f"{DEBIAN.anchors}/cloud-init-ca-cert-1.crt"
    inside = parse(printed("ID=debian", **dict.fromkeys((ours, theirs, cloud), CORP.pem)))
    sha256 = CERTIFICATE.sha256
    assert {one.entry: one.marked for one in inside.copies(sha256)} == {ours: True, theirs: False, cloud: True}
    assert inside.going(sha256, everything=False, cloud_init=False) == (ours,)
    assert inside.going(sha256, everything=False, cloud_init=True) == (ours, cloud)
    assert set(inside.going(sha256, everything=True, cloud_init=False)) == {ours, theirs, cloud}
    link = f"{PurePosixPath(ours).stem}.pem"
    files, hashed = removing(DEBIAN, (ours,))
    assert files[-1] == f"/etc/ssl/certs/{link}"
    assert hashed == ("find", "/etc/ssl/certs", "-maxdepth", "1", "-lname", link, "-delete")
    alone = parse(printed("ID=debian", **dict.fromkeys((theirs, cloud), CORP.pem)))
    assert {one.marked for one in alone.copies(sha256)} == {False}


@pytest.mark.parametrize(
    ("release", "path"),
    [
        ("debian", "/usr/share/ca-certificates/corp/corp.crt"),
        ("fedora", "/usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit"),
        ("arch", "/usr/share/ca-certificates/trust-source/mozilla.trust.p11-kit"),
    ],
)
def test_what_a_package_brought(release: str, path: str) -> None:
    """A package's copy is reported without an entry: no ledger can name it, and it stays."""
    inside = parse(printed(f"ID={release}", **{path: CORP.pem}))
    (copy,) = inside.copies(CERTIFICATE.sha256)
    assert (copy.entry, copy.marked, inside.present) == ("", False, frozenset())


@given(st.binary())
def test_whatever_comes_out(answer: bytes) -> None:
    """Nothing that a machine prints raises, and no path of it leads out of the directory of anchors."""
    for text in (answer, printed("ID=debian") + f"{DEBIAN.anchors}/".encode() + answer):
        inside = parse(text)
        sha256s: Sequence[str] = sorted(inside.present)
        assert all(
            path.startswith(f"{DEBIAN.anchors}/") and ".." not in path and PLAIN.fullmatch(path)
            for sha256 in sha256s
            for path in inside.going(sha256, everything=True, cloud_init=True)
        )
