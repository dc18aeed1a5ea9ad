"""A throw-away root with a container engine in it, whose machines are other throw-away roots.

    with Throwaway(java=False) as root, Engine(root, "lima") as engine:
        root.trustinstall("add", "/tmp/corp.crt", user="alice")
        engine.nodes[0].run(["openssl", "verify", …])       # inside the machine

The engine's program is a stand-in (`standin.py`); inside, Debian's own tools run for real. Between the two is a
connection, as ssh's is: what was begun inside goes on when the program that began it has been killed.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import Self

from tests.support.engines import standin
from tests.support.throwaway import Throwaway

HOME = "/home/alice"
# At the start of a command, or of the one that a login shell is given: the machine's sudo asks for no password.
_SUDO = re.compile("^((?:cd / \\|\\| exit 1 ; exec /bin/sh -l -c ')?)sudo -n ")
#: Engine: its program, the file by which its machine is there, what that holds, and the store's location.
_KUBECONFIG = """apiVersion: v1
clusters:
- cluster:
    server: https://127.0.0.1:40001
  name: kind-dev
contexts:
- context:
    cluster: kind-dev
    user: kind-dev
  name: kind-dev
current-context: kind-dev
kind: Config
users:
- name: kind-dev
  user:
    client-certificate-data: AAAA
"""
_NODES = '{"Name": "dev", "Driver": "docker", "Nodes": [{"Name": ""}, {"Name": "m02"}]}'
PLACES: dict[str, tuple[str, dict[str, str], str]] = {
    "lima": ("limactl", {".lima/default/lima.yaml": "{}\n", ".lima/default/ha.pid": "4711\n"}, ".lima/default"),
    "colima": (
        "colima",
        {".colima/_lima/colima/lima.yaml": "{}\n", ".colima/_lima/colima/ha.pid": "4711\n"},
        ".colima/_lima/colima",
    ),
    "rancher-desktop": (
        "rdctl",
        {
            ".local/share/rancher-desktop/lima/0/lima.yaml": "{}\n",
            ".local/share/rancher-desktop/lima/0/ha.pid": "4711\n",
        },
        ".local/share/rancher-desktop/lima/0",
    ),
    "podman": (
        "podman",
        {".config/containers/podman/machine/qemu/podman-machine-default.json": '{"Name": "podman-machine-default"}\n'},
        ".config/containers/podman/machine/qemu/podman-machine-default.json",
    ),
    "minikube": ("minikube", {".minikube/profiles/dev/config.json": _NODES}, ".minikube/profiles/dev"),
    "kind": ("docker", {".kube/config": _KUBECONFIG}, ".kube/config/kind-dev"),
    "android": (
        "adb",
        {
            ".android/avd/Pixel_9.avd/config.ini": "avd.ini.encoding=UTF-8\ntag.id=google_apis\n",
            ".android/avd/Pixel_9.avd/hardware-qemu.ini.lock": "4711",
        },
        ".android/avd/Pixel_9.avd",
    ),
}


class Fault(NamedTuple):
    """A disk that fails inside a machine: system calls of its commands end with an error, by strace(1).

    Attributes:
        calls: the system calls.
        error: the name of their error.
        first: the commands that run as root meet it from this one on, from 1; 0: only those that read meet it.
        paths: the files whose calls fail; all if there is none.
    """

    calls: str
    error: str
    first: int
    paths: tuple[str, ...] = ()

    def words(self, number: int, *, root: bool) -> Iterator[str]:
        """Yield the words before a command that meets the fault; `root`: whether it runs as root."""
        if number >= self.first if root and self.first else not root and not self.first:
            inject = f"inject={self.calls}:error={self.error}"
            yield from ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={self.calls}", "-e", inject)
            for path in self.paths:
                yield from ("-P", path)


class Engine:
    """See the head of this module. A context manager."""

    def __init__(
        self, outside: Throwaway, name: str, *, nodes: int = 1, lay_out: Callable[[Throwaway], object] | None = None
    ) -> None:
        """Of an engine's name; `lay_out` makes what is inside another system than Debian."""
        program, self._files, place = PLACES[name]
        self.outside, self.program, self.location = outside, f"/usr/bin/{program}", f"{HOME}/{place}"
        self.nodes: list[Throwaway] = []
        self._count, self._lay_out = nodes, lay_out
        self._stack = ExitStack()
        self._state = standin.state()
        self._fault: Fault | None = None
        #: How many commands have run as root inside, which are those that change something, since `fail` was called.
        self.changing = 0

    def __enter__(self) -> Self:
        """Deliver it, and freeze what is inside."""
        with ExitStack() as stack:
            for _ in range(self._count):
                node = stack.enter_context(Throwaway(java=False))
                if self._lay_out is not None:
                    self._lay_out(node)
                node.freeze()
                self.nodes.append(node)
            server = stack.enter_context(_Server(self))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            nodes = {f"dev-{'control-plane' if not one else f'worker{one}'}": one for one in range(self._count)}
            self.behave(port=server.server_address[1], nodes=nodes)
            script = f"#!/usr/bin/python3 -I\n{Path(standin.__file__).read_text(encoding='utf-8')}"
            self.outside.write(self.program, script, mode=0o755)
            for path, content in self._files.items():
                self.outside.write(f"{HOME}/{path}", content, user="alice", mode=0o600)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Everything inside is gone."""
        self._stack.close()

    def behave(self, **changes: Any) -> None:  # noqa: ANN401 - see `standin.state`
        """Change how the engine behaves."""
        assert changes.keys() <= standin.state().keys()
        self._state |= changes
        new = self.outside.write(f"{standin.STATE}.new", json.dumps(self._state))
        self.outside.path(new).replace(self.outside.path(standin.STATE))

    def fail(self, fault: Fault | None) -> None:
        """From now on the system calls of commands inside fail as `fault` says; None mends the disk."""
        self._fault, self.changing = fault, 0

    def run(self, head: dict[str, Any], given: bytes) -> tuple[int, bytes, bytes]:
        """Run a line inside, as the account that is logged in there; `sudo -n` before it makes it root's."""
        line, node, root = str(head["line"]), self.nodes[int(head["node"])], bool(head["root"])
        if not root and _SUDO.search(line):
            line, root = _SUDO.sub(r"\1", line, count=1), True
        self.changing += root
        words = [*self._fault.words(self.changing, root=root)] if self._fault else []
        done = node.run([*words, "/bin/sh", "-c", line], user="root" if root else "alice", input=given, timeout=300)
        out, err = (one.encode("utf-8", "surrogateescape") for one in (done.stdout, done.stderr))
        return done.returncode, out, err


class _Server(socketserver.ThreadingTCPServer):
    """Where the stand-in's connections arrive."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    """One command."""

    def handle(self) -> None:
        """Run it; the process that asked may have been killed meanwhile."""
        assert isinstance(self.server, _Server)
        head = json.loads(self.rfile.readline())
        status, out, err = self.server.engine.run(head, self.rfile.read(head["size"]))
        try:
            self.wfile.write(json.dumps({"status": status, "out": len(out), "err": len(err)}).encode() + b"\n")
            self.wfile.write(out + err)
        except OSError:
            return
