"""Which distributions keep their roots how: facts, a row each, and what all rows have in common.

Every row says how it is known. "real": its tool, or the engine behind it, is run in the tests, in the layout that the
row names. "documented": from manual pages, package recipes and the tool's source, with a stand-in made from those.

Sources: update-ca-trust(8) of Fedora and of Arch; the `update-ca-certificates` of openSUSE/ca-certificates;
update-ca.c of Alpine, which Wolfi packages, too; the package recipes of Gentoo (app-misc/ca-certificates) and Void,
which carry Debian's script.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.host import Kind, Tools
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux import debian_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import Places

OPENSSL_AND_GNUTLS = "curl, git, Go and whatever uses OpenSSL or GnuTLS"


@dataclass(frozen=True)
class Extracted:
    """One thing that p11-kit extracts.

    Attributes:
        path: a file or a directory.
        form: p11-kit's name of the format.
        purpose: what anchors must be good for, as an object identifier of RFC 5280's extended key usage; "": anything.
        mirror: a directory with links to, or copies of links in, a directory.
    """

    path: str
    form: str
    purpose: str = ""
    mirror: str = ""


_SERVER, _EMAIL, _CODE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.3"


def _extracted(top: str, java: str = "java/cacerts", pem: str = "pem/", openssl: str = "openssl/") -> list[Extracted]:
    """What Fedora's update-ca-trust and its descendants extract below a directory, beside directories."""
    bundles = (("tls", _SERVER), ("email", _EMAIL), ("objsign", _CODE))
    return [
        Extracted(f"{top}/{openssl}ca-bundle.trust.crt", "openssl-bundle"),
        *(Extracted(f"{top}/{pem}{name}-ca-bundle.pem", "pem-bundle", purpose) for name, purpose in bundles),
        Extracted(f"{top}/{java}", "java-cacerts", _SERVER),
        Extracted(f"{top}/edk2/cacerts.bin", "edk2-cacerts", _SERVER),
    ]


@dataclass(frozen=True)
class Family:
    """Distributions that keep their roots in the same way.

    Attributes:
        name: the backend's name and the store's id.
        ids: what os-release(5) says in ID or ID_LIKE, in lower case.
        anchors: where an administrator puts certificates.
        bundle: what clients read.
        tool: makes the bundle from the anchors.
        without_tool: what is wrong, and what to do, where there is no tool.
        clients: who reads the bundle.
        known: "real" or "documented"; see the head of this module.
        arguments: what the tool is called with.
        status_counts: whether the tool has failed where it says so; the bundle is looked at in any case.
        packages: the other directories that the bundle is made of, `trust anchor`'s and packages'; the first of them is
            there wherever the tool is.
        blocklists: certificates in these directories are left out of the bundle.
        hashed: the same anchors, one a file, for OpenSSL's CApath; "" where there is no such directory.
        takes_der: whether the tool reads DER as well as PEM.
        waits: a variable that is set where the tool only notes that it was called, and what to do there.
        foreign_advice: how an anchor goes that lies elsewhere than in `anchors`.
        ending: how the names of our files end.
        reads: the endings of the names that the tool reads; () where it reads all.
        appended: whether no tool makes the bundle: then we append to it, and the tool makes hash links only.
        derived: what p11-kit makes of the anchors there.
    """

    name: str
    ids: frozenset[str]
    anchors: str
    bundle: str
    tool: str
    without_tool: str
    clients: str
    known: str
    arguments: tuple[str, ...] = ()
    status_counts: bool = True
    packages: tuple[str, ...] = ()
    blocklists: tuple[str, ...] = ()
    hashed: str = ""
    takes_der: bool = True
    waits: tuple[str, str] = ("", "")
    foreign_advice: str = ""
    ending: str = ".crt"
    reads: tuple[str, ...] = ()
    appended: bool = False
    derived: tuple[Extracted, ...] = ()


DEBIAN = Family(
    name="debian",
    ids=frozenset(
        {
            "cumulus-linux",
            "debian",
            "deepin",
            "devuan",
            "elementary",
            "endless",
            "gnoppix",
            "kali",
            "linuxmint",
            "neon",
            "parrot",
            "pika",
            "pop",
            "pureos",
            "raspbian",
            "tails",
            "trisquel",
            "ubuntu",
            "zorin",
        }
    ),
    anchors=debian_files.LOCAL,
    bundle=debian_files.BUNDLE,
    tool=debian_files.TOOL,
    without_tool="the package ca-certificates is missing; install it: apt-get install ca-certificates",
    clients="curl, git, Go, apt and whatever uses OpenSSL or GnuTLS",
    known="real",
)

# Gentoo (so Funtoo) and Void package Debian's script, its directories and its selection.
GENTOO = Family(
    name="gentoo",
    ids=frozenset({"funtoo", "gentoo"}),
    anchors=debian_files.LOCAL,
    bundle=debian_files.BUNDLE,
    tool=debian_files.TOOL,
    without_tool="the package ca-certificates is missing; install it: emerge app-misc/ca-certificates",
    clients=OPENSSL_AND_GNUTLS,
    known="real",
)

VOID = Family(
    name="void",
    ids=frozenset({"void"}),
    anchors=debian_files.LOCAL,
    bundle=debian_files.BUNDLE,
    tool=debian_files.TOOL,
    without_tool="the package ca-certificates is missing; install it: xbps-install ca-certificates",
    clients=OPENSSL_AND_GNUTLS,
    known="real",
)

RHEL = Family(
    name="rhel",
    ids=frozenset(
        {
            "almalinux",
            "altlinux",
            "amzn",
            "aurora",
            "azurelinux",
            "bazzite",
            "bluefin",
            "centos",
            "clearos",
            "eurolinux",
            "fedora",
            "mageia",
            "mariner",
            "miraclelinux",
            "nobara",
            "ol",
            "openeuler",
            "openmandriva",
            "rhel",
            "rocky",
            "scientific",
            "tencentos",
            "ultramarine",
            "virtuozzo",
            "xcp-ng",
            "xenenterprise",
        }
    ),
    anchors="/etc/pki/ca-trust/source/anchors",
    bundle="/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    tool="/usr/bin/update-ca-trust",
    without_tool="the package that brings update-ca-trust is missing; install it: dnf install ca-certificates "
    "(Azure Linux: tdnf install ca-certificates-tools)",
    clients="curl, git, Go, dnf, Java, Firefox and whatever uses OpenSSL, GnuTLS or NSS",
    known="real",
    arguments=("extract",),  # every release takes it; `enable` is an error since Fedora 40 and EL10
    # EL9 returns the status of the last of six extractions; EL10 fails where another run is under way, though the
    # bundle is right, and the next run mends the rest.
    status_counts=False,
    packages=("/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source"),
    blocklists=(
        "/etc/pki/ca-trust/source/blocklist",
        "/etc/pki/ca-trust/source/blacklist",  # until p11-kit 0.24
        "/usr/share/pki/ca-trust-source/blocklist",
        "/usr/share/pki/ca-trust-source/blacklist",
    ),
    hashed="/etc/pki/ca-trust/extracted/pem/directory-hash",  # since Fedora 40 and EL10
    foreign_advice="take it out with `trust anchor --remove FILE` where `trust anchor` made the file; of a package's "
    "root, put a copy into /etc/pki/ca-trust/source/blocklist, and run update-ca-trust extract",
    derived=(
        *_extracted("/etc/pki/ca-trust/extracted"),
        Extracted(
            "/etc/pki/ca-trust/extracted/pem/directory-hash", "pem-directory-hash", _SERVER, "/etc/pki/tls/certs"
        ),
    ),
)

SUSE = Family(
    name="suse",
    ids=frozenset(
        {
            "opensuse",
            "opensuse-aeon",
            "opensuse-kalpa",
            "opensuse-leap",
            "opensuse-leap-micro",
            "opensuse-microos",
            "opensuse-slowroll",
            "opensuse-tumbleweed",
            "sled",
            "sles",
            "sles_sap",
            "suse",
            "suse-microos",
        }
    ),
    anchors="/etc/pki/trust/anchors",
    bundle="/var/lib/ca-certificates/ca-bundle.pem",
    tool="/usr/sbin/update-ca-certificates",
    without_tool="the package ca-certificates is missing; install it: zypper install ca-certificates",
    clients="curl, git, Go, zypper, Java and whatever uses OpenSSL or GnuTLS",
    known="real",
    # Without -f the bundle is left alone where it is newer than the directory of hash links, by a clock of whole
    # seconds: a removal, or an addition right after another one, would be missed.
    arguments=("-f",),
    packages=("/etc/pki/trust", "/usr/share/pki/trust"),
    blocklists=(
        "/etc/pki/trust/blocklist",
        "/etc/pki/trust/blacklist",
        "/usr/share/pki/trust/blocklist",
        "/usr/share/pki/trust/blacklist",
    ),
    hashed="/var/lib/ca-certificates/pem",
    waits=(
        "TRANSACTIONAL_UPDATE",
        (
            "within transactional-update nothing is made anew before the next start; run it outside: "
            "/etc/pki/trust/anchors is writable there"
        ),
    ),
    foreign_advice="take it out with `trust anchor --remove FILE` where `trust anchor` made the file; of a package's "
    "root, put a copy into /etc/pki/trust/blocklist, and run update-ca-certificates -f",
    derived=(
        Extracted("/var/lib/ca-certificates/ca-bundle.pem", "pem-bundle", _SERVER),
        Extracted("/var/lib/ca-certificates/java-cacerts", "java-cacerts", _SERVER),
        Extracted("/var/lib/ca-certificates/openssl", "openssl-directory"),
        Extracted("/var/lib/ca-certificates/pem", "pem-directory-hash", _SERVER),
    ),
)

ARCH = Family(
    name="arch",
    ids=frozenset(
        {
            "antergos",
            "arch",
            "archcraft",
            "archlinux",
            "arcolinux",
            "artix",
            "blackarch",
            "cachyos",
            "chimeraos",
            "endeavouros",
            "garuda",
            "hyperbola",
            "kaos",
            "manjaro",
            "manjaro-arm",
            "rebornos",
            "steamos",
        }
    ),
    anchors="/etc/ca-certificates/trust-source/anchors",
    bundle="/etc/ca-certificates/extracted/tls-ca-bundle.pem",
    tool="/usr/bin/update-ca-trust",
    without_tool="the package ca-certificates-utils is missing; install it: pacman -S ca-certificates",
    clients="curl, git, Go, pacman and whatever uses OpenSSL, GnuTLS or NSS",
    known="real",
    status_counts=False,  # as EL10's, from which it comes
    packages=("/etc/ca-certificates/trust-source", "/usr/share/ca-certificates/trust-source"),
    blocklists=(
        "/etc/ca-certificates/trust-source/blocklist",
        "/etc/ca-certificates/trust-source/blacklist",
        "/usr/share/ca-certificates/trust-source/blocklist",
        "/usr/share/ca-certificates/trust-source/blacklist",
    ),
    hashed="/etc/ca-certificates/extracted/cadir",
    foreign_advice="take it out with `trust anchor --remove FILE` where `trust anchor` made the file; of a package's "
    "root, put a copy into /etc/ca-certificates/trust-source/blocklist, and run update-ca-trust",
    derived=(
        *_extracted("/etc/ca-certificates/extracted", "java-cacerts.jks", "", ""),
        Extracted("/etc/ca-certificates/extracted/cadir", "pem-directory-hash", _SERVER, "/etc/ssl/certs"),
    ),
)

ALPINE = Family(
    name="alpine",
    ids=frozenset({"alpine", "chainguard", "postmarketos", "wolfi"}),
    anchors="/usr/local/share/ca-certificates",
    bundle="/etc/ssl/certs/ca-certificates.crt",
    tool="/usr/sbin/update-ca-certificates",
    without_tool="only the package ca-certificates-bundle is here; install the one that can change it: "
    "apk add ca-certificates",
    clients=OPENSSL_AND_GNUTLS,
    known="documented",
    packages=("/usr/share/ca-certificates",),
    takes_der=False,
    foreign_advice="deselect it with a ! before its line in /etc/ca-certificates.conf, and run update-ca-certificates",
)


def store(host: Host, family: Family, places: Places | None = None) -> Store | None:
    """The family's store, where os-release names the family; it says why it cannot be written.

    Where its tool is missing, and the caller has named the bundles that are there instead, there is no such store.

    A directory or a tool alone proves nothing: p11-kit makes RHEL's directories on Debian, and Debian, SUSE and Alpine
    have different tools of one name.
    """
    if host.platform != "linux" or not family.ids & host.distribution():
        return None
    if places and places.bundles and not host.executable(family.tool):
        return None
    return Store(
        backend=family.name,
        location=family.bundle,
        owner=host.machine_owner,
        id=family.name,
        clients=family.clients,
        blocked=blocked(_unwritable(host, family)),
        system=True,
    )


def missing(host: Host, directory: str) -> list[str]:
    """List the directories to create so that `directory` is there, outermost first."""
    found: list[str] = []
    while directory != "/" and host.status(directory) is None:
        found.insert(0, directory)
        directory = posixpath.dirname(directory)
    return found


def _bundle_instead(host: Host, family: Family) -> str:
    """What else can be done for an image without the tool."""
    if not host.is_image:
        return ""
    bundle = family.bundle if host.read_or_none(host.real(family.bundle)) else "FILE"
    return f" (in the image), or name the bundle that its programs read: --bundle {bundle}"


def _written(host: Host, family: Family) -> Iterator[str]:
    """The files that would be replaced; where no tool is run, all that it would make, and files in its directories."""
    yield family.bundle
    for one in family.derived if host.tools is Tools.NEVER else ():
        status = host.status(one.path)
        if status is not None:
            yield f"{one.path}/x" if status.kind is Kind.DIRECTORY else one.path


def _unwritable(host: Host, family: Family) -> str | None:
    if not host.executable(family.tool):
        return f"{family.without_tool}{_bundle_instead(host, family)}"
    if family.packages and host.status(family.packages[0]) is None:
        return (
            f"{family.tool} is there, and {family.packages[0]} is not: this is not the system that its os-release "
            "names; install the package that brings both again"
        )
    variable, advice = family.waits
    if variable and host.environ.get(variable):
        return advice
    if not host.account.is_root and not host.is_image:
        return None  # what root could do is not known here
    if host.tools is Tools.NEVER and host.status(host.real(family.bundle)) is None:
        return f"{family.bundle} is missing in the image: its package was never set up; --run-image-tool does that"
    outermost = (*missing(host, family.anchors), f"{family.anchors}/x")[0]
    for shown, path in ((family.anchors, outermost), *((path, path) for path in _written(host, family))):
        if reason := host.may_write(path):
            if host.is_image:
                return f"{shown} cannot be written: {reason}; look at who may change it"
            return (
                f"{shown} cannot be written: {reason}; where the system is an image, put the certificate into "
                f"{family.anchors} of that image, and run {' '.join((family.tool, *family.arguments))} in it"
            )
    return None
