"""The published schema and the program's own check say the same of every document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from trustinstall.declared import schema
from trustinstall.declared.text import Document

_SCHEMA = json.loads(Path(schema.__file__).with_name("trust.schema.json").read_text(encoding="utf-8"))
_VALIDATOR: Any = Draft202012Validator(_SCHEMA, format_checker=FormatChecker(["date"]))
_WORDS = st.sampled_from(
    [
        "",
        "a",
        "https://a/b",
        "https://u:p@a/b",
        "http://a/b",
        "debian",
        "all",
        "machine",
        "none",
        "add",
        "a\0b",
        "x" * 4097,
        "2027-01-31",
        "2027-02-30",
    ]
)
_VALUES: st.SearchStrategy[Any] = (
    _WORDS
    | st.sampled_from([True, False, 1, 1.0, 2, 0, None, "0" * 64, "g" * 64, "F" * 64, "2027-01-31\n"])
    | st.lists(_WORDS | st.integers(0, 1), max_size=2)
    | st.just(dict[str, Any]())
)
_KEYS = st.sampled_from([*schema.CERTIFICATE, "env", "url", "nonsense"])
_TABLES: st.SearchStrategy[Any] = st.dictionaries(_KEYS, _VALUES, max_size=3) | _VALUES
_GOOD = st.fixed_dictionaries(
    {"file": st.just("a.pem")},
    optional={
        "until": st.just("2027-01-31"),
        "skip": st.lists(st.just("nss"), max_size=1),
        "accounts": st.sampled_from(["all", "machine", ["alice"]]),
        "sha256": st.just("a" * 64),
        "intermediate": st.booleans(),
    },
)
_PROXIES: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from([*schema.PROXIES, "url"]),
    st.sampled_from(
        [
            "http://proxy.example:3128",
            "https://a:b%40@10.0.0.1:1/",
            "http://proxy.example",
            "http://p:65536",
            "socks5://p:1",
            "http://a:b@c@p:1",
            ["localhost", ".corp.example", "::1", "10.0.0.0/8"],
            ["*.corp.example"],
            ["host:80"],
            [""],
        ]
    )
    | _VALUES,
    max_size=3,
)
_DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1) | _VALUES,
        "defaults": _TABLES,
        "proxies": _PROXIES | _VALUES,
        "verification": st.dictionaries(
            st.sampled_from(["switched_off", "nonsense"]), st.sampled_from(["report", "fix"]) | _VALUES, max_size=2
        )
        | _VALUES,
        "certificate": st.lists(_GOOD | _TABLES, max_size=2) | _VALUES,
        "nonsense": _VALUES,
    },
)


@given(_DOCUMENTS)
@settings(max_examples=400)
def test_schema_and_checker_agree(data: dict[str, Any]) -> None:
    """A document has a mistake exactly if the schema refuses it."""
    assert bool(schema.check(Document("x", data))) != _VALIDATOR.is_valid(data), data


def test_the_schema_is_a_schema() -> None:
    """It is valid by the draft that it names, and knows the keys that the checker knows."""
    Draft202012Validator.check_schema(_SCHEMA)
    tables = _SCHEMA["properties"]
    assert tables["defaults"]["properties"].keys() == schema.DEFAULTS.keys()
    assert tables["proxies"]["properties"].keys() == schema.PROXIES.keys()
    assert tables["verification"]["properties"].keys() == schema.VERIFICATION.keys()
    assert tables["certificate"]["items"]["properties"].keys() == schema.CERTIFICATE.keys()
