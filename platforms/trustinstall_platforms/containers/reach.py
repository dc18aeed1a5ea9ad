"""Access to a machine of a container engine: the commands that read its nodes, and those that change them.

Certificates go in by standard input, and every word is a plain one; see `engines`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import OutOfReach, ToolFailed, printable
from trustinstall.host.commands import Run
from trustinstall.stores.plan import Refresh
from trustinstall.values import NamedTuple
from trustinstall_platforms.containers import engines
from trustinstall_platforms.containers import inside as vm_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host, ToolResult
    from trustinstall.stores.steps import ToolOperation
    from trustinstall.stores.store import Store
    from trustinstall_platforms.containers.engines import Machine
    from trustinstall_platforms.containers.inside import Inside
    from trustinstall_platforms.linux.family import Family

_MOST_READ = 16 * 1024 * 1024  # bytes; a bundle of 150 roots is 0.4 MiB with the paths that grep puts before lines
_MOST_SAID = 4096  # bytes of an answer that are searched for the reason of a failure
_LOOKING, _WRITING, _MAKING = 30.0, 60.0, 180.0  # seconds: to read, to write a file, to run the tool inside

# The operations, each with its inverse: directories for files are made first, and go when they are empty.
ROOM, TIDY = "make room in the machine for", "take away the room in the machine for"
PUT, TAKE = "put into the machine", "take out of the machine"
TAKE_KNOWN, TAKE_ALL = "take out of the machine, wherever we had it put,", "take all copies out of the machine:"
NOTHING = "leave the machine without room for"
_TAKES = (TAKE, TAKE_KNOWN, TAKE_ALL)


class Node(NamedTuple):
    """One node of a machine: its name (or ""), its content, and the family of its system."""

    name: str
    inside: Inside
    family: Family


class Access:
    """Access to a machine that runs: the commands that read its nodes, and those that change them."""

    def __init__(self, host: Host, store: Store) -> None:
        self._host = host
        found = next((one for one in engines.machines(host) if one.location == store.location), None)
        if found is None:
            raise OutOfReach(f"{store.label or store.location} is no longer there, or its engine's program is not")
        self._machine = found
        self._program = next(engines.programs(host, found.engine))

    def nodes(self) -> list[Node]:
        """Return the content of each node. Raises OutOfReach or ToolFailed."""
        if self._machine.stopped:
            raise OutOfReach(resting(self._machine))
        return [self._node(name) for name in self._machine.nodes or self._listed()]

    def refresh(self, *, gone: bool) -> Refresh:
        """Return how each node's bundle is made again; `gone`: files may have gone. Raises as `nodes` does."""
        return self.making(self.nodes(), gone=gone)

    def making(self, nodes: Sequence[Node], *, gone: bool) -> Refresh:
        """Return how the bundles of these nodes are made again."""
        return Refresh(
            tuple(
                self._run(node.name, words, _MAKING, root=True, must_succeed=counts)
                for node in nodes
                for words, counts in vm_inside.refreshing(node.family, gone=gone)
            )
        )

    def commands(self, node: Node, step: ToolOperation) -> list[Run]:
        """Return the commands of an operation in a node. Raises ToolFailed."""
        certificate, anchors = Certificate.held(step.der), node.family.anchors
        ours = node.inside.ours.get(certificate.sha256)
        if step.operation in _TAKES:
            everything, cloud_init = step.operation == TAKE_ALL, step.operation == TAKE_KNOWN
            paths = set(node.inside.going(certificate.sha256, everything=everything, cloud_init=cloud_init))
            path = vm_inside.path_for(node.family, certificate)
            paths |= {path} & self.listed(node)  # a truncated file is not a certificate, but still a managed file
            commands = vm_inside.removing(node.family, tuple(sorted(paths))) if paths else ()
            return [self._run(node.name, command, _WRITING, root=True) for command in commands]
        if step.operation == PUT:
            words: tuple[str, ...] = ("tee", vm_inside.path_for(node.family, certificate))
            return [] if ours else [self._run(node.name, words, _WRITING, root=True, stdin=certificate.pem)]
        if step.operation == ROOM:
            words = ("mkdir", "-p", anchors)
            return [] if anchors in self.listed(node) else [self._run(node.name, words, _WRITING, root=True)]
        if step.operation == TIDY:
            words = ("rmdir", anchors)
            return [self._run(node.name, words, _WRITING, root=True)] if self.listed(node) == {anchors} else []
        if step.operation == NOTHING:
            return []
        raise ValueError(f"no operation of a machine: {step.operation!r}")

    def listed(self, node: Node) -> set[str]:
        """Return the directory of anchors, if it exists, and its files. Raises ToolFailed."""
        anchors = node.family.anchors
        answer = self._ask(node.name, ("find", anchors, "-maxdepth", "1")).answer
        lines = {line.rstrip("\r") for line in answer.decode("utf-8", "replace").split("\n")}
        return {line for line in lines if line == anchors or line.startswith(f"{anchors}/")}

    def _node(self, name: str) -> Node:
        found = self._ask(name, vm_inside.LOOK)
        if len(found.answer) > _MOST_READ:
            raise ToolFailed(
                f"{self._machine.name} prints more than {_MOST_READ >> 20} MiB of certificates; look into it"
            )
        inside = vm_inside.parse(found.answer)
        if not inside.system:
            raise self._failure(found)
        if inside.family is None:
            system = printable(inside.system, 40)
            raise OutOfReach(
                f"its system ({system}) has no tool for its store that is known here; "
                f"{self._machine.engine.without_tool}"
            )
        return Node(name, inside, inside.family)

    def _listed(self) -> tuple[str, ...]:
        """Return the running nodes, if only a container engine knows them: of the first that has some."""
        engine, why = self._machine.engine, ""
        for program in engines.programs(self._host, engine):
            words = tuple(engines.named(self._machine, word) for word in engine.list_nodes)
            found = self._host.query(self._made(program, words, _LOOKING))
            names = engines.node_names(found.answer) if found.status == 0 else ()
            if names:
                self._program = program
                return names
            if found.status and not why:  # it may not be allowed to ask
                why = f" ({program.rpartition('/')[2]}: {_last(found)})"
        raise OutOfReach(f"none of its nodes runs{why}; {_start(self._machine)}")

    def _failure(self, found: ToolResult) -> OutOfReach | ToolFailed:
        """Return why nothing was read: the machine does not run, or the engine cannot reach it."""
        if any(word in _said(found) for word in engines.RESTING):
            return OutOfReach(resting(self._machine))
        tool, name = self._program.rpartition("/")[2], self._machine.name
        return ToolFailed(f"{tool} does not reach {name} (status {found.status}): {_last(found)}; see why by hand")

    def _ask(self, node: str, words: tuple[str, ...]) -> ToolResult:
        return self._host.query(self._run(node, words, _LOOKING))

    def _run(
        self,
        node: str,
        words: tuple[str, ...],
        seconds: float,
        *,
        root: bool = False,
        must_succeed: bool = False,
        stdin: bytes = b"",
    ) -> Run:
        """Return a command in a node; `root`: as root."""
        sudo = ("sudo", "-n") if root and self._machine.engine.sudo else ()
        words = (*engines.entering(self._machine, node), *sudo, *words)
        return self._made(self._program, words, seconds, must_succeed=must_succeed, stdin=stdin)

    def _made(
        self, program: str, words: tuple[str, ...], seconds: float, *, must_succeed: bool = False, stdin: bytes = b""
    ) -> Run:
        env = {"PATH": ":".join(engines.directories(self._host))}
        runtime = f"/run/user/{self._host.account.uid}"  # where podman's and rootless docker's sockets are
        if self._host.status(runtime) is not None:
            env["XDG_RUNTIME_DIR"] = runtime
        return Run(
            (program, *words),
            stdin=stdin,
            env=tuple(env.items()),
            seconds=seconds,
            must_succeed=must_succeed,
            timeout_advice=f"see whether {self._machine.engine.name}'s {self._machine.name} answers, and try again",
        )


def resting(one: Machine) -> str:
    """Return the sentence that a machine does not run, and how to start it."""
    return f"it does not run; {_start(one)}"


def _start(one: Machine) -> str:
    return f"start it ({engines.named(one, one.engine.start)}), and run the command again"


def _said(found: ToolResult) -> str:
    """Return the output of an engine, from both streams."""
    return f"{found.answer[-_MOST_SAID:].decode('utf-8', 'replace')}\n{found.output}"


def _last(found: ToolResult) -> str:
    lines = [line.strip() for line in _said(found).splitlines() if line.strip()]
    return printable(lines[-1]) if lines else "it said nothing"
