"""Machines of container engines: which are found from files alone, and engines that do not answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import OutOfReach, ToolFailed
from trustinstall.host import Account, Host
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.containers import engines, reach
from trustinstall_platforms.containers import inside as vm_inside
from trustinstall_platforms.containers.engines import ENGINES, entering, machines, node_names
from trustinstall_platforms.containers.inside import LOOK, path_for, refreshing, removing
from trustinstall_platforms.containers.machines import VirtualMachines
from trustinstall_platforms.linux.families import ALPINE, ARCH, DEBIAN, RHEL, SUSE

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
CERTIFICATE = Certificate(CORP.der)
PLAIN = re.compile(r"[A-Za-z0-9./=_-]+")  # what no shell takes for anything but itself
BACKEND = VirtualMachines()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A Linux with every engine's program, and an account without machines."""
    host = Host("linux", str(tmp_path), {}, Account(1000, 1000, "alice", "/home/alice"))
    for name in ("podman", "limactl", "colima", "minikube", "docker"):
        program(host, f"/usr/bin/{name}")
    program(host, "/home/alice/.rd/bin/rdctl")
    return host


def home(host: Host, path: str, content: str = "") -> None:
    """A file of alice's."""
    write(host, f"/home/alice/{path}", content)


def found(host: Host) -> dict[str, bool]:
    """What engines call the machines that are found, and whether each is known not to run."""
    return {f"{one.engine.name}:{one.name}": one.stopped for one in machines(host)}


# --- which machines there are ---


@pytest.mark.parametrize(
    ("top", "label"),
    [
        (".lima/default", "lima:default"),
        (".colima/_lima/colima", "colima:default"),
        (".colima/_lima/colima-work", "colima:work"),
        (".config/colima/_lima/colima", "colima:default"),
        (".local/share/rancher-desktop/lima/0", "rancher-desktop:rancher-desktop"),
    ],
)
def test_what_lima_makes(host: Host, top: str, label: str) -> None:
    """An instance has its lima.yaml; while it runs, ha.pid stands beside it."""
    home(host, f"{top}/lima.yaml")
    assert found(host) == {label: True}
    home(host, f"{top}/ha.pid", "4711\n")
    assert found(host) == {label: False}


def test_what_lima_keeps_beside_them(host: Host) -> None:
    """Directories that begin with an underscore, and those without lima.yaml, are no instances."""
    for path in (".lima/_config/lima.yaml", ".lima/_disks/x", ".lima/gone/ha.pid", ".colima/_lima/other/lima.yaml"):
        home(host, path)
    assert found(host) == {}


def test_rancher_desktop_on_a_mac(host: Host) -> None:
    """Its files are in the library, where a Mac keeps them."""
    home(host, "Library/Application Support/rancher-desktop/lima/0/lima.yaml")
    assert found(host) == {}
    assert found(replace(host, platform="darwin")) == {"rancher-desktop:rancher-desktop": True}


@pytest.mark.parametrize("provider", ["qemu", "applehv", "libkrun"])
def test_podmans_machines(host: Host, provider: str) -> None:
    """A file of settings for each; whether one runs, it does not say."""
    home(host, f".config/containers/podman/machine/{provider}/podman-machine-default.json", "{}")
    home(host, f".config/containers/podman/machine/{provider}/podman-machine-default.lock")
    home(host, ".config/containers/podman/machine/wsl/windows.json", "{}")
    assert found(host) == {"podman:podman-machine-default": False}


def test_minikubes_profiles_and_nodes(host: Host) -> None:
    """A profile names its nodes; the first is asked without a name, and the driver `none` has no machine."""
    nodes = [{"Name": "m01"}, {"Name": "m02"}, {"Name": "-rf"}, {"Name": 3}, {}]
    home(host, ".minikube/profiles/dev/config.json", json.dumps({"Driver": "docker", "Nodes": nodes}))
    home(host, ".minikube/profiles/bare/config.json", '{"Driver": "none"}')
    home(host, ".minikube/profiles/empty/events.json")
    (one,) = machines(host)
    assert (one.name, one.nodes) == ("dev", ("", "m02", "3"))
    assert entering(one, "m02") == ("ssh", "-p", "dev", "-n", "m02", "--native-ssh=false", "--")
    assert entering(one, "") == ("ssh", "-p", "dev", "--native-ssh=false", "--")


@pytest.mark.parametrize("said", ["", "[]", "null", '{"Nodes": 1}', '{"Nodes": [1]}', "{" * 5000, "\0"])
def test_a_profile_that_makes_no_sense(host: Host, said: str) -> None:
    """It is one with a single node: what is wrong with it, minikube says."""
    home(host, ".minikube/profiles/dev/config.json", said)
    assert [one.nodes for one in machines(host)] == [("",)]


def test_kinds_clusters(host: Host) -> None:
    """Kubectl's contexts name them, once each; other clusters, and indented or quoted otherwise, are none."""
    context = "- context:\n    cluster: kind-{0}\n    user: kind-{0}\n  name: kind-{0}\n"
    text = "".join(map(context.format, ("dev", "dev", "two.x", "-bad", "A")))
    home(host, ".kube/config", f"{text}- name: kind-dev\n  name: minikube\n    name: kind-deep\n")
    assert found(host) == {"kind:dev": False, "kind:two.x": False}


def test_a_file_of_kubectls_that_is_none(host: Host) -> None:
    """A directory, or a file without an end, names no clusters."""
    Path(host.where("/home/alice/.kube/config")).mkdir(parents=True)
    assert found(host) == {}


@pytest.mark.parametrize("name", ["-rf", "a b", "$(id)", "a;b", "a'b", "ü", "x" * 200, ".hidden", "a\nb"])
def test_names_that_are_no_words(host: Host, name: str) -> None:
    """A name that a shell, or the engine, could take for something else is passed over."""
    home(host, f".lima/{name}/lima.yaml")
    home(host, f".minikube/profiles/{name}/config.json", "{}")
    if len(name) < 200:
        home(host, f".config/containers/podman/machine/qemu/{name}.json", "{}")
    assert found(host) == {}


def test_who_has_none(host: Host) -> None:
    """Root, an account without a home, a Windows and an image have no machines; without its program, no engine has."""
    home(host, ".lima/default/lima.yaml")
    assert found(host) == {"lima:default": True}
    root, homeless = Account(0, 0, "root", "/home/alice"), Account(1000, 1000, "alice", None)
    image = host.image(host.where("/home"))
    for other in (replace(host, account=root), replace(host, account=homeless), replace(host, platform="win32"), image):
        assert found(other) == {}
    Path(host.where("/usr/bin/limactl")).unlink()
    assert found(host) == {}


def test_a_store_says_whose_it_is(host: Host) -> None:
    """Its id is the place of its files, its label what people call it; found again, it is the same."""
    home(host, ".lima/default/lima.yaml")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    assert (store.id, store.label, store.owner) == ("vm:/home/alice/.lima/default", "lima:default", 1000)
    assert store.why_blocked == "it does not run; start it (limactl start default), and run the command again"
    assert BACKEND.at(host, store.location) == store
    assert BACKEND.at(host, "/home/alice/.lima/other") is None


# --- the words ---


@pytest.mark.parametrize("engine", ENGINES, ids=lambda one: one.name)
def test_every_word_is_plain(engine: engines.Engine) -> None:
    """Whether an engine joins words or quotes them comes to the same: no word has a letter that a shell knows."""
    one = engines.Machine(engine, "dev", "/x", nodes=("n1",))
    words: list[str] = [*entering(one, "n1"), *LOOK, "find", "-maxdepth", "sudo", "-n", "tee", "mkdir", "-p", "rmdir"]
    for family in (DEBIAN, RHEL, SUSE, ARCH, ALPINE):
        path = path_for(family, CERTIFICATE)
        words += [path, family.anchors, *chain.from_iterable(removing(family, (path,)))]
        words += [word for command, _ in refreshing(family, gone=True) for word in command]
    assert [word for word in words if not PLAIN.fullmatch(word)] == []
    assert engine.source
    assert engine.clients


@given(st.binary())
def test_nodes_are_names_or_nothing(answer: bytes) -> None:
    """An option or a path in a container engine's output is not a node."""
    assert all(re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in node_names(answer))


def test_nodes_in_order() -> None:
    """A line each, with any line ending."""
    assert node_names(b"dev-worker\r\ndev-control-plane\n\n-x\n") == ("dev-control-plane", "dev-worker")


# --- an engine that does not answer ---


def test_an_engine_that_hangs(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out ends it, and the error names the machine."""
    program(host, "/usr/bin/limactl", "#!/bin/sh\nexec sleep 600\n")
    home(host, ".lima/default/lima.yaml")
    home(host, ".lima/default/ha.pid", "1\n")
    monkeypatch.setattr(reach, "_LOOKING", 0.3)
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(ToolFailed, match=r"limactl did not end within .* see whether lima's default answers"):
        BACKEND.observe(host, store, frozenset())


def test_an_engine_that_says_nothing(host: Host) -> None:
    """No answer is an error, and no empty machine; and root's own variables do not reach it."""
    program(host, "/usr/bin/limactl", '#!/bin/sh\necho "ID=debian $HOME" >&2\nexit 255\n')
    home(host, ".lima/default/lima.yaml")
    home(host, ".lima/default/ha.pid", "1\n")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(ToolFailed, match=r"limactl does not reach default \(status 255\): ID=debian /home/alice"):
        BACKEND.observe(host, store, frozenset())
    with pytest.raises(OSError, match="does not reach"):
        BACKEND.anchors(host, store)


def test_where_programs_are_looked_for(host: Host) -> None:
    """The engine finds what it starts in turn, ssh, limactl and docker, by trustinstall's path and not the caller's."""
    program(host, "/usr/bin/limactl", '#!/bin/sh\necho "$PATH" >&2\nexit 255\n')
    home(host, ".lima/default/lima.yaml")
    home(host, ".lima/default/ha.pid", "1\n")
    (store,) = BACKEND.discover(replace(host, environ={"PATH": "/evil"}), DiscoveryOptions())
    with pytest.raises(ToolFailed) as raised:
        BACKEND.observe(host, store, frozenset())
    assert "/usr/bin" in str(raised.value)
    assert "/evil" not in str(raised.value)


def test_no_table_without_a_start() -> None:
    """Of every engine it is said how a machine is started."""
    assert all(engine.start for engine in ENGINES)
    assert vm_inside.LOOK[0] == "grep"


def test_a_container_engine_that_may_not_be_asked(host: Host) -> None:
    """Why no nodes of a cluster are seen is said, and is no failure."""
    program(host, "/usr/bin/docker", "#!/bin/sh\necho 'permission denied: /var/run/docker.sock' >&2\nexit 1\n")
    home(host, ".kube/config", "  name: kind-dev\n")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(OutOfReach, match=r"none of its nodes runs \(docker: permission denied: .*\); start it"):
        BACKEND.observe(host, store, frozenset())


def test_the_engine_that_has_the_nodes(host: Host) -> None:
    """Where docker has none of a cluster's nodes and podman has, podman is asked for what is inside."""
    text = '#!/bin/sh\n[ "$1" = ps ] && echo dev-control-plane && exit\necho "exec by podman: $3" >&2; exit 125\n'
    program(host, "/usr/bin/podman", text)
    home(host, ".kube/config", "  name: kind-dev\n")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(ToolFailed, match=r"podman does not reach dev .*: exec by podman: dev-control-plane"):
        BACKEND.observe(host, store, frozenset())


def test_a_machine_that_never_stops_talking(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than any system holds is not parsed."""
    program(host, "/usr/bin/limactl", "#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x\n")
    home(host, ".lima/default/lima.yaml")
    home(host, ".lima/default/ha.pid", "1\n")
    monkeypatch.setattr(reach, "_MOST_READ", 4999)
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(ToolFailed, match="default prints more than"):
        BACKEND.observe(host, store, frozenset())


@pytest.mark.parametrize(
    ("program_name", "place", "said"),
    [
        ("podman", ".config/containers/podman/machine/qemu/dev.json", 'Error: vm "dev" is not running'),
        ("limactl", ".lima/dev/lima.yaml", 'level=fatal msg="instance `dev` is stopped, run `limactl start dev`"'),
        ("colima", ".colima/_lima/colima/lima.yaml", 'level=fatal msg="colima not running"'),
        ("minikube", ".minikube/profiles/dev/config.json", "* The control-plane node dev host is not running: state=…"),
    ],
)
@pytest.mark.parametrize("stream", [1, 2])
def test_what_engines_say_of_a_machine_that_does_not_run(
    host: Host, program_name: str, place: str, said: str, stream: int
) -> None:
    """It is out of reach, and no failure, wherever that is printed: of a stale file (ha.pid), too."""
    program(host, f"/usr/bin/{program_name}", f"#!/bin/sh\ncat >&{stream} <<'END'\n{said}\nEND\nexit 1\n")
    home(host, place, "{}")
    home(host, f"{place.rpartition('/')[0]}/ha.pid", "4711\n")
    (store,) = BACKEND.discover(host, DiscoveryOptions())
    with pytest.raises(OutOfReach, match="it does not run; start it"):
        BACKEND.observe(host, store, frozenset())
