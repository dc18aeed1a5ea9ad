"""The report of `doctor URL…` as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustinstall.errors import printable
from trustinstall.reporting.envelope import dump, envelope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.installer.client_views import ClientView
    from trustinstall.installer.diagnosis import Diagnosis


def doctor_json(host: Host, found: Iterable[Diagnosis], code: int) -> str:
    """Return the report as JSON."""
    return dump(_report(host, found, code))


def command_json(host: Host, found: Iterable[Diagnosis], program: str, fault: str, code: int) -> str:
    """Return the report of a command that was run, as JSON: its words, which may hold a password, are not in it.

    `program` is the name of its file, `fault` what it complains of or "", and `code` its exit status.
    """
    return dump({**_report(host, found, code), "program": printable(program), "fault": fault})


def _report(host: Host, found: Iterable[Diagnosis], code: int) -> dict[str, Any]:
    program = host.program()
    return {**envelope(host, "doctor", code), "servers": [server(one, program) for one in found]}


def server(found: Diagnosis, program: Sequence[str]) -> dict[str, Any]:
    """Return the findings about one server as plain data; `program` holds the words that start trustinstall."""
    return {
        "target": found.target,
        "proxy": found.proxy,
        "layer": found.layer.value if found.layer else "",
        "failure": found.failure,
        "chain": [_certificate(one) for one in found.chain],
        "root": _certificate(found.root) if found.root else None,
        "public": found.public,
        "inspected": found.inspection.state.value,
        "inspector": found.inspection.product,
        "evidence": found.inspection.evidence,
        "beside": found.inspection.beside,
        "clients": [_client(one) for one in found.clients],
        "planned": found.planned,
        "caller": found.caller,
        "saved": found.saved,
        "remedy": list(found.remedy(program)),
    }


def _certificate(one: Certificate) -> dict[str, Any]:
    return {"sha256": one.sha256, "subject": one.subject}


def _client(one: ClientView) -> dict[str, Any]:
    reasons = [{"code": reason.code, "detail": reason.text} for reason in one.reasons]
    return {
        "name": one.name,
        "accepts": one.accepts,
        "decided_by": one.decided_by,
        "verifier": one.verifier,
        "tested": one.tested,
        "reasons": reasons,
    }
