"""Write the README's list of developer tools from the project's own tables: `python -m scripts.readme_tools`."""

from __future__ import annotations

import re
from pathlib import Path

from trustinstall_platforms.tools.table import ADDS, REPLACES, SWITCHES, TOOLS
from trustinstall_platforms.tools.table_without_files import BY_HAND, FOLLOWS, OTHERS, STORE, VARIABLE

BEGIN, END = "<!-- tools: made by scripts/readme_tools.py -->\n", "<!-- /tools -->\n"
_WORDS = {
    ADDS: "its settings file, which adds",
    SWITCHES: "its settings file, which switches it to the system's store",
    REPLACES: "its settings file, which replaces what is built in",
    FOLLOWS: "nothing: it follows the system",
    VARIABLE: "a variable",
    STORE: "a store of another kind",
    BY_HAND: "its own command, by hand",
}


def table() -> str:
    """The table as it stands in the README; a star marks what the tests prove with the tool itself."""
    found: dict[str, list[str]] = {mode: [] for mode in _WORDS}
    for tool in TOOLS:
        alone = " (without root)" if tool.follows else ""
        found[tool.mode].append(f"{tool.name}{_star(tool.known)}{alone}")
    for other in OTHERS:
        found[other.mode].append(", ".join((f"{other.name}{_star(other.known)}", *other.programs[1:])))
    rows = [f"| {_WORDS[mode]} | {', '.join(names)} |" for mode, names in found.items()]
    return "\n".join(["| what reaches it | tools (* proved with the tool itself) |", "| --- | --- |", *rows]) + "\n"


def written(readme: str) -> str:
    """A README with the table in its place. Raises ValueError where it has no such place."""
    pattern = re.compile(f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", re.DOTALL)
    if not pattern.search(readme):
        raise ValueError("the README has no place for the list of tools")
    return pattern.sub(lambda _match: table(), readme)


def _star(known: str) -> str:
    return "*" if known.startswith("real") else ""


if __name__ == "__main__":
    path = Path(__file__).parents[1] / "docs" / "reference" / "stores.md"
    path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")
