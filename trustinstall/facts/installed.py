"""Whether a file belongs to an installed program: only then a program reads it.

No program reads a file of public roots in a download, a backup, a checkout or a test's data, and adding a root there
would change a person's file. So a bundle counts in two cases:

- It lies below /opt or /usr/local, which hold installed programs and nothing else (FHS 3.0, 3.13 and 4.9).
- Elsewhere (in homes, /srv, and directories of `--search`), the nearest directory above it with a recognised kind is an
  installed package or program, and not a checkout. A program's directory has programs in its own `bin`, or a program
  beside its own libraries or resources.

In both cases a program's tests, examples and backups do not count.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.facts.programs import expanded
from trustinstall.host import Kind
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

#: Places in which every file belongs to a program, with the program's own directory.
_WHOLE = regex(r"(?:/opt|/usr/local(?:/(?:lib|lib64|libexec|share|etc))?)(?:/[^/]+(?=/))?(?=/)")
#: The exceptions: sources, the results of the system's own tools (update-ca-certificates(8), certctl(8)), Homebrew's
#: pristine copy, from which it makes its bundle, and files of trustinstall.
_NOT = regex(
    r"^/usr/local/(?:src|etc/ssl|share/(?:ca-certificates|certs))/|/Cellar/ca-certificates/|/trustinstall/[^/]*$"
)
#: Installed packages: the form of their directories' names, and a path that must exist relative to them.
_PACKAGES = (
    (regex(r"/node_modules/[^/]+$"), "."),  # npm, pnpm, Yarn (npm documentation, folders)
    (regex(r"/gems/[^/]+$"), "../../specifications"),  # RubyGems (RubyGems guides, GEM_HOME)
    (regex(r"/extensions/[^/]+$"), "package.json"),  # Visual Studio Code and its relatives
    (regex(r"/vendor$"), "autoload.php"),  # Composer (getcomposer.org, "Basic usage")
)
_CHECKOUT = frozenset({".git", ".hg", ".svn", ".bzr", "CVS"})
#: Directories that belong to no program, and those whose `bin` holds programs with data elsewhere.
_SHARED = ("/usr", "/home", "/Users", "/srv", "~", "~/.local", "~/.cargo", "~/go", "~/.npm-global", "~/.nix-profile")
#: Parts of a program that it does not read at run time, and names of backups.
_UNREAD = regex(r"tests?|test[-_]?data|testing|fixtures?|examples?|samples?|docs?", re.IGNORECASE)
_BACKUP = regex(r"(?:^|[-_.])backups?(?:[-_.]|$)|\.(?:bak|old|orig|save)$|~$|^\.?Trash", re.IGNORECASE)
_RESOURCES = regex(r"resources|.*\.(?:pak|asar|dll|dylib)|.*\.so(?:\.[\d.]+)?")
_BINARY = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")  # elf(5), PE, Mach-O of 64 bits and of several
_SCRIPT = b"#!"
_MOST = 400  # names that are examined in a directory


def program_of(host: Host, path: str) -> str | None:
    """Return the directory of the installed program or package that a file belongs to; None for any other file."""
    found = None if _NOT.search(path) or is_backup(host, path) else _whole(path) or _nearest(host, path)
    inside = path.removeprefix(f"{found}/").split("/")[:-1]
    return None if any(map(_UNREAD.fullmatch, inside)) else found


def is_backup(host: Host, path: str) -> bool:
    """Whether a name on the way to a file, below the home, is that of a backup."""
    home = (host.account.home or "").rstrip("/")
    return any(map(_BACKUP.search, path.removeprefix(f"{home}/").split("/")))


def _whole(path: str) -> str | None:
    """Return the directory of a program in one of the places that hold only programs."""
    match = _WHOLE.match(path)
    return match[0] if match else None


def _nearest(host: Host, path: str) -> str | None:
    """Return the nearest directory above a file that belongs to a program or package; None if a checkout is nearer."""
    shared = set(expanded(host, _SHARED))
    for directory in _above(path):
        if directory in shared:
            return None
        if any(shape.search(directory) and _is_there(host, directory, name) for shape, name in _PACKAGES):
            return directory
        names = host.names(directory)
        if not _CHECKOUT.isdisjoint(names):
            return None
        if _is_program(host, directory, names):
            return directory
    return None


def _above(path: str) -> Iterator[str]:
    while (path := posixpath.dirname(path)) != "/":
        yield path


def _is_there(host: Host, directory: str, name: str) -> bool:
    return host.status(posixpath.normpath(f"{directory}/{name}")) is not None


def _is_program(host: Host, directory: str, names: list[str]) -> bool:
    if "bin" in names and any(
        _runs(host, f"{directory}/bin/{name}") for name in host.names(f"{directory}/bin")[:_MOST]
    ):
        return True
    if not any(map(_RESOURCES.fullmatch, names[:_MOST])):
        return False
    return any(_runs(host, f"{directory}/{name}", scripts=False) for name in names[:_MOST])


def _runs(host: Host, path: str, *, scripts: bool = True) -> bool:
    """Whether a file may be executed and begins like a program: on some disks every file may be executed."""
    try:
        real = host.real(path)
        status = host.status(real)
        if status is None or status.kind is not Kind.FILE or not host.executable(real):
            return False
        return host.head(real, 4).startswith((*_BINARY, _SCRIPT) if scripts else _BINARY)
    except OSError:
        return False
