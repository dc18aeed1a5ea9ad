"""A diagnosis with another account's rights, because root can read files that the diagnosed process cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.tally import working_for
from trustinstall.installer import diagnosis
from trustinstall.installer.acting import answer_of, seen_by
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.installer.wire import encode, received
from trustinstall.patterns import regex
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost
    from trustinstall.installer.diagnosis import Ask

_Der = Annotated[str, regex("(?:[0-9a-f]{2})*")]


@dataclass(frozen=True)
class _Told:
    """A diagnosis as it is sent between processes: its certificates are separate, as DER in hexadecimal digits."""

    diagnosis: Diagnosis
    chain: tuple[_Der, ...]
    root: tuple[_Der, ...]


def diagnose_all(
    host: ActingHost, typed: Sequence[str], ask: Ask, on_progress: Callable[[str], None]
) -> tuple[Diagnosis, ...]:
    """Do `diagnosis.diagnose_all`; if `ask.caller` has another account, in a process with that account's rights only.

    `on_progress` is called with the present activity. Raises UsageProblem as `diagnosis.diagnose_all`, and
    TrustInstallError if the process fails.
    """
    account = ask.caller.account if ask.caller else None
    if account is None:
        return diagnosis.diagnose_all(host, typed, ask)
    diagnosis.check(host, typed, ask)
    job = partial(_told, seen_by(host, account), typed, ask)
    answer = answer_of(host, account, job, partial(on_progress, working_for(account)))
    return tuple(map(_received, received(tuple[_Told, ...], answer)))


def _told(host: ActingHost, typed: Sequence[str], ask: Ask) -> bytes:
    found = diagnosis.diagnose_all(host, typed, ask)
    return encode(
        tuple(
            _Told(
                replace(one, chain=(), root=None),
                tuple(each.der.hex() for each in one.chain),
                (one.root.der.hex(),) if one.root is not None else (),
            )
            for one in found
        )
    )


def _received(told: _Told) -> Diagnosis:
    root = next((Certificate.held(bytes.fromhex(one)) for one in told.root), None)
    chain = tuple(Certificate.held(bytes.fromhex(one)) for one in told.chain)
    return replace(told.diagnosis, chain=chain, root=root)
