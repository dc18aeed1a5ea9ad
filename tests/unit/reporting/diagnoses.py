"""Findings and diagnoses of every kind, for the screens that show them."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.reporting.results import CORP, PROGRAM
from trustinstall.doctor.failures import Layer
from trustinstall.doctor.health import Finding, TakenBack
from trustinstall.doctor.judging import Reason
from trustinstall.installer.client_views import ClientView
from trustinstall.installer.diagnosis import Diagnosis
from trustinstall.installer.inspected import Inspected, Inspection

FINDINGS = (
    Finding(
        "no-public-roots",
        "pip",
        "/etc/pip.conf line 2",
        "/etc/corp.pem takes the place of the public roots, and holds no public root",
        advice="Name a bundle there that holds the public roots, too, or remove the setting.",
        scope="machine",
    ),
    Finding(
        "verification-off",
        "npm",
        "/home/alice/.npmrc line 3",
        "strict-ssl=false has npm accept every server, an impostor's too",
        (PROGRAM, "doctor", "--fix"),
        scope="alice",
    ),
    Finding(
        "file-gone",
        "npm",
        "/home/alice/.npmrc line 4",
        "/srv/gone.pem is named there, and is gone",
        advice="Remove /home/alice/.npmrc line 4, or name a bundle.",
        scope="alice",
    ),
    Finding(
        "file-gone",
        "pnpm",
        "/home/alice/.npmrc line 4",
        "/srv/gone.pem is named there, and is gone",
        advice="Remove /home/alice/.npmrc line 4, or name a bundle.",
        scope="alice",
    ),
)
TAKEN_BACK = (
    TakenBack("npm", "/home/alice/.npmrc", "strict-ssl=false", 3, 40, b"strict-ssl=false\n".hex()),
    TakenBack("pip", "/etc/pip.conf", "global.trusted-host=a b", 2, 9, b"trusted-host =\n    a\n    b\n".hex()),
)
VENDORS = tuple(
    Finding(
        "bundle-expired",
        f"/usr/lib/vendor/{number} (certifi)",
        f"/usr/lib/vendor/{number}/certifi/cacert.pem",
        "it holds Old Root, which expired on 2026-09-01",
        advice="Take it out.",
        scope="machine",
    )
    for number in range(20)
)
LOST = tuple(
    Finding(
        "store-lost-root",
        f"/srv/{number} (certifi)",
        f"certifi:/srv/{number}/cacert.pem",
        f"certifi:/srv/{number}/cacert.pem does not hold {CORP.name} any more",
        (PROGRAM, "repair"),
        scope="machine",
    )
    for number in range(4)
)
WELL = Finding(
    "bundle-sound", "the system", "/etc/ssl/certs/ca-certificates.crt", "142 roots, 141 of them public", scope="machine"
)
REFUSED = Diagnosis(
    "intranet.example:443",
    "proxy.example:3128",
    Layer.CERTIFICATE,
    chain=(CORP,),
    root=CORP,
    public=False,
    inspection=Inspection(Inspected.PERHAPS),
    clients=(
        ClientView("Debian's bundle", "yes", (), "/etc/ssl/certs/ca-certificates.crt", "most programs"),
        ClientView(
            "curl",
            "no",
            (Reason("unknown-issuer", f"the root {CORP.name} is not trusted"),),
            "/home/alice/.curlrc line 2",
            "curl",
            tested=True,
        ),
        ClientView(
            "npm", "off", (Reason("verification-off", "it does not verify servers at all"),), "/etc/npmrc line 1"
        ),
    ),
)
DOCTOR = ("trustinstall",)
CLIENT = Inspection(Inspected.YES, "Zscaler", evidence="a certificate has its name, and the process zstunnel runs")
INSPECTED = replace(REFUSED, inspection=CLIENT, clients=REFUSED.clients[1:2])
NAMED = replace(INSPECTED, inspection=Inspection(Inspected.PERHAPS, "Zscaler"))
ACCEPTED = replace(REFUSED, target="wiki.example:443", layer=None, clients=REFUSED.clients[:1])
BESIDE = replace(INSPECTED, inspection=Inspection(Inspected.PERHAPS, beside="pypi.test:443"))
MANY = replace(
    ACCEPTED,
    clients=tuple(
        ClientView(f"/srv/app{number} (certifi)", "yes", (), f"/srv/app{number}.pem") for number in range(11)
    ),
)
BY_DOCUMENTS = replace(
    ACCEPTED, clients=(*ACCEPTED.clients, ClientView("the machine's store", "yes", (), "ROOT", "Schannel"))
)
UNREACHED = Diagnosis(
    "intranet.example:443",
    "proxy.example:3128",
    Layer.PROXY,
    "the proxy proxy.example:3128 asks for a login (407); TLS had not begun",
)
