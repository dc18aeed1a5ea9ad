"""Documents and the agent on Windows: the default directory's documents are found, and a task is made and deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.pki import make_root
from tests.support.wine import Windows

pytestmark = pytest.mark.timeout(900)  # the first makes the template

DECLARED = r"C:\ProgramData\trustinstall\declared"
TASK = r"C:\ProgramData\trustinstall\agent.xml"


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    """One for all tests here."""
    with Windows() as made:
        yield made


def test_the_default_directorys_documents_are_found(windows: Windows) -> None:
    """`trust.toml` and a fragment hold without a name; a hidden file beside them is none."""
    roots = [make_root("Corp Root"), make_root("Other Root")]
    for path, root in zip(("trust.toml", r"trust.d\other.toml"), roots, strict=True):
        text = f"version = 1\n[[certificate]]\npem = '''\n{root.pem.decode()}'''\n"
        windows.write(rf"{DECLARED}\{path}", text)
    windows.write(rf"{DECLARED}\trust.d\.#other.toml", "[[[")
    done = windows.trustinstall("apply")
    assert done.returncode == 0, done
    assert {root.sha256 for root in roots} <= windows.roots()


def test_the_agent_is_installed_and_goes(windows: Windows) -> None:
    """Wine's schtasks takes the task's file, and nothing is left afterwards; it has no answer about runs."""
    assert windows.trustinstall("agent", "install").returncode == 0
    assert windows.path(TASK).exists()
    assert windows.trustinstall("agent", "remove").returncode == 0
    assert not windows.path(TASK).exists()
