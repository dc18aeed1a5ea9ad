"""curl and wget."""

from __future__ import annotations

from trustinstall_platforms.tools.effective.clients.python import SSL, SSL_DIRECTORY
from trustinstall_platforms.tools.effective.model import Form
from trustinstall_platforms.tools.effective.rows import DEBIAN, Client, Expansion, Place, variable

CURLRC = (
    "{CURL_HOME}/.curlrc",
    "{XDG_CONFIG_HOME}/curlrc",
    "~/.curlrc",
    "~/.config/curlrc",
)

CLIENTS = (
    Client(
        "curl",
        (
            Place(
                files=CURLRC,
                key=("cacert",),
                format="curlrc",
                first=True,
                source="curl(1), --config and --cacert",
                known="real",
            ),
            Place(
                files=CURLRC,
                key=("capath",),
                format="curlrc",
                form=Form.DIRECTORY,
                first=True,
                source="curl(1), --capath",
            ),
            variable("CURL_CA_BUNDLE", source="curl(1), --cacert", known="real"),
            SSL_DIRECTORY,
            SSL,
        ),
        beside=DEBIAN,
        verifier="curl",
    ),
    Client(
        "wget",
        (
            Place(
                files=("{WGETRC|~/.wgetrc}", "{SYSTEM_WGETRC|/etc/wgetrc}"),
                key=("ca_certificate",),
                format="wgetrc",
                expansion=Expansion(tilde=True),
                source="GNU Wget manual, Wgetrc Location; Wgetrc Commands, ca_certificate",
                known="real",
            ),
            Place(
                files=("{WGETRC|~/.wgetrc}", "{SYSTEM_WGETRC|/etc/wgetrc}"),
                key=("ca_directory",),
                format="wgetrc",
                form=Form.DIRECTORY,
                expansion=Expansion(tilde=True),
                source="GNU Wget manual, Wgetrc Commands, ca_directory: it replaces the system's",
                known="real",
            ),
        ),
        tool="wget",
        beside=DEBIAN,
        verifier="gnutls",
    ),
)
