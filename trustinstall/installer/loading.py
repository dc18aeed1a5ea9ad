"""Loads certificates from files and vets them as the command line does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates import intake
from trustinstall.host import ActingHost
from trustinstall.installer import logs

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import PurePath

    from trustinstall.certificates.certificate import Certificate


def load_certificates(
    *paths: str | PurePath, sha256: str | Sequence[str] = (), allow: Collection[str] = ()
) -> tuple[Certificate, ...]:
    """Return the roots in files (PEM, DER or PKCS#7) and directories, each once and vetted.

    Args:
        paths: files and directories on the running machine; "-" for standard input.
        sha256: a fingerprint (64 hexadecimal digits), or several; the files must hold exactly these roots.
        allow: "expired", "weak" or both: accept certificates with such faults, as `--allow-expired` does.

    Raises:
        CertificateRefused: a file holds no root, a damaged one, or one that policy refuses.
        UsageProblem: a path does not exist, or a fingerprint is invalid.

    >>> [one.name for one in load_certificates(CORP_PEM)]
    ['Corp Root']
    >>> load_certificates(CORP_PEM, sha256="0" * 64)
    Traceback (most recent call last):
    ...
    trustinstall.errors.CertificateRefused: ...
    """
    sha256 = [sha256] if isinstance(sha256, str) else sha256
    taken = intake.take(ActingHost.current(), [*map(str, paths)], sha256=sha256, allow=allow)
    logs.tell_loaded(taken)
    return tuple(one.certificate for one in taken.accepted)
