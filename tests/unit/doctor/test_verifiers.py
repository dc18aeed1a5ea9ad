"""The families of verifiers agree with the programs themselves, about a chain of each kind; the tables are printed."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.support import verifiers
from tests.support.chains import CHAINS
from tests.support.tls import Server, package_index
from tests.support.verdicts import WRITTEN_DOWN, disagreement, judge, judged, table
from tests.support.verifiers import Answers, Question
from trustinstall.doctor.families import FAMILIES
from trustinstall.doctor.rules import RULES

pytestmark = pytest.mark.timeout(300)

Asked: TypeAlias = dict[str, Question]
STRICT = ssl.VerifyFlags.VERIFY_X509_STRICT | ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN  # as Python 3.13 sets them
UV = str(Path(sys.executable).with_name("uv"))
#: The programs that are asked, by the word of their family, and their name where there are several.
PROGRAMS: dict[str, Callable[[Asked, Path], Answers]] = {
    "curl": lambda asked, _: verifiers.curl(asked),
    "gnutls": lambda asked, _: verifiers.gnutls(asked),
    "gnutls, certtool": lambda asked, place: verifiers.certtool(asked, CHAINS, place),
    "gnutls, wget": lambda asked, _: verifiers.wget(asked),
    "go": verifiers.go,
    "java": verifiers.java,
    "nss": lambda _, place: verifiers.vfychain(CHAINS, place),
    "node": lambda asked, _: verifiers.node(asked),
    "python": lambda asked, _: verifiers.python(asked, ssl.VerifyFlags(0)),
    "python-strict": lambda asked, _: verifiers.python(asked, STRICT),
    "openssl": lambda asked, _: verifiers.openssl(asked),
    "rustls": lambda asked, place: verifiers.uv(asked, UV, place),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A server for each kind of chain."""
    with ExitStack() as stack:
        index = package_index()
        servers = {name: stack.enter_context(Server(chain.leaf, index)) for name, chain in CHAINS.items()}
        yield verifiers.written(tmp_path_factory.mktemp("anchors"), CHAINS, servers)


@pytest.mark.parametrize("word", PROGRAMS)
def test_a_family_agrees_with_its_program(word: str, asked: Asked, tmp_path: Path) -> None:
    """What the rules accept, the program accepts, and what they refuse it refuses; where they are not sure, either."""
    family, _, program = word.partition(", ")
    said = PROGRAMS[word](asked, tmp_path)
    predicted = judged(FAMILIES[family], by_name=family != "nss")
    print(table(f"{FAMILIES[family].name} {program}", said, predicted))
    assert disagreement(said, predicted).keys() == WRITTEN_DOWN.get(family, {}).keys()


def test_tested_families_have_a_program() -> None:
    """What the doctor reports as tested, a test here or in the browsers' module asks."""
    asked = {word.partition(",")[0] for word in PROGRAMS} | {"chromium", "firefox"}
    assert {word for word, family in FAMILIES.items() if family.is_tested} == asked


def test_families_name_rules_that_there_are() -> None:
    """A code in a family is that of a rule, or of a reason of the path."""
    of_path = {"same-name-anchors", "missing-intermediate"}
    for family in FAMILIES.values():
        assert family.below | family.anchor <= RULES.keys(), family.name
        assert family.unsure.keys() <= RULES.keys() | of_path, family.name
        assert family.source, family.name


def test_the_schema_names_every_reason() -> None:
    """A script that reads the report knows each code."""
    schema = (files("trustinstall.reporting") / "report.schema.json").read_text(encoding="utf-8")
    assert all(f'"{code}"' in schema for code in RULES)


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("python-strict", "no-aki", "no-key-identifier"),
        ("python-strict", "root-no-usage", "no-key-usage"),
        ("openssl", "intermediate-anchor", "partial-chain"),
        ("openssl", "same-name-anchors", "same-name-anchors"),
        ("go", "negative-serial", "negative-serial"),
        ("go", "common-name-only", "host-name"),
        ("rustls", "critical-policies-leaf", "critical-extension"),
        ("rustls", "authority-leaf", "authority-leaf"),
        ("java", "usage-leaf", "leaf-usage"),
        ("schannel", "good", "no-revocation"),
        ("apple", "years-leaf", "long-lived"),
        ("apple", "no-purpose-leaf", "no-purpose"),
        ("chromium", "ed25519-leaf", "key-type"),
        ("", "sha1-leaf", "weak-signature"),
    ],
)
def test_a_fault_has_its_one_reason(word: str, kind: str, code: str) -> None:
    """The reason is precise."""
    found = judge(CHAINS[kind], FAMILIES[word])
    assert {one.code for one in found.reasons} == {code}
