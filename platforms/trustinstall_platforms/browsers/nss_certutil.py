"""Operations on an NSS database: runs of NSS's own `certutil`, and rows that are deleted from tables.

A database that trustinstall created is deleted when it is empty: no certificate, no key, no password, no module beside
NSS's own, and no process that has it open (a key that a running browser writes into a deleted file is lost).
Other files in its directory, which are a profile's, do not matter.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError, printable
from trustinstall.host.commands import INPUT_FILE, Run
from trustinstall.stores.observation import State
from trustinstall.stores.steps import Delete, DeleteRows, digest
from trustinstall_platforms.browsers import nss_database
from trustinstall_platforms.browsers.nss_database import CERTIFICATES, FILES, KEYS, MODULES, TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.steps import Command, ToolOperation
    from trustinstall.stores.store import Store
    from trustinstall_platforms.browsers.nss_database import Contents, Entry

TOOL = "/usr/bin/certutil"
NAME = posixpath.basename(TOOL)
NO_TOOL = (
    f"there is no {TOOL}; install libnss3-tools (Debian, Ubuntu), nss-tools (Fedora, Alpine), mozilla-nss-tools (SUSE) "
    "or nss (Arch)"
)
PUT, TAKE = "put into the database", "take out of the database"
CREATE, DISCARD = "create the database", "discard the empty database"
_OWNER = "NSS Certificate DB"  # the owner in nicknames
_SECONDS = 30.0
_SAYS = (
    (
        "SEC_ERROR_BAD_PASSWORD",
        "a primary password protects it; add the root by policy (with sudo), or import it in the browser's settings",
    ),
    ("SEC_ERROR_READ_ONLY", "the database is read-only"),
    ("SEC_ERROR_PKCS11_GENERAL_ERROR", "another program keeps the database locked; close the browser"),
    ("SEC_ERROR_LOCKED_PASSWORD", "another program keeps the database locked; close the browser"),
    ("SEC_ERROR_BAD_DATABASE", "NSS cannot open the database; its files are damaged, or may not be read"),
    ("SEC_ERROR_LEGACY_DATABASE", "the database is of the kind before 2018; start the browser once"),
)


def nickname(sha256: str) -> str:
    """Return the nickname that trustinstall gives to a certificate."""
    return f"trustinstall-{sha256}"


def commands(host: Host, store: Store, step: ToolOperation) -> Sequence[Command]:
    """Return the commands of an operation, decided from the present state of the database."""
    there = nss_database.exists(host, store.location)
    if step.operation == CREATE:
        return () if there else (_run(store, ("-N", "--empty-password")),)
    if step.operation == DISCARD:
        return tuple(_discard(host, store)) if there else ()
    held = nss_database.contents(host, store.location)
    sha256 = Certificate.held(step.der).sha256
    entry = held.entries.get(sha256)
    if step.operation == PUT:
        if entry is not None and entry.der and entry.state is State.TRUSTED:
            return ()
        words = ("-A", "-n", nickname(sha256), "-t", "C,,", "-f", INPUT_FILE)
        return (_run(store, words, stdin=step.der, given=b"\n"),)
    if step.operation != TAKE:
        raise ValueError(f"no operation of a database: {step.operation!r}")
    if entry is None:
        return ()
    refuse_ambiguous(store, held, entry)
    runs = [_run(store, ("-D", "-n", f"{_OWNER}:{name}", "-f", INPUT_FILE), given=b"\n") for name in entry.names]
    return (*runs, DeleteRows(f"{store.location}/{CERTIFICATES}", TABLE, nss_database.trust_rows(sha256)))


def is_unused(host: Host, store: Store) -> bool:
    """Whether a database, apart from its certificates, is empty."""
    directory = store.location
    unfinished = set(host.names(directory)) & {*FILES} - {CERTIFICATES, KEYS, MODULES}
    if unfinished or not nss_database.is_fresh(host, directory):
        return False
    return not any(host.in_use(f"{directory}/{name}") for name in (CERTIFICATES, KEYS))


def refuse_ambiguous(store: Store, held: Contents, entry: Entry) -> None:
    """Raise StoreError if certutil, which deletes by nickname, could delete another certificate."""
    for name in entry.names:
        if held.named(name) > 1 or not name:
            cause = f"several certificates there have the nickname {printable(name)}"
            raise refusal(store, cause, "delete it in the browser's settings")


def refusal(store: Store, cause: str, advice: str) -> StoreError:
    """Return the error of a database that cannot be changed."""
    return StoreError(store=store.id, cause=cause, advice=f"{advice}, and try again")


def _run(store: Store, words: tuple[str, ...], stdin: bytes = b"", given: bytes = b"") -> Run:
    """Return one run of certutil; the given file holds the password of a database without one: an empty line."""
    return Run(
        (TOOL, words[0], "-d", f"sql:{store.location}", *words[1:]),
        stdin=stdin,
        given=given,
        seconds=_SECONDS,
        must_succeed=False,
        says=_SAYS,
        timeout_advice="close the browser, and run the command again",
    )


def _discard(host: Host, store: Store) -> Iterator[Command]:
    """Delete an empty database."""
    if nss_database.contents(host, store.location).empty and is_unused(host, store):
        for path in [f"{store.location}/{name}" for name in (CERTIFICATES, KEYS, MODULES)]:
            content = host.read_or_none(path)
            if content is not None:
                yield Delete(path, digest(content))
