"""The page about errors and the doctor explain programs' messages in the same way."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from trustinstall.cli import failing
from trustinstall.doctor import complaints
from trustinstall.reporting import doctor_json

_PAGE = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", ".")) / "docs" / "troubleshooting.md"
#: By section, the codes that its messages may have; "" is a fault that is not about a certificate.
SECTIONS = {
    "The root is missing": {"unknown-issuer", "certificate"},
    "The server sends too little": {"unknown-issuer"},
    "The certificate is wrong": {"expired", "host-name", "weak-signature", "small-key", "no-authority"},
    "It is not the certificate": {""},
}


def words() -> list[tuple[str, str]]:
    """Return the programs' messages on the page, each with the heading above it."""
    found: list[tuple[str, str]] = []
    heading = ""
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif heading in SECTIONS and line.startswith("| ") and "`" in line:
            column = 2 if heading == "The root is missing" else 1
            found += [(heading, one) for one in re.findall(r"`([^`]+)`", line.split("|")[column])]
    return found


@pytest.mark.parametrize(("heading", "said"), words())
def test_the_doctor_reads_the_words_of_the_page(heading: str, said: str) -> None:
    """The doctor finds for each message a fault of its section."""
    assert complaints.fault(said) in SECTIONS[heading]


def test_the_schema_knows_each_fault() -> None:
    """Each fault is a value of the schema, and has a text for people."""
    schema = json.loads(Path(doctor_json.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
    faults = {code for codes in SECTIONS.values() for code in codes}
    known = next(one["properties"]["fault"]["enum"] for one in schema["oneOf"] if "fault" in one.get("properties", {}))
    assert faults <= set(known)
    assert faults - {""} <= failing.FAULTS.keys()


def test_each_section_is_on_the_page() -> None:
    """The page has exactly the sections of the table."""
    assert {heading for heading, _ in words()} == SECTIONS.keys()
