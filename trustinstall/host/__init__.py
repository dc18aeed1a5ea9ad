"""The host as a value: the only door to the operating system.

Nothing outside this package runs a process, reads the environment or the clock, or touches a file. Every path that
comes in is an absolute path *on the host*; `root` is where that host's file system begins.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from trustinstall.host import accounts, files, inputs, locks, paths, places, process, system, worker
from trustinstall.host.accounts import Account
from trustinstall.host.files import Kind, Status
from trustinstall.host.process import Guarded, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from trustinstall.plan import Guard, Run

__all__ = ["Account", "Guarded", "Host", "Kind", "Status", "ToolResult"]


@dataclass(frozen=True)
class Host:
    """One machine, seen by one account.

    Attributes:
        platform: as `sys.platform` names it ("linux", "darwin", "win32").
        root: where this host's file system begins; "/" for the running machine.
        environ: the caller's environment, to be read; tools never inherit it.
        account: the account that acts.
        prefixes: the environments of the running Python (`sys.prefix`, `sys.base_prefix`).
        inherit: descriptors that every tool inherits (the lock), so that a tool that outlives us still holds it.
    """

    platform: str
    root: str
    environ: Mapping[str, str]
    account: Account
    prefixes: tuple[str, ...] = ()
    inherit: tuple[int, ...] = field(default=())

    @classmethod
    def current(cls) -> Host:
        """The machine and account that this process runs on."""
        prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
        return cls(sys.platform, "/", process.environment(), accounts.current(), prefixes)

    def holding(self, descriptor: int) -> Host:
        """The same host, whose tools also inherit this descriptor."""
        return replace(self, inherit=(*self.inherit, descriptor))

    def where(self, path: str) -> str:
        """The real path of a host path."""
        return paths.below(self.root, path)

    # Looking

    def read(self, path: str, limit: int = files.LIMIT) -> bytes:
        """The content of a regular file, up to `limit` bytes.

        The last component is not followed; raises FileNotFoundError, or OSError where it is a link, is no regular
        file, or is larger.
        """
        return files.read(self.where(path), limit)

    def read_or_none(self, path: str, limit: int = files.LIMIT) -> bytes | None:
        """Like `read`; None where nothing stands there."""
        try:
            return self.read(path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def status(self, path: str) -> Status | None:
        """Kind, owner, mode and size of what stands at a path (links are not followed), or None."""
        return files.status(self.where(path))

    def link_target(self, path: str) -> str | None:
        """What a symbolic link says, or None where there is no link."""
        return files.link_target(self.where(path))

    def real(self, path: str) -> str:
        """The path with every link resolved, inside the host's root."""
        return paths.resolve(self.root, path)

    def names(self, path: str) -> list[str]:
        """The sorted names in a directory; empty where there is none or it may not be read."""
        return files.names(self.where(path))

    def walk(self, top: str, limit: int = 2_000_000) -> Iterator[paths.Entry]:
        """Every directory below `top`, on the same file system, links not followed; see `paths.walk`."""
        return paths.walk(self.root, top, limit)

    def is_directory(self, path: str) -> bool:
        """Whether a path leads to a directory (links are followed)."""
        return files.is_directory(self.where(self.real(path)))

    def executable(self, path: str) -> bool:
        """Whether a file at this path may be executed (links are followed)."""
        return files.executable(self.where(self.real(path)))

    def may_write(self, path: str) -> str | None:
        """Why the acting account could not replace a file at this path, in words; None where it could."""
        return files.may_write(self.where(path))

    def path_owner(self, path: str) -> int:
        """The uid that controls a path: 0, unless a component belongs to somebody else.

        Raises PermissionError, in words, where several accounts own parts of it or anybody may write one of them.
        """
        return paths.path_owner(self.root, path)

    def openssl_refuses(self, path: str) -> str | None:
        """Why OpenSSL cannot load a bundle of certificates, or None when it can; with the count it loaded."""
        return files.openssl_refuses(self.where(path))

    # The outside

    def read_input(self, path: str) -> bytes:
        """A certificate file that the caller names: links are followed, the rest is checked (see `inputs`)."""
        return inputs.read_input(self.where(self.absolute(path)))

    def read_stdin(self) -> bytes:
        """A certificate from standard input, bounded in size and time."""
        return inputs.read_stdin()

    def list_input(self, path: str) -> list[str] | None:
        """The regular files directly in a directory that the caller names; None where it is no directory."""
        return inputs.list_input(self.where(self.absolute(path)))

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands at a path that the caller typed (links are followed)."""
        return inputs.is_file(self.where(self.absolute(path)))

    def absolute(self, path: str) -> str:
        """A path that the caller typed, made absolute against the current directory, `~` expanded."""
        return inputs.absolute(path, self.account.home)

    def now(self) -> datetime:
        """The current time in UTC; `SOURCE_DATE_EPOCH` does not change it (certificates expire in real time)."""
        return process.now()

    def stamp(self) -> str:
        """The time to write down, ISO 8601 in UTC, in seconds: `SOURCE_DATE_EPOCH` where it is set and valid."""
        return process.stamp(self.environ)

    def account_named(self, name: str) -> Account | None:
        """The account of that name, or None."""
        return accounts.named(name)

    def account_of(self, uid: int) -> Account | None:
        """The account of that uid, or None."""
        return accounts.of(uid)

    def distribution(self) -> frozenset[str]:
        """The distribution's ID and what it is like, in lower case; see `system.distribution`."""
        return system.distribution(self.root)

    def people(self) -> list[Account]:
        """The accounts that a person logs in to."""
        return accounts.people()

    def running(self) -> set[str]:
        """The names of all running programs."""
        return process.programs()

    def first_process_is_shell(self) -> bool:
        """Whether process 1 is a shell or this program, as while an image is built."""
        return process.first_is_shell()

    def command(self) -> str:
        """How a person would start this program again, as an absolute path, quoted for a shell."""
        return process.command(self.environ)

    def state_base(self) -> str:
        """The directory of our own state for the acting account; StateError where it can have none."""
        return places.state(self.platform, self.account)

    def machine_state_base(self) -> str:
        """The directory of our own state for the machine's scope; everybody may read the ledger in it."""
        return places.MACHINE.get(self.platform, places.MACHINE["linux"])

    # Acting: called by the engine alone

    def lock(self, path: str, tick: Callable[[], None]) -> int:
        """Take a lock; see `locks.take`."""
        return locks.take(self.where(path), tick)

    def unlock(self, descriptor: int) -> None:
        """Give a lock back; see `locks.release`."""
        locks.release(descriptor)

    def as_account(self, account: Account, job: Callable[[], bytes], tick: Callable[[], None]) -> bytes:
        """Do a job as another account; see `worker.as_account`."""
        return worker.as_account(account, job, tick)

    def append(self, path: str, content: bytes, mode: int) -> None:
        """Append to a file of ours, durably; it is created with this mode."""
        files.append(self.where(path), content, mode)

    def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
        """Replace or create a file, atomically and durably; an existing file keeps owner, mode and attributes."""
        files.write(self.where(path), content, mode, owner, token)

    def delete(self, path: str) -> None:
        """Remove a file or link, durably."""
        files.delete(self.where(path))

    def link(self, path: str, target: str) -> None:
        """Create a symbolic link, durably; FileExistsError where something stands there."""
        files.link(self.where(path), target)

    def make_directory(self, path: str, mode: int) -> bool:
        """Create one directory with exactly this mode; False where there was one. Parents must exist."""
        return files.make_directory(self.where(path), mode)

    def remove_directory(self, path: str) -> None:
        """Remove a directory if it is empty; otherwise leave it."""
        files.remove_directory(self.where(path))

    def run(self, command: Run, told: Mapping[str, str]) -> ToolResult:
        """Run a native tool, with `told` (what a guard gave) in its environment; see `process.run`."""
        return process.run(command, self.where(command.argv[0]), told, self.inherit)

    def pause(self, seconds: float) -> None:
        """Wait."""
        process.pause(seconds)

    def temporary_name(self, token: str) -> str:
        """The name of the temporary file that belongs to a token."""
        return files.temporary_name(token)

    def token(self) -> str:
        """A random word that nobody can guess."""
        return process.token()

    def guarded(self, guard: Guard) -> Guarded:
        """A context in which what the guard names is held and quiet; see `process.Guarded`."""
        return Guarded(guard, self.root)
