"""The host as a value that may be looked at.

Every path that comes in is an absolute path *on the host*; `root` is where that host's file system begins.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from trustinstall.errors import ToolFailed
from trustinstall.host import (
    accounts,
    control,
    database,
    files,
    image,
    inputs,
    locks,
    metadata,
    one_process,
    other_processes,
    own_program,
    passwords,
    paths,
    process,
    session,
    state_paths,
    system,
    watchdog,
)
from trustinstall.host.accounts import Account
from trustinstall.host.answers import Answers
from trustinstall.host.files import Status
from trustinstall.host.passwords import Secret
from trustinstall.host.process import ToolResult
from trustinstall.host.windows import paths as winpaths
from trustinstall.host.windows import registry

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from typing_extensions import Self

    from trustinstall.host.commands import Run
    from trustinstall.host.one_process import Process


_T = TypeVar("_T")


class Tools(Enum):
    """How this host's own tools are run."""

    PLAINLY = "plainly"  # it is the running machine
    NEVER = "never"  # it is an image: trustinstall writes what its tools would write
    CONFINED = "confined"  # it is an image, and was asked for; see `image`


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
        dialogs: whether a tool may open a window, and wait for an answer.
        tools: how this host's own tools are run.
        storepasses: where passwords of keystores stand, beside those that everybody uses.
        clock: tells the time in UTC.
        answers: what is known of the machine while it is not changed; None: nothing is kept.
    """

    platform: str
    root: str
    environ: Mapping[str, str]
    account: Account
    prefixes: tuple[str, ...] = ()
    inherit: tuple[int, ...] = field(default=())
    dialogs: bool = False
    tools: Tools = Tools.PLAINLY
    storepasses: tuple[Secret, ...] = field(default=(), repr=False)
    clock: Callable[[], datetime] = field(default=process.now, repr=False)
    answers: Answers | None = field(default=None, repr=False, compare=False)

    @classmethod
    def current(cls) -> Self:
        """The machine and account that this process runs on."""
        prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
        if sys.platform == "win32":
            prefixes = tuple(map(winpaths.slashed, prefixes))
        return cls(sys.platform, "/", process.environment(), accounts.current(), prefixes)

    def image(self, directory: str, *, run_tools: bool = False, kept: Iterable[str] = ()) -> Self:
        """The Linux that lies in a directory and is not running, seen by the same account.

        It knows no variables but `kept`, no home and no running Python. Raises UsageProblem unless `directory` leads
        to a directory that is not "/".
        """
        return replace(
            self,
            platform="linux",
            root=image.root(self.absolute(directory)),
            environ={name: self.environ[name] for name in kept if name in self.environ},
            account=replace(self.account, home=None),
            prefixes=(),
            tools=Tools.CONFINED if run_tools else Tools.NEVER,
        )

    @property
    def is_image(self) -> bool:
        """Whether this is an image and not the running machine."""
        return self.tools is not Tools.PLAINLY

    @property
    def machine_owner(self) -> int:
        """The uid that the machine's own files belong to, as seen from here: an image may be an ordinary account's."""
        return self.account.uid if self.is_image else 0

    def holding(self, descriptor: int) -> Self:
        """The same host, whose tools also inherit this descriptor."""
        return replace(self, inherit=(*self.inherit, descriptor))

    def remembering(self) -> Self:
        """The same host, which keeps answers until something is changed through it: for the work of one command."""
        return replace(self, answers=Answers())

    def remembered(self, question: Hashable, work_out: Callable[[], _T]) -> _T:
        """Return the answer to a question on what the acting account sees, worked out now if it is not known."""
        return work_out() if self.answers is None else self.answers.of((self.root, self.account, question), work_out)

    def where(self, path: str) -> str:
        """The real path of a host path: links on the way are resolved inside the root, the last one is kept."""
        watchdog.beat()
        return paths.place(self.root, path)

    # Looking

    def read(self, path: str, limit: int = files.LIMIT) -> bytes:
        """The content of a regular file, up to `limit` bytes.

        The last component is not followed; raises FileNotFoundError, or OSError where it is a link, is no regular
        file, or is larger.
        """
        return files.read(self.where(path), limit)

    def read_or_none(self, path: str, limit: int = files.LIMIT) -> bytes | None:
        """Like `read`; None if there is no file."""
        try:
            return self.read(path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def head(self, path: str, size: int) -> bytes:
        """Return the first bytes of a regular file, at most `size`; raises as `read`."""
        return files.head(self.where(path), size)

    def status(self, path: str) -> Status | None:
        """Kind, owner, mode and size of what stands at a path (links are not followed), or None."""
        return files.status(self.where(path))

    def attributes(self, path: str) -> tuple[tuple[str, bytes], ...]:
        """The extended attributes that belong to a file, a POSIX access list among them."""
        return metadata.attributes(self.where(path))

    def link_target(self, path: str) -> str | None:
        """Return the target of a symbolic link, or None if there is no link."""
        return files.link_target(self.where(path))

    def real(self, path: str) -> str:
        """The path with every link resolved, inside the host's root."""
        return paths.resolve(self.root, path)

    def names(self, path: str) -> list[str]:
        """The sorted names in a directory; empty where there is none or it may not be read."""
        try:
            return files.names(paths.reached(self.root, path))
        except OSError:  # links in a circle
            return []

    def walk(
        self, top: str, limit: int = 2_000_000, seconds: float = math.inf, skipped: frozenset[str] = frozenset()
    ) -> Iterator[paths.Entry]:
        """Every directory below `top`, on the same file system, links not followed; see `paths.walk`."""
        return paths.walk(self.root, top if self.root == "/" else self.real(top), limit, seconds, skipped)

    def is_directory(self, path: str) -> bool:
        """Whether a path leads to a directory (links are followed)."""
        return files.is_directory(self.where(self.real(path)))

    def executable(self, path: str) -> bool:
        """Whether a file at this path may be executed (links are followed)."""
        return files.executable(self.where(self.real(path)))

    def may_write(self, path: str) -> str | None:
        """Return why the acting account could not replace a file at this path, in words, or None."""
        return files.may_write(self.where(path))

    def path_owner(self, path: str) -> int:
        """The uid that controls a path: 0, unless a component belongs to another account.

        Raises PermissionError, in words, where several accounts own parts of it or anybody may write one of them: that
        one is its `filename2`.
        """
        return control.path_owner(self.root, path if self.root == "/" else self.real(path))

    def other_writers(self, path: str, owner: int) -> str | None:
        """Return who else than `owner` may write a file or directory, in words, or None.

        Raises OSError where that cannot be found out.
        """
        return control.other_writers(self.where(path), owner)

    def openssl_refuses(self, path: str) -> str | None:
        """Why OpenSSL cannot load a bundle of certificates, or None when it can; with the count it loaded."""
        return files.openssl_refuses(paths.reached(self.root, path))

    def query(self, command: Run) -> ToolResult:
        """Run a native tool that only looks; its whole standard output is in the answer; see `process.query`.

        Under the lock, its files lie in our private directory, where recovery finds them after a kill.
        """
        if self.is_image:
            raise ToolFailed(f"{command.argv[0]} is asked on a running machine only; start the image, and try there")
        aside = self.where(f"{self.state_base()}/private") if self.inherit else None
        return process.query(command, self.where(command.argv[0]), self._home(), aside)

    def _home(self) -> dict[str, str]:
        """Where tools that keep something for each account look; root's tools have no home."""
        name = "USERPROFILE" if sys.platform == "win32" else "HOME"
        return {} if self.account.is_root or self.account.home is None else {name: self.account.home}

    def rows(self, path: str, table: str, columns: Sequence[str]) -> list[tuple[bytes | None, ...]]:
        """Return rows of an SQLite database that other programs may have open; see `database.rows`.

        Under the lock of trustinstall (`inherit`), a database that another program left in the middle of a commit is
        recovered first.
        """
        return database.rows(self.where(path), table, columns, may_recover=bool(self.inherit))

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """The names of a registry key's sub-keys, or None if there is no such key; see `registry.keys`."""
        return registry.keys(hive, path)

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """A binary value or number in the registry, or None; see `registry.value`."""
        return registry.value(hive, path, name)

    def registry_text(self, hive: str, path: str, name: str) -> str | None:
        """A text in the registry, or None; see `registry.text`."""
        return registry.text(hive, path, name)

    def windows_tool(self, name: str) -> str:
        """The path of a tool that Windows brings along; of that name there may be others."""
        return system.windows_tool(name)

    def has_desktop(self) -> bool:
        """Whether a person can see a window that a tool opens; see `system.has_desktop`."""
        return system.has_desktop()

    # The outside

    def read_input(self, path: str) -> bytes:
        """A certificate file that the caller names: links are followed, the rest is checked (see `inputs`)."""
        return inputs.read_input(self.where(self.absolute(path)))

    def read_stdin(self) -> bytes:
        """A certificate from standard input, bounded in size and time."""
        return inputs.read_stdin()

    def list_input(self, path: str) -> list[str] | None:
        """Return the regular files directly in a directory that the caller names, or None if it is not a directory."""
        return inputs.list_input(self.where(self.absolute(path)))

    def secret_in(self, path: str) -> Secret:
        """The password in a file that the caller names, on the machine that we run on; see `passwords.in_file`."""
        return passwords.in_file(inputs.absolute(path, self.account.home))

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands at a path that the caller typed (links are followed)."""
        return inputs.is_file(self.where(self.absolute(path)))

    def absolute(self, path: str) -> str:
        """A path that the caller typed, made absolute against the current directory, `~` expanded."""
        return inputs.absolute(path, self.account.home)

    def now(self) -> datetime:
        """The current time in UTC; `SOURCE_DATE_EPOCH` does not change it (certificates expire in real time)."""
        return self.clock()

    def session(self) -> dict[str, str]:
        """Where the command comes from; see `session.session`."""
        return session.session(self.environ)

    def stamp(self) -> str:
        """The time to write down, ISO 8601 in UTC, in seconds: `SOURCE_DATE_EPOCH` where it is set and valid."""
        return process.stamp(self.environ, self.clock())

    def account_named(self, name: str) -> Account | None:
        """The account of that name, or None."""
        return accounts.named(name)

    def account_of(self, uid: int) -> Account | None:
        """The account of that uid, or None."""
        return accounts.of(uid)

    def distribution(self) -> frozenset[str]:
        """The distribution's ID and what it is like, in lower case; see `system.distribution`."""
        return system.distribution(self.root)

    def system_version(self) -> tuple[str, str]:
        """The operating system's name and version; see `system.version`."""
        return system.version(self.root)

    def machine_name(self) -> str:
        """The machine's own name; "" for an image."""
        return "" if self.is_image else system.name()

    def logs_in(self, account: Account) -> bool:
        """Whether a person logs in to an account; see `accounts.logs_in`."""
        return accounts.logs_in(account, self.platform)

    def people(self) -> list[Account]:
        """The accounts that a person logs in to."""
        return accounts.people(self.platform)

    def running(self) -> set[str]:
        """The names of all running programs."""
        return other_processes.programs()

    def process(self, number: int) -> Process:
        """A running process, with its variables; see `one_process.find`."""
        return one_process.find(number)

    def started(self) -> dict[str, float]:
        """When the running programs were started, by name; see `other_processes.started`."""
        return other_processes.started()

    def lock_holder(self, path: str) -> tuple[bool, int | None]:
        """Whether another command holds the lock at a path, and its process; see `locks.holder`."""
        return locks.holder(self.where(path))

    def in_use(self, path: str) -> bool:
        """Whether a process of the acting account's has the file at a path open; see `other_processes.in_use`."""
        return other_processes.in_use(self.where(path))

    def named_in_environment(self, path: str) -> bool:
        """Whether a process of the acting account has a variable that names a file; see `other_processes`."""
        return other_processes.named_in_environment(self.where(path))

    def first_process_is_shell(self) -> bool:
        """Whether process 1 is a shell or this program, as while an image is built."""
        return other_processes.first_is_shell()

    def command(self) -> str:
        """How a person would start this program again, as an absolute path, quoted for a shell."""
        return process.command(self.environ)

    def program(self) -> tuple[str, ...]:
        """The same as words, not quoted."""
        return process.program(self.environ)

    def why_unsafe_program(self) -> str | None:
        """Return why root must not run this program by itself; see `own_program.why_unsafe`."""
        return own_program.why_unsafe(self.program()[0])

    def quoted(self, word: str) -> str:
        """A word as a person types it into a shell."""
        return process.quoted(word)

    def state_base(self) -> str:
        """The directory of our own state for the acting account; StateError where it can have none."""
        if self.is_image:
            return self.machine_state_base()
        return state_paths.state(self.platform, self.account)

    def machine_state_base(self) -> str:
        """The directory of our own state for the machine's scope; everybody may read the ledger in it."""
        return state_paths.machine(self.platform)

    def temporary_name(self, token: str) -> str:
        """The name of the temporary file that belongs to a token."""
        return files.temporary_name(token)

    def token(self) -> str:
        """Return a random word that cannot be guessed."""
        return process.token()
