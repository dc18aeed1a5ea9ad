"""Throw-away machines for the contract whose store is a file that carries environment variables.

What programs are told is what a real login says, never what our section looks like.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.contract.machines import Base, store_ids
from tests.support.throwaway import Throwaway

_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
_BEGIN, _END = "# >>> trustinstall >>>\n", "# <<< trustinstall <<<\n"


class _Variables(Base):
    """A file with a variable that names certificates; programs trust what the file holds that it names."""

    file: str
    variable: str
    theirs: str

    def named(self) -> str:
        """What the variable says after a login, or ""."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """A person writes at the end of the file."""
        raise NotImplementedError

    def trusts(self, sha256: str) -> bool:
        """By looking at the file that is named."""
        named = self.named()
        return bool(named) and self.holds(self.throwaway.read(named), sha256)

    def put_by_hand(self, number: int) -> str:
        """A person has a bundle, and the variable names it: from then on that bundle is the store to observe."""
        path, sha256 = self.root(number)
        self.throwaway.write(self.theirs, self.throwaway.read(_ROOTS) + self.throwaway.read(path), user=self.user)
        self.say(f"export {self.variable}={self.theirs}\n")
        self.store = f"environment:{self.theirs}"
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """A person deletes the managed section, and has the variable name another bundle with the same certificate."""
        text = self.throwaway.read(self.file).decode()
        start, end = text.index(_BEGIN), text.index(_END) + len(_END)
        self.throwaway.path(self.file).write_text(text[:start] + text[end:], encoding="utf-8")
        self.put_by_hand(number)
        return True

    def put_beside(self, _number: int, /) -> bool:
        """A variable has one value, and only trustinstall writes the managed bundle that it names."""
        return False

    def take_own(self, _sha256: str) -> None:
        """Another variable, in the same file."""
        self.say("export EDITOR=ed\n")

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def elsewhere(self) -> Sequence[str]:
        """Another account has no such file."""
        return store_ids(self.throwaway, "bob")


class Profile(_Variables):
    """alice's ~/.profile, which has no last line break; a bundle replaces what programs have built in."""

    file = "/home/alice/.profile"
    variable, theirs = "SSL_CERT_FILE", "/home/alice/company.pem"

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, "alice", "environment:/home/alice/.profile", "", "/home/alice/.local/state")
        throwaway.write("/home/alice/.profile", "# mine\nPATH=$HOME/bin:$PATH", user="alice", mode=0o640)
        throwaway.write("/home/alice/.local/state/.keep", "", user="alice")
        throwaway.freeze()

    def named(self) -> str:
        """As dash says it after a login."""
        command = ["sh", "-l", "-c", 'printf %s "${SSL_CERT_FILE-}"']
        return self.throwaway.run(command, user="alice", check=True).stdout

    def say(self, text: str) -> None:
        """As an editor does."""
        old = self.throwaway.read("/home/alice/.profile").decode()
        self.throwaway.write("/home/alice/.profile", f"{old}\n{text}", user="alice", mode=0o640)

    def sound(self) -> int:
        """How many anchors OpenSSL loads; programs that are told of none have their own."""
        self.bundle = self.named() or _ROOTS
        return super().sound()

    def spoil(self) -> str:
        """The home is root's."""
        self.throwaway.run(["chown", "root:root", "/home/alice"], check=True)
        return "not writable"


class Pam(_Variables):
    """The machine's /etc/environment, as PAM reads it at a login of alice's; what is named is added."""

    file = "/etc/environment"
    variable, theirs = "NODE_EXTRA_CA_CERTS", "/etc/company.pem"

    def __init__(self, throwaway: Throwaway) -> None:
        """Deliver it."""
        super().__init__(throwaway, "root", "environment:/etc/environment", "", "/var/lib/trustinstall")
        throwaway.write("/etc/environment", 'PATH="/usr/local/bin:/usr/bin:/bin"\n# end', mode=0o644)
        throwaway.freeze()

    def named(self) -> str:
        """As a login says it."""
        command = ["su", "-s", "/bin/sh", "-l", "alice", "-c", 'printf %s "${NODE_EXTRA_CA_CERTS-}"']
        return self.throwaway.run(command, check=True).stdout

    def say(self, text: str) -> None:
        """As an editor does."""
        self.throwaway.write("/etc/environment", self.throwaway.read("/etc/environment").decode() + f"\n{text}")

    def sound(self) -> int:
        """What is named comes on top of what programs have built in."""
        named = self.named()
        self.bundle = _ROOTS
        count = super().sound()
        if not named:
            return count
        self.bundle = named
        return count + super().sound()

    def spoil(self) -> str:
        """A person has deleted the end of a managed section."""
        self.say("# >>> trustinstall >>>\n")
        return "one of our marks"
