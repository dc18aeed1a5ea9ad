"""Container engines that keep a Linux of their own: facts, a row each, and their existing machines.

Every row was read in the engine's public source in November 2026, at the version named; none was tried on a real one.

- Some engines join the words of a command to one line for a shell inside (`podman machine ssh`, `minikube ssh`), others
  quote them (`limactl shell`) or pass them on (`docker exec`). Every word of trustinstall is of letters, digits and
  `-_./`, so that the result is the same; certificates go by standard input.
- `minikube ssh` with its own client asks for a terminal even with a command (NativeClient.Shell), which would echo its
  input and never end; `--native-ssh=false` makes it start ssh, which does not.
- No engine's exit status shows that its machine does not run; its output does (`RESTING`).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from trustinstall.facts.programs import BINARIES
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.typed_json import items, members
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trustinstall.host import Host

_NAME = regex("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")  # of a machine or node; a word of a command, never an option
_LARGEST = 1024 * 1024  # bytes of a file of settings
NAME, NODE = "{name}", "{node}"  # in the words of the table
_MOST = 100  # machines of one engine, and nodes of one machine

#: Beside the system's own: the directories of installers and package managers for these programs. `~` is the home.
PLACES = (
    *reversed(BINARIES),
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/opt/podman/bin",  # podman's package for macOS
    "/snap/bin",
    "/Applications/Docker.app/Contents/Resources/bin",
    "~/.rd/bin",  # Rancher Desktop documentation, Application Settings, PATH management
    "~/.local/bin",
)

#: The engines' output if a machine does not run: podman (cmd/podman/machine/ssh.go), Lima (cmd/limactl/shell.go),
#: Colima (app/app.go), rdctl (pkg/command/command.go, two of them), minikube (pkg/minikube/mustload), docker's
#: client.
RESTING = (
    "not running",
    "is stopped",
    "but it currently is not",
    'needs to be in state "Running"',
    "daemon running?",
)


class Machine(NamedTuple):
    """One machine of an engine.

    Attributes:
        engine: its engine.
        name: the engine's name for it.
        location: the file or directory that shows that the machine exists.
        stopped: whether files show that it does not run; False if they do not show it.
        nodes: its nodes, by the engine's names; one without a name if it has only one.
    """

    engine: Engine
    name: str
    location: str
    stopped: bool = False
    nodes: tuple[str, ...] = ("",)


class Engine(NamedTuple):
    """One engine.

    Attributes:
        name: its name for people.
        programs: the names of its program; the first existing one is run.
        find: its machines, from files below an account's home.
        enter: the arguments that run a command inside; NAME and NODE stand for the machine's and the node's.
        start: the command that a person types to start a machine.
        clients: the programs that read the store inside.
        source: the source of this row.
        sudo: whether the login is an ordinary account that may call sudo without a password.
        list_nodes: the arguments that print the running nodes, if files do not name them.
        other: the arguments that choose a node other than the first, put after the machine's name.
        without_tool: the advice if the Linux inside has no tool for its store.
    """

    name: str
    programs: tuple[str, ...]
    find: Callable[[Host, Engine, str], Iterator[Machine]]
    enter: tuple[str, ...]
    start: str
    clients: str
    source: str
    sudo: bool = True
    list_nodes: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    without_tool: str = "put the certificate into it by the means of the system inside"


def _lima(top: str) -> Callable[[Host, Engine, str], Iterator[Machine]]:
    """Return a finder of Lima's instances: lima.yaml in a directory, ha.pid while it runs (pkg/limatype/filenames)."""

    def find(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
        for name in host.names(f"{home}/{top}")[:_MOST]:
            place = f"{home}/{top}/{name}"
            if _NAME.fullmatch(name) and _is_file(host, f"{place}/lima.yaml"):
                yield Machine(engine, name, place, stopped=host.status(f"{place}/ha.pid") is None)

    return find


def _colima(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
    """Yield Colima's profiles: Lima's instances `colima` and `colima-PROFILE` (config/profile.go, config/files.go)."""
    top = ".colima" if host.status(f"{home}/.colima") is not None else ".config/colima"
    for one in _lima(f"{top}/_lima")(host, engine, home):
        if one.name == "colima" or one.name.startswith("colima-"):
            profile = one.name.partition("-")[2] or "default"
            yield Machine(engine, profile, one.location, one.stopped)


def _rancher(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
    """Yield Rancher Desktop's only machine: Lima's instance `0` (src/go/rdctl/pkg/lima/name.go, pkg/paths)."""
    top = "Library/Application Support" if host.platform == "darwin" else ".local/share"
    for one in _lima(f"{top}/rancher-desktop/lima")(host, engine, home):
        if one.name == "0":
            yield Machine(engine, "rancher-desktop", one.location, one.stopped)


def _podman(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
    """Yield Podman's machines: PROVIDER/NAME.json (pkg/machine/env/dir.go), which does not show whether one runs."""
    top = f"{home}/.config/containers/podman/machine"
    for provider in ("qemu", "applehv", "libkrun"):
        for name in host.names(f"{top}/{provider}")[:_MOST]:
            stem, ending = name[:-5], name[-5:]
            if ending == ".json" and _NAME.fullmatch(stem) and _is_file(host, f"{top}/{provider}/{name}"):
                yield Machine(engine, stem, f"{top}/{provider}/{name}")


def _minikube(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
    """Yield the profiles of minikube: NAME/config.json (pkg/minikube/config/types.go); driver `none` has no machine."""
    top = f"{home}/.minikube/profiles"
    for name in host.names(top)[:_MOST]:
        place = f"{top}/{name}"
        if not _NAME.fullmatch(name) or not _is_file(host, f"{place}/config.json"):
            continue
        said = _json(host, f"{place}/config.json")
        if said.get("Driver") != "none":
            yield Machine(engine, name, place, nodes=_minikube_nodes(said.get("Nodes")))


def _minikube_nodes(said: object) -> tuple[str, ...]:
    """Return the nodes' names; the first node is the default, and had no name before minikube 1.29."""
    try:
        names = [str(members(one).get("Name", "")) for one in items(said)[:_MOST]]
    except (TypeError, ValueError):
        names = []
    return ("", *(name for name in names[1:] if _NAME.fullmatch(name)))


# A context of kubectl's, as a line of its own (pkg/cluster/internal/kubeconfig; sigs.k8s.io/yaml writes it so).
_CONTEXT = regex(rb"^(?:- |  )name: \"?kind-([a-z0-9][a-z0-9.-]{0,100})\"?\r?$", re.MULTILINE)


def _kind(host: Host, engine: Engine, home: str) -> Iterator[Machine]:
    """Yield the clusters of kind, which only kubectl's file names; $KUBECONFIG is a shell's, and is not read."""
    path = f"{home}/.kube/config"
    try:
        content = host.read_or_none(host.real(path), _LARGEST) or b""
    except OSError:
        return
    for name in list(dict.fromkeys(_CONTEXT.findall(content)))[:_MOST]:
        yield Machine(engine, name.decode(), f"{path}/kind-{name.decode()}", nodes=())


ENGINES = (
    Engine(
        "podman",
        ("podman",),
        _podman,
        ("machine", "ssh", NAME),
        f"podman machine start {NAME}",
        "Podman and its containers' builds and pulls",
        "podman-machine-ssh(1); podman c6580b4a52: cmd/podman/machine/ssh.go, pkg/machine/ssh.go",
    ),
    Engine(
        "lima",
        ("limactl",),
        _lima(".lima"),
        ("shell", "--workdir", "/", NAME),
        f"limactl start {NAME}",
        "programs in it",
        "Lima 183a60d7: cmd/limactl/shell.go, pkg/limatype/filenames, pkg/limatype/dirnames",
    ),
    Engine(
        "colima",
        ("colima",),
        _colima,
        ("ssh", "-p", NAME, "--"),
        f"colima start {NAME}",
        "its docker or containerd, once that is started again",
        "Colima 490420d: cmd/ssh.go, environment/vm/lima/shell.go, config/profile.go; issue 131",
    ),
    Engine(
        "rancher-desktop",
        ("rdctl",),
        _rancher,
        ("shell",),
        "rdctl start",
        "its docker or containerd, once that is started again",
        "Rancher Desktop d0484373f: src/go/rdctl/cmd/shell.go, pkg/shell/shell.go; issue 305",
    ),
    Engine(
        "minikube",
        ("minikube",),
        _minikube,
        ("ssh", "-p", NAME, "--native-ssh=false", "--"),
        f"minikube start -p {NAME}",
        "its docker or containerd, once that is started again",
        "minikube eb25dbc703: cmd/minikube/cmd/ssh.go, pkg/libmachine/ssh/client.go, pkg/minikube/node/node.go",
        other=("-n", NODE),
        # Its own ISO, for the drivers that make a virtual machine; with docker or podman the node is a Debian.
        without_tool="it takes what is in ~/.minikube/certs (drop-directory) when it is started again",
    ),
    Engine(
        "kind",
        ("docker", "podman", "nerdctl"),
        _kind,
        ("exec", "-i", NODE),
        f"start its containers, or `kind create cluster --name {NAME}`",
        "its nodes' containerd, once that is started again",
        "kind fed26882: pkg/cluster/internal/providers/docker (label io.x-k8s.kind.cluster), images/base/Dockerfile",
        sudo=False,
        list_nodes=("ps", "--filter", f"label=io.x-k8s.kind.cluster={NAME}", "--format", "{{.Names}}"),
    ),
)


def machines(host: Host) -> Iterator[Machine]:
    """Yield the machines of the acting account, of engines whose program is installed. Only files are read.

    Not root's: limactl and minikube refuse root. Not on Windows, where the machines are WSL's.
    """
    home = host.account.home
    if not home or host.is_image or host.account.is_root or host.platform not in {"linux", "darwin"}:
        return
    for engine in ENGINES:
        if any(programs(host, engine)):
            yield from engine.find(host, engine, home.rstrip("/"))


def programs(host: Host, engine: Engine) -> Iterator[str]:
    """Yield the paths of an engine's existing programs, the best one first."""
    for name in engine.programs:
        found = (f"{place}/{name}" for place in directories(host))
        yield from [path for path in found if host.executable(path)][:1]


def directories(host: Host) -> tuple[str, ...]:
    """Return the directories of engines' programs, and of those that they start (ssh, limactl, docker)."""
    home = (host.account.home or "").rstrip("/")
    return tuple(home + place[1:] if place.startswith("~") else place for place in PLACES)


def entering(one: Machine, node: str) -> tuple[str, ...]:
    """Return the arguments before the words of a command in one node."""
    words = list(one.engine.enter)
    if node and one.engine.other:
        at = words.index(NAME) + 1
        words[at:at] = one.engine.other
    return tuple(named(one, word, node) for word in words)


def named(one: Machine, word: str, node: str = "") -> str:
    """Return a word of the table with the names filled in."""
    return word.replace(NAME, one.name).replace(NODE, node)


def node_names(answer: bytes) -> tuple[str, ...]:
    """Return the nodes in the output of `Engine.list_nodes`, a line each; other lines are passed over."""
    lines = (line.strip() for line in answer.decode("ascii", "replace").splitlines())
    return tuple(sorted({line for line in lines if _NAME.fullmatch(line)}))[:_MOST]


def _is_file(host: Host, path: str) -> bool:
    status = host.status(path)
    return status is not None and status.kind is Kind.FILE


def _json(host: Host, path: str) -> dict[str, Any]:
    try:
        return members(json.loads(host.read(path, _LARGEST)))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
