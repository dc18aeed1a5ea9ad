"""The host as a value that can be read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trustinstall.errors import ToolFailed
from trustinstall.host import invocation, state_paths
from trustinstall.host.looking_at_files import LooksAtFiles
from trustinstall.host.looking_at_machine import LooksAtMachine

if TYPE_CHECKING:
    from trustinstall.host.commands import Run
    from trustinstall.host.passwords import Secret
    from trustinstall.host.process import ToolResult


class Host(LooksAtFiles, LooksAtMachine):
    """One machine, seen by one account; `HostValue` describes its parts."""

    def query(self, command: Run) -> ToolResult:
        """Run a native tool that only reads; the answer has its whole standard output; see `process.query`.

        Under the lock, its files lie in the private directory, where recovery finds them after a kill.
        """
        from trustinstall.host import process

        if self.is_image:
            raise ToolFailed(f"{command.argv[0]} is asked on a running machine only; start the image, and try there")
        aside = self.where(f"{self.state_base()}/private") if self.inherit else None
        return process.query(command, self.where(command.argv[0]), self._home(), aside)

    def _home(self) -> dict[str, str]:
        """Return the home for tools with data of each account; root's tools have none."""
        name = "USERPROFILE" if sys.platform == "win32" else "HOME"
        return {} if self.account.is_root or self.account.home is None else {name: self.account.home}

    def read_input(self, path: str) -> bytes:
        """Return a certificate file that the caller names: links are followed, the rest is checked (see `inputs`)."""
        from trustinstall.host import inputs

        return inputs.read_input(self.where(self.absolute(path)))

    def read_stdin(self) -> bytes:
        """Return standard input, which holds a certificate, bounded in size and time."""
        from trustinstall.host import inputs

        return inputs.read_stdin()

    def list_input(self, path: str) -> list[str] | None:
        """Return the regular files directly in a directory that the caller names, or None if it is not a directory."""
        from trustinstall.host import inputs

        return inputs.list_input(self.where(self.absolute(path)))

    def list_entries(self, path: str) -> list[str] | None:
        """Return the sorted paths of all in a directory that the caller names; None if it is not a directory."""
        from trustinstall.host import inputs

        return inputs.list_entries(self.where(self.absolute(path)))

    def secret_in(self, path: str) -> Secret:
        """Return the password in a file that the caller names, on the running machine; see `passwords.in_file`."""
        from trustinstall.host import inputs, passwords

        return passwords.in_file(inputs.absolute(path, self.account.home))

    def is_file(self, path: str) -> bool:
        """Whether a regular file stands at a path that the caller typed (links are followed)."""
        from trustinstall.host import inputs

        return inputs.is_file(self.where(self.absolute(path)))

    def command(self) -> str:
        """Return how a person would start this program again, as an absolute path, quoted for a shell."""
        return invocation.command(self.environ)

    def program(self) -> tuple[str, ...]:
        """Return the same as words, not quoted."""
        return invocation.program(self.environ)

    def why_unsafe_program(self) -> str | None:
        """Return why root must not run this program by itself; see `own_program.why_unsafe`."""
        from trustinstall.host import own_program

        return own_program.why_unsafe(self.program()[0])

    def quoted(self, word: str) -> str:
        """Return a word in the form that a person types into a shell."""
        return invocation.quoted(word)

    def state_base(self) -> str:
        """Return the directory of the acting account's state; raises StateError if it cannot have one."""
        if self.is_image:
            return self.machine_state_base()
        return state_paths.state(self.platform, self.account)

    def machine_state_base(self) -> str:
        """Return the state directory of the machine's scope; every account may read the ledger in it."""
        return state_paths.machine(self.platform)

    def token(self) -> str:
        """Return a random word that cannot be guessed."""
        return invocation.token()
