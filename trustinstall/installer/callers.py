"""The client of a diagnosis: the session that called trustinstall, a program, or a running process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import NoRights, printable
from trustinstall.host import Account, Tools
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.model import Kind, Scene, Session, Setter, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

_PYTHON = frozenset({"Python's ssl", "requests", "pip", "Poetry", "conda", "AWS", "gcloud", "gsutil", "Mercurial"})
_NODE = frozenset({"Node.js", "npm", "pnpm", "Yarn", "Yarn 1", "Yarn 2 and 3", "Yarn from 4 on", "Claude Code"})
#: The clients of the tables that a program stands for, by the letters at the start of its file's name.
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
    **dict.fromkeys(
        ("chromium-policy", "firefox-policy", "nss", "drop-directory", "vm", "android-emulator"), "their own programs"
    ),
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
    """The program or session for which servers are judged.

    Attributes:
        name: its name for people; "" for the calling session.
        program: the letters at the start of the program's name, a key of `_CLIENTS`; "" for all programs.
        file: the name of the program's file, or "".
        environ: its environment variables.
        scene: host, home, session and directory, as the clients that it starts see them.
        account: the account that opens its files; None for the account of the calling session.
        root: the directory through which its files are seen: "/" unless it has files of its own, as in a container.
    """

    name: str
    program: str
    file: str
    environ: Mapping[str, str]
    scene: Scene
    account: Account | None = None
    root: str = "/"

    def files(self, host: Host) -> Host:
        """Return the host whose files the caller reads: no tool of such files is run.

        Raises NoRights if the acting account cannot see them.
        """
        if self.root == "/":
            return host
        found = replace(host, root=self.root, tools=Tools.NEVER, prefixes=())
        if not found.names("/"):
            raise NoRights(f"{self.name} has files of its own, which {host.account.name} cannot see; run doctor there")
        return found

    def is_client(self, name: str, *, here: bool) -> bool:
        """Whether a client of the tables must be judged; without a `program`, every installed one (`here`) must."""
        return name.partition(" for ")[0] in _CLIENTS[self.program] if self.program else here

    def reads_store(self, kind: str) -> bool:
        """Whether programs of the caller's kind may read stores of a kind (the name of a backend)."""
        only = _STORES.get(kind)
        return not self.program or only == self.program or (only is None and not _CLIENTS[self.program])


def calling(host: Host) -> Caller:
    """Return the session that trustinstall was called from."""
    return Caller("", "", "", host.environ, decide.calling(host))


def program(host: Host, file: str) -> Caller:
    """Return the program that has the file name `file`, in the calling session."""
    return calling(host)._replace(program=_known(file), file=file)


def process(host: Host, number: int) -> Caller:
    """Return the running process with this number.

    Raises UsageProblem if there is none, and NoRights if the account may not see it.
    """
    found = host.process(number)
    variables = {name: Variable(name, value, Setter(Kind.VARIABLE), value) for name, value in found.environ.items()}
    session = Session(f"process {number}", variables)
    home = found.environ.get("HOME", "").rstrip("/")
    account = None
    if found.uid != host.account.uid:
        known = host.account_of(found.uid)
        account = replace(known, gid=found.gid) if known else Account(found.uid, found.gid, f"uid {found.uid}", None)
        host = replace(host, account=account, environ={})
    if found.root != "/":
        host = replace(host, root=found.root, tools=Tools.NEVER, prefixes=())
    scene = Scene(host, home if home.startswith("/") else "", session, found.directory)
    own = ", with files of its own" if found.root != "/" else ""
    own += ", with a network of its own, from which it may reach another server" if found.has_own_network else ""
    name = f"process {number} ({printable(found.program, 40)}{own})"
    return Caller(name, _known(found.program), found.program, found.environ, scene, account, found.root)


def _known(file: str) -> str:
    """Return the key of `_CLIENTS` for the name of a program's file, or ""."""
    letters = _LETTERS.match(file.lower())
    name = letters[0] if letters else ""
    name = _ALIASES.get(name, name)
    return name if name in _CLIENTS else ""
