"""A row of this package's tables: one client, and the places that decide what it reads, in its order.

A place is an environment variable, or one key of settings files. The first place that has a value counts, unless it
adds: then the places below it count, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from trustinstall.certificates.pem import CERTIFICATE_LABELS
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Form, Mode, Scene

#: PEM labels that a reader accepts. OpenSSL's loader accepts all three; the others only RFC 7468's.
OPENSSL, PLAIN = CERTIFICATE_LABELS, frozenset({"CERTIFICATE"})

#: The distributions whose curl, git and wget read /etc/ssl/certs beside each bundle (curl with its CApath, the others
#: with GnuTLS); real: tests/end_to_end/cli/test_doctor.py.
DEBIAN = frozenset({"debian"})

_NO_WORDS: Mapping[str, Mode] = MappingProxyType({})


class Expansion(NamedTuple):
    """How a client makes a path of a value.

    Attributes:
        tilde: whether "~/" at the start is the home.
        variables: "" for none, "shell" for $NAME and ${NAME}, "python" for the same if they are set, "braces" for
            ${NAME}, "yarn" for that with defaults, "npm" for ${NAME} and ${NAME?}, "svn" for %(NAME)s, which is not
            read here.
        relative: the base of a relative path: "directory" (the current one), "file" (that of the settings file),
            "above" (the parent of that), "home", or "" if such a path is refused.
        separator: between several paths; "" if the value is one path.
        quotes: whether quotes around the value are removed.
    """

    tilde: bool = False
    variables: str = ""
    relative: str = "directory"
    separator: str = ""
    quotes: bool = False


class Place(NamedTuple):
    """One place that may decide.

    Attributes:
        variables: names of environment variables, the first that is set counts; () for settings.
        files: settings files, by precedence: templates of `paths`, or a function that returns paths.
        key: sections or objects, and the key.
        format: the files' format, a name of `reading.FORMATS`.
        mode: the value's effect on the built-in roots.
        form: whether it names a file or a directory.
        expansion: how the value becomes a path.
        words: values (in lower case) that name no path, and their effects; DEFAULT means that nothing is decided.
        either: whether a value may name a directory as well as a file.
        missing: whether the place still decides if its file is missing; if not, the next place counts.
        first: whether only the first existing file is read.
        folded: whether the client ignores the case of its variables' names.
        rival: another key of the same files that decides the same thing: within one file the later line counts, and of
            several files the first that has either.
        single: whether the client reads only the first certificate of each file.
        source: the source of the place.
        known: "real" if a test asks the client itself, "recorded" or "documented".
    """

    variables: tuple[str, ...] = ()
    files: tuple[str, ...] | Callable[[Scene], tuple[str, ...]] = ()
    key: tuple[str, ...] = ()
    format: str = ""
    mode: Mode = Mode.REPLACES
    form: Form = Form.FILE
    expansion: Expansion = Expansion()
    words: Mapping[str, Mode] = _NO_WORDS
    either: bool = False
    missing: bool = True
    first: bool = False
    folded: bool = False
    rival: tuple[str, ...] = ()
    single: bool = False
    source: str = ""
    known: str = "documented"


class Client(NamedTuple):
    """One client.

    Attributes:
        name: its name for people; the part after " for " names the profile, URL or command that it is limited to.
        places: in order of precedence.
        labels: the PEM labels that its reader accepts.
        follows: whether it reads the system's store if no place decides.
        beside: the distributions (IDs of os-release) whose build of it reads the system's directory beside each bundle.
        alone: whether it reads only its bundle, if a setting names one; if not, its build may read a directory of
            certificates beside that, as do curl and git on Debian, and programs that keep OpenSSL's default one.
        verifier: the family of verifiers whose rules it has: a word of `trustinstall.doctor.families.FAMILIES`, or
            "git" or "python3", whose family depends on the machine; "" if none is known.
        tool: the name of its row in the table of tools, if trustinstall writes a settings file for it.
        systems: the systems on which the row holds.
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
