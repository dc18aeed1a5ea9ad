"""The first run behind a proxy that re-signs TLS: pip trusts the certificate that is named, and no other."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.bootstrap.machine import CHECKOUT, PREPARING, WHEELS, Machine
from tests.support.pki import Root, make_root, to_pem
from tests.support.tls import Server

sys.path.append(str(CHECKOUT / "scripts" / "bootstrap"))
import proxy


@pytest.fixture(scope="module")
def root() -> Root:
    """The proxy's root certificate."""
    return make_root("Corp Root")


@pytest.fixture(scope="module")
def index(root: Root) -> Iterator[str]:
    """The address of a package index whose certificate that root has signed."""
    files: dict[str, bytes] = {}
    for wheel in WHEELS.glob("*.whl"):
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        files[f"/files/{wheel.name}"] = wheel.read_bytes()
        files[f"/simple/{name}/"] = f'<a href="/files/{wheel.name}">{wheel.name}</a>'.encode()
    with Server(root.issue("localhost"), files) as server:
        yield f"{server.url}/simple/"


def only(index: str) -> dict[str, str]:
    """What makes pip use this index at once or fail at once."""
    return {"PIP_INDEX_URL": index, "PIP_RETRIES": "0"}


def colons(fingerprint: str) -> str:
    """A fingerprint as `openssl x509 -fingerprint` prints it."""
    return ":".join(re.findall("..", fingerprint.upper()))


@pytest.mark.parametrize(
    "named",
    [
        pytest.param([], id="no-fingerprint"),
        pytest.param(["--sha256", "0" * 64], id="wrong-fingerprint"),
        pytest.param(["--sha256"], id="option-without-value"),
    ],
)
def test_refused_unless_the_certificate_is_named(machine: Machine, root: Root, index: str, named: list[str]) -> None:
    """A certificate file alone is no reason to trust it; the sentence says how to name it."""
    (machine.directory / "corp.crt").write_bytes(root.pem)
    done = machine.run("add", "corp.crt", *named, variables=only(index))
    assert done.returncode == 1
    assert done.stderr.startswith(PREPARING)
    sentence = done.stderr.removeprefix(PREPARING)
    assert sentence.startswith("trustinstall: Cannot download what trustinstall needs")
    assert ("None of the files named" if len(named) == 2 else "--sha256 FINGERPRINT") in sentence
    assert sentence.count("\n") == 1
    assert [path.name for path in machine.base.iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("form", "named"),
    [
        pytest.param("pem", "option", id="pem-named-by-option"),
        pytest.param("second", "variable", id="second-in-a-windows-file-named-by-variable"),
        pytest.param("pem", "option's variable", id="pem-named-by-the-variable-of-the-option"),
    ],
)
def test_trusted_for_the_download_when_it_is_named(
    machine: Machine, root: Root, index: str, form: str, named: str
) -> None:
    """With its fingerprint the same file lets pip through, and nothing keeps it afterwards."""
    other = make_root("Other Root")
    content = {
        "pem": root.pem,
        "second": b"\xef\xbb\xbfSubject: two\r\n" + (other.pem + root.pem).replace(b"\n", b"\r\n"),
    }[form]
    (machine.directory / "corp.crt").write_bytes(content)
    fingerprint = colons(root.sha256)
    options, variables = {
        "option": (["--sha256", fingerprint], {}),
        "variable": ([], {"TRUSTINSTALL_BOOTSTRAP_SHA256": fingerprint}),
        "option's variable": ([], {"TRUSTINSTALL_SHA256": fingerprint}),
    }[named]
    done = machine.run("add", "corp.crt", *options, "--help", variables={**only(index), **variables})
    assert (done.returncode, done.stderr) == (0, PREPARING)
    (environment,) = machine.base.glob("env-*")
    body = "".join(to_pem(root.der).decode().splitlines()[1:-1])[:64]
    kept = machine.shell('grep -rlF "$1" "$2" || true', body, str(environment))
    assert kept.stdout == ""


@pytest.mark.parametrize("form", ["der", "pem", "trusted", "x509", "two", "text-around"])
def test_found_in_every_form_of_a_certificate_file(form: str, root: Root, tmp_path: Path) -> None:
    """DER, and the PEM labels that OpenSSL reads, with others before it and text around it."""
    trust = bytes.fromhex("300c300a06082b06010505070301")  # X509_CERT_AUX: for servers
    content = {
        "der": root.der,
        "pem": root.pem,
        "trusted": to_pem(root.der + trust, "TRUSTED CERTIFICATE"),
        "x509": to_pem(root.der, "X509 CERTIFICATE"),
        "two": make_root("Other Root").pem + root.pem,
        "text-around": b"Bag Attributes\n" + root.pem + b"end",
    }[form]
    path = tmp_path / "corp.crt"
    path.write_bytes(content)
    named = proxy.named_fingerprint(["add", str(path), f"--sha256={colons(root.sha256)}"])
    assert proxy.find_certificate(named, ["add", "--force", str(path)]) == root.der
    assert proxy.find_certificate(named[:-1], [str(path)]) is None


@pytest.mark.parametrize("label", ["sha256:", "SHA256 Fingerprint=", "sha256 Fingerprint="])
def test_a_fingerprint_with_its_label(label: str, root: Root) -> None:
    """The launcher and the program take the same forms: a fingerprint as OpenSSL prints it is one."""
    assert proxy.named_fingerprint(["add", "--sha256", label + colons(root.sha256)]) == root.sha256


def test_another_root_that_is_named_does_not_help(machine: Machine, index: str) -> None:
    """With a named certificate, pip trusts that one only, and not the one that the server shows."""
    other = make_root("Other Root")
    (machine.directory / "other.crt").write_bytes(other.pem)
    done = machine.run("add", "other.crt", "--sha256", other.sha256, variables=only(index))
    assert done.returncode == 1
    assert "has not signed what this server shows" in done.stderr


def test_what_pip_trusted_before_it_still_trusts(machine: Machine, root: Root, index: str) -> None:
    """A bundle that the owner has configured, as for a mirror of his own, is added to, not replaced."""
    other = make_root("Other Root")
    (machine.directory / "other.crt").write_bytes(other.pem)
    mirror = machine.directory / "mirror.pem"
    mirror.write_bytes(root.pem.rstrip(b"\n"))
    done = machine.run(
        "add", "other.crt", "--sha256", other.sha256, "--help",
        variables={**only(index), "PIP_CERT": str(mirror)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, PREPARING)


def test_files_that_are_no_certificates_are_passed_over(machine: Machine) -> None:
    """A FIFO, a directory, a huge file or rubbish among the arguments neither blocks nor fails the first run."""
    directory = machine.directory
    os.mkfifo(directory / "fifo")
    (directory / "rubbish").write_bytes(b"0\x84\xff\xff\xff\xff-----BEGIN CERTIFICATE-----\n=\n-----END")
    with Path(directory / "huge").open("wb") as file:
        file.truncate(1 << 40)
    done = machine.run(
        "add", "fifo", "rubbish", "huge", "/", "\x7f", "--sha256", "0" * 64, "--help",
        variables=machine.wheels, wait=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, PREPARING)
