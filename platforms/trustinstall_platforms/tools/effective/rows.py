"""What a row of this package's tables says: one client, and the places that decide what it reads, in its order.

A place is an environment variable, or one key of settings files. The first place that says something counts, unless
it adds: then the places below it count, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from trustinstall.certificates.pem import CERTIFICATE_LABELS
from trustinstall_platforms.tools.effective.model import Form, Mode, Scene

#: PEM labels that a reader accepts. OpenSSL's loader takes all three; the others take RFC 7468's only.
OPENSSL, PLAIN = CERTIFICATE_LABELS, frozenset({"CERTIFICATE"})

#: Where curl, git and wget are built to read /etc/ssl/certs beside each bundle (curl with its CApath, the others with
#: GnuTLS); real: tests/end_to_end/cli/test_doctor.py.
DEBIAN = frozenset({"debian"})

_NO_WORDS: Mapping[str, Mode] = MappingProxyType({})


class Expansion(NamedTuple):
    """How a client makes a path of a value.

    Attributes:
        tilde: whether "~/" at the start is the home.
        variables: "" for none, "shell" for $NAME and ${NAME}, "braces" for ${NAME}, "npm" for ${NAME} and ${NAME?}.
        relative: what a relative path starts from: "directory" (the current one), "file" (that of the settings file),
            "above" (the parent of that), "home", or "" where such a path is refused.
        separator: between several paths; "" where the value is one path.
        quotes: whether quotes around the value are taken off.
    """

    tilde: bool = False
    variables: str = ""
    relative: str = "directory"
    separator: str = ""
    quotes: bool = False


class Place(NamedTuple):
    """One thing that may decide.

    Attributes:
        variables: names of environment variables, the first that is set counts; () for settings.
        files: settings files, the one that counts first, first: templates of `paths`, or a function that gives paths.
        key: sections or objects, and the key.
        format: how the files are written, a name of `reading.FORMATS`.
        mode: what the value does to what is built in.
        form: whether it names a file or a directory.
        expansion: how the value becomes a path.
        words: values (in lower case) that name no path, and what they do; DEFAULT means that nothing is decided.
        missing: whether the place still decides where its file is missing; if not, the next place counts.
        first: whether only the first file that is there is read.
        rival: another key of the same files that decides the same thing: of both the later line of one file counts, and
            of several files the first that has either.
        source: how the place is known.
        known: "real" where a test asks the client itself, "recorded" or "documented".
    """

    variables: tuple[str, ...] = ()
    files: tuple[str, ...] | Callable[[Scene], tuple[str, ...]] = ()
    key: tuple[str, ...] = ()
    format: str = ""
    mode: Mode = Mode.REPLACES
    form: Form = Form.FILE
    expansion: Expansion = Expansion()
    words: Mapping[str, Mode] = _NO_WORDS
    missing: bool = True
    first: bool = False
    rival: tuple[str, ...] = ()
    source: str = ""
    known: str = "documented"


class Client(NamedTuple):
    """One client.

    Attributes:
        name: what people call it; the part behind " for " names the profile, URL or command that it is limited to.
        places: in order of precedence.
        labels: the PEM labels that its reader accepts.
        follows: whether it reads the system's store where nothing decides.
        beside: the distributions (IDs of os-release) whose build of it reads the system's directory beside each bundle.
        alone: whether its bundle, where a setting names one, is all that it reads; if not, its build may read a
            directory of certificates beside that, as curl and git do on Debian, and what keeps OpenSSL's default one.
        verifier: the family of verifiers whose rules it has: a word of `trustinstall.doctor.families.FAMILIES`, or
            "git" or "python3", whose family is another on some machines; "" where none is known.
        tool: the name of its row in the table of tools, where trustinstall writes a settings file for it.
        systems: where the row holds.
    """

    name: str
    places: tuple[Place, ...]
    labels: frozenset[str] = OPENSSL
    follows: bool = True
    beside: frozenset[str] = frozenset()
    alone: bool = False
    verifier: str = ""
    tool: str = ""
    systems: tuple[str, ...] = ("linux", "darwin")


def variable(
    *names: str,
    mode: Mode = Mode.REPLACES,
    form: Form = Form.FILE,
    expansion: Expansion | None = None,
    words: Mapping[str, Mode] = _NO_WORDS,
    missing: bool = True,
    source: str = "",
    known: str = "documented",
) -> Place:
    """Return the place of environment variables: the first of them that is set and not empty counts."""
    return Place(
        names,
        mode=mode,
        form=form,
        expansion=expansion or Expansion(),
        words=words,
        missing=missing,
        source=source,
        known=known,
    )
