"""Drop directories: a file for each certificate, and no file of others changed or lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_host import played, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.drop_directories import DROPS, Dropped

CORP, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Other Root"))
PLACE = "/home/alice/.minikube/certs"
OURS = f"{PLACE}/trustinstall-{CORP.sha256[:32]}.pem"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """The host of an account that has used minikube."""
    with played() as host:
        Path(host.where("/home/alice/.minikube")).mkdir(parents=True)
        yield host


def change(host: ActingHost, *certificates: Certificate, trusted: bool = True, adopt: bool = False) -> Outcome:
    """Run the engine; Corp Root is meant where none is named."""
    wish = fake_host.wish(*(one.der for one in certificates or (CORP,)), trusted=trusted)
    (outcome,) = fake_host.change(host, [Dropped()], replace(wish, adopt=adopt))
    return outcome


def files(host: ActingHost) -> dict[str, bytes]:
    """Every file of the program."""
    top = Path(host.where("/home/alice/.minikube"))
    return {f"/home/alice/.minikube/{one.relative_to(top)}": one.read_bytes() for one in top.rglob("*.*")}


def test_only_programs_that_are_used(host: ActingHost) -> None:
    """A directory is found where its program has left its own directory, and never for root."""
    assert [one.location for one in Dropped().discover(host, DiscoveryOptions())] == [PLACE]
    for drop in DROPS:
        Path(host.where(f"/home/alice/{drop.home}")).mkdir(parents=True, exist_ok=True)
    assert [one.label for one in Dropped().discover(host, DiscoveryOptions())] == [one.tool for one in DROPS]
    root = replace(host, account=replace(host.account, uid=0))
    assert list(Dropped().discover(root, DiscoveryOptions())) == []


def test_the_directory_comes_and_goes(host: ActingHost) -> None:
    """A missing directory is made with the first certificate, and goes with the last."""
    assert change(host).result is Result.ADDED
    assert change(host, OTHER).result is Result.ADDED
    assert files(host)[OURS] == CORP.pem
    assert change(host).result is Result.ALREADY
    assert change(host, trusted=False).result is Result.REMOVED
    assert change(host, OTHER, trusted=False).result is Result.REMOVED
    assert not Path(host.where(PLACE)).exists()


def test_a_renamed_file_is_foreign(host: ActingHost) -> None:
    """A file that has lost the name of trustinstall stays and is named; `--not-ours` takes it out."""
    change(host)
    Path(host.where(OURS)).rename(host.where(f"{PLACE}/corp.pem"))
    outcome = change(host, trusted=False)
    assert (outcome.result, outcome.changed, outcome.foreign) == (Result.FOREIGN, (), (CORP.sha256,))
    assert files(host) == {f"{PLACE}/corp.pem": CORP.pem}
    assert change(host, trusted=False).result is Result.FOREIGN
    assert change(host, trusted=False, adopt=True).result is Result.REMOVED
    assert files(host) == {}


def test_the_same_certificate_beside_ours(host: ActingHost) -> None:
    """`remove` takes the file of trustinstall, and does not say `removed` while the program still trusts."""
    change(host)
    write(host, f"{PLACE}/mine.crt", CORP.pem)
    outcome = change(host, trusted=False)
    assert (outcome.result, outcome.foreign) == (Result.FOREIGN, (CORP.sha256,))
    assert files(host) == {f"{PLACE}/mine.crt": CORP.pem}


def test_an_adopted_file(host: ActingHost) -> None:
    """It is adopted once, is there already when added again, and goes with a plain `remove`."""
    write(host, f"{PLACE}/mine.crt", CORP.pem)
    assert change(host, adopt=True).foreign == ()
    again = change(host)
    assert (again.result, again.foreign) == (Result.ALREADY, ())
    assert change(host, trusted=False).result is Result.REMOVED
    assert files(host) == {}


def test_a_key_in_the_same_file(host: ActingHost) -> None:
    """A file that holds more than the certificate is not deleted, even where that was asked for."""
    text = CORP.pem + b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"
    write(host, f"{PLACE}/mine.pem", text)
    outcome = change(host, trusted=False, adopt=True)
    assert outcome.result is Result.FAILED
    assert "mine.pem holds more than that certificate" in outcome.detail
    assert files(host) == {f"{PLACE}/mine.pem": text}


def test_something_else_under_our_name(host: ActingHost) -> None:
    """A directory in the place of a file is named; a file there that holds no certificate is written again."""
    Path(host.where(OURS)).mkdir(parents=True)
    assert "is not a file with a certificate" in change(host).detail
    Path(host.where(OURS)).rmdir()
    write(host, OURS, b"-----BEGIN CERTIFICATE-----\n")
    assert change(host).result is Result.ADDED
    assert files(host) == {OURS: CORP.pem}
