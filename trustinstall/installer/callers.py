"""Who asks a server: the session that trustinstall was called from, or a running process with variables of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.errors import printable
from trustinstall.host import Account
from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import Kind, Scene, Session, Setter, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

_PYTHON = frozenset({"Python's ssl", "requests", "pip", "Poetry", "conda", "AWS", "gcloud", "gsutil", "Mercurial"})
_NODE = frozenset({"Node.js", "npm", "pnpm", "Yarn", "Yarn 1", "Yarn 2 and 3", "Yarn from 4 on", "Claude Code"})
#: The clients of the tables that a program is, by the letters at the start of its file's name.
_CLIENTS: Mapping[str, frozenset[str]] = {
    "bun": frozenset({"Bun"}),
    "cargo": frozenset({"Cargo"}),
    "claude": _NODE,
    "curl": frozenset({"curl"}),
    "deno": frozenset({"Deno"}),
    "git": frozenset({"git"}),
    "java": frozenset(),
    "nix": frozenset({"Nix"}),
    "node": _NODE,
    "php": frozenset({"PHP", "PHP's curl", "Composer"}),
    "pypy": _PYTHON,
    "python": _PYTHON,
    "ruby": frozenset({"RubyGems", "Bundler"}),
    "svn": frozenset({"Subversion"}),
    "uv": frozenset({"uv"}),
    "wget": frozenset({"wget"}),
}
#: The kinds of stores that only one program reads.
_STORES = {
    "certifi": "python",
    "java": "java",
    "dotnet": "dotnet",
    "mono": "mono",
    **dict.fromkeys(("chromium-policy", "firefox-policy", "nss", "drop-directory"), "their own programs"),
}
#: Programs that run as another: scripts, and the names of tools.
_ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("aws", "conda", "gcloud", "gsutil", "hg", "pip", "pipx", "poetry"), "python"),
    **dict.fromkeys(("npm", "npx", "pnpm", "yarn"), "node"),
    **dict.fromkeys(("gradle", "mvn"), "java"),
    **dict.fromkeys(("bundle", "gem"), "ruby"),
    "composer": "php",
    "uvx": "uv",
}
_LETTERS = regex("[a-z]*")


class Caller(NamedTuple):
    """Who asks.

    Attributes:
        name: for people; "" for the calling session.
        program: the letters at the start of the program's name, a key of the tables above; "" for all programs.
        file: the name of the program's file, or "".
        environ: its variables.
        scene: what clients read that it starts.
        account: the account by whose rights it opens files; None for that of the calling session.
    """

    name: str
    program: str
    file: str
    environ: Mapping[str, str]
    scene: Scene
    account: Account | None = None

    def is_client(self, name: str, *, here: bool) -> bool:
        """Whether a client of the tables is to be judged, which is `here` or not."""
        return name.partition(" for ")[0] in _CLIENTS[self.program] if self.program else here

    def reads_store(self, kind: str) -> bool:
        """Whether programs of the caller's kind may read a kind of store."""
        only = _STORES.get(kind)
        return not self.program or only == self.program or (only is None and not _CLIENTS[self.program])


def calling(host: Host) -> Caller:
    """Return the session that trustinstall was called from."""
    return Caller("", "", "", host.environ, decide.calling(host))


def program(host: Host, file: str) -> Caller:
    """Return the program of a file's name, in the calling session."""
    return calling(host)._replace(program=_known(file), file=file)


def process(host: Host, number: int) -> Caller:
    """Return a running process. Raises UsageProblem where there is none, and NoRights where it may not be seen."""
    found = host.process(number)
    variables = {name: Variable(name, value, Setter(Kind.VARIABLE), value) for name, value in found.environ.items()}
    session = Session(f"process {number}", variables)
    home = found.environ.get("HOME", "").rstrip("/")
    account = None
    if found.uid != host.account.uid:
        known = host.account_of(found.uid)
        account = replace(known, gid=found.gid) if known else Account(found.uid, found.gid, f"uid {found.uid}", None)
        host = replace(host, account=account, environ={})
    scene = Scene(host, home if home.startswith("/") else "", session, found.directory)
    mounts = ", for which other files may be mounted than are judged" if found.has_own_mounts else ""
    name = f"process {number} ({printable(found.program, 40)}{mounts})"
    return Caller(name, _known(found.program), found.program, found.environ, scene, account)


def _known(file: str) -> str:
    """Return the key of the tables for the name of a program's file, or ""."""
    letters = _LETTERS.match(file.lower())
    name = letters[0] if letters else ""
    name = _ALIASES.get(name, name)
    return name if name in _CLIENTS else ""
