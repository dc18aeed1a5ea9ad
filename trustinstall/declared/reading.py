"""Reads documents of valid form: each certificate is read and vetted, and each mistake is kept with its place."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from trustinstall.certificates import intake
from trustinstall.certificates.name_constraints import parse
from trustinstall.declared.declaration import Declared, DeclaredProxies
from trustinstall.declared.fetching import fetch
from trustinstall.declared.mistakes import Mistake, dotted
from trustinstall.errors import CertificateRefused, TrustInstallError, UsageProblem, printable
from trustinstall.facts.proxies import Proxies, doubts, values, wrong_network
from trustinstall.installer.ends import last_moment
from trustinstall.state.ledger import moment
from trustinstall.state.terms import Terms
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trustinstall.declared.text import Document, Path
    from trustinstall.host import Account, Host

STANDARD_INPUT = "-"
_INLINE = "the text"  # the name of a certificate that the document itself, or an address, holds


class _Source(NamedTuple):
    """A certificate's file, or its text, as a source of the intake."""

    host: Host
    text: bytes | None

    def read_input(self, path: str) -> bytes:
        """Read the file, or return the text."""
        if self.text is not None:
            return self.text
        try:
            return self.host.read_input(path)
        except UsageProblem:
            raise UsageProblem(f"there is no file {printable(path)}") from None
        except CertificateRefused as refusal:  # its advice is about the command line
            raise CertificateRefused(refusal.reason.rpartition("; ")[0] or refusal.reason) from None

    def read_stdin(self) -> bytes:
        """Return nothing: a document names no standard input."""
        return b""

    def list_input(self, path: str) -> list[str] | None:
        """Return None: it is not a directory."""
        del path
        return None

    def now(self) -> datetime:
        """Return the time."""
        return self.host.now()


class _Table(NamedTuple):
    """A table of a document, and the values of `[defaults]` for the keys that it leaves out."""

    document: Document
    path: Path
    own: dict[str, Any]
    defaults: dict[str, Any]

    @property
    def where(self) -> str:
        """Its place, for messages."""
        return f"{self.document.name}:{self.document.line(self.path)}"

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401  the check of each key knows its type
        """Return the value of a key, or the default."""
        return self.own.get(key, self.defaults.get(key, default))

    def mistake(self, key: str, what: str) -> Mistake:
        """Return a mistake at a key, in `[defaults]` if it is given there; at the table itself for ""."""
        path = self._path(key)
        return Mistake(self.document.name, self.document.line(path), dotted(path), what)

    def place(self, key: str) -> str:
        """Return the place of a key, for messages."""
        path = self._path(key)
        return f"{self.document.name}:{self.document.line(path)}: {dotted(path)}"

    def _path(self, key: str) -> Path:
        if not key:
            return self.path
        return ("defaults", key) if key not in self.own and key in self.defaults else (*self.path, key)


class Reading:
    """The certificates, proxies and other requests of several documents, with all mistakes."""

    def __init__(self, host: Host, origin: str) -> None:
        self._host, self._origin = host, origin
        self.declared: dict[str, Declared] = {}
        self.mistakes: list[Mistake] = []
        self.notes: list[str] = []
        self.stores: list[tuple[str, str]] = []
        self.proxies: DeclaredProxies | None = None
        self._proxies_at = ""
        self.switched_off = ""

    def read(self, document: Document) -> None:
        """Read the certificates of one document, and its answer to switched-off verification."""
        defaults = document.data.get("defaults", {})
        self._read_verification(document)
        for number, one in enumerate(document.data.get("certificate", [])):
            table = _Table(document, ("certificate", number), one, defaults)
            self.stores += [(word, table.place(key)) for key in ("stores", "skip") for word in table.get(key, ())]
            try:
                self._certificate(table)
            except Mistake as mistake:
                self.mistakes.append(mistake)

    def read_proxies(self, document: Document) -> None:
        """Read the proxies of a document."""
        said = document.data.get("proxies")
        if said is None:
            return
        table = _Table(document, ("proxies",), said, document.data.get("defaults", {}))
        proxies = Proxies(
            said.get("http", "").rstrip("/"), said.get("https", "").rstrip("/"), tuple(said.get("no_proxy", ()))
        )
        try:
            new = DeclaredProxies(proxies, self._accounts(table), table.get("accounts") == "all")
        except Mistake as mistake:
            self.mistakes.append(mistake)
            return
        self.mistakes += [
            table.mistake("no_proxy", f"{printable(one)} is no address and no network")
            for one in proxies.no_proxy
            if wrong_network(one)
        ]
        if self.proxies not in {None, new}:
            what = f"other proxies are asked for in {self._proxies_at}; keep one of them"
            self.mistakes.append(table.mistake("", what))
        if self.proxies is None:
            self.proxies, self._proxies_at = new, table.where
            self.notes += [f"{table.where}: {one}" for one in doubts(proxies)]

    def _read_verification(self, document: Document) -> None:
        table = _Table(document, ("verification",), document.data.get("verification", {}), {})
        said = table.get("switched_off", "")
        if said and self.switched_off not in {"", said}:
            what = f"another document says {self.switched_off}; keep one of them"
            self.mistakes.append(table.mistake("switched_off", what))
        self.switched_off = said or self.switched_off

    def _certificate(self, table: _Table) -> None:
        accounts = self._accounts(table)
        try:
            domains = parse(tuple(table.get("domains", ())))
        except UsageProblem as problem:
            raise table.mistake("domains", str(problem).replace("--domain ", "")) from None
        terms = Terms(
            until=last_moment(table.get("until")) if table.get("until") else "",
            all_users=table.get("accounts") == "all",
            stores=tuple(sorted({*table.get("stores", ())})),
            skip=tuple(sorted({*table.get("skip", ())})),
            domains=domains,
            variables=table.get("env", ""),
            origin=self._origin,
        )
        taken = self._taken(table)
        for one in taken.accepted:
            self._add(table, Declared(one.certificate, terms, accounts, table.where))
            if terms.until and moment(terms.until) <= self._host.now():
                name = printable(one.certificate.name)
                self.notes.append(f"{table.where}: the trust in {name} is over since {table.get('until')}")
        self.notes += [f"{table.where}: {warning}" for one in taken.accepted for warning in one.warnings]
        self.notes += [f"{table.where}: {one.name} is left out, because it is no root" for one, _ in taken.left_out]

    def _taken(self, table: _Table) -> intake.Intake:
        """Read and vet the certificates of a table. Raises Mistake."""
        key = next(one for one in ("pem", "url", "file") if one in table.own)
        try:
            text = None if key == "file" else self._text(table, key)
            name = self._beside(table.document, table.own["file"]) if key == "file" else _INLINE
            return intake.take(
                _Source(self._host, text),
                [name],
                sha256=[table.get("sha256")] if "sha256" in table.own else [],
                allow_intermediate=bool(table.get("intermediate", False)),
            )
        except CertificateRefused as refusal:
            raise table.mistake(
                "sha256" if refusal.differs else key, refusal.differs or without_options(refusal)
            ) from None
        except TrustInstallError as error:
            raise table.mistake(key, str(error)) from None

    def _text(self, table: _Table, key: str) -> bytes:
        """Return the text in the document, or at the address: through the caller's proxy, or else the documents'."""
        if key == "pem":
            return str(table.own["pem"]).encode("utf-8", "replace")
        said = values(self.proxies.proxies) if self.proxies else {}
        own = any(self._host.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
        return fetch(self._host, table.own["url"], self._host.environ if own else {**self._host.environ, **said})

    def _add(self, table: _Table, new: Declared) -> None:
        old = self.declared.setdefault(new.certificate.sha256, new)
        if (old.terms, old.accounts) != (new.terms, new.accounts):
            what = f"{printable(new.certificate.name)} is asked for on other terms in {old.where}; keep one of them"
            raise table.mistake("", what)

    def _accounts(self, table: _Table) -> tuple[Account, ...]:
        """Return the accounts that a table names, each once and sorted: their order has no meaning."""
        said: str | Sequence[str] = table.get("accounts", "machine")
        if said == "machine" or (said == "all" and self._host.account.is_root):
            return ()
        if not self._host.account.is_root:
            raise table.mistake("accounts", "only root works for other accounts; leave accounts out")
        found: dict[str, Account] = {}
        for name in sorted(said):
            account = self._host.account_named(name)
            if account is None or account.uid == 0 or not account.home:
                raise table.mistake("accounts", f"this machine has no account {printable(name)} with a home")
            found[name] = account
        return tuple(found.values())

    def _beside(self, document: Document, path: str) -> str:
        """Return a path that is relative to the document's directory."""
        if document.name == STANDARD_INPUT:
            return self._host.absolute(path)
        return posixpath.join(posixpath.dirname(document.name), path)


def without_options(refusal: CertificateRefused) -> str:
    """Return the reason of a refusal, with what lifts it in a document instead of the options of `add`."""
    if refusal.allowed_as == "intermediate":
        return f"{refusal.reason}; to trust it all the same: intermediate = true"
    if refusal.allowed_as:
        return f"{refusal.reason}; a document cannot lift this: `add --allow-{refusal.allowed_as}` can"
    return refusal.reason
