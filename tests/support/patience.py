"""Hypothesis with patience: how long one example takes says more about a busy machine than about the program."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def be_patient() -> None:
    """Give no example a deadline; test_hostile bounds time by comparison."""
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")
