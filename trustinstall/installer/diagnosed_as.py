"""A diagnosis by the rights of another account: a process may not read what root, who asks about it, may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.tally import working_for
from trustinstall.installer import diagnosis
from trustinstall.installer.acting import answer_of, seen_by
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.installer.wire import encode, received
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost
    from trustinstall.installer.diagnosis import Ask

_Der = Annotated[str, regex("(?:[0-9a-f]{2})*")]


@dataclass(frozen=True)
class _Told:
    """A diagnosis on its way between processes: its certificates stand beside it, in hexadecimal."""

    diagnosis: Diagnosis
    chain: tuple[_Der, ...]
    root: tuple[_Der, ...]


def diagnose_all(
    host: ActingHost, typed: Sequence[str], ask: Ask, on_progress: Callable[[str], None]
) -> tuple[Diagnosis, ...]:
    """Do as `diagnosis.diagnose_all`, in a process that has the rights of the caller's account alone.

    Raises UsageProblem as that, and TrustInstallError where the process fails.
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
