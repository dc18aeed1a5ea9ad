"""The values of this package: who decides, what a client is started with, and what it reads then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.errors import printable

if TYPE_CHECKING:
    from trustinstall.host import Host

_LONGEST = 4096  # characters of a path that are shown
_LOGIN = re.compile(r"(?<=://)[^\s\"'/?#]*@")  # RFC 3986, 3.2.1


def without_login(text: str) -> str:
    """Return a text for people in which no URL has a user and a password."""
    return _LOGIN.sub("", text)


class Kind(Enum):
    """What decides for a client."""

    VARIABLE = "variable"
    SETTING = "setting"
    POLICY = "policy"
    DEFAULT = "default"


class Setter(NamedTuple):
    """The place that decides.

    Attributes:
        kind: what it is.
        path: the file; "" where no file says it (a default, or a variable that the caller was started with).
        line: the line in that file, from 1; 0 where it is not known.
    """

    kind: Kind
    path: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return "FILE line N" for people, as far as it is known."""
        if not self.path:
            return self.kind.value
        shown = printable(self.path, _LONGEST)
        return f"{shown} line {self.line}" if self.line else shown


DEFAULT = Setter(Kind.DEFAULT)


class Variable(NamedTuple):
    """One environment variable of a session.

    Attributes:
        name: as programs read it.
        value: what programs see; None where only running the file would tell, as with `$(command)`.
        setter: the assignment that counts.
        raw: the value as it stands in that file.
    """

    name: str
    value: str | None
    setter: Setter
    raw: str = ""


class Session(NamedTuple):
    """One way in which programs of an account are started, and the variables that they have then.

    Attributes:
        name: for people: "bash login", "bash interactive", "zsh login", "fish", "systemd user", "cron (PAM)", "bare".
        variables: by name; a variable that is not set is missing.
    """

    name: str
    variables: Mapping[str, Variable]

    def value(self, name: str) -> str | None:
        """Return what programs see, or None where it is not set, empty, or not known."""
        found = self.variables.get(name)
        return (found.value or None) if found is not None else None


class Scene(NamedTuple):
    """What a client is started with.

    Attributes:
        host: the machine, seen by the account that looks.
        home: the home of the account that starts the client, without a slash at its end; "" where it has none.
        session: the variables that it has.
        directory: the current directory, absolute; "" where none is assumed: files of projects are not read then.
    """

    host: Host
    home: str
    session: Session
    directory: str = ""


class Mode(Enum):
    """What the bundles of an answer are to the roots that a client has built in."""

    DEFAULT = "default"  # nothing is set: the client reads what is built in, or what it follows
    ADDS = "adds"  # the bundles count beside those
    REPLACES = "replaces"  # the bundles count alone
    NATIVE = "native"  # a setting has the client read the operating system's store
    OFF = "off"  # a setting has switched verification off
    UNKNOWN = "unknown"  # it cannot be known without running something


class Form(Enum):
    """How a place holds anchors."""

    FILE = "file"
    DIRECTORY = "directory"
    INLINE = "inline"  # the certificates stand in the settings file itself
    NESTED = "nested"  # below a key whose inner values are not read here


class Bundle(NamedTuple):
    """One place of anchors that a client reads.

    Attributes:
        path: absolute; for INLINE the settings file.
        form: how it holds them.
        setter: who names it.
        said: the path as it was said, before it was expanded.
        readable: whether a file of PEM certificates (or a directory) is there, and can be read by the account.
    """

    path: str
    form: Form
    setter: Setter
    said: str = ""
    readable: bool = True


@dataclass(frozen=True)
class Effective:
    """What one client reads.

    Attributes:
        client: the row's name.
        mode: what the bundles are to what the client has built in.
        bundles: all places that it reads by its settings; () for DEFAULT, NATIVE and OFF.
        deciders: the places that decide, the one that counts first; never empty.
        problem: what is wrong, for people, with file and line; or None.
    """

    client: str
    mode: Mode
    bundles: tuple[Bundle, ...] = ()
    deciders: tuple[Setter, ...] = (DEFAULT,)
    problem: str | None = None

    @property
    def decider(self) -> Setter:
        """The place that counts."""
        return self.deciders[0]

    @property
    def known(self) -> bool:
        """Whether the answer is certain."""
        return self.mode is not Mode.UNKNOWN
