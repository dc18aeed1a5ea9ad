"""Further rows of the table in `families`: systems that are delivered as an image, and small ones.

Sources: the package recipe of Photon (ca-certificates.spec: its script after the transaction makes links and bundle of
/etc/ssl/certs/*.pem); the `update-ca-certificates` and the recipe of Flatcar, which are Container Linux's; the
`clrtrust` of Clear Linux.
"""

from __future__ import annotations

from trustinstall_platforms.linux import debian_files
from trustinstall_platforms.linux.families import OPENSSL_AND_GNUTLS
from trustinstall_platforms.linux.family import Family

# There is no tool: OpenSSL makes the hash links, and the bundle is written when the package is upgraded, of every
# *.pem in the directory. So the managed file is a *.pem there, and is appended to the bundle until then.
PHOTON = Family(
    name="photon",
    ids=frozenset({"photon"}),
    anchors="/etc/ssl/certs",
    bundle="/etc/pki/tls/certs/ca-bundle.crt",
    tool="/usr/bin/openssl",
    without_tool="the package openssl is missing, which ca-certificates needs; install both: "
    "tdnf install ca-certificates openssl",
    clients="curl, git, Go, tdnf, others with OpenSSL",
    known="real",
    arguments=("rehash", "/etc/ssl/certs"),
    status_counts=False,  # it fails if another program's link dangles, after all of its work
    hashed="/etc/ssl/certs",
    takes_der=False,
    foreign_advice="take its file out of /etc/ssl/certs, and run openssl rehash /etc/ssl/certs",
    ending=".pem",
    reads=(".pem", ".crt", ".cer"),
    appended=True,
)

# /usr is read-only, /etc is not. The tool makes the bundle of the targets of the hash links.
FLATCAR = Family(
    name="flatcar",
    ids=frozenset({"coreos", "flatcar"}),
    anchors="/etc/ssl/certs",
    bundle="/etc/ssl/certs/ca-certificates.crt",
    tool="/usr/sbin/update-ca-certificates",
    without_tool="update-ca-certificates, which is part of the image's ca-certificates, is missing; start from an "
    "image that has it, or have Ignition write the bundle",
    clients="curl, git, Go, Docker, others with OpenSSL",
    known="documented",
    packages=("/usr/share/ca-certificates",),
    hashed="/etc/ssl/certs",
    takes_der=False,
    foreign_advice="it is the image's, which links to it anew at each start; put an empty file in the place of that "
    "link in /etc/ssl/certs, and run update-ca-certificates",
    ending=".pem",
    reads=(".pem",),
)

CLEAR = Family(
    name="clear",
    ids=frozenset({"clear-linux-os"}),
    anchors="/etc/ca-certs/trusted",
    bundle="/var/cache/ca-certs/compat/ca-roots.pem",
    tool="/usr/bin/clrtrust",
    without_tool="the bundle that brings clrtrust and the package ca-certificates is missing; install it: "
    "swupd bundle-add os-core-plus",
    clients="curl, git, Go, swupd, Java, others with OpenSSL, GnuTLS or NSS",
    known="real",
    arguments=("generate",),
    status_counts=False,  # 127 if any file of others is not a certificate, after all of its work
    packages=("/usr/share/ca-certs/trusted",),
    blocklists=("/etc/ca-certs/distrusted",),
    hashed="/var/cache/ca-certs/anchors",
    takes_der=False,
    foreign_advice="distrust it with clrtrust remove FILE",
)

# Slackware packages Debian's script, its directories and its selection.
SLACKWARE = Family(
    name="slackware",
    ids=frozenset({"slackware"}),
    anchors=debian_files.LOCAL,
    bundle=debian_files.BUNDLE,
    tool=debian_files.TOOL,
    without_tool="the package ca-certificates is missing; install it: slackpkg install ca-certificates",
    clients=OPENSSL_AND_GNUTLS,
    known="documented",
)
