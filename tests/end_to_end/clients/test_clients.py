"""Real clients against a real TLS server: the point of the whole program."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.end_to_end.clients.conftest import CERTIFICATE, CORPORATE, LENT, PHASES, UNKNOWN, Answers, cell
from tests.end_to_end.clients.table import CLIENTS, REFUSES, TRUSTS, Command
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

# It reads what is compiled into libcurl, and no variable: only what is installed reaches it.
UNREACHED = "janus"
NAMES = [client.name for client in CLIENTS]
EXPECTED = {"before": REFUSES, "added": TRUSTS, "removed": REFUSES}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("client", NAMES)
def test_corporate_server(
    client: str, phase: str, answers: Answers, record_property: Callable[[str, object], None]
) -> None:
    """The client refuses a server of the corporate root before `add`, trusts it after, refuses it after `remove`."""
    answer = answers[phase, CORPORATE, client]
    record_property(cell(phase, CORPORATE, client), answer)
    assert answer == EXPECTED[phase]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("client", NAMES)
def test_unknown_server(
    client: str, phase: str, answers: Answers, record_property: Callable[[str, object], None]
) -> None:
    """The client never trusts a server whose root was not added, though that root has the same name."""
    answer = answers[phase, UNKNOWN, client]
    record_property(cell(phase, UNKNOWN, client), answer)
    assert answer == REFUSES


@pytest.mark.parametrize("client", NAMES)
def test_lent_trust(client: str, answers: Answers, record_property: Callable[[str, object], None]) -> None:
    """Started by `trustinstall run` the client trusts the corporate server, after all was removed, and no other one."""
    for server in (CORPORATE, UNKNOWN):
        record_property(cell(LENT, server, client), answers[LENT, server, client])
    assert answers[LENT, CORPORATE, client] == (REFUSES if client == UNREACHED else TRUSTS)
    assert answers[LENT, UNKNOWN, client] == REFUSES


def test_without_java() -> None:
    """On a machine without Java the same three phases hold for curl."""
    (curl,) = (client for client in CLIENTS if isinstance(client, Command) and client.name == "curl")
    corporate = make_root("Corp Root")
    with Server(corporate.issue("localhost")) as server, Throwaway(java=False) as root:
        assert root.run(["sh", "-c", "command -v java keytool"]).stdout == ""
        root.write(CERTIFICATE, corporate.pem)
        seen = [curl.ask(root, server)]
        for command in ("add", "remove"):
            root.trustinstall(command, CERTIFICATE, check=True)
            seen.append(curl.ask(root, server))
    assert seen == [REFUSES, TRUSTS, REFUSES]
