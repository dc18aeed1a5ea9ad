"""What the doctor says where the machine's variable hides what an account has set itself."""

from __future__ import annotations

import pytest

from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.installer import health_settings

PUBLIC, PRIVATE = make_root("Public Root"), make_root("Private Root")
SYSTEM, OWN = "/etc/ssl/certs/ca-certificates.crt", "/home/alice/b.pem"


@pytest.mark.parametrize(
    ("variable", "client", "path", "text"),
    [
        ("PIP_CERT", "pip", "/home/alice/.config/pip/pip.conf", f"[global]\ncert = {OWN}\n"),
        ("REQUESTS_CA_BUNDLE", "requests", "/home/alice/.profile", f"# mine\nexport CURL_CA_BUNDLE={OWN}\n"),
    ],
)
def test_a_variable_of_the_machine_that_hides_a_private_root(variable: str, client: str, path: str, text: str) -> None:
    """Both places are named with file and line: a setting, and another variable that the client reads later."""
    with played() as host:
        program(host, "/bin/bash", "")
        write(host, SYSTEM, PUBLIC.pem)
        write(host, OWN, PRIVATE.pem)
        write(host, "/etc/environment", f"{variable}={SYSTEM}\n")
        write(host, path, text)
        found = [one for one in health_settings.findings(host) if one.id == "setting-hidden" and one.client == client]
        assert {one.decided_by for one in found} == {"/etc/environment line 1"}
        assert all(f"it hides {path} line 2, its setting for {OWN}: 1 of those roots" in one.reason for one in found)
