"""The host for the engine: the operations that change a machine, in addition to those that read it.

Each operation imports its module when it is first asked for: a command that only looks needs none of them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from trustinstall.errors import ToolFailed
from trustinstall.host import console, invocation, system
from trustinstall.host.looking import Host
from trustinstall.host.value import Tools
from trustinstall.host.watchdog import PATIENCE
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Concatenate

    from typing_extensions import ParamSpec

    from trustinstall.host.accounts import Account
    from trustinstall.host.commands import Guard, Run
    from trustinstall.host.files import Status
    from trustinstall.host.other_processes import GuardHeld
    from trustinstall.host.process import ToolResult
    from trustinstall.host.replacing import Replacement
    from trustinstall.host.temporary_files import TemporaryFiles
    from trustinstall.host.watched import Watched

    _P = ParamSpec("_P")
_R = TypeVar("_R")


def _changing(act: Callable[Concatenate[ActingHost, _P], _R]) -> Callable[Concatenate[ActingHost, _P], _R]:
    """Make a method forget every answer when it ends: the machine may have changed."""

    @wraps(act)
    def changing(self: ActingHost, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return act(self, *args, **kwargs)
        finally:
            self.forget()

    return changing


@dataclass(frozen=True)
class ActingHost(Host):
    """A host that may be changed. Only the engine has one: a backend gets a `Host`, which can only read."""

    def forget(self) -> None:
        """Forget every answer: the machine may have changed."""
        if self.answers is not None:
            self.answers.forget()

    def lock(self, path: str, on_progress: Callable[[], None]) -> int:
        """Take a lock; see `locks.take`."""
        from trustinstall.host import locks

        return locks.take(self.where(path), on_progress)

    def unlock(self, descriptor: int) -> None:
        """Release a lock; see `locks.release`."""
        from trustinstall.host import locks

        locks.release(descriptor)

    @_changing
    def as_account(
        self,
        account: Account,
        job: Callable[[], bytes],
        on_progress: Callable[[], None],
        seconds: float = PATIENCE,
    ) -> bytes:
        """Do a job as another account; see `worker.as_account`."""
        from trustinstall.host import worker

        return worker.as_account(account, job, on_progress, seconds)

    def append(self, path: str, content: bytes, mode: int) -> None:
        """Append to a managed file, durably; it is created with this mode."""
        from trustinstall.host import durable

        durable.append(self.where(path), content, mode)

    @_changing
    def write(self, path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
        """Replace the file at a path, or create one with this mode and owner; see `replacing.replace`."""
        from trustinstall.host.metadata import Metadata
        from trustinstall.host.replacing import Replacement

        self.replace(Replacement(path, content, self.status(path), token, Metadata(mode, owner)))

    @_changing
    def replace(self, one: Replacement) -> None:
        """Replace or create the file that the caller has examined; see `replacing.replace`."""
        from trustinstall.host import replacing

        replacing.replace(replace(one, path=self.where(one.path)))

    @_changing
    def replace_all(self, wanted: Sequence[Replacement]) -> list[OSError | None]:
        """Replace many files, each atomically, all durably; see `bulk_replace.replace_all`."""
        from trustinstall.host import bulk_replace

        return bulk_replace.replace_all([replace(one, path=self.where(one.path)) for one in wanted])

    @_changing
    def delete(self, path: str, seen: Status | None = None, token: str = "") -> None:
        """Remove a file or link, durably; see `replacing.delete`."""
        from trustinstall.host import replacing

        replacing.delete(self.where(path), seen, token)

    @_changing
    def give_back(self, directory: str, token: str) -> None:
        """Give files their names back that a killed command was deleting; see `replacing.give_back`."""
        from trustinstall.host import replacing

        replacing.give_back(self.where(directory), token)

    @_changing
    def move(self, path: str, to: str) -> None:
        """Rename a managed file within its directory, durably; see `replacing.move`."""
        from trustinstall.host import replacing

        replacing.move(self.where(path), self.where(to))

    @_changing
    def link(self, path: str, target: str, owner: tuple[int, int] | None = None) -> None:
        """Create a symbolic link, durably; see `replacing.link`."""
        from trustinstall.host import replacing

        replacing.link(self.where(path), target, owner)

    @_changing
    def relink(self, path: str, target: str, token: str, seen: Status) -> None:
        """Change the target of a symbolic link that the caller has examined; see `replacing.relink`."""
        from trustinstall.host import replacing

        replacing.relink(self.where(path), target, token, seen)

    @_changing
    def erase(self, path: str, table: str, where: Sequence[tuple[str, bytes]]) -> None:
        """Delete rows from an SQLite database; see `database.erase`."""
        from trustinstall.host import database

        database.erase(self.where(path), table, where)

    @_changing
    def set_variables(self, hive: str, path: str, values: Mapping[str, str | None]) -> None:
        """Set or delete environment variables in Windows' registry, and notify programs; see `registry.set_texts`."""
        from trustinstall.host.windows import registry

        registry.set_texts(hive, path, values)
        system.tell_of_variables()

    @_changing
    def make_directory(self, path: str, mode: int) -> bool:
        """Create one directory with exactly this mode; return False if it exists. Parents must exist."""
        from trustinstall.host import durable, inode_flags

        with inode_flags.explaining(self.where(path)):
            return durable.make_directory(self.where(path), mode)

    @_changing
    def remove_directory(self, path: str) -> None:
        """Remove a directory if it is empty; otherwise leave it."""
        from trustinstall.host import durable, inode_flags

        with inode_flags.explaining(self.where(path)):
            durable.remove_directory(self.where(path))

    @_changing
    def run(self, command: Run, told: Mapping[str, str]) -> ToolResult:
        """Run a native tool, with `told` (from a guard) in its environment; see `process.run`.

        Its input file lies in the private directory, where recovery finds it after a kill.
        """
        from trustinstall.host import image, process

        if self.tools is Tools.NEVER:
            raise ToolFailed(f"{command.argv[0]} is the image's, and is not run; --run-image-tool allows it")
        if self.tools is Tools.CONFINED:
            return image.run(command, self.root, self.real(command.argv[0]), told, self.inherit)
        aside = self.where(f"{self.state_base()}/private") if command.given else None
        return process.run(command, self.where(command.argv[0]), {**self._home(), **told}, self.inherit, aside)

    def sweep(self) -> None:
        """Remove temporary files of killed commands; see `scratch.sweep`."""
        from trustinstall.host import scratch

        scratch.sweep()

    def announce(self, sentence: str) -> None:
        """Announce the next action on standard error."""
        console.announce(sentence)

    def tell_system(self, message: str, line: str) -> None:
        """Add an entry to the operating system's log; see `system_log.tell`."""
        from trustinstall.host import system_log

        system_log.tell(message, line)

    def lend(self, loan: Callable[[str], TemporaryFiles], command: Sequence[str], *, aside: bool = False) -> int:
        """Run a command of the caller with temporary files, deleted when it ends; see `temporary_files.lend`."""
        from trustinstall.host import temporary_files

        return temporary_files.lend(loan, command, aside=aside)

    def watch(self, command: Sequence[str], *, aside: bool = False) -> Watched:
        """Run a command of the caller, and keep the end of its output; see `watched.run`."""
        from trustinstall.host import watched

        return watched.run(command, aside=aside)

    def pause(self, seconds: float) -> None:
        """Wait."""
        invocation.pause(seconds)

    def guarded(self, guard: Guard) -> GuardHeld:
        """Return a context that holds the guard's lock while its tool is quiet; see `other_processes.GuardHeld`.

        Every answer is forgotten when it is entered.
        """
        from trustinstall.host.other_processes import GuardHeld

        return GuardHeld(guard, self.root, self.forget)
