"""The entries of the audit log: whatever stands in a line, it is an entry by the schema or a damaged line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.support import fake_host
from trustinstall import reporting
from trustinstall.installer import history
from trustinstall.reporting import log_report
from trustinstall.reporting.layout import Page
from trustinstall.state import audit_log
from trustinstall.state.directory import State, prepare

_SCHEMA = json.loads(Path(reporting.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
_LOGGED: Any = Draft202012Validator({"$ref": "#/$defs/logged", "$defs": _SCHEMA["$defs"]})
_ENTRY: dict[str, Any] = {
    "v": 1,
    "time": "2026-11-30T00:00:00Z",
    "command": "apply",
    "by": "root",
    "uid": 0,
    "from": {"login": "alice"},
    "scope": "machine",
    "certificates": [{"sha256": "a" * 64, "name": "Corp"}],
    "stores": [{"id": "debian", "result": "added"}],
    "more_stores": 0,
    "result": "done",
}
_ENDS: dict[str, Any] = {"ends": [{"sha256": "a" * 64, "until": ""}]}
_CUT: dict[str, Any] = {
    "command": "doctor",
    "removed": [{"client": "curl", "path": "/x", "line": 1, "offset": 0, "removed": "y"}],
}
_PARTS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-1, 1)
    | st.sampled_from(
        list[Any]([1e999, "", "x", "add", "a" * 64, [], {}, [1], [None], [[]], [{}], {"a": 1}, {"path": 5}])
    )
)


@given(
    st.sampled_from([_ENTRY, {**_ENTRY, **_ENDS}, {**_ENTRY, **_CUT}]),
    st.dictionaries(st.sampled_from([*_ENTRY.keys() - {"v"}, "ends", "removed"]), _PARTS, max_size=2),
    st.dictionaries(st.sampled_from(["sha256", "name", "line", "offset", "until", "id"]), _PARTS, max_size=2),
    st.sampled_from(["certificates", "stores", "ends", "removed"]),
)
@settings(max_examples=400)
def test_an_entry_is_what_the_schema_describes(
    base: dict[str, Any], changed: dict[str, Any], inner: dict[str, Any], where: str
) -> None:
    """What is listed is valid and can be shown; any other object is a damaged line, which is counted."""
    data = {**base, **changed}
    if inner and isinstance(data.get(where), list):
        data[where] = [*data[where], {**(_ENTRY | _ENDS | _CUT)[where][0], **inner}]
    with fake_host.played() as host:
        state = State(host.state_base(), os.geteuid(), machine=False)
        prepare(host, state)
        for one in (_ENTRY, data):
            audit_log.append(host, state, json.dumps(one))
        entries, damaged = history.entries(host)
        log_report.lines(Page(), entries, damaged)
    assert len(entries) + damaged == 2
    assert (damaged == 0) == _LOGGED.is_valid(data), data
