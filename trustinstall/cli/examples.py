"""The help of each command beside its options: its panel in the overview, and examples.

A test parses every example.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRUST, _LOOK, _KEEP, _PROGRAM = "Trust a root", "Look", "Keep it so", "The program"

#: The panel of each command in `trustinstall --help`.
PANEL: Mapping[str, str] = MappingProxyType(
    {
        "add": _TRUST,
        "remove": _TRUST,
        "run": _TRUST,
        "env": _TRUST,
        "list": _LOOK,
        "check": _LOOK,
        "doctor": _LOOK,
        "stores": _LOOK,
        "tools": _LOOK,
        "log": _LOOK,
        "repair": _KEEP,
        "agent": _KEEP,
        "apply": _KEEP,
        "export": _KEEP,
        "self": _PROGRAM,
    }
)

#: Examples of each command: the words after `trustinstall`, and their purpose.
EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "add": (
            ("add corp.crt", "ask, then trust it"),
            ("add corp.crt --dry-run", "say what would change"),
            ("add --from system --match corp", "from the system's store"),
            ("add corp.crt --store java --until 7d", "only in Java, for a week"),
        ),
        "remove": (
            ("remove corp.crt", "undo `add` for this file"),
            ("remove 46c298ca2bfd", "the same, by its fingerprint"),
            ("remove --all --dry-run", "what is to be undone at all"),
        ),
        "list": (
            ("list", "what was added, and where"),
            ("list corp.crt --files", "with every managed file"),
            ("list --foreign --store system", "other roots in that store"),
        ),
        "stores": (
            ("stores", "every store, folded"),
            ("stores java -v", "each Java's keystore on a line"),
        ),
        "tools": (("tools -v", "also how each is known"),),
        "doctor": (
            ("doctor", "what is wrong on this machine"),
            ("doctor intranet.example", "which programs accept that server"),
            ("doctor wiki.example git.test", "which programs accept each"),
        ),
        "check": (
            ("check", "exit status 0 or 10"),
            ("check corp.crt --store java", "only that root, only in Java"),
        ),
        "repair": (
            ("repair", "also in new environments and JDKs"),
            ("repair -n --exit-code", "10 if there is something to do"),
        ),
        "apply": (
            ("apply trust.toml --dry-run", "what the document would change"),
            ("apply --prune", "what documents no longer name goes"),
        ),
        "export": (("export --format trust.json", "a document for `apply`"),),
        "log": (("log --since 7d", "who changed what in the last week"),),
        "agent": (("agent install", "the system runs `repair` each hour"),),
        "env": (
            ("env", 'for this shell: eval "$(trustinstall env)"'),
            ("env --shell github", 'in a job: >> "$GITHUB_ENV"'),
        ),
        "run": (
            ("run --cert corp.crt -- pip download requests", "nothing stays"),
            ("run --cert corp.crt --java -- mvn verify", "and for Java"),
        ),
        "self": (("self uninstall --dry-run", "which files would be deleted"),),
    }
)


def epilog(command: str) -> str:
    """Return the examples of a command as they end its help, one on each line."""
    shown = [(f"trustinstall {words}", purpose) for words, purpose in EXAMPLES[command]]
    width = max(len(words) for words, _ in shown)
    return "\n".join(["Examples:", *(f"  {words:{width}}  # {purpose}" for words, purpose in shown)])
