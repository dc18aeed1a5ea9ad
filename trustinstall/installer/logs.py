"""Messages for Python's `logging`, from the logger "trustinstall".

They hold results, as reports do: names, fingerprints, stores and reasons; never a password or the content of a file.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import own_failures

if TYPE_CHECKING:
    from logging import Logger

    from trustinstall.certificates.intake import Intake
    from trustinstall.installer.result import Report

NAME = "trustinstall"


def logger() -> Logger | None:
    """Return the logger, or None if the program has not imported `logging`: the import takes 6 ms."""
    if "logging" not in sys.modules:
        return None
    import logging

    found = logging.getLogger(NAME)
    if not found.handlers:
        found.addHandler(logging.NullHandler())  # without one, warnings would go to standard error
    return found


def tell_loaded(intake: Intake) -> None:
    """Log the vetted certificates, and the warnings about clients."""
    log = logger()
    if log is None:
        return
    for one in intake.accepted:
        log.debug("vetted %s, SHA-256 %s", one.certificate.name, one.certificate.sha256)
        for warning in one.warnings:
            log.warning("%s", warning)


def told(report: Report) -> Report:
    """Log a report, and return it: the command, each store, and each failure."""
    log = logger()
    if log is None:
        return report
    command = f"{report.command} (dry run)" if report.dry_run else report.command
    for one in report.certificates:
        log.info("%s: %s, SHA-256 %s, scope: %s", command, one.name, one.sha256, report.situation.sentence)
    for outcome in report.outcomes:
        log.debug("%s: %s: %s", command, outcome.id, outcome.result.value)
    for failed in own_failures(report.outcomes):
        log.warning("%s: %s failed: %s", command, failed.id, failed.reason)
    for part in report.scopes:
        if part.problem or part.skipped:
            log.warning("%s: scope %s: %s", command, part.scope, part.problem or part.skipped)
    log.info("%s ended: %d stores, %d failed", command, len(report.stores), len(report.failed))
    return report
