"""The system, accounts, processes and time of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import accounts, invocation, system
from trustinstall.host.value import HostValue

if TYPE_CHECKING:
    from datetime import datetime

    from trustinstall.host.accounts import Account
    from trustinstall.host.one_process import Process


class LooksAtMachine(HostValue):
    """A host whose system, accounts and processes can be read."""

    def has_desktop(self) -> bool:
        """Whether a person can see a window that a tool opens; see `system.has_desktop`."""
        return system.has_desktop()

    def now(self) -> datetime:
        """Return the current time in UTC; `SOURCE_DATE_EPOCH` does not change it (certificates expire in real time)."""
        return self.clock()

    def session(self) -> dict[str, str]:
        """Return the origin of the command; see `session.session`."""
        from trustinstall.host import session

        return session.session(self.environ)

    def stamp(self) -> str:
        """Return the time for records, ISO 8601 in UTC, in seconds: `SOURCE_DATE_EPOCH` if it is set and valid."""
        return invocation.stamp(self.environ, self.clock())

    def account_named(self, name: str) -> Account | None:
        """Return the account of that name, or None."""
        return accounts.named(name)

    def account_of(self, uid: int) -> Account | None:
        """Return the account of that uid, or None."""
        return accounts.of(uid)

    def distribution(self) -> frozenset[str]:
        """Return the distribution's ID and those it is like, in lower case; see `system.distribution`."""
        return self.remembered("distribution", lambda: system.distribution(self.root))

    def system_version(self) -> tuple[str, str]:
        """Return the operating system's name and version; see `system.version`."""
        return system.version(self.root)

    def machine_name(self) -> str:
        """Return the machine's own name; "" for an image."""
        return "" if self.is_image else system.name()

    def logs_in(self, account: Account) -> bool:
        """Whether a person logs in to an account; see `accounts.logs_in`."""
        return accounts.logs_in(account, self.platform)

    def people(self) -> list[Account]:
        """Return the accounts that a person logs in to."""
        return accounts.people(self.platform)

    def running(self) -> set[str]:
        """Return the names of all running programs."""
        from trustinstall.host import other_processes

        return other_processes.programs()

    def process(self, number: int) -> Process:
        """Return a running process, with its variables; see `one_process.find`."""
        from trustinstall.host import one_process

        return one_process.find(number)

    def started(self) -> dict[str, float]:
        """Return when the running programs were started, by name; see `other_processes.started`."""
        from trustinstall.host import other_processes

        return other_processes.started()

    def named_in_environment(self, path: str) -> bool:
        """Whether a process of the acting account has a variable that names a file; see `other_processes`."""
        from trustinstall.host import other_processes

        return other_processes.named_in_environment(self.where(path))

    def first_process_is_shell(self) -> bool:
        """Whether process 1 is a shell or this program, as while an image is built."""
        from trustinstall.host import other_processes

        return other_processes.first_is_shell()

    def registry_keys(self, hive: str, path: str) -> list[str] | None:
        """Return the names of a registry key's sub-keys, or None if there is no such key; see `registry.keys`."""
        from trustinstall.host.windows import registry

        return registry.keys(hive, path)

    def registry_value(self, hive: str, path: str, name: str) -> bytes | int | None:
        """Return a binary value or number in the registry, or None; see `registry.value`."""
        from trustinstall.host.windows import registry

        return registry.value(hive, path, name)

    def registry_text(self, hive: str, path: str, name: str) -> str | None:
        """Return a text in the registry, or None; see `registry.text`."""
        from trustinstall.host.windows import registry

        return registry.text(hive, path, name)

    def windows_tool(self, name: str) -> str:
        """Return the path of a tool of Windows; other programs may have the same name."""
        return system.windows_tool(name)
