"""Windows' access lists in their written form: the owner of a file, and the accounts that may change it.

Source: Microsoft, "Security Descriptor String Format", "ACE Strings" and "SID Strings"; [MS-DTYP] 2.5.1.
"""

from __future__ import annotations

import re

from trustinstall.patterns import regex

SYSTEM, ADMINISTRATORS, USERS = "SY", "BA", "BU"
#: Accounts that can change any file: the system, its administrators, and the service that installs Windows.
MACHINE = frozenset(
    {
        SYSTEM,
        ADMINISTRATORS,
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # NT SERVICE\TrustedInstaller
    }
)
_OWNERS = frozenset({"CO", "S-1-3-0", "OW", "S-1-3-4"})  # stand for the owner, who is compared by name
_OWNER = regex(r"O:(S-[\d-]+|[A-Z]{2})")
_LIST = regex(r"D:([A-Z_]*)((?:\(.*\))?)", re.DOTALL)
_ENTRY = regex(r"\((\w+);(\w*);(\w*);[\w-]*;[\w-]*;(S-[\d-]+|[A-Z]{2})")
_ALLOWING = frozenset({"A", "OA", "XA", "ZA"})  # the others deny, audit or label
_INHERIT_ONLY = "IO"
# Rights to content, to names in a directory, to delete, and to the list and owner themselves.
_CHANGING = 0x2 | 0x4 | 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000 | 0x4000_0000
_CHANGING_WORDS = frozenset({"GA", "GW", "FA", "FW", "DC", "LC", "DT", "SD", "WD", "WO"})
# The rights that matter in a directory on the way: another name beside the one that is meant is harmless.
_EXCHANGING = 0x40 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x1000_0000
_EXCHANGING_WORDS = frozenset({"GA", "FA", "DT", "SD", "WD", "WO"})
_ANYBODY = "WD"  # Everyone


def owner(descriptor: str) -> str:
    """Return the owner in a descriptor, in its own form; "" if it has none."""
    found = _OWNER.match(descriptor)
    return found[1] if found else ""


def is_protected(descriptor: str) -> bool:
    """Whether the list inherits nothing from the directory above."""
    found = _list_of(descriptor)
    return found is not None and "P" in found[1].replace("NO_ACCESS_CONTROL", "")


def who_may_change(descriptor: str, *, on_the_way: bool = False) -> frozenset[str]:
    """Return the accounts that the list allows to change it, as it names them; without a list, every account.

    `on_the_way`: it describes a directory, and only the right to replace an entry in it counts.
    """
    found = _list_of(descriptor)
    if found is None or "NO_ACCESS_CONTROL" in found[1]:
        return frozenset({_ANYBODY})
    return frozenset(
        who
        for kind, flags, rights, who in _ENTRY.findall(found[2])
        if kind in _ALLOWING
        and _INHERIT_ONLY not in _pairs(flags)
        and who not in _OWNERS
        and _changes(rights, on_the_way=on_the_way)
    )


def private(me: str | None) -> str:
    """Return the descriptor of an account's directory; without `me`, of the machine's that only it may enter."""
    return _descriptor(me, ())


def shared() -> str:
    """Return the descriptor of a directory of the machine's that every account may read."""
    return _descriptor(None, (USERS,))


def _descriptor(me: str | None, readers: tuple[str, ...]) -> str:
    """Return a descriptor that inherits nothing from above, and that everything below inherits."""
    masters = [SYSTEM, ADMINISTRATORS, *([me] if me else [])]
    entries = [f"(A;OICI;FA;;;{who})" for who in masters] + [f"(A;OICI;0x1200a9;;;{who})" for who in readers]
    return f"O:{me or ADMINISTRATORS}D:P{''.join(entries)}"


def _list_of(descriptor: str) -> re.Match[str] | None:
    return _LIST.search(descriptor, descriptor.find("D:")) if "D:" in descriptor else None


def _changes(rights: str, *, on_the_way: bool) -> bool:
    if rights[:1].isdigit():
        return int(rights, 0) & (_EXCHANGING if on_the_way else _CHANGING) != 0
    return not (_EXCHANGING_WORDS if on_the_way else _CHANGING_WORDS).isdisjoint(_pairs(rights))


def _pairs(words: str) -> list[str]:
    return [words[at : at + 2] for at in range(0, len(words), 2)]
