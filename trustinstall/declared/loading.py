"""Reads documents as the certificates that they ask for; all are checked and vetted before anything is changed.

Without a name, it reads the account's configuration directory (the defaults of the XDG base directory specification, as
platformdirs gives them; no variable moves them): `trust.toml`, and the fragments in `trust.d`.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from trustinstall.certificates import intake
from trustinstall.certificates.name_constraints import parse
from trustinstall.declared import document as documents
from trustinstall.declared import schema
from trustinstall.declared.fetching import fetch
from trustinstall.declared.mistakes import Mistake, Mistakes
from trustinstall.errors import TrustInstallError, UsageProblem, printable
from trustinstall.facts.proxies import Proxies, doubts, values, wrong_network
from trustinstall.installer.ends import last_moment
from trustinstall.state.terms import Terms
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.declared.text import Document, Path
    from trustinstall.host import Account, Host

STANDARD_INPUT = "-"
_SUFFIXES = (".toml", ".json")
_MACHINE = {"linux": "/etc/xdg/trustinstall", "darwin": "/Library/Application Support/trustinstall"}
_HOME = {"linux": "~/.config/trustinstall", "darwin": "~/Library/Application Support/trustinstall"}


class Declared(NamedTuple):
    """One certificate that documents ask for, with its terms, the other accounts, and the place in the document."""

    certificate: Certificate
    terms: Terms
    accounts: tuple[Account, ...]
    where: str


class DeclaredProxies(NamedTuple):
    """The proxies that documents ask for, and the other accounts that they are for: these, or also all."""

    proxies: Proxies
    accounts: tuple[Account, ...] = ()
    all_users: bool = False


class Declaration(NamedTuple):
    """The requests of one command's documents; `origin` distinguishes them from other documents in the ledger."""

    certificates: tuple[Declared, ...]
    origin: str
    notes: tuple[str, ...] = ()
    proxies: DeclaredProxies | None = None
    switched_off: str = ""


def default(host: Host) -> str:
    """Return the account's configuration directory."""
    kind = host.platform if host.platform in _MACHINE else "linux"
    if host.platform == "win32":
        return f"{host.machine_state_base() if host.account.is_root else host.state_base()}/declared"
    return _MACHINE[kind] if host.account.is_root else host.absolute(_HOME[kind])


def load(host: Host, name: str | None) -> Declaration:
    """Return the requests of a document, a directory of fragments, standard input ("-") or the default directory.

    Raises Mistakes with every mistake, and UsageProblem if there is no document.
    """
    origin = STANDARD_INPUT if name == STANDARD_INPUT else host.absolute(name or default(host))
    found: list[Document] = []
    mistakes: list[Mistake] = []
    for path in _paths(host, name, origin):
        try:
            one = documents.read(path, _content(host, path, checked=name is None))
            mistakes += schema.check(one)
            found.append(one)
        except Mistake as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise Mistakes(mistakes)
    reading = _Reading(host, f"apply:{origin}")
    for one in found:
        reading.read_proxies(one)
    for one in found:
        reading.read(one)
    if reading.mistakes:
        raise Mistakes(reading.mistakes)
    return Declaration(
        tuple(reading.declared.values()), f"apply:{origin}", tuple(reading.notes), reading.proxies, reading.switched_off
    )


def _paths(host: Host, name: str | None, origin: str) -> list[str]:
    if name == STANDARD_INPUT:
        return [STANDARD_INPUT]
    inside = host.list_entries(origin)
    if inside is None and name is not None:
        return [origin]
    inside = inside or []
    if name is None:
        inside = [path for path in inside if posixpath.basename(path) == "trust.toml"]
        inside += host.list_entries(f"{origin}/trust.d") or []
    chosen = sorted(path for path in inside if _is_document(path))
    if not chosen:
        raise UsageProblem(f"{printable(origin, 4096)} holds no document (*.toml, *.json); write one, or name one")
    return chosen


def _is_document(path: str) -> bool:
    """Whether a path has a document's name; one that cannot be read, a link that leads nowhere too, is a mistake.

    A name with a dot before it is hidden, or an editor's own (`.#trust.toml`).
    """
    return path.endswith(_SUFFIXES) and not posixpath.basename(path).startswith(".")


def _content(host: Host, path: str, *, checked: bool) -> bytes:
    """Return a document's bytes. `checked`: raise Mistake if another account may write it, as it was not named."""
    if path == STANDARD_INPUT:
        return host.read_stdin()
    if checked:
        try:
            why = "" if host.path_owner(path) == host.account.uid else "it belongs to another account"
        except OSError as error:
            why = error.strerror or str(error)
        if why:
            raise Mistake(path, 1, "", f"{why}, so it is not trusted; take that right away, or name the document")
    try:
        return host.read_input(path)
    except TrustInstallError as error:
        raise Mistake(path, 1, "", str(error)) from None


class _Text(NamedTuple):
    """A certificate in the document itself, or fetched from its address, as a source of the intake."""

    host: Host
    text: bytes

    def read_input(self, path: str) -> bytes:
        """Read a file."""
        return self.host.read_input(path)

    def read_stdin(self) -> bytes:
        """Return the text."""
        return self.text

    def list_input(self, path: str) -> list[str] | None:
        """Return None: it is not a directory."""
        del path
        return None

    def now(self) -> datetime:
        """Return the time."""
        return self.host.now()


class _Reading:
    """The certificates of several documents."""

    def __init__(self, host: Host, origin: str) -> None:
        self._host, self._origin = host, origin
        self.declared: dict[str, Declared] = {}
        self.mistakes: list[Mistake] = []
        self.notes: list[str] = []
        self.proxies: DeclaredProxies | None = None
        self._proxies_at = ""
        self.switched_off = ""

    def read(self, document: Document) -> None:
        """Read one document of valid form."""
        defaults = document.data.get("defaults", {})
        self._read_verification(document, document.data.get("verification", {}).get("switched_off", ""))
        for number, one in enumerate(document.data.get("certificate", [])):
            path = ("certificate", number)
            try:
                self._certificate(document, path, {**defaults, **one})
            except Mistake as mistake:
                self.mistakes.append(mistake)

    def _read_verification(self, document: Document, said: str) -> None:
        if said and self.switched_off not in {"", said}:
            path = ("verification", "switched_off")
            what = f"another document says {self.switched_off}; keep one of them"
            self.mistakes.append(self._mistake(document, path, what))
        self.switched_off = said or self.switched_off

    def read_proxies(self, document: Document) -> None:
        """Read the proxies of a document of valid form."""
        said = document.data.get("proxies")
        if said is None:
            return
        path: Path = ("proxies",)
        proxies = Proxies(
            said.get("http", "").rstrip("/"), said.get("https", "").rstrip("/"), tuple(said.get("no_proxy", ()))
        )
        scope = said.get("accounts", document.data.get("defaults", {}).get("accounts", "machine"))
        try:
            new = DeclaredProxies(proxies, self._accounts(document, path, scope), scope == "all")
        except Mistake as mistake:
            self.mistakes.append(mistake)
            return
        where = f"{document.name}:{document.line(path)}"
        wrong = [
            f"no_proxy has {printable(one)}, which is no network" for one in proxies.no_proxy if wrong_network(one)
        ]
        if self.proxies not in {None, new}:
            wrong.append(f"other proxies are asked for in {self._proxies_at}; keep one of them")
        self.mistakes += [self._mistake(document, path, one) for one in wrong]
        if self.proxies is None:
            self.proxies, self._proxies_at = new, where
            self.notes += [f"{where}: {one}" for one in doubts(proxies)]

    def _certificate(self, document: Document, path: Path, said: dict[str, Any]) -> None:
        key = next(one for one in ("pem", "url", "file") if one in said)
        where = f"{document.name}:{document.line(path)}"
        accounts = self._accounts(document, path, said.get("accounts", "machine"))
        try:
            domains = parse(tuple(said.get("domains", ())))
        except UsageProblem as problem:
            raise self._mistake(document, (*path, "domains"), str(problem)) from None
        terms = Terms(
            until=last_moment(said["until"]) if "until" in said else "",
            all_users=said.get("accounts") == "all",
            stores=tuple(said.get("stores", ())),
            skip=tuple(said.get("skip", ())),
            domains=domains,
            variables=said.get("env", ""),
            origin=self._origin,
        )
        name = self._beside(document, said["file"]) if key == "file" else STANDARD_INPUT
        try:
            text = self._fetched(said["url"]) if key == "url" else said.get("pem", "").encode("utf-8", "replace")
            taken = intake.take(
                _Text(self._host, text),
                [name],
                sha256=[said["sha256"]] if "sha256" in said else [],
                allow_intermediate=bool(said.get("intermediate", False)),
            )
        except TrustInstallError as error:
            raise self._mistake(document, (*path, key), str(error)) from None
        for one in taken.accepted:
            self._add(document, path, Declared(one.certificate, terms, accounts, where))
        self.notes += [f"{where}: {warning}" for one in taken.accepted for warning in one.warnings]

    def _fetched(self, address: str) -> bytes:
        """Fetch a certificate, through the caller's proxy, or else through the proxy of the documents."""
        said = values(self.proxies.proxies) if self.proxies else {}
        own = any(self._host.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
        return fetch(self._host, address, self._host.environ if own else {**self._host.environ, **said})

    def _add(self, document: Document, path: Path, new: Declared) -> None:
        old = self.declared.setdefault(new.certificate.sha256, new)
        if (old.terms, old.accounts) != (new.terms, new.accounts):
            what = f"{printable(new.certificate.name)} is asked for on other terms in {old.where}; keep one of them"
            raise self._mistake(document, path, what)

    def _accounts(self, document: Document, path: Path, said: str | Sequence[str]) -> tuple[Account, ...]:
        here = (*path, "accounts")
        if said == "machine" or (said == "all" and self._host.account.is_root):
            return ()
        if not self._host.account.is_root:
            raise self._mistake(document, here, "only root works for other accounts; leave accounts out")
        found = [(name, self._host.account_named(name)) for name in said]
        for name, account in found:
            if account is None or account.uid == 0 or not account.home:
                raise self._mistake(document, here, f"this machine has no account {printable(name)} with a home")
        return tuple(account for _, account in found if account is not None)

    def _beside(self, document: Document, path: str) -> str:
        """Return a path that is relative to the document's directory."""
        if document.name == STANDARD_INPUT:
            return self._host.absolute(path)
        return posixpath.join(posixpath.dirname(document.name), path)

    def _mistake(self, document: Document, path: Path, what: str) -> Mistake:
        key = ".".join(str(one + 1) if isinstance(one, int) else one for one in path)
        return Mistake(document.name, document.line(path), key, what)
