"""`explain`: the doctor's findings for the server of a Python program's error, or of a URL, and a line for a log.

The numbers of OpenSSL's verification are those of x509_vfy.h. The documentation of each library names the file that it
reads: requests, "SSL Cert Verification"; httpx, "SSL"; Python's `ssl.get_default_verify_paths`.
"""

from __future__ import annotations

import shlex
import ssl
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from trustinstall.doctor.judging import Reason
from trustinstall.errors import CertificateRefused, UsageProblem, printable
from trustinstall.host import ActingHost
from trustinstall.installer import clues
from trustinstall.installer.client_views import NO, ClientView
from trustinstall.installer.diagnosis import Ask, Diagnosis, diagnose
from trustinstall.installer.report_data import certificate
from trustinstall.installer.tls_context import VerifyingContext
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.installer.clues import Clues

#: The doctor's words for errors of OpenSSL's verification.
_CODES = {
    9: "not-yet-valid",
    10: "expired",
    18: "unknown-issuer",
    19: "unknown-issuer",
    20: "unknown-issuer",
    21: "unknown-issuer",
    50: "refused-by-program",
    62: "host-name",
    64: "host-name",
    66: "small-key",
    67: "small-key",
    68: "weak-signature",
}
#: The variables by which a library finds its roots (the first that is set counts), and whether certifi is its default.
_READS = {
    "requests": (("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), True),
    "httpx": (("SSL_CERT_FILE", "SSL_CERT_DIR"), True),
}
_OF_SSL = (("SSL_CERT_FILE", "SSL_CERT_DIR"), False)
_NAMED = 3  # programs in one line
_ACCEPTED = Reason("", "every client that was judged accepts the server")


@dataclass(frozen=True)
class Explanation:
    """Why a program could not connect; `str()` is one line for a log, `to_dict()` plain data.

    Attributes:
        server: host and port.
        proxy: the proxy between, without its login, or "".
        layer: the part that failed: "name", "route", "tcp", "proxy", "not-tls", "tls", "certificate"; "" for none.
        reason: why, with a stable word: of the program's own verification if there was one, else the doctor's.
        chain: the certificates as the server has sent them now.
        root: the certificate at the end of that chain, sent or from a store here, or None.
        store: the file or directory of roots that the program reads, or "" if it is unknown.
        decided_by: the source of that path: a variable, the library's default, `create_ssl_context`; or "".
        remedy: the words of the command that makes programs here trust the root; () if no root would help.
        diagnosis: the doctor's findings about the server, for every store and tool here.
    """

    server: str
    proxy: str
    layer: str
    reason: Reason
    chain: tuple[Certificate, ...]
    root: Certificate | None
    store: str
    decided_by: str
    remedy: tuple[str, ...]
    diagnosis: Diagnosis

    def __str__(self) -> str:
        """Return one line."""
        through = f" through the proxy {self.proxy}" if self.proxy else ""
        asked = f"; the program asked {self.store} ({self.decided_by})" if self.store else ""
        root = f"; root {self.root.name}, SHA-256 {self.root.sha256}" if self.root is not None else ""
        mend = f"; if the administrator confirms that root: {shlex.join(self.remedy)}" if self.remedy else ""
        return f"{self.server}{through}: {self.layer or 'no'} failure: {self.reason.text}{root}{asked}{mend}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with the words of the doctor's JSON; it holds no secret."""
        return {
            "server": self.server,
            "proxy": self.proxy,
            "layer": self.layer,
            "reason": {"code": self.reason.code, "detail": self.reason.text},
            "chain": _described(self.chain),
            "root": next(iter(_described(filter(None, [self.root]))), None),
            "store": self.store,
            "decided_by": self.decided_by,
            "remedy": list(self.remedy),
        }


def _described(certificates: Iterable[Certificate]) -> list[dict[str, Any]]:
    """Return the keys of certificates of a server, without those that cannot be read."""
    found: list[dict[str, Any]] = []
    for one in certificates:
        with suppress(CertificateRefused):
            found.append(certificate(one))
    return found


def explain(problem: BaseException | str, *, url: str = "", proxy: str = "") -> Explanation:
    """Look at the server of an error, or at a URL, by one handshake, and say why programs here refuse it.

    It connects to the server, trusts nothing, sends nothing, and changes nothing; it takes up to 15 seconds.

    Args:
        problem: a URL or "host:port"; or an `ssl.SSLCertVerificationError`, or what urllib, urllib3, requests, httpx or
            aiohttp have made of one.
        url: the server, if the error does not name it.
        proxy: the URL of the proxy, if the program does not take it from the variables of the environment.

    Raises:
        UsageProblem: neither the error nor `url` names a server, or the name is invalid.

    >>> explain("localhost:1").layer
    'tcp'
    """
    host = ActingHost.current()
    found = clues.Clues(problem, "", None, None) if isinstance(problem, str) else clues.read(problem)
    server = url or found.server
    if not server:
        raise UsageProblem("the error does not tell which server it is about; name it: explain(error, url=…)")
    diagnosis = diagnose(host, server, Ask(proxy=proxy))
    store, decided_by = _asked(found, host.environ) if found.library else ("", "")
    return Explanation(
        diagnosis.target,
        diagnosis.proxy,
        _layer(diagnosis, found),
        _reason(diagnosis, found),
        diagnosis.chain,
        diagnosis.root,
        printable(store, 4096),
        decided_by,
        diagnosis.remedy(host.program()),
        diagnosis,
    )


def _layer(diagnosis: Diagnosis, found: Clues) -> str:
    if found.refusal is not None and not diagnosis.failure:
        return "certificate"
    return diagnosis.layer.value if diagnosis.layer is not None else ""


def _reason(diagnosis: Diagnosis, found: Clues) -> Reason:
    """Return the doctor's reason for the word of the program's own verification, else that word with OpenSSL's text."""
    if diagnosis.failure:
        return Reason(diagnosis.layer.value if diagnosis.layer is not None else "", diagnosis.failure)
    refusing = [one for one in diagnosis.clients if one.accepts == NO]
    reasons = [reason for one in refusing for reason in one.reasons]
    if found.refusal is None:
        return Reason(reasons[0].code, _by(refusing)) if reasons else _ACCEPTED
    code = _CODES.get(getattr(found.refusal, "verify_code", 0), "refused")
    said = printable(str(getattr(found.refusal, "verify_message", "") or found.refusal), 300)
    return next((one for one in reasons if one.code == code), Reason(code, said))


def _by(refusing: Sequence[ClientView]) -> str:
    """Return the programs that refuse a server, and the first reason, as a sentence."""
    names, rest = ", ".join(one.name for one in refusing[:_NAMED]), len(refusing) - _NAMED
    return f"refused here by {names}{f' and {rest} more' if rest > 0 else ''}: {refusing[0].reasons[0].text}"


def _asked(found: Clues, environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the file or directory of roots that a program reads, and the source of that path."""
    if isinstance(found.context, VerifyingContext):
        return "the roots of this machine and of trustinstall", "create_ssl_context"
    variables, bundled = _READS.get(found.library, _OF_SSL)
    for name in variables:
        if environ.get(name):
            return environ[name], f"the variable {name}"
    if bundled:
        certifi = sys.modules.get("certifi")
        return (str(certifi.where()) if certifi is not None else "certifi", f"the default of {found.library}")
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.openssl_cafile, "the default of Python's ssl"
