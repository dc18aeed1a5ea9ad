"""One machine as a value: the root of its files, the acting account, and how its tools are run.

Every path that comes in is an absolute path *on the host*; `root` is the root of that host's file system.
"""

from __future__ import annotations

import sys
from dataclasses import field, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from trustinstall.host import accounts, invocation, paths, watchdog
from trustinstall.host.accounts import Account
from trustinstall.host.answers import Answers
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from datetime import datetime

    from typing_extensions import Self

    from trustinstall.host.memory import Memory
    from trustinstall.host.passwords import Secret

_T = TypeVar("_T")


class Tools(Enum):
    """How this host's own tools are run."""

    PLAINLY = "plainly"  # it is the running machine
    NEVER = "never"  # it is an image: trustinstall writes what its tools would write
    CONFINED = "confined"  # it is an image, and the caller asked for this; see `image`


@dataclass(frozen=True)
class HostValue:
    """One machine, seen by one account.

    Attributes:
        platform: its name in `sys.platform` ("linux", "darwin", "win32").
        root: the root of this host's file system; "/" for the running machine.
        environ: the caller's environment, to be read; tools never inherit it.
        account: the account that acts.
        prefixes: the environments of the running Python (`sys.prefix`, `sys.base_prefix`).
        inherit: descriptors that every tool inherits (the lock), so that a tool that outlives this process still holds
            it.
        dialogs: whether a tool may open a window, and wait for an answer.
        tools: how this host's own tools are run.
        storepasses: the passwords of keystores, beside the well-known ones.
        known: files by which the last scan of whole trees recognised stores; a hint, as `DiscoveryOptions.known`.
        clock: returns the time in UTC.
        answers: known answers about the machine while it is not changed; None: nothing is kept.
        memory: what an earlier run has read from unchanged files; None: everything is read.
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
    known: tuple[str, ...] = field(default=(), repr=False, compare=False)
    clock: Callable[[], datetime] = field(default=invocation.now, repr=False)
    answers: Answers | None = field(default=None, repr=False, compare=False)
    memory: Memory | None = field(default=None, repr=False, compare=False)

    @classmethod
    def current(cls) -> Self:
        """Return the machine and account that this process runs on."""
        prefixes = tuple(dict.fromkeys((sys.prefix, sys.base_prefix)))
        if sys.platform == "win32":
            from trustinstall.host.windows import paths as winpaths

            prefixes = tuple(map(winpaths.slashed, prefixes))
        return cls(sys.platform, "/", invocation.environment(), accounts.current(), prefixes)

    def image(self, directory: str, *, run_tools: bool = False, kept: Iterable[str] = ()) -> Self:
        """Return the Linux that lies in a directory and is not running, seen by the same account.

        It knows no variables but `kept`, no home and no running Python. Raises UsageProblem unless `directory` leads
        to a directory that is not "/".
        """
        from trustinstall.host import image

        return replace(
            self,
            platform="linux",
            root=image.root(self.absolute(directory)),
            environ={name: self.environ[name] for name in kept if name in self.environ},
            account=replace(self.account, home=None),
            prefixes=(),
            known=(),
            tools=Tools.CONFINED if run_tools else Tools.NEVER,
        )

    @property
    def is_image(self) -> bool:
        """Whether this is an image and not the running machine."""
        return self.tools is not Tools.PLAINLY

    @property
    def machine_owner(self) -> int:
        """The uid of the machine's own files, as seen from here: an image may belong to an ordinary account."""
        return self.account.uid if self.is_image else 0

    def holding(self, descriptor: int) -> Self:
        """Return the same host, whose tools also inherit this descriptor."""
        return replace(self, inherit=(*self.inherit, descriptor))

    def knowing(self, files: Iterable[str]) -> Self:
        """Return the same host, with the files by which a scan recognised stores."""
        return replace(self, known=tuple(files))

    def remembering(self) -> Self:
        """Return the same host, which keeps answers until it is changed through it: for the work of one command."""
        return replace(self, answers=Answers())

    def still_remembering(self) -> Self:
        """Return this host if it keeps answers already, else one that does: several looks of one command share them."""
        return self if self.answers is not None else self.remembering()

    def recalling(self, memory: Memory) -> Self:
        """Return the same host, which does not read again what is unchanged since an earlier run of this account."""
        return replace(self, memory=memory)

    def remembered(self, question: Hashable, work_out: Callable[[], _T]) -> _T:
        """Return the answer to a question about what the acting account sees: the known one, or that of `work_out`."""
        return work_out() if self.answers is None else self.answers.of((self._asker, question), work_out)

    def kept(self, name: Hashable, make: Callable[[], _T]) -> _T:
        """Return an object of the acting account that lasts as long as this host keeps answers, also over its changes.

        Its user asks again whether it still holds.
        """
        return make() if self.answers is None else self.answers.kept((self._asker, name), make)

    @cached_property
    def _asker(self) -> Hashable:
        """The machine, and the account that sees it."""
        one = self.account
        return self.root, one.uid, one.gid, one.name, one.home, one.shell

    def where(self, path: str) -> str:
        """Return the real path of a host path: links on the way are resolved inside the root, the last one is kept."""
        watchdog.beat()
        return paths.place(self.root, path)

    def absolute(self, path: str) -> str:
        """Return a path that the caller typed, made absolute against the current directory, `~` expanded."""
        from trustinstall.host import inputs

        return inputs.absolute(path, self.account.home)
