"""The documents: short where they begin, without broken links, and with the tools of the project's tables."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from scripts.readme_tools import table, written


def test_the_list_of_tools_is_made_from_the_tables() -> None:
    """Writing the list again changes nothing: run `python -m scripts.readme_tools` after a row was added."""
    readme = (Path(__file__).parents[2] / "docs" / "reference" / "stores.md").read_text(encoding="utf-8")
    assert written(readme) == readme
    assert table() in readme


TOP = Path(os.environ.get("TRUSTINSTALL_CHECKOUT", Path(__file__).parents[2]))
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(TOP)) for page in PAGES])
def test_links_lead_to_files(page: Path) -> None:
    """Each relative link of a page names a file, and each link within a page a heading of that page."""
    text = page.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        if not link.startswith("https://"):
            assert (page.parent / path).exists(), link
            assert path or heading in headings, link


def test_the_readme_is_short() -> None:
    """A newcomer reads all of it: at most 90 lines."""
    assert len((TOP / "README.md").read_text(encoding="utf-8").splitlines()) <= 90
