"""JSON: every report is as the shipped schema says, and as the documents show it.

TRUSTINSTALL_UPDATE_GOLDEN=1 writes the examples of the documents anew; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.reporting import diagnoses, results
from trustinstall import errors, reporting
from trustinstall.agent.agent import Status
from trustinstall.doctor.health import KINDS, TakenBack
from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.errors import TrustInstallError, UsageProblem
from trustinstall.host import Host
from trustinstall.host.installation import Installation
from trustinstall.installer.checking import Verdict
from trustinstall.installer.tool_views import ToolView
from trustinstall.installer.uninstalling import Uninstalling
from trustinstall.installer.views import View
from trustinstall.reporting import (
    agent_report,
    doctor_json,
    health,
    json_report,
    log_report,
    repair_report,
    uninstall_report,
)
from trustinstall.reporting.advice import Advice
from trustinstall.typed_json import is_array, is_object

SCHEMA = json.loads(Path(reporting.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "json.md"
VALIDATOR: Any = Draft202012Validator(SCHEMA)


class Fixed(Host):
    """A host whose name, system and time are always the same."""

    def system_version(self) -> tuple[str, str]:
        """Debian's."""
        return "debian", "12"

    def machine_name(self) -> str:
        """One of RFC 2606."""
        return "build.example"

    def now(self) -> datetime:
        """A moment."""
        return datetime(2026, 11, 29, 5, 0, tzinfo=timezone.utc)

    def program(self) -> tuple[str, ...]:
        """Return where root's program is."""
        return ("/usr/local/bin/trustinstall",)


HOST = Fixed("linux", "/", {}, results.ALICE)
NPMRC = "/home/alice/.npmrc"
NPM = replace(results.NPM, location=NPMRC, owner=1000, id=f"settings:{NPMRC}")
DRY = results.report(
    "add",
    results.USER,
    results.planned(NPM, Planned("change", NPMRC, ("-cafile=…", "+cafile=/home/alice/.local/share/x.pem"))),
    dry_run=True,
)
REMOVED = results.report("remove", results.ROOT, results.done(results.DEBIAN, Result.FOREIGN, foreign=True))
REPAIRED = replace(results.report("add", results.ROOT, results.done(results.DEBIAN, Result.ADDED)), command="repair")
ENTRY: dict[str, Any] = {
    "v": 1,
    "time": "2026-11-29T04:00:00Z",
    "command": "add",
    "by": "alice",
    "uid": 0,
    "from": {"login": "alice"},
    "scope": "machine",
    "certificates": [{"sha256": results.CORP.sha256, "name": results.CORP.name}],
    "stores": [{"id": "debian", "result": "added"}],
    "more_stores": 0,
    "result": "done",
}
AGENT = Status(
    "systemd",
    ("/etc/systemd/system/trustinstall-repair.service", "/etc/systemd/system/trustinstall-repair.timer"),
    (),
    active=True,
    last="Sun 2026-11-29 04:00:12 UTC",
    next="Sun 2026-11-29 05:00:00 UTC",
)
DOCUMENT = json.dumps(
    {"version": 1, "certificate": [{"name": results.CORP.name, "sha256": results.CORP.sha256, "accounts": "all"}]}
)
UNINSTALLING = Uninstalling(
    Installation("/opt/trustinstall", "/usr/local/bin/trustinstall", ""),
    ("/usr/local/bin/trustinstall", "/opt/trustinstall"),
    (("/var/lib/trustinstall", "the records of certificates that stay trusted"),),
    records=False,
)
#: The heading of each example in the documents, and the report that it shows.
EXAMPLES: Mapping[str, Callable[[], str]] = {
    "add, remove": lambda: json_report.change(
        HOST,
        results.report("add", results.SUDO, *results.ADDED[:2]),
        results.INTAKE,
        0,
        Advice(undo=results.UNDO, restart=("dockerd",)),
    ),
    "A dry run": lambda: json_report.change(HOST, DRY, None, 0, Advice()),
    "list": lambda: json_report.listing(HOST, View((replace(results.LISTED, stores=results.LISTED.stores[:3]),))),
    "stores": lambda: json_report.stores(HOST, View(stores=results.VIEW.stores[:2])),
    "tools": lambda: json_report.tools(HOST, "tools", results.TOOLS[:2]),
    "doctor": lambda: doctor_json.doctor_json(HOST, [diagnoses.REFUSED], 10),
    "doctor -- COMMAND": lambda: doctor_json.command_json(HOST, [diagnoses.UNREACHED], "curl", "certificate", 60),
    "doctor without a URL": lambda: health.as_json(
        HOST,
        diagnoses.FINDINGS[1:2],
        10,
        [TakenBack("git", "/home/alice/.gitconfig", "http.sslverify=false", 2, 7, b"\tsslVerify = false\n".hex())],
    ),
    "env": lambda: json_report.variables(HOST, {"NODE_EXTRA_CA_CERTS": "/usr/local/share/trustinstall/anchors.pem"}),
    "run": lambda: json_report.lent(
        HOST, results.INTAKE, json_report.Lent("/usr/bin/pip", ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), ()), 0
    ),
    "repair": lambda: repair_report.as_json(HOST, REPAIRED, 0),
    "check": lambda: json_report.checked(HOST, Verdict(1, (), 34, ("debian",))),
    "agent": lambda: agent_report.as_json(HOST, "status", AGENT, {**ENTRY, "command": "repair"}),
    "log": lambda: log_report.as_json(HOST, [ENTRY], 0),
    "export": lambda: json_report.exported(HOST, DOCUMENT),
    "self": lambda: uninstall_report.as_json(HOST, UNINSTALLING, UNINSTALLING.deleted, dry_run=True),
    "Errors": lambda: json_report.failure(HOST, "add", UsageProblem("no store is called firefoks"), 2),
}
OTHERS: Mapping[str, Callable[[], str]] = {
    "every result": lambda: json_report.change(
        HOST,
        results.report("add", results.ROOT, *(results.done(results.DEBIAN, one) for one in Result)),
        None,
        3,
        Advice(),
    ),
    "a locked store": lambda: json_report.change(
        HOST,
        results.report("add", results.ROOT, Outcome(results.JAVA, Result.FAILED, "x", "store-locked")),
        None,
        3,
        Advice(),
    ),
    "a copy that trustinstall did not add": lambda: json_report.change(
        HOST, REMOVED, None, 3, Advice(foreign=(results.command("x", "remove", "--not-ours"),))
    ),
    "--domain": lambda: json_report.change(HOST, replace(DRY, domains=("corp.example",)), None, 0, Advice()),
    "add --until of a trusted root": lambda: json_report.change(HOST, results.PROLONGED, None, 0, Advice()),
    "a log of it": lambda: log_report.as_json(
        HOST, [{**ENTRY, "ends": [{"sha256": results.CORP.sha256, "until": ""}]}], 0
    ),
    "an image build": lambda: json_report.change(
        HOST, replace(DRY, situation=replace(results.ROOT, traits=frozenset({"image build"}))), None, 0, Advice()
    ),
    "--profile-out": lambda: json_report.profile(HOST, DRY, results.INTAKE, "/x", written=True),
    "--verify": lambda: json_report.change(
        HOST, results.report("add", results.ROOT, *results.ADDED[:2]), None, 10, Advice(diagnosis=diagnoses.REFUSED)
    ),
    "every store": lambda: json_report.stores(HOST, results.VIEW),
    "no agent": lambda: agent_report.as_json(HOST, "remove", Status("task scheduler", (), ("x",), changed=True), None),
    "every anchor": lambda: json_report.listing(HOST, results.VIEW),
    "every tool": lambda: json_report.tools(
        HOST, "stores", (*results.TOOLS, ToolView("x", "by hand", "", "", "another phrase", "documented", ""))
    ),
}


@pytest.mark.parametrize("name", [*EXAMPLES, *OTHERS])
def test_every_report_is_as_the_schema_says(name: str) -> None:
    """No key is missing, and none is there that the schema does not know."""
    report = EXAMPLES.get(name) or OTHERS[name]
    VALIDATOR.validate(json.loads(report()))


def test_every_kind_of_finding_is_in_the_schema_and_the_documents() -> None:
    """The schema knows the ids, severities and layers that there are, and each id has its row in the documents."""
    known = SCHEMA["$defs"]["finding"]["properties"]
    assert set(known["id"]["enum"]) == set(KINDS)
    assert set(known["severity"]["enum"]) == {severity for severity, _ in KINDS.values()}
    assert set(known["layer"]["enum"]) == {layer for _, layer in KINDS.values()}
    page = PAGE.with_name("findings.md").read_text(encoding="utf-8")
    assert set(re.findall("`([a-z]+(?:-[a-z]+)+)`", page)) >= set(KINDS)


def test_json_lists_each_finding_that_the_screen_groups() -> None:
    """Twenty bundles of one package are one entry on the screen, and twenty in JSON."""
    found = json.loads(health.as_json(HOST, diagnoses.VENDORS, 10))["findings"]
    assert [one["decided_by"] for one in found] == [one.decided_by for one in diagnoses.VENDORS]


def test_a_report_of_the_library_is_the_same_data() -> None:
    """What `Report.to_dict()` returns is in the JSON of the command line, with the same values."""
    for one in (DRY, REMOVED, results.EVERYBODY, replace(DRY, domains=("corp.example",))):
        printed = json.loads(json_report.change(HOST, one, None, one.exit_code(), Advice()))
        data = json.loads(json.dumps(one.to_dict()))
        data["certificates"] = [{**each, "warnings": []} for each in data["certificates"]]
        assert {key: printed[key] for key in data} == data


@pytest.mark.parametrize("key", ["schema", "time", "host", "os", "would_change"])
def test_a_report_without_a_key_is_refused(key: str) -> None:
    """The schema can fail: each of these keys is required in each report."""
    for example in EXAMPLES.values():
        found = json.loads(example())
        del found[key]
        assert not VALIDATOR.is_valid(found)


def test_the_schema_is_a_schema() -> None:
    """It is valid by the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


def test_no_stable_word_has_a_blank() -> None:
    """Words that scripts compare can be split, grepped and used as names."""
    words = [word for choice in _values(SCHEMA, "enum") for word in choice if isinstance(word, str)]
    assert len(words) > 50
    assert not [word for word in words if " " in word]


def test_the_words_of_results_are_the_schemas() -> None:
    """Every result has its word in the schema, and beside them only "locked" is there."""
    assert {*SCHEMA["$defs"]["result"]["enum"]} == {one.value for one in Result} | {"locked"}


def test_the_codes_of_errors_are_the_schemas() -> None:
    """Every kind of error has its code in the schema."""
    (failure,) = (one for one in SCHEMA["oneOf"] if "error" in one["properties"])
    known = set(failure["properties"]["error"]["properties"]["code"]["enum"])
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, TrustInstallError)]
    assert {one.code for one in kinds} <= known


def test_the_same_thing_has_the_same_key() -> None:
    """A store is `id` and a certificate `sha256` everywhere."""
    keys = {key for properties in _values(SCHEMA, "properties") for key in properties}
    assert {"id", "sha256", "name", "not_before", "not_after"} <= keys
    assert not keys & {"store", "fingerprint", "held", "ours", "problem"}


def test_the_examples_of_the_documents_are_real() -> None:
    """Every example is a report that the program prints, and every kind of report has one."""
    found = PAGE.read_text(encoding="utf-8")
    head, *sections = re.split("^#+ (?=[^#])", found, flags=re.MULTILINE)[1:]
    written = [_with_example(section) for section in sections]
    if os.environ.get("TRUSTINSTALL_UPDATE_GOLDEN"):
        marks = re.findall("^#+ (?=[^#])", found, flags=re.MULTILINE)
        PAGE.write_text("".join(map("".join, zip(marks, [head, *written], strict=True))), encoding="utf-8")
    assert sections == written
    assert [section.partition("\n")[0] for section in sections] == [*EXAMPLES]


def _with_example(section: str) -> str:
    """A section of the page with the program's own output between its fences."""
    start, fence, rest = section.partition("```json\n")
    assert fence, section
    return f"{start}{fence}{EXAMPLES[section.partition(chr(10))[0]]()}\n```{rest.partition('```')[2]}"


def _values(schema: object, name: str) -> Iterator[Any]:
    """Every value of a key in a schema."""
    if is_object(schema):
        for key, value in schema.items():
            if key == name:
                yield value
            yield from _values(value, name)
    elif is_array(schema):
        for one in schema:
            yield from _values(one, name)
