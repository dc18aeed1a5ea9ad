"""Aliases, functions and scripts that a shell runs instead of a client of the same name.

Such a text is taken for harmless if it names the client, and no root, option or variable of roots, as
`alias curl='curl -s'`. Any other one may run a client with roots of its own, so that nothing is known about the client
in that session.

Sources: bash(1), ALIASES, and COMMAND EXECUTION for the order; the manuals of the clients for their options.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from trustinstall.host import Kind as FileKind
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

#: The programs of clients, and the names of those in the tables of clients.
PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "aws": ("AWS",),
        "bun": ("Bun",),
        "bundle": ("Bundler",),
        "cargo": ("Cargo",),
        "claude": ("Claude Code",),
        "composer": ("Composer",),
        "conda": ("conda",),
        "curl": ("curl",),
        "deno": ("Deno",),
        "gcloud": ("gcloud",),
        "gem": ("RubyGems",),
        "git": ("git",),
        "gsutil": ("gsutil",),
        "hg": ("Mercurial",),
        "nix": ("Nix",),
        "node": ("Node.js",),
        "npm": ("npm",),
        "php": ("PHP", "PHP's curl"),
        "pip": ("pip",),
        "pip3": ("pip",),
        "pnpm": ("pnpm",),
        "svn": ("Subversion",),
        "uv": ("uv",),
        "wget": ("wget",),
        "yarn": ("Yarn 1", "Yarn 2 and 3", "Yarn from 4 on"),
    }
)
_ROOTS = regex(
    r"(?i:ca[-_]?(?:certs?|certificate|path|file|bundle|info|directory|root)"
    r"|cert|ssl|tls|insecure|trusted-host|\.(?:pem|crt|cer|der)(?![a-z])|(?<![\w-])-k(?![\w-]))"
)
_WORD = regex(r"[\w.+-]+")
_LARGEST = 64 * 1024  # bytes of a script
_SYSTEM = frozenset({"/usr/bin", "/bin", "/usr/sbin", "/sbin"})
#: Where an account has programs of its own: Debian's ~/.profile. Its /etc/profile asks a command for the value of PATH.
_USUAL = ("bin", ".local/bin")
_MOST_DIRECTORIES = 20  # of PATH before those of the system


class Noted(NamedTuple):
    """A definition: its text, and its place."""

    text: str
    setter: Setter


def replaced(noted: Mapping[str, Noted]) -> dict[str, Setter]:
    """Return the programs, of those defined, about which nothing is known, with the places of their definitions."""
    return {name: one.setter for name, one in noted.items() if name in PROGRAMS and not _is_harmless(name, one.text)}


def scripts(view: View, variables: Variables) -> dict[str, Setter]:
    """Return the same of scripts that come before the system's programs in PATH. Raises ExhaustedError."""
    path = variables.get("PATH")
    found: dict[str, Setter] = {}
    seen: set[str] = set()
    usual = ":".join(f"{view.home}/{one}" for one in _USUAL if view.home)
    for directory in _before_the_system("" if path is None else usual if path.text is None else path.text):
        for name in PROGRAMS.keys() & {*view.names(directory)} - seen:
            if view.host.executable(f"{directory}/{name}"):
                seen.add(name)
                said = _script(view, f"{directory}/{name}")
                if said is not None and not _is_harmless(name, said.text):
                    found[name] = said.setter
    return found


def _before_the_system(path: str) -> Iterator[str]:
    for directory in path.split(":")[:_MOST_DIRECTORIES]:
        if directory in _SYSTEM:
            return
        if directory.startswith("/"):
            yield directory.rstrip("/") or "/"


def _script(view: View, path: str) -> Noted | None:
    """Return the text of a script of a shell, at the line that may name roots; None for any other program."""
    status = view.status(path)
    if status is None or status.kind is not FileKind.FILE or status.size > _LARGEST:
        return None
    text = view.text(path) or ""
    first, _, rest = text.partition("\n")
    if not first.startswith("#!") or not any(one.endswith("sh") for one in _WORD.findall(first)):
        return None
    roots = _ROOTS.search(rest)
    line = rest.count("\n", 0, roots.start()) + 2 if roots is not None else 1
    return Noted(rest, Setter(Kind.SETTING, path, line))


def _is_harmless(name: str, text: str) -> bool:
    return name in _WORD.findall(text) and _ROOTS.search(text) is None
