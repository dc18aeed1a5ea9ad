"""Products that inspect encrypted connections: the signs that one is installed, and its own roots.

An appliance or a cloud inspects machines without a client on them, too: a missing client does not prove that a root is
idle. Every row is `documented`: none of these products runs in the tests.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.errors import CertificateRefused
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host

_LIMIT = 1 << 20  # bytes of a product's file of certificates
_MOST = 64  # files of a product's directory of certificates
_ENDINGS = (".pem", ".crt", ".cer")
_START = r"(?:^|(?<!\\),)"  # of an attribute of a name (RFC 4514): a comma in a value is escaped
_COMM = 15  # characters of a process's name (proc_pid_comm(5))


class Product(NamedTuple):
    """One product.

    Attributes:
        name: its vendor's name for it.
        source: the vendor's pages.
        subject: a regular expression that finds its own roots by their subject, which is also their name in a keychain;
            "" if the company's own authority signs.
        files: files that its client installs, by platform.
        processes: the names of its client's processes on Linux and Windows.
        certificates: files in which its client keeps its root, or directories of such files, by platform.
    """

    name: str
    source: str
    subject: str
    files: Mapping[str, Sequence[str]]
    processes: Sequence[str]
    certificates: Mapping[str, Sequence[str]] = {}


class Installed(NamedTuple):
    """An installed product, and the file or process that shows it."""

    product: Product
    where: str
    by_file: bool


_NETSKOPE = "/Library/Application Support/Netskope/STAgent"

PRODUCTS = (
    Product(
        "Zscaler",
        "Zscaler Help: Customizing Zscaler Client Connector with Install Options for Linux; Client Connector Processes "
        "to Allowlist; About SSL/TLS Inspection",
        r"CN=Zscaler (Intermediate )?Root CA|O=Zscaler Inc",
        {
            "linux": ("/opt/zscaler/.config.ini", "/opt/zscaler/scripts/zscaler-config"),
            "darwin": ("/Applications/Zscaler/Zscaler.app", "/Library/Application Support/com.zscaler.Zscaler"),
            "win32": ("C:/Program Files/Zscaler", "C:/Program Files (x86)/Zscaler"),
        },
        ("zstunnel", "zsaservice", "ZSATunnel", "ZSAService"),
    ),
    Product(
        "Netskope",
        "Netskope documentation: Netskope Client for Linux; Netskope Community: Netskope Client Configuration overview",
        r"O=Netskope Inc|CN=[^,]*\.goskope\.com",
        {
            "linux": ("/opt/netskope/stagent",),
            "darwin": (_NETSKOPE,),
            "win32": ("C:/Program Files (x86)/Netskope/STAgent", "C:/Program Files/Netskope/STAgent"),
        },
        ("stAgentSvc", "stAgentApp"),
        {
            "linux": ("/opt/netskope/stagent/data/nscacert.pem",),
            "darwin": (f"{_NETSKOPE}/data/nscacert.pem", f"{_NETSKOPE}/nscacert.pem"),
            "win32": ("C:/ProgramData/netskope/stagent/data/nscacert.pem",),
        },
    ),
    Product(
        "Cloudflare WARP",
        "Cloudflare One docs: Install certificate using the Cloudflare One Client; User-side certificates",
        r"CN=Gateway CA - Cloudflare Managed|CN=Cloudflare for Teams ECC Certificate Authority",
        {
            "linux": ("/usr/bin/warp-svc",),
            "darwin": ("/Applications/Cloudflare WARP.app",),
            "win32": ("C:/Program Files/Cloudflare/Cloudflare WARP",),
        },
        ("warp-svc",),
        {
            "linux": ("/var/lib/cloudflare-warp/installed_certs", "/var/lib/cloudflare-warp/installed_cert.pem"),
            "darwin": (
                "/Library/Application Support/Cloudflare/installed_certs",
                "/Library/Application Support/Cloudflare/installed_cert.pem",
            ),
            "win32": ("C:/ProgramData/Cloudflare/installed_certs", "C:/ProgramData/Cloudflare/installed_cert.pem"),
        },
    ),
    Product(
        "Cisco Umbrella or Secure Access",
        "Cisco Umbrella User Guide: Install the Cisco Umbrella Root Certificate; Cisco Secure Access Help: Manage "
        "Certificates; Cisco Secure Client Administrator Guide: Umbrella module",
        r"CN=Cisco (Umbrella|Secure Access) Root CA",
        {
            "linux": ("/opt/cisco/secureclient/umbrella",),
            "darwin": ("/opt/cisco/secureclient/umbrella", "/opt/cisco/anyconnect/umbrella"),
            "win32": (
                "C:/ProgramData/Cisco/Cisco Secure Client/Umbrella",
                "C:/ProgramData/Cisco/Cisco AnyConnect Secure Mobility Client/Umbrella",
                "C:/Program Files (x86)/OpenDNS/Umbrella Roaming Client",
            ),
        },
        ("acumbrellaagent", "csc_umbrellaagent"),
    ),
    Product(
        "Palo Alto GlobalProtect",
        "GlobalProtect documentation: GlobalProtect Processes to be Whitelisted on EDR Deployments; Deploy App "
        "Settings to Linux Endpoints",
        "",
        {
            "linux": ("/opt/paloaltonetworks/globalprotect",),
            "darwin": ("/Applications/GlobalProtect.app",),
            "win32": ("C:/Program Files/Palo Alto Networks/GlobalProtect",),
        },
        ("PanGPS", "PanGPA"),
    ),
    Product(
        "Fortinet",
        "FortiGate Administration Guide: Deep inspection, Fortinet_CA_SSL; FortiClient Administration Guide: Linux",
        r"OU=Certificate Authority,O=Fortinet(,|$)",
        {
            "linux": ("/opt/forticlient",),
            "darwin": ("/Applications/FortiClient.app", "/Library/Application Support/Fortinet/FortiClient"),
            "win32": ("C:/Program Files/Fortinet/FortiClient",),
        },
        ("fctsched", "FortiTray"),
    ),
    Product(
        "Check Point",
        "Check Point: Remote Access Clients Administration Guide, trac.defaults; sk108202, HTTPS Inspection",
        "",
        {
            "darwin": (
                "/Library/Application Support/Checkpoint/Endpoint Security",
                "/Library/Application Support/Checkpoint/Endpoint Connect",
            ),
            "win32": (
                "C:/Program Files (x86)/CheckPoint/Endpoint Security",
                "C:/Program Files (x86)/CheckPoint/Endpoint Connect",
            ),
        },
        ("TracSrvWrapper",),
    ),
    Product(
        "Forcepoint",
        "Forcepoint Help: Forcepoint One Endpoint, Installation and Deployment Guide; Forcepoint Web Security Cloud: "
        "SSL decryption, root certificate",
        r"CN=Forcepoint Cloud CA|O=Forcepoint LLC",
        {
            "darwin": ("/Library/Application Support/Websense Endpoint",),
            "win32": ("C:/Program Files/Websense/Websense Endpoint",),
        },
        ("wepsvc",),
    ),
    Product(
        "Sophos",
        "Sophos Firewall: Certificate authorities, SecurityAppliance_SSL_CA; Sophos Protection for Linux",
        r"CN=Sophos SSL CA_|O=Sophos(,|$)",
        {
            "linux": ("/opt/sophos-spl",),
            "darwin": ("/Applications/Sophos", "/Library/Sophos Anti-Virus"),
            "win32": ("C:/Program Files/Sophos", "C:/Program Files (x86)/Sophos"),
        },
        ("sophos_watchdog", "SophosNtpService"),
    ),
)
_SUBJECTS = tuple((one, regex(_START + f"(?:{one.subject})", re.IGNORECASE)) for one in PRODUCTS if one.subject)


def installed(host: Host) -> tuple[Installed, ...]:
    """Return the products whose client is installed or runs on the host.

    A file counts only if its path can be changed by the machine's owner alone. Any account may name a process like a
    product's: `by_file` is False if only a process shows the product.
    """
    running = set[str]() if host.is_image else host.running()
    found: list[Installed] = []
    for one in PRODUCTS:
        path = _file_of(host, one)
        process = next((name for name in one.processes if name[:_COMM] in running), None)
        if path is not None:
            found.append(Installed(one, path, by_file=True))
        elif process is not None:
            found.append(Installed(one, f"the process {process} runs", by_file=False))
    return tuple(found)


def shown_by_file(host: Host) -> bool:
    """Whether a file shows that one of the products is installed."""
    return any(_file_of(host, one) is not None for one in PRODUCTS)


def product_of(root: Certificate) -> Product | None:
    """Return the product whose own root this is, by its subject."""
    return product_named(root.subject)


def product_named(subject: str) -> Product | None:
    """Return the product whose own authority has a subject like this (RFC 4514), or None."""
    return next((one for one, pattern in _SUBJECTS if pattern.search(subject)), None)


def roots(host: Host, product: Product) -> Iterator[tuple[Certificate, str]]:
    """Yield the roots, with paths, in the files of a product's client that only the machine's owner may change."""
    for place in product.certificates.get(host.platform, ()):
        inside = [f"{place}/{name}" for name in host.names(place)[:_MOST] if name.endswith(_ENDINGS)]
        for path in inside or [place]:
            if _is_machines(host, path):
                yield from ((one, path) for one in _read(host, path) if one.self_issued)


def _file_of(host: Host, product: Product) -> str | None:
    return next((path for path in product.files.get(host.platform, ()) if _is_machines(host, path)), None)


def _read(host: Host, path: str) -> tuple[Certificate, ...]:
    from trustinstall.certificates.parsing import read_certificates  # loads the parsers of certificates

    with suppress(OSError, CertificateRefused):
        return read_certificates(host.read(host.real(path), _LIMIT), path)
    return ()


def _is_machines(host: Host, path: str) -> bool:
    try:
        return host.status(path) is not None and host.path_owner(host.real(path)) == host.machine_owner
    except OSError:
        return False
