"""The inspector: the content of a host's stores in every scope, for commands and callers that change nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from trustinstall import catalog
from trustinstall.catalog import FROM_WINDOWS, SYSTEM_STORES
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.engine.discovery import discover
from trustinstall.engine.tally import working_for
from trustinstall.errors import NoRights, TrustInstallError, UsageProblem
from trustinstall.facts import homes, wsl
from trustinstall.host import ActingHost
from trustinstall.installer import looking
from trustinstall.installer.acting import answer_of, seen_by
from trustinstall.installer.situation import ABOUT_THE_CALLER, ScopeOptions, Situation, decide, scope_options
from trustinstall.installer.wire import encode, received
from trustinstall.state import scopes
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.typed_json import made_printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import PurePath

    from trustinstall.certificates.intake import Held
    from trustinstall.installer.views import Listed, View
    from trustinstall.stores.backend import Backend


@dataclass(init=False, repr=False)
class Inspector:
    """Looks at the stores of this machine, or of an image, and changes nothing.

    Attributes:
        host: the machine and the acting account.
        backends: the kinds of stores to find.
        on_progress: is called about every tenth of a second with a few words about the current work.
        variables: how environment variables are set: a value of `--variables`, or "" for the default of the scope.

    >>> Inspector(IMAGE).list()
    ()
    """

    host: ActingHost
    backends: Sequence[Backend]
    on_progress: Callable[[str], None]
    variables: str

    def __init__(
        self,
        sysroot: str | PurePath | None = None,
        *,
        run_tools: bool = False,
        host: ActingHost | None = None,
        backends: Sequence[Backend] | None = None,
        on_progress: Callable[[str], None] | None = None,
        variables: str = "",
    ) -> None:
        """Choose the machine.

        Args:
            sysroot: the directory that holds the root of an image; None for the running machine.
            run_tools: run the image's own tools, confined, instead of writing their files directly.
            host, backends, on_progress, variables: see the attributes; by default this machine and all backends.

        Raises:
            UsageProblem: the directory does not exist, or is "/".
        """
        host = host or ActingHost.current()
        image = sysroot is not None
        self.host = host.image(str(sysroot), run_tools=run_tools, kept=ABOUT_THE_CALLER) if image else host
        self.backends = catalog.of(self.host.platform) if backends is None else backends
        self.on_progress = on_progress or _silent
        self.variables = variables

    def __repr__(self) -> str:
        """Return the class, and the machine that it works on."""
        return f"{type(self).__name__}({self.host.root!r})" if self.host.is_image else f"{type(self).__name__}()"

    def list(
        self, scope: str | ScopeOptions | None = None, *, discovery: DiscoveryOptions | None = None
    ) -> tuple[Listed, ...]:
        """Return each certificate that trustinstall has added, with the stores that hold it (`complete`, `missing`).

        Args, raises: as `look`. A certificate that two scopes have added is there twice.

        >>> installer = Installer(IMAGE)
        >>> added = installer.add(load_certificates(CORP_PEM))
        >>> [(one.name, one.scope, one.complete) for one in installer.list()]
        [('Corp Root', 'machine', True)]
        """
        return self.look(scope, discovery=discovery).certificates

    def look(
        self,
        scope: str | ScopeOptions | None = None,
        *,
        discovery: DiscoveryOptions | None = None,
        every_anchor: bool = False,
        through: bool = False,
    ) -> View:
        """Return the content of the stores of the machine and of the accounts in scope, and which of it is managed.

        Args:
            scope, discovery: as for `Installer.add`.
            every_anchor: list every anchor of every store, too.
            through: scan whole trees for Python environments if the last scan is more than a week old.

        Raises:
            StateError: the acting account's ledgers are not trusted.
            NoRights, UsageProblem: as `Installer.add`.

        >>> [one.backend for one in Installer(IMAGE).look().stores]
        ['debian']
        """
        from trustinstall.installer import views

        situation = decide(self.host, scope_options(scope), terminal=False)
        places = discovery or DiscoveryOptions()
        self._check(places, situation)
        look = partial(looking.look, every_anchor=every_anchor, through=through)
        view = look(self.host, self.backends, places, on_progress=self.on_progress)
        for account in situation.accounts:
            if why := homes.why_unreachable(self.host, account):
                view += views.View(notes=(f"{account.name}: {why}",))
                continue
            theirs = DiscoveryOptions(windows_host=places.windows_host, rescan=places.rescan)
            job = partial(_look_for, partial(look, seen_by(self.host, account), self.backends, theirs))
            try:
                other = received(
                    views.View,
                    answer_of(self.host, account, job, partial(self.on_progress, working_for(account))),
                )
            except (TrustInstallError, OSError) as error:
                view += views.View(notes=(str(error),))
                continue
            # Its report on stores of other owners could hide another account's stores.
            known = {one.store for one in view.stores}
            stores = tuple(one for one in other.stores if one.scope == account.name and one.store not in known)
            own = {one.store for one in stores}
            view += views.View(
                tuple(one for one in other.certificates if one.scope == account.name),
                tuple(one for one in other.anchors if one.store in own),
                stores,
                other.notes,
            )
        return made_printable(replace(view, notes=tuple(dict.fromkeys(view.notes))))

    def known(self, scope: str | ScopeOptions | None = None) -> dict[str, Certificate]:
        """Return every certificate that the ledgers in scope keep, by SHA-256. Raises StateError if one is damaged.

        >>> Installer(IMAGE).known()
        {}
        """
        found: dict[str, Certificate] = {}
        for account in decide(self.host, scope_options(scope), terminal=False).accounts:
            if homes.why_unreachable(self.host, account):
                continue
            job = partial(_known_for, seen_by(self.host, account))
            try:
                answer = answer_of(self.host, account, job, partial(self.on_progress, working_for(account)))
            except (TrustInstallError, OSError):
                continue  # the report of that account gives the reason
            ders = (block.der for block in pem_blocks(answer))
            found |= {one.sha256: one for one in map(Certificate.held, filter(None, ders))}
        return found | self._added_here()

    def _added_here(self) -> dict[str, Certificate]:
        """Return the certificates in the ledgers of the machine and of the acting account, by SHA-256."""
        machine = scopes.machine_ledger(self.host)[0].certificates
        return machine | scopes.own_ledger(self.host).certificates

    def recorded(self, certificates: Sequence[Certificate]) -> int:
        """Return the number of stores in which the machine's and the acting account's ledgers record any of these."""
        wanted = {one.sha256 for one in certificates}
        own = scopes.own_ledger(self.host)
        keys = {*scopes.machine_ledger(self.host)[0].placements, *own.placements}
        return len({store for store, sha256 in keys if sha256 in wanted})

    def company_roots(self, match: str | None = None, sources: frozenset[str] = frozenset()) -> Sequence[Held]:
        """Return the non-public roots of the machine's own stores; see `company_roots`."""
        from trustinstall.installer import company_roots as harvest

        return harvest.company_roots(self.host, self.backends, match, sources)

    def windows_roots(self, match: str | None = None, scope: str | ScopeOptions | None = None) -> Sequence[Held]:
        """Return the non-public roots of the Windows that hosts this Linux, as an ordinary account sees its store.

        Raises UsageProblem if there is no such Windows, and StoreError if its store cannot be read.
        """
        from trustinstall.certificates.intake import Held
        from trustinstall.installer import company_roots as harvest

        situation = decide(self.host, scope_options(scope), terminal=False)
        self._check_windows("--from windows", situation)
        names = frozenset(one.name for one in FROM_WINDOWS)
        if not self.host.account.is_root:
            return harvest.company_roots(self.host, FROM_WINDOWS, match, names)
        account = situation.accounts[0]
        job = partial(_held_for, seen_by(self.host, account), match, names)
        answer = answer_of(self.host, account, job, partial(self.on_progress, working_for(account)))
        ders = (block.der for block in pem_blocks(answer))
        return [Held(Certificate.held(der), min(names)) for der in ders if der]

    def system_anchors(self) -> Sequence[Certificate]:
        """Return the anchors of the operating system's own stores, and the roots added for the machine or this account.

        Stores that cannot be read are skipped. Raises StateError if a ledger is damaged.
        """
        kinds = [one for one in self.backends if one.name in SYSTEM_STORES]
        anchors = self._added_here()
        for backend, store in discover(self.host, kinds, DiscoveryOptions()).stores.values():
            with suppress(OSError, TrustInstallError):
                anchors |= {one.sha256: one for one in map(Certificate.held, backend.anchors(self.host, store))}
        return list(anchors.values())

    def find(self, sha256: str, *, discovery: DiscoveryOptions | None = None) -> Certificate | None:
        """Return the certificate of a full fingerprint (64 digits) from the first store that holds it, or None.

        One that was removed is returned from a ledger, too: a store may still name it in a way that does not hold it.

        >>> Installer(IMAGE).find("0" * 64) is None
        True
        """
        host = self.host.remembering()
        found = discover(host, self.backends, looking.known_places(host, discovery or DiscoveryOptions()))
        for backend, store in found.stores.values():
            with suppress(OSError):
                for der in backend.anchors(host, store):
                    if Certificate.held(der).sha256 == sha256:
                        return Certificate.held(der)
        return (scopes.machine_ledger(self.host)[0].former | scopes.own_ledger(self.host).former).get(sha256)

    def check_places(self, discovery: DiscoveryOptions, scope: str | ScopeOptions | None = None) -> None:
        """Raise UsageProblem or NoRights if the places that the caller names cannot be reached from here."""
        self._check(discovery, decide(self.host, scope_options(scope), terminal=False))

    def _check(self, places: DiscoveryOptions, situation: Situation) -> None:
        if places.windows_host:
            self._check_windows("--with-windows", situation)

    def _check_windows(self, option: str, situation: Situation) -> None:
        why = wsl.unreachable(self.host)
        if why is not None:
            raise UsageProblem(f"{option}: {why}")
        if self.host.account.is_root and len(situation.accounts) != 1:
            raise NoRights(
                f"{option}: every account may write where Windows' programs lie, and root does not run them; run it as "
                "an ordinary account, by sudo from one, or with --user NAME for one"
            )


def _silent(_doing: str) -> None:
    """Ignore progress."""


def _known_for(host: ActingHost) -> bytes:
    return b"".join(one.pem for one in scopes.own_ledger(host).certificates.values())


def _held_for(host: ActingHost, match: str | None, names: frozenset[str]) -> bytes:
    from trustinstall.installer import company_roots as harvest

    return b"".join(one.certificate.pem for one in harvest.company_roots(host, FROM_WINDOWS, match, names))


def _look_for(look: Callable[[], View]) -> bytes:
    return encode(look())
