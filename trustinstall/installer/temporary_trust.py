"""Trust for one command: a temporary bundle, named by the variables that its programs read.

Nothing is installed. A bundle that the caller's own variable or setting names is not changed: for this command, the
variable names a copy with the additional certificates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.loaded import quiet
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import UsageProblem, printable
from trustinstall.facts import system_bundle
from trustinstall.facts.variables import ADDS, REPLACES
from trustinstall.host import TemporaryFiles
from trustinstall.state import known_bundles, scopes
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide
from trustinstall_platforms.tools.effective.clients import of_tool
from trustinstall_platforms.tools.effective.ours import hidden, would_lose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host

_WGETRC = "WGETRC"  # the GNU Wget manual, Wgetrc location
_HGRCPATH = "HGRCPATH"  # hg(1), environment: files and directories that are read in place of the defaults
_HGRCS = ("/etc/mercurial/hgrc", "/etc/mercurial/hgrc.d", "~/.hgrc", "~/.config/hg/hgrc")
_JAVA_OPTIONS = "JAVA_TOOL_OPTIONS"  # every JVM reads it: "JVM Tool Interface", environment variables
_JAVA_PASSWORD = "changeit"  # noqa: S105  not a secret: every JDK's own keystore has it, and holds public certificates
_VERSION_2 = 1  # in X.509's count; Java reads it, `cryptography` does not; an unreadable entry breaks the whole store
_OURS, _WHOLE, _JAVA = "ours.pem", "bundle.pem", "java.p12"


class Lender(NamedTuple):
    """The variables and files for a command, once the directory of its files is known; their names, and notes."""

    lend: Callable[[str], TemporaryFiles]
    variables: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def lend_trust(host: Host, certificates: Sequence[Certificate], *, java: bool) -> Lender:
    """Prepare the variables and files for a command.

    Raises UsageProblem if the machine has no public roots to add to, or if a variable of the caller names a file that
    is not a bundle.
    """
    ours = b"".join(one.pem for one in certificates)
    files = {_OURS: ours, _WHOLE: _joined(_public(host), ours)}
    named = {**{one.name: _OURS for one in ADDS}, **{one.name: _WHOLE for one in REPLACES}}
    for number, (content, names) in enumerate((*_kept(host), *_hidden(host))):
        files[f"kept-{number}.pem"] = _joined(_certificates(content), ours)
        named |= dict.fromkeys(names, f"kept-{number}.pem")
    theirs_too = {tool: f"{tool}.pem" for tool in ("hg", "wget") if _named_by(host, tool)}
    for tool, file in theirs_too.items():
        files[file] = _joined(_certificates(_public(host) + b"\n" + _named_by(host, tool)), ours)
    warnings: tuple[str, ...] = ()
    if java:
        files[_JAVA], left_out = _keystore(files[_WHOLE])
        warnings = tuple(f"Java programs do without {name}, which strict parsers cannot read" for name in left_out)

    def lend(directory: str) -> TemporaryFiles:
        lent = {name: f"{directory}/{file}" for name, file in named.items()}
        lent[_WGETRC], lent[_HGRCPATH] = f"{directory}/wgetrc", ":".join((*_hgrcs(host), f"{directory}/hgrc"))
        theirs = _wgetrc(host)
        hgrc = {"hgrc": f"[web]\ncacerts = {directory}/{theirs_too.get('hg', _WHOLE)}\n".encode()}
        wgetrc = {"wgetrc": theirs + f"\nca_certificate = {directory}/{theirs_too.get('wget', _WHOLE)}\n".encode()}
        if java:
            lent[_JAVA_OPTIONS] = _java_options(host, f"{directory}/{_JAVA}")
        public, private = ({}, wgetrc) if theirs else (wgetrc, {})  # the caller's settings may hold a password
        return TemporaryFiles({**files, **hgrc, **public}, private, {**host.environ, **lent})

    return Lender(lend, (*named, _WGETRC, _HGRCPATH, *([_JAVA_OPTIONS] if java else ())), warnings)


def _java_options(host: Host, path: str) -> str:
    store = f"-Djavax.net.ssl.trustStore={path} -Djavax.net.ssl.trustStorePassword={_JAVA_PASSWORD}"
    return f"{host.environ.get(_JAVA_OPTIONS, '')} {store}".strip()


def _hgrcs(host: Host) -> list[str]:
    """Return the paths of Mercurial's settings: the caller's variable, or else the defaults."""
    named = host.environ.get(_HGRCPATH)
    return [named] if named is not None else [host.absolute(path) for path in _HGRCS]


def _wgetrc(host: Host) -> bytes:
    """Return the caller's own settings of wget, which reads one such file, and no variable that names a bundle."""
    path = host.environ.get(_WGETRC) or host.absolute("~/.wgetrc")
    try:
        return host.read(host.real(path))
    except OSError:
        return b""


def _public(host: Host) -> bytes:
    found = system_bundle.find(host)
    if found is None:
        raise UsageProblem("this machine has no bundle of public roots to add to; install the package ca-certificates")
    return found.content


def _hidden(host: Host) -> Iterator[tuple[bytes, list[str]]]:
    """Yield the bundles that the caller's own settings name, each with the variables that would hide it."""
    knowing = known_bundles.told(host, scopes.state_of(host, host.account.uid))
    for name, paths in hidden(knowing).items():
        contents = [content for path in sorted(paths) if (content := system_bundle.bundle(host, path)) is not None]
        if contents and not host.environ.get(name):
            yield b"\n".join((_public(host), *contents)), [name]


def _named_by(host: Host, tool: str) -> bytes:
    """Return the content of the bundle that the caller's own settings of a tool name, or b""."""
    scene = decide.calling(host)
    client = of_tool(scene, tool)
    found = decide.effective(client, scene) if client is not None else None
    named = found.bundles if found is not None and would_lose(host, found) else ()
    return b"\n".join(system_bundle.bundle(host, one.path) or b"" for one in named)


def _kept(host: Host) -> Iterator[tuple[bytes, list[str]]]:
    """Yield the bundles that the caller's own variables name, each with its variables."""
    found: dict[str, list[str]] = {}
    for one in (*ADDS, *REPLACES):
        path = host.environ.get(one.name)
        if path:
            found.setdefault(path, []).append(one.name)
    for path, names in found.items():
        content = system_bundle.bundle(host, host.absolute(path))
        if content is None:
            raise UsageProblem(f"{names[0]} names {printable(path)}, which is no bundle; unset it, and try again")
        yield content, names


def _certificates(bundle: bytes) -> bytes:
    """Return the certificates of a bundle, unchanged; a private key in it is not copied."""
    blocks = [one for one in pem_blocks(bundle) if one.label in CERTIFICATE_LABELS]
    return b"".join(bundle[one.start : one.end].rstrip(b"\r\n") + b"\n" for one in blocks)


def _joined(bundle: bytes, ours: bytes) -> bytes:
    return bundle.rstrip(b"\n") + b"\n" + ours


def _keystore(bundle: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a Java trust store with the certificates of a bundle, and the names of those that it leaves out."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    from trustinstall_platforms import keystores

    ders = [block.der for block in pem_blocks(bundle) if block.label in CERTIFICATE_LABELS and block.der]
    read: list[x509.Certificate] = []
    of_version_2: list[keystores.New] = []
    left_out: list[str] = []
    for number, der in enumerate(ders):
        try:
            with quiet():
                read.append(x509.load_der_x509_certificate(der))
        except x509.InvalidVersion as error:
            if error.parsed_version == _VERSION_2:
                of_version_2.append(keystores.New(f"version 2, {number}", der, 0))
            else:
                left_out.append(Certificate.held(der).name)
        except ValueError:
            left_out.append(Certificate.held(der).name)
    entries = [pkcs12.PKCS12Certificate(one, b"%d" % number) for number, one in enumerate(read)]
    made = pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(_JAVA_PASSWORD.encode()))
    if of_version_2:
        made = keystores.parse(made).changed([_JAVA_PASSWORD], of_version_2, lambda _one: False)
    return made, tuple(left_out)
