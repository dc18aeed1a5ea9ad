"""How distributions keep their roots: facts, a row each.

Every row has its source. "real": its tool, or the engine behind it, is run in the tests, in the layout that the row
names. "documented": from manual pages, package recipes and the tool's source, with a stand-in made from those.

Sources: update-ca-trust(8) of Fedora and of Arch; the `update-ca-certificates` of openSUSE/ca-certificates;
update-ca.c of Alpine, which Wolfi packages, too; the package recipes of Gentoo (app-misc/ca-certificates) and Void,
which carry Debian's script.
"""

from __future__ import annotations

from trustinstall.host.commands import Guard, Locking
from trustinstall_platforms.linux import debian_files
from trustinstall_platforms.linux.family import Extracted, Family

OPENSSL_AND_GNUTLS = "curl, git, Go, others with OpenSSL or GnuTLS"

#: rpm holds a POSIX record lock on this file during a transaction (rpm, lib/rpmlock.cc).
_RPM = Guard("/var/lib/rpm/.rpm.lock")
_SERVER, _EMAIL, _CODE = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.3"


def _extracted(top: str, java: str = "java/cacerts", pem: str = "pem/", openssl: str = "openssl/") -> list[Extracted]:
    """Return the files that Fedora's update-ca-trust and its descendants extract below a directory, and directories."""
    bundles = (("tls", _SERVER), ("email", _EMAIL), ("objsign", _CODE))
    return [
        Extracted(f"{top}/{openssl}ca-bundle.trust.crt", "openssl-bundle"),
        *(Extracted(f"{top}/{pem}{name}-ca-bundle.pem", "pem-bundle", purpose) for name, purpose in bundles),
        Extracted(f"{top}/{java}", "java-cacerts", _SERVER),
        Extracted(f"{top}/edk2/cacerts.bin", "edk2-cacerts", _SERVER),
    ]


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
    clients="curl, git, Go, apt, others with OpenSSL or GnuTLS",
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
    clients="curl, git, Go, dnf, Java, Firefox, others with OpenSSL, GnuTLS or NSS",
    known="real",
    arguments=("extract",),  # every release accepts it; `enable` is an error since Fedora 40 and EL10
    # EL9 returns the status of the last of six extractions; EL10 fails if another run is under way, though the bundle
    # is right, and the next run repairs the rest.
    status_counts=False,
    packages=("/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source"),
    blocklists=(
        "/etc/pki/ca-trust/source/blocklist",
        "/etc/pki/ca-trust/source/blacklist",  # until p11-kit 0.24
        "/usr/share/pki/ca-trust-source/blocklist",
        "/usr/share/pki/ca-trust-source/blacklist",
    ),
    hashed="/etc/pki/ca-trust/extracted/pem/directory-hash",  # since Fedora 40 and EL10
    foreign_advice="it is a package's root: put a copy of it into "
    "/etc/pki/ca-trust/source/blocklist, and run update-ca-trust extract",
    derived=(
        *_extracted("/etc/pki/ca-trust/extracted"),
        Extracted(
            "/etc/pki/ca-trust/extracted/pem/directory-hash", "pem-directory-hash", _SERVER, "/etc/pki/tls/certs"
        ),
    ),
    lock=_RPM,
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
    clients="curl, git, Go, zypper, Java, others with OpenSSL or GnuTLS",
    known="real",
    # Without -f the bundle is not made if it is newer than the directory of hash links, by a clock of whole seconds:
    # a removal, or an addition right after another one, would be missed.
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
    foreign_advice="it is a package's root: put a copy of it into "
    "/etc/pki/trust/blocklist, and run update-ca-certificates -f",
    derived=(
        Extracted("/var/lib/ca-certificates/ca-bundle.pem", "pem-bundle", _SERVER),
        Extracted("/var/lib/ca-certificates/java-cacerts", "java-cacerts", _SERVER),
        Extracted("/var/lib/ca-certificates/openssl", "openssl-directory"),
        Extracted("/var/lib/ca-certificates/pem", "pem-directory-hash", _SERVER),
    ),
    lock=_RPM,
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
    clients="curl, git, Go, pacman, others with OpenSSL, GnuTLS or NSS",
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
    foreign_advice="it is a package's root: put a copy of it into "
    "/etc/ca-certificates/trust-source/blocklist, and run update-ca-trust",
    derived=(
        *_extracted("/etc/ca-certificates/extracted", "java-cacerts.jks", "", ""),
        Extracted("/etc/ca-certificates/extracted/cadir", "pem-directory-hash", _SERVER, "/etc/ssl/certs"),
    ),
    # pacman keeps the file open until it deletes it (pacman, lib/libalpm/handle.c).
    lock=Guard("/var/lib/pacman/db.lck", locking=Locking.EXISTENCE),
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
    selection="/etc/ca-certificates.conf",
    takes_der=False,
    foreign_advice="deselect it with a ! before its line in /etc/ca-certificates.conf, and run update-ca-certificates",
    lock=Guard("/lib/apk/db/lock", locking=Locking.FLOCK),  # apk-tools, src/database.c; the same in versions 2 and 3
)
