"""A context for TLS clients in Python whose verification cannot be switched off, not even by a later assignment.

Sources: Python's documentation of `ssl` (`SSLContext.sslsocket_class`, `sslobject_class`); OpenSSL's
X509_VERIFY_PARAM_set_flags(3) for flags that leave checks out, and x509_vfy.h for 50, by which an application refuses.
"""

from __future__ import annotations

import ssl
from functools import reduce
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import TrustInstallError, UsageProblem, printable
from trustinstall.host import ActingHost
from trustinstall.installer import logs, tls_roots
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import PurePath

    from typing_extensions import Buffer

_DER = 2  # `_ssl.ENCODING_DER`
_BY_APPLICATION = 50  # X509_V_ERR_APPLICATION_VERIFICATION
_FLAGS: list[int] = [int(one) for one in ssl.VerifyFlags.__members__.values()]
_KNOWN_FLAGS = reduce(int.__or__, _FLAGS)
_NO_SWITCH = "a context of trustinstall always verifies; for a server of your own, name its root: cafile="


class VerifiedServer(NamedTuple):
    """A server whose certificate has been verified.

    Attributes:
        host: the name or address that the program asked for.
        chain: the verified certificates, the server's own first; in a resumed session only the server's own.
    """

    host: str
    chain: tuple[Certificate, ...]


class VerifyingContext(ssl.SSLContext):
    """An `ssl.SSLContext` whose verification cannot be switched off; `create_ssl_context` makes it."""

    refuse: Callable[[VerifiedServer], str | None] | None = None

    @property
    def verify_mode(self) -> ssl.VerifyMode:
        """CERT_REQUIRED. Setting another value raises UsageProblem."""
        return super().verify_mode

    @verify_mode.setter
    def verify_mode(self, value: int) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  an attribute
        _permit(value == ssl.CERT_REQUIRED)

    @property
    def check_hostname(self) -> bool:
        """True. Setting False raises UsageProblem."""
        return super().check_hostname

    @check_hostname.setter
    def check_hostname(self, value: bool) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  an attribute
        _permit(bool(value))

    @property
    def verify_flags(self) -> ssl.VerifyFlags:
        """The flags of OpenSSL's verification. Setting one that Python does not know raises UsageProblem."""
        return super().verify_flags

    @verify_flags.setter
    def verify_flags(self, value: int) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]  an attribute
        _permit(not value & ~_KNOWN_FLAGS)  # OpenSSL has flags that switch the check of dates off
        ssl.SSLContext.verify_flags.__set__(self, value)  # type: ignore[attr-defined]  # typeshed has an attribute here

    @property
    def sslsocket_class(self) -> type[ssl.SSLSocket]:  # type: ignore[override]  # nothing may replace it
        """The class of connections over a socket."""
        return _CheckedSocket

    @property
    def sslobject_class(self) -> type[ssl.SSLObject]:  # type: ignore[override]  # as above
        """The class of connections over memory, as asyncio makes them."""
        return _CheckedObject

    def check(self, connection: ssl.SSLSocket | ssl.SSLObject) -> None:
        """Refuse a connection after its handshake. Raises `ssl.SSLCertVerificationError`."""
        own = connection.getpeercert(binary_form=True)
        if own is None:  # a suite of ciphers without certificates, or with a shared key
            raise _refusal("the server has shown no certificate")
        if self.verify_mode is not ssl.CERT_REQUIRED or not self.check_hostname:  # by a setter of the base class
            raise _refusal(_NO_SWITCH)
        if self.refuse is None:
            return
        chain = _verified_chain(connection) or (own,)
        server = VerifiedServer(connection.server_hostname or "", tuple(map(Certificate.held, chain)))
        try:
            why = self.refuse(server)
        except Exception as error:
            raise _refusal(f"the program's own check failed: {type(error).__name__}") from error
        if why is not None:
            raise _refusal(str(why))


class _CheckedSocket(ssl.SSLSocket):
    """Checks the server after the handshake, and passes no data before."""

    _checked = False

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  as in the base class
        super().do_handshake(block)
        _check(self)

    def read(self, len: int = 1024, buffer: Buffer | None = None) -> bytes:  # noqa: A002  as in the base class
        _shake_hands(self)
        return super().read(len, buffer)  # pyright: ignore[reportDeprecated]  programs may call it

    def write(self, data: Any) -> int:  # noqa: ANN401  as in the base class
        _shake_hands(self)
        return super().write(data)  # pyright: ignore[reportDeprecated]  programs may call it

    def send(self, data: Any, flags: int = 0) -> int:  # noqa: ANN401  as in the base class
        _shake_hands(self)
        return super().send(data, flags)


class _CheckedObject(ssl.SSLObject):
    """The same for a connection over memory."""

    _checked = False

    def do_handshake(self) -> None:
        super().do_handshake()
        _check(self)

    def read(self, len: int = 1024, buffer: Buffer | None = None) -> bytes:  # noqa: A002  as in the base class
        _shake_hands(self)
        return super().read(len, buffer)

    def write(self, data: Any) -> int:  # noqa: ANN401  as in the base class
        _shake_hands(self)
        return super().write(data)


def create_ssl_context(
    cafile: str | PurePath | None = None, *, refuse: Callable[[VerifiedServer], str | None] | None = None
) -> VerifyingContext:
    """Return a context that trusts this machine's roots, and those that trustinstall manages for it and this account.

    It is for clients: urllib, http.client, urllib3, requests, httpx, aiohttp, asyncio. It leaves out roots that were
    added only for some DNS names, or only for other stores. Variables such as SSL_CERT_FILE are not read.

    Args:
        cafile: a file of further roots, for machines on which nothing may be installed; they are vetted as
            `load_certificates` does.
        refuse: is called with each verified server, and returns a reason to refuse it, or None. If it raises, the
            server is refused. It cannot accept a server that verification refuses.

    Raises:
        CertificateRefused, UsageProblem: the file holds no root, or does not exist.
        TrustInstallError: this machine has no roots that can be read, and `cafile` is not given.

    >>> context = create_ssl_context(CORP_PEM)
    >>> context.check_hostname = False
    Traceback (most recent call last):
    ...
    trustinstall.errors.UsageProblem: ...
    """
    host = ActingHost.current()
    extra = _vetted(host, str(cafile)) if cafile is not None else ()
    roots = tls_roots.roots(host)
    if not (roots or extra):
        raise TrustInstallError("this machine has no roots that can be read; install ca-certificates, or name cafile=")
    context = VerifyingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as Python from 3.13 on: each anchor is believed by itself
    context.options |= ssl.OP_NO_RENEGOTIATION  # a second certificate would not be checked
    context.refuse = refuse
    _load(context, (*roots, *extra))
    log = logs.logger()
    if log is not None:
        log.info("TLS context: %d roots of this machine, %d of cafile", len(roots), len(extra))
    return context


def _vetted(host: ActingHost, cafile: str) -> tuple[Certificate, ...]:
    from trustinstall.certificates import intake

    return tuple(one.certificate for one in intake.take(host, [cafile]).accepted)


def _load(context: ssl.SSLContext, roots: Iterable[Certificate]) -> None:
    """Make a context trust roots; roots that OpenSSL cannot read are skipped, as OpenSSL skips them in a bundle."""
    for one in roots:
        try:
            context.load_verify_locations(cadata=one.der)
        except ssl.SSLError:
            continue


def _permit(allowed: object) -> None:
    if not allowed:
        raise UsageProblem(_NO_SWITCH)


def _check(connection: _CheckedSocket | _CheckedObject) -> None:
    context = connection.context
    if not isinstance(context, VerifyingContext):
        raise _refusal(_NO_SWITCH)
    context.check(connection)
    connection._checked = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  a class of this module


def _shake_hands(connection: _CheckedSocket | _CheckedObject) -> None:
    """Do the handshake before the first data, if the program has not done it and the connection has TLS."""
    inner: Any = connection
    if not inner._checked and inner._sslobj is not None:  # noqa: SLF001  as above
        connection.do_handshake()


def _verified_chain(connection: ssl.SSLSocket | ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the DER of the verified chain; Python before 3.13 has the same method on its inner object only."""
    inner: Any = connection
    if hasattr(inner, "get_verified_chain"):
        return tuple(inner.get_verified_chain())
    return tuple(one.public_bytes(_DER) for one in inner._sslobj.get_verified_chain() or ())  # noqa: SLF001  as above


def _refusal(why: str) -> ssl.SSLCertVerificationError:
    sentence = printable(why, 300)
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {sentence}")
    error.verify_code, error.verify_message = _BY_APPLICATION, sentence
    return error
