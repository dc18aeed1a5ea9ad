"""`run --java`: what Java programs are lent, read by Java itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.cli.machine import CERT, DEBIAN, ROOT, deliver
from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root, odd_version
from tests.support.throwaway import PROGRAM, Throwaway

LISTING = f'{" ".join(KEYTOOL)} -list -keystore "${{SSL_CERT_FILE%/*}}/java.p12" -storepass changeit'
WORDS = (*PROGRAM, "run", "--java", "--cert", CERT, "--", "sh", "-c", LISTING)


@pytest.fixture
def machine() -> Iterator[Throwaway]:
    """A machine with Java, and the certificate."""
    with Throwaway() as root:
        deliver(root)
        yield root


def listed(output: str) -> set[str]:
    """The fingerprints that keytool prints."""
    return {line.split(": ")[1].replace(":", "").lower() for line in output.splitlines() if "SHA-256" in line}


def test_java_gets_every_root_that_it_can_read(machine: Throwaway) -> None:
    """A root that our library refuses is in Java's store if Java reads it, or is named; odd serial numbers are not."""
    nought, second, fourth = make_root("Nought", serial=0), odd_version("Second", 2), odd_version("Fourth", 4)
    machine.write(DEBIAN, machine.read(DEBIAN) + nought.pem + second.pem + fourth.pem)
    done = machine.run(WORDS, user="alice", check=True)
    prints = listed(done.stdout)
    assert {ROOT.sha256, nought.sha256, second.sha256} <= prints
    assert fourth.sha256 not in prints
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Picked up ")]
    assert complaints == ["warning: Java programs do without Fourth, which strict parsers cannot read"]


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b'])
def test_a_directory_that_java_would_take_apart(machine: Throwaway, name: str) -> None:
    """Where TMPDIR has a blank or a quote, a JVM starts all the same, and reads what it is lent."""
    machine.write(f"/var/tmp/{name}/x", b"", user="alice")
    done = machine.run(WORDS, user="alice", env={"TMPDIR": f"/var/tmp/{name}"}, check=True)
    assert ROOT.sha256 in listed(done.stdout)
