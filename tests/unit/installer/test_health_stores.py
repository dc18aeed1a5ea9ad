"""The doctor's findings about the stores of a machine, by their observations."""

from __future__ import annotations

import pytest

from tests.support import fake_host
from trustinstall.doctor.health import ERROR, Finding
from trustinstall.installer import health_stores
from trustinstall.installer.views import StoreView, View


def _store(backend: str, fault: str) -> StoreView:
    place, writable = f"/x/{backend}", True
    return StoreView("machine", f"{backend}:{place}", backend, place, "X", "", "", writable, 0, 0, fault, fault)


@pytest.mark.parametrize("backend", ["java", "nss", "dotnet", "chromium-policy", "firefox-policy"])
def test_a_store_that_its_programs_cannot_read_is_found(backend: str) -> None:
    """A faulty keystore, database or policy is an error that names the fault; a sound one is not an error."""
    with fake_host.played() as host:
        views = View(stores=(_store(backend, "it is cut off"), _store("java", "")))
        (found,) = health_stores.findings(host, views)
    advice = "Mend the file, or have its program make it anew; trustinstall leaves it as it is."
    assert found == Finding("store-faulty", "X", f"/x/{backend}", "it is cut off", advice=advice, scope="machine")
    assert found.severity == ERROR
