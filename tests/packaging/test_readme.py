"""What the README says of tools is what the project's tables say."""

from __future__ import annotations

from pathlib import Path

from scripts.readme_tools import table, written


def test_the_list_of_tools_is_made_from_the_tables() -> None:
    """Writing the list again changes nothing: run `python -m scripts.readme_tools` after a row was added."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert written(readme) == readme
    assert table() in readme
