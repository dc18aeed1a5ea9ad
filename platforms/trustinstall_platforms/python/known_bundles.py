"""The bundles of roots that Python packages and conda's OpenSSL bring along, and the system's that replace them."""

from __future__ import annotations

import posixpath

from trustinstall.values import NamedTuple


class Bundle(NamedTuple):
    """One known bundle.

    Attributes:
        path: its path below an environment's directory of packages.
        clients: the programs that read it.
        known: "real" if the newest release was examined (its version), "documented" otherwise.
        switch: the module beside it that names the bundle; distributions make it name the system's.
    """

    path: str
    clients: str
    known: str
    switch: str = ""


BUNDLES = (
    Bundle(
        "certifi/cacert.pem",
        "requests, httpx, others with certifi",
        "real: 2026.10.18",
        "core.py",
    ),
    Bundle("pip/_vendor/certifi/cacert.pem", "pip", "real: 26.3", "core.py"),
    Bundle("pip/_vendor/requests/cacert.pem", "pip up to 9", "documented"),
    Bundle("pipenv/patched/pip/_vendor/certifi/cacert.pem", "pipenv", "real: 2026.10.3", "core.py"),
    Bundle("pipenv/patched/notpip/_vendor/certifi/cacert.pem", "older pipenv", "documented", "core.py"),
    Bundle("botocore/cacert.pem", "boto3", "real: 1.44.5"),
    Bundle("awscli/botocore/cacert.pem", "AWS CLI", "real: 1.46.3"),
    Bundle("httplib2/cacerts.txt", "httplib2", "real: 0.32.1", "certs.py"),
    Bundle("grpc/_cython/_credentials/roots.pem", "gRPC", "real: 1.85.1; no final line break"),
    Bundle("boto/cacerts/cacerts.txt", "boto 2", "real: 2.49.0"),
    Bundle("gslib/data/cacerts.txt", "gsutil", "real: 5.38"),
    Bundle("gslib/vendored/boto/boto/cacerts/cacerts.txt", "gsutil", "real: 5.38"),
    Bundle("stripe/data/ca-certificates.crt", "stripe", "real: 16.1.0; 12 roots"),
    Bundle("requests/cacert.pem", "requests before 2.16", "documented"),
    Bundle("tornado/ca-certificates.crt", "tornado before 5", "documented"),
    Bundle("dropbox/trusted-certs.crt", "older dropbox", "documented"),
    Bundle("websocket/cacert.pem", "older websocket-client", "documented"),
)

#: Bundles of conda's own OpenSSL, below the environment itself (package ca-certificates); documented.
CONDA_BUNDLES = ("ssl/cacert.pem", "Library/ssl/cacert.pem")
CONDA_CLIENTS = "OpenSSL, curl and git in the conda environment"

#: The bundles that changed packages name instead of their own.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian: python3-certifi 2022.9.24-1, python3-pip 23.0.1; real
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and RHEL: certifi-*-use-system-cert.patch; documented
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # the same, older
    "/etc/ssl/ca-bundle.pem",  # SUSE: python-certifi-shipped-requests-cabundle.patch; documented
    "/var/lib/ca-certificates/ca-bundle.pem",  # what that is a link to
    "/etc/ssl/cert.pem",  # Alpine, FreeBSD; documented
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch; documented
)
#: The directories of the systems' bundles: a bundle that is a link into one of them follows.
SYSTEM_PLACES = ("/etc/ssl/", "/etc/pki/", "/etc/ca-certificates/", "/var/lib/ca-certificates/")

#: The modules that stand for a bundle, with its name: a changed package may have none.
SWITCHES = tuple(
    (f"/{posixpath.dirname(one.path)}/{one.switch}", posixpath.basename(one.path)) for one in BUNDLES if one.switch
)


def bundle_at(path: str) -> Bundle | None:
    """Return the row of the known bundle that a path ends with, or None; of several, the longest."""
    fitting = (one for one in BUNDLES if path.endswith(f"/{one.path}"))
    return max(fitting, key=lambda one: len(one.path), default=None)
