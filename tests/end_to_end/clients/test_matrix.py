"""Every client, however it is started: after an administrator's `add`, after one without root, and lent trust.

The machine is asked before, after `add` and after `remove`. Each answer that is wanted says what reaches a client, and
where nothing does, that is said as well: it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contract.machines import FULL
from tests.end_to_end.clients.asking import NAME, NOTHING, OWN, SYSTEM, VARIABLE, Asking
from tests.end_to_end.clients.conftest import CERTIFICATE, MATRIX, Lending
from tests.end_to_end.clients.fetched import install
from tests.end_to_end.clients.many import MANY
from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.end_to_end.clients.ways import BARE, WAYS, Way
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server, package_index

pytestmark = pytest.mark.timeout(900)
MACHINE, ACCOUNT, NOBODY, LENT = "an administrator's", "alice's own", "nobody's", "lent"
CLIENTS = [one for one in MANY if FULL or not one.slow]


@dataclass(frozen=True)
class Question:
    """A client in a situation: whose `add` holds, how it is started, and which server it asks."""

    client: Asking
    whose: str
    way: Way
    corporate: bool = True

    @property
    def name(self) -> str:
        """For people."""
        server = "" if self.corporate else ", another root"
        return f"{self.client.name}: {self.whose} add, {self.way.name}{server}"

    @property
    def expected(self) -> str:
        """What it should answer."""
        how = self.client.reached if self.whose == MACHINE else self.client.alone
        if not self.corporate or self.whose == NOBODY:
            return REFUSES
        if self.whose == LENT:
            return TRUSTS if self.client.lent else REFUSES
        if how == VARIABLE:
            own_job = self.whose == ACCOUNT and self.way.name == "cron"  # no file of an account's reaches it
            return TRUSTS if self.way.logs_in and not own_job else REFUSES
        return TRUSTS if how == OWN or (self.whose == MACHINE and how == SYSTEM) else REFUSES


def _questions() -> list[Question]:
    """In the short form each way is tried with the clients that it is there for, and bash's with all of them."""
    found: list[Question] = []
    for one in CLIENTS:
        found += [Question(one, NOBODY, BARE), Question(one, LENT, BARE), Question(one, LENT, BARE, corporate=False)]
        for whose in (MACHINE, ACCOUNT):
            how = one.reached if whose == MACHINE else one.alone
            ways = [way for way in WAYS if FULL or way in {BARE, WAYS[1]} or (how == VARIABLE and one in CLIENTS[:4])]
            found += [Question(one, whose, way) for way in ways]
            others = ways if FULL and not one.slow else WAYS[1:2]
            found += [Question(one, whose, way, corporate=False) for way in others]
    return found


QUESTIONS = _questions()


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[Question, str]]:
    """The answer to each question, in one machine; and, under NOBODY, the wrong answers after `remove`."""
    # Mono's own store takes no elliptic curves; and two roots of one name must not share a key.
    corporate, unknown = (make_root("Corp Root", key=rsa.generate_private_key(65537, 2048)) for _ in range(2))
    with _serving(corporate) as known, _serving(unknown) as stranger, Throwaway() as root:
        install(root, slow=FULL)
        root.write(CERTIFICATE, corporate.pem)
        servers = {True: known, False: stranger}
        found = _ask(root, servers, NOBODY)
        found |= _ask(root, servers, LENT)
        for whose, user in ((MACHINE, "root"), (ACCOUNT, "alice")):
            root.trustinstall("add", CERTIFICATE, "--search", "/srv", user=user, check=True, timeout=180)
            found |= _ask(root, servers, whose)
            root.trustinstall("remove", CERTIFICATE, user=user, check=True, timeout=180)
            for question, answer in _ask(root, servers, NOBODY).items():
                if answer != found[question]:
                    found[question] = f"after {whose} remove: {answer}"
        yield found


def _serving(made: Root) -> Server:
    server = Server(made.issue("localhost", NAME))
    index = package_index()
    for name in ("uv", "pip"):
        server.files |= {f"/{name}{path}": content for path, content in index.items()}
        server.files[f"/{name}/tinything/"] = index["/simple/tinything/"].replace(
            b"/files/", b"/%s/files/" % name.encode()
        )
    return server


def _ask(root: Throwaway, servers: dict[bool, Server], whose: str) -> dict[Question, str]:
    """Several clients at once, each one question after the other: who comes through asks the server for something."""
    environments = {way: way.environment(root) for way in WAYS}
    start_in = Lending(root) if whose == LENT else root

    def answer(client: Asking) -> dict[Question, str]:
        found: dict[Question, str] = {}
        for one in QUESTIONS:
            if (one.client, one.whose) == (client, whose):
                found[one] = client.ask(start_in, servers[one.corporate], one.way.before, environments[one.way])
        return found

    with ThreadPoolExecutor(3) as pool:
        return {question: said for each in pool.map(answer, CLIENTS) for question, said in each.items()}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_client(
    question: Question, answers: dict[Question, str], record_property: Callable[[str, object], None]
) -> None:
    """The client trusts the corporate server where a managed root reaches it, and never one of another root."""
    answer = answers[question]
    if question.corporate:
        record_property(f"{MATRIX}{question.client.name}/{question.whose}/{question.way.name}", answer)
    assert answer == question.expected


def test_what_is_not_reached_is_known() -> None:
    """Nothing reaches one client of a machine's, and without root two, whose paths or Java are the machine's."""
    assert {one.name for one in MANY if one.reached == NOTHING} == {"psycopg"}
    assert {one.name for one in MANY if one.alone == SYSTEM} == {"erlang", "maven"}
