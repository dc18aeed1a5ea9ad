"""How a client that needs a settings file or a variable, or speaks a protocol of its own, is asked.

What such a client wants to read is not always there; that it trusts the server shows in that the server was asked for
something of the client's own: a request comes through only when the handshake has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.end_to_end.clients.table import REFUSES, TRUSTS
from tests.support.throwaway import Throwaway
from tests.support.tls import Server

#: A name of 127.0.0.1 alone: Subversion tries the first address of a name, and would be refused at ::1.
NAME = "server.corp.test"
#: What reaches a client: the system's own store, a settings file or bundle of its own, only a variable, or nothing.
SYSTEM, OWN, VARIABLE, NOTHING = "system", "own", "variable", "nothing"


@dataclass(frozen=True)
class Asking:
    """A client that asks the server for what is below /NAME.

    Attributes:
        name: what people call it, and the path that it asks for.
        command: {url} stands for the server's address and that path, {port} for its port.
        refusal: a regular expression: what it says of a certificate that it does not trust.
        reached: how `add` as root reaches it: SYSTEM, OWN or VARIABLE.
        alone: how `add` without root reaches it, which cannot change the system's store.
        host: what it calls the server.
        lent: whether `trustinstall run` reaches it: what it reads can be named by a variable.
        slow: whether it takes seconds, and is asked in the full form alone.
    """

    name: str
    command: tuple[str, ...]
    refusal: str
    reached: str = SYSTEM
    alone: str = VARIABLE
    host: str = "localhost"
    lent: bool = True
    slow: bool = False

    def ask(
        self, root: Throwaway, server: Server, before: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> str:
        """Run it, behind the words of `before`: TRUSTS, REFUSES, or what went wrong."""
        path, count = f"/{self.name.replace(' ', '-')}", len(server.asked)
        url = f"https://{self.host}:{server.port}{path}"
        command = [*before, *(part.replace("{url}", url).replace("{port}", str(server.port)) for part in self.command)]
        user = "root" if before[:1] == ("su",) else "alice"
        done = root.run(command, user=user, env=env, cwd="/home/alice", timeout=90)
        said = done.stdout + done.stderr
        own = re.compile(rf"{re.escape(path)}(?![\w-])")  # others ask at the same time: "node of npm" beside "node"
        came = any(map(own.match, server.asked[count:]))
        if came and not re.search(self.refusal, said):
            return TRUSTS
        if not came and re.search(self.refusal, said):
            return REFUSES
        return f"neither: {came=}, status {done.returncode}, {said[-1500:]}"


@dataclass(frozen=True)
class Speaking(Asking):
    """A client of another protocol, whose own library answers it: its program is given the server's key and chain.

    It says that it came through by an answer that only a server can give.
    """

    success: str = ""

    def ask(
        self, root: Throwaway, server: Server, before: Sequence[str] = (), env: dict[str, str] | None = None
    ) -> str:
        """Run it, behind the words of `before`: TRUSTS, REFUSES, or what went wrong."""
        path = f"/srv/leaf-{server.port}.pem"
        root.write(path, server.leaf.key_pem + server.leaf.chain_pem)
        user = "root" if before[:1] == ("su",) else "alice"
        words = [part.replace("{pem}", path) for part in self.command]
        done = root.run([*before, *words], user=user, env=env, cwd="/home/alice", timeout=90)
        said = done.stdout + done.stderr
        answers = {
            word for word, pattern in ((TRUSTS, self.success), (REFUSES, self.refusal)) if re.search(pattern, said)
        }
        return answers.pop() if len(answers) == 1 else f"neither: status {done.returncode}, {said[-1500:]}"
