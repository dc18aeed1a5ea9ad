"""All clients, asked in all phases, once; and the table of what they answered."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.end_to_end.clients.table import CLIENTS, SEARCH, Client, install
from tests.support.pki import make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server, git_repository, package_index

PHASES = ("before", "added", "removed")
LENT = "lent"  # after all of them: the client is started by `trustinstall run`, and nothing is installed
CELL = "client: "
MATRIX = "matrix: "
CORPORATE, UNKNOWN = "corporate", "unknown"

Answers = dict[tuple[str, str, str], str]  # phase, server, client's name -> what it did
CERTIFICATE = "/srv/corp.crt"


@dataclass(frozen=True)
class Scene:
    """A throw-away root with the clients in it, and two servers: of the corporate root, and of one never added."""

    root: Throwaway
    corporate: Server
    unknown: Server

    def ask_all(self, phase: str) -> Answers:
        """What every client does with both servers now."""
        root = Lending(self.root) if phase == LENT else self.root
        with ThreadPoolExecutor(4) as pool:
            return {
                (phase, server, client.name): answer
                for client, answers in zip(CLIENTS, pool.map(partial(self._ask, root), CLIENTS), strict=True)
                for server, answer in answers.items()
            }

    def _ask(self, root: Throwaway, client: Client) -> dict[str, str]:
        servers = {CORPORATE: self.corporate, UNKNOWN: self.unknown}
        return {kind: client.ask(root, server) for kind, server in servers.items()}


class Lending(Throwaway):
    """The same throw-away root, in which every command is started by `trustinstall run`."""

    def __init__(self, root: Throwaway) -> None:
        """Share everything with it."""
        self.__dict__ = root.__dict__

    def popen(
        self,
        command: Iterable[str],
        *,
        user: str = "root",
        cwd: str | None = None,
        **more: Any,  # noqa: ANN401  as it is called
    ) -> subprocess.Popen[str]:
        """Start a command that is lent trust, in the account's home directory."""
        assert cwd in {None, self.user(user).home}
        plain = object.__new__(Throwaway)  # its `start` is not to come back here
        plain.__dict__ = self.__dict__
        return plain.start("run", "--cert", CERTIFICATE, "--java", "--", *command, user=user, **more)


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    """The scene, with the corporate root's certificate at CERTIFICATE and not trusted by any client."""
    corporate, unknown = make_root("Corp Root"), make_root("Corp Root")
    names = ("localhost", "127.0.0.1")
    files = {**git_repository(), **package_index()}
    with (
        Server(corporate.issue(*names), files) as known,
        Server(unknown.issue(*names), files) as stranger,
        Throwaway() as root,
    ):
        install(root)
        root.write(CERTIFICATE, corporate.pem)
        root.freeze()
        yield Scene(root, known, stranger)


def asked(scene: Scene, add: Callable[[Throwaway], None], remove: Callable[[Throwaway], None]) -> Answers:
    """The answers in all phases; leaves the root as `remove` leaves it."""
    answers = scene.ask_all("before")
    add(scene.root)
    answers |= scene.ask_all("added")
    remove(scene.root)
    answers |= scene.ask_all("removed")
    return answers | scene.ask_all(LENT)


@pytest.fixture(scope="session")
def answers(scene: Scene) -> Answers:
    """What every client did before `trustinstall add`, after it, and after `trustinstall remove`."""
    scene.root.reset()
    return asked(
        scene,
        lambda root: _checked(root, "add", CERTIFICATE, "--search", SEARCH),
        lambda root: _checked(root, "remove", CERTIFICATE),
    )


def _checked(root: Throwaway, *arguments: str) -> None:
    root.trustinstall(*arguments, check=True, timeout=120)


def cell(phase: str, server: str, client: str) -> str:
    """The name under which a test records the answer that it looked at."""
    return f"{CELL}{phase}/{server}/{client}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each client did in each phase, from what the tests have recorded (workers' tests, too)."""
    reports = itertools.chain.from_iterable(terminalreporter.getreports(each) for each in ("passed", "failed"))
    found = {key: str(value) for report in reports for key, value in report.user_properties}
    _print_matrix(terminalreporter, {key: value for key, value in found.items() if key.startswith(MATRIX)})
    cells = {key: value for key, value in found.items() if key.startswith(CELL)}
    if not cells:
        return
    terminalreporter.section("real clients")
    columns = [(server, phase) for server in (CORPORATE, UNKNOWN) for phase in (*PHASES, LENT)]
    terminalreporter.write_line(f"{'':24}" + "".join(f"{server:>11}" for server, _ in columns))
    terminalreporter.write_line(f"{'':24}" + "".join(f"{phase:>11}" for _, phase in columns))
    for client in CLIENTS:
        row = [cells.get(cell(phase, server, client.name), "-").partition(":")[0] for server, phase in columns]
        terminalreporter.write_line(f"{client.name:24}" + "".join(f"{cell:>11}" for cell in row))


def _print_matrix(reporter: pytest.TerminalReporter, cells: dict[str, str]) -> None:
    """Print what each client of the matrix did, however it was started: + trusts, - refuses, ? neither."""
    if not cells:
        return
    reporter.section("clients, by whose `add` and how they are started (+ trusts, - refuses)")
    keys = [key.removeprefix(MATRIX).split("/") for key in cells]
    columns = list(dict.fromkeys((whose, way) for _, whose, way in sorted(keys, key=lambda key: key[1:])))
    for number, (whose, way) in enumerate(columns):
        reporter.write_line(f"{chr(ord('a') + number)}  {whose}, {way}")
    reporter.write_line(f"{'':20}" + " ".join(chr(ord("a") + number) for number in range(len(columns))))
    for client in dict.fromkeys(key[0] for key in keys):
        row = [cells.get(f"{MATRIX}{client}/{whose}/{way}", "") for whose, way in columns]
        marks = ({"trusts": "+", "refuses": "-", "": " "}.get(answer, "?") for answer in row)
        reporter.write_line(f"{client:20}" + " ".join(marks))
