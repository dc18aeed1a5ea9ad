"""The words of reports: for results, for groups of stores, and names in sentences."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import ALL_ACCOUNTS, Result
from trustinstall.errors import printable
from trustinstall.stores.groups import group_of, group_of_backend

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.installer.situation import Situation
    from trustinstall.stores.store import Store

SHORT = 12  # digits of a fingerprint that name a certificate, in one word that can be copied
_NAME = 60  # characters of a name
_FEW = 2  # names that a sentence lists

#: The words for results on a screen. JSON has its own words, which never change.
RESULTS: Mapping[Result, str] = MappingProxyType(
    {
        Result.ADDED: "added",
        Result.ALREADY: "unchanged",
        Result.REMOVED: "removed",
        Result.ABSENT: "nothing to remove",
        Result.FOLLOWS: "via system",
        Result.PENDING: "pending",
        Result.FOREIGN: "kept (not ours)",
        Result.STORE_MISSING: "gone",
        Result.PLANNED: "planned",
        Result.FAILED: "failed",
        Result.SEALED: "read-only",
        Result.NOT_COVERED: "not in scope",
    }
)
TONES: Mapping[Result, str] = MappingProxyType(
    {
        Result.ADDED: "good",
        Result.REMOVED: "good",
        Result.FAILED: "bad",
        Result.FOREIGN: "bad",
        Result.PLANNED: "strong",
    }
)

#: The noun for one store of a group, and for several.
_NOUNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "java": ("keystore", "keystores"),
        "python": ("file", "files"),
        "node": ("file", "files"),
        "tools": ("file", "files"),
        "shells": ("file", "files"),
        "containers": ("machine", "machines"),
    }
)
#: Phrases in `Store.clients` about when or how a program reads the store. A list of programs leaves them out.
_QUALIFIERS = (
    ", once it is started again",
    ", once the machine or systemd is started again",
    " where certifi is missing",
    ", in every environment, new ones too",
    "login shells of ",
    "interactive shells of ",
)
#: Tools whose common name differs from the table's.
_PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "aws": "AWS CLI",
        "claude": "Claude Code",
        "hg": "Mercurial",
        "svn": "Subversion",
        "yarn": "Yarn",
        "yarn-1": "Yarn 1",
        "vscode-server": "VS Code server",
        "git-for-windows": "Git for Windows",
        "rancher-desktop": "Rancher Desktop",
    }
)


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number with its noun: "1 store", "3,042 stores"."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


def things(number: int, group: str) -> str:
    """Return a number with the noun of a group: "26 files"."""
    return count(number, *_NOUNS.get(group, ("store", "stores")))


def title(group: str) -> str:
    """Return a group as a heading."""
    return group.capitalize()


def listed(names: Sequence[str], most: int = _FEW, word: str = "more") -> str:
    """Return names as a phrase: "a", "a and b", "a, b and 3 more"."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} {word}")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def name_of(certificate: Certificate) -> str:
    """Return a certificate's name for a sentence."""
    return printable(certificate.name, _NAME)


def names_of(certificates: Sequence[Certificate], *, ids: bool = False) -> str:
    """Return certificates for a sentence: one or two by name, more by number; `ids` adds the fingerprint's start."""
    if not certificates:
        return "no certificate"
    if len(certificates) > _FEW:
        return count(len(certificates), "certificate")
    return " and ".join(f"{name_of(one)} ({one.sha256[:SHORT]})" if ids else name_of(one) for one in certificates)


def be(certificates: Sequence[object]) -> str:
    """Return "is" or "are"."""
    return "is" if len(certificates) == 1 else "are"


def programs(store: Store) -> list[str]:
    """Return the programs that read a store, for a list: names only."""
    if store.on_demand:  # its programs are those of the settings that name it
        return ["bundle file of trustinstall"]
    if group_of_backend(store.backend) in {"browsers", "containers"} and store.label:
        return [store.label]
    if store.backend == "settings" and store.label:
        return [_PROGRAMS.get(store.label, store.label)]
    text = store.clients
    for words in _QUALIFIERS:
        text = text.replace(words, "")
    return [one for part in text.split(", ") for one in part.split(" and ") if one]


def place(store: Store) -> str:
    """Return the place of a store, for people."""
    return store.label if store.label and store.backend not in {"settings", "java"} else store.location


def full_name(store: Store) -> str:
    """Return a store's name in a sentence about a fault: the program and the place."""
    known = programs(store) if group_of(store) not in {"system", "python", "shells", "java"} else []
    where = place(store)
    if known:
        return f"{known[0]} ({store.location if where == known[0] else where})"
    return where or store.id


def followed(detail: str) -> str:
    """Return the source of a store that follows another one: that store's id, or the settings of all accounts."""
    return "the machine's settings" if detail == ALL_ACCOUNTS else detail.removeprefix("follows ")


def scope(situation: Situation) -> str:
    """Return the stores that a command is for, as a phrase."""
    if situation.image:
        return f"the image {printable(situation.image, 4096)}"
    names = [f"{printable(one.name)}'s" for one in situation.accounts]
    people = f"{names[0]} account" if len(names) == 1 else f"{listed(names, _FEW)} accounts" if names else ""
    if len(names) > _FEW:
        people = count(len(names), "account")
    if situation.machine:
        return f"this machine and {people}" if people else "this machine"
    return people or "your account"


def minute(moment: str) -> str:
    """Return a moment (ISO 8601 in UTC) to the minute, as people read it."""
    return f"{moment[: len('2035-02-14T10:00')].replace('T', ' ')} UTC"
