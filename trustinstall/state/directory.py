"""The directory of trustinstall's state: who may read it, and when it is trusted.

<base>/                  the ledger: every account may read the ledger of the machine's scope
<base>/private/          0700: the lock, places of bundles, what the last repair has read, and the journal with the
                         former content of files (it may hold secrets)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall.errors import StateError, printable
from trustinstall.host import Kind
from trustinstall.typed_json import members
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host


@dataclass(frozen=True)
class State:
    """Absolute host paths of one scope's state, the uid that must own it, and whether it is the machine's."""

    base: str
    owner: int
    machine: bool

    @property
    def ledger(self) -> str:
        """The ledger's file."""
        return f"{self.base}/ledger.json"

    @property
    def ledger_log(self) -> str:
        """The file of changes since the ledger's snapshot was written: see `ledger_file`."""
        return f"{self.base}/ledger.log"

    @property
    def private(self) -> str:
        """The directory that only its owner may enter."""
        return f"{self.base}/private"

    @property
    def lock(self) -> str:
        """The lock's file."""
        return f"{self.private}/lock"

    @property
    def hints(self) -> str:
        """The file of places in which a scan found bundles: see `known_bundles`."""
        return f"{self.private}/places.json"

    @property
    def memory(self) -> str:
        """The file of what the last `repair` has read: see `memory_file`."""
        return f"{self.private}/memory.json"

    @property
    def kept_keys(self) -> str:
        """The file of proxies that were set: see `kept_keys`."""
        return f"{self.private}/proxies.json"

    @property
    def journal(self) -> str:
        """The journal's file; it exists only while a command is unfinished."""
        return f"{self.private}/journal"


def prepare(host: ActingHost, state: State) -> None:
    """Create the directories of the state, and check that no other account can write there.

    Raises StateError if another account can, or if they cannot be created.
    """
    shared = 0o755 if state.machine else 0o700
    parts = state.base.split("/")
    try:
        for parent in ("/".join(parts[:depth]) for depth in range(2, len(parts))):
            if not host.is_directory(parent):  # /home may be a link
                host.make_directory(parent, shared)
        for path, mode in ((state.base, shared), (state.private, 0o700)):
            host.make_directory(path, mode)
            check_owner(host, path, state.owner)
    except OSError as error:
        raise StateError(f"cannot create {state.base}: {error.strerror}; it must be writable for the ledger") from None


def check_owner(host: Host, path: str, owner: int) -> None:
    """Raise StateError unless `path` is a file or directory of `owner` that no other account may write."""
    status = host.status(path)
    if status is None or status.kind not in {Kind.FILE, Kind.DIRECTORY}:
        raise StateError(f"{path} is not a file or directory of trustinstall; move it away and run the command again")
    why = host.other_writers(path, owner)
    if why is not None:
        meant = "so that only its owner and administrators may change it"
        raise StateError(
            f"{path} may have been written by another account ({why}); look at it, then give it back to its owner "
            + (meant if host.platform == "win32" else "with mode 0700 or 0755")
        )


def read_json(host: Host, path: str, owner: int, versions: tuple[int, ...]) -> dict[str, Any] | None:
    """Return a JSON object that trustinstall wrote, or None if the file does not exist.

    Raises StateError if another account may have written it, if it cannot be read, or if this program does not know
    its `version`.
    """
    try:
        content = host.read_or_none(path)
        if content is None:
            return None
        check_owner(host, path, owner)
        data = members(json.loads(content))
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}; nothing was changed") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(
            f"{path} is damaged ({printable(str(error))}); nothing was changed: restore it from a backup, or move it "
            "away and run add again for each certificate"
        ) from None
    found = data.get("version")
    if found not in versions:
        raise StateError(
            f"{path} has version {printable(str(found))}, and this program knows {max(versions)}; nothing was changed: "
            "use the trustinstall that wrote it"
        )
    return data
