"""The values of this package: who decides, the start conditions of a client, and what it then reads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host

_LONGEST = 4096  # characters of a path that are shown
_LOGIN = regex(r"(?<=://)[^\s\"'/?#]*@")  # RFC 3986, 3.2.1


def without_login(text: str) -> str:
    """Return a text for people in which no URL has a user and a password."""
    return _LOGIN.sub("", text)


class Kind(Enum):
    """The kind of place that decides for a client."""

    VARIABLE = "variable"
    SETTING = "setting"
    POLICY = "policy"
    DEFAULT = "default"


class Setter(NamedTuple):
    """The place that decides.

    Attributes:
        kind: its kind.
        path: the file; "" if the value is in no file (a default, or a variable that the caller was started with).
        line: the line in that file, from 1; 0 if it is not known.
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


def one_of_each(setter: Setter) -> str:
    """Return, for people, why nothing goes into files of which a client reads only the first certificate."""
    return f"of each file that {setter} names one certificate is read: add a file with this one to that list"


class Variable(NamedTuple):
    """One environment variable of a session.

    Attributes:
        name: its name.
        value: the value that programs see; None if only running the file would show it, as with `$(command)`.
        setter: the assignment that counts.
        raw: the value as it is written in that file.
    """

    name: str
    value: str | None
    setter: Setter
    raw: str = ""


class Session(NamedTuple):
    """One way in which programs of an account are started, and their variables.

    Attributes:
        name: for people: "bash login", "bash interactive", "zsh login", "fish", "systemd user", "cron (PAM)", "bare".
        variables: by name; a variable that is not set is missing.
        instead: the programs of clients that an alias, function or script replaces, by name, with the place of that.
    """

    name: str
    variables: Mapping[str, Variable]
    instead: Mapping[str, Setter] = MappingProxyType({})

    def value(self, name: str) -> str | None:
        """Return the value that programs see, or None if it is not set, empty, or not known."""
        found = self.variables.get(name)
        return (found.value or None) if found is not None else None


class Scene(NamedTuple):
    """The start conditions of a client.

    Attributes:
        host: the machine, seen by the account that looks.
        home: the home of the account that starts the client, without a slash at its end; "" if it has none.
        session: its variables.
        directory: the current directory, absolute; "" if none is assumed: files of projects are not read then.
    """

    host: Host
    home: str
    session: Session
    directory: str = ""


class Mode(Enum):
    """How the bundles of an answer relate to the roots that a client has built in."""

    DEFAULT = "default"  # nothing is set: the client reads its built-in roots, or the store that it follows
    ADDS = "adds"  # the bundles count beside those
    REPLACES = "replaces"  # the bundles count alone
    NATIVE = "native"  # a setting has the client read the operating system's store
    OFF = "off"  # a setting has switched verification off
    UNKNOWN = "unknown"  # only running a program would show it


class Form(Enum):
    """How a place holds anchors."""

    FILE = "file"
    DIRECTORY = "directory"
    INLINE = "inline"  # the certificates are in the settings file itself
    NESTED = "nested"  # below a key whose inner values are not read here


class Bundle(NamedTuple):
    """One place of anchors that a client reads.

    Attributes:
        path: absolute; for INLINE the settings file.
        form: how it holds them.
        setter: the setting that names it.
        said: the path as it was written, before expansion.
        readable: whether it is a file of PEM certificates (or a directory) that the account can read.
        single: whether the client reads only the first certificate in it.
    """

    path: str
    form: Form
    setter: Setter
    said: str = ""
    readable: bool = True
    single: bool = False


class Effective(NamedTuple):
    """What one client reads.

    Attributes:
        client: the row's name.
        mode: how the bundles relate to the client's built-in roots.
        bundles: all places that it reads by its settings; () for DEFAULT, NATIVE and OFF.
        deciders: the places that decide, by precedence; never empty.
        problem: the fault, for people, with file and line; or None.
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
