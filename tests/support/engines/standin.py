"""Stand-ins for podman, limactl, colima, rdctl, minikube, docker and adb: of each, what runs a command in a machine.

One script under seven names, written from the public source of each (how it parses its words, what it makes of them for
the shell inside, what it prints where a machine does not run, and which exit status it ends with); nothing is taken
from the backend that it is there to test. What is "inside" runs in another throw-away root: see `engines.py`.
It is started hundreds of times in a run, and does without pathlib, whose import takes half as long as Python's start.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from typing import Any, NoReturn

STATE = "/opt/engines/state.json"
BANNER = "Welcome to the machine: 3 updates can be applied, see `apt list --upgradable`.\n"


def state() -> dict[str, Any]:
    """What stands at the start: every machine runs, and nothing is wrong."""
    return {
        "port": 0,
        "stopped": False,  # the machine, though files may say that it runs
        "ssh": "good",  # "lost": no connection; "hangs": never an answer
        "banner": False,  # what a login prints, on standard output
        "terminal": False,  # lines end as on a terminal
        "liar": "",  # the engine ends with 0, and has not run commands that begin with this word
        "nodes": {},  # kind's: name to number
        "avd": "Pixel_9",  # the device that the emulator runs; "" if its console refuses the account
        "su": True,  # whether the emulator's image has `su`
        "pty": False,  # whether its Android is too old for `adb shell -T`
        "server": False,  # whether the first command of adb starts a server that goes on
    }


def fail(message: str, status: int = 1) -> NoReturn:
    """End with an error."""
    sys.stderr.write(f"{message}\n")
    sys.exit(status)


def options(words: list[str], *known: str) -> tuple[dict[str, str], list[str]]:
    """Leading options with their values, and the rest; `--` ends them."""
    found: dict[str, str] = {}
    while words and words[0].startswith("-"):
        word, _, value = words.pop(0).partition("=")
        if word == "--":
            break
        if word not in known:
            fail(f"unknown flag: {word}", 125)
        found[word] = value or words.pop(0)
    return found, words


def inside(line: str, said: dict[str, Any], node: int = 0, *, root: bool = False) -> int:
    """Run a line in a shell inside, with this process's standard input and output; return the shell's status."""
    if said["ssh"] == "lost":
        sys.stderr.write("kex_exchange_identification: read: Connection reset by peer\r\n")
        return 255
    if said["ssh"] == "hangs":
        time.sleep(10_000)
    given = b"" if sys.stdin is None else sys.stdin.buffer.read()
    with socket.create_connection(("127.0.0.1", said["port"])) as connection:
        head = {"line": line, "node": node, "root": root, "size": len(given)}
        connection.sendall(json.dumps(head).encode() + b"\n" + given)
        with connection.makefile("rb") as answer:
            back = json.loads(answer.readline())
            out, err = answer.read(back["out"]), answer.read(back["err"])
    if said["banner"]:
        out = BANNER.encode() + out
    if said["terminal"]:
        out = (out + err).replace(b"\n", b"\r\n")
        err = b""
    sys.stdout.buffer.write(out)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(err)
    return int(back["status"])


def limactl(words: list[str], said: dict[str, Any]) -> int:
    """`limactl shell [--workdir DIR] INSTANCE COMMAND…`: words are quoted, one by one."""
    if words[:1] != ["shell"]:
        fail("the stand-in plays `limactl shell` alone")
    found, words = options(words[1:], "--workdir", "--shell")
    if not words or words[0].startswith("-"):
        fail("requires instance name as first argument")
    name, command = words[0], [word for word in words[1:] if word != "--"]
    home = os.environ.get("LIMA_HOME") or f"{os.environ['HOME']}/.lima"
    if not os.path.isfile(f"{home}/{name}/lima.yaml"):
        fail(f'time="2026-11-27T12:00:00Z" level=fatal msg="instance \\"{name}\\" does not exist"')
    if said["stopped"]:
        fail(
            f'time="2026-11-27T12:00:00Z" level=fatal msg="instance `{name}` is stopped, run `limactl start {name}` to '
            'start the instance"'
        )
    place = found.get("--workdir", os.environ["HOME"])
    quoted = " ".join(map(shlex.quote, command))
    return inside(f"cd {shlex.quote(place)} || exit 1 ; exec /bin/sh -l -c {shlex.quote(quoted)}", said)


def colima(words: list[str], said: dict[str, Any]) -> int:
    """`colima ssh [-p PROFILE] -- COMMAND…`: limactl with a home of its own."""
    if words[:1] != ["ssh"]:
        fail("the stand-in plays `colima ssh` alone")
    found, words = options(words[1:], "-p", "--profile")
    profile = found.get("-p", "default")
    if said["stopped"]:
        name = "colima" if profile == "default" else f"colima [profile={profile}]"
        fail(f'time="2026-11-27T12:00:00Z" level=fatal msg="{name} not running"')
    os.environ["LIMA_HOME"] = f"{os.environ['HOME']}/.colima/_lima"
    return limactl(["shell", "--workdir", "/", "colima" if profile == "default" else f"colima-{profile}", *words], said)


def rdctl(words: list[str], said: dict[str, Any]) -> int:
    """`rdctl shell COMMAND…`: no options of its own."""
    if words[:1] != ["shell"]:
        fail("the stand-in plays `rdctl shell` alone")
    if said["stopped"]:
        fail(
            "Error: The Rancher Desktop VM needs to be in state \"Running\" in order to execute 'rdctl shell', but it "
            "is current in state \"Stopped\".\nEither run 'rdctl start' or start the Rancher Desktop application first"
        )
    os.environ["LIMA_HOME"] = f"{os.environ['HOME']}/.local/share/rancher-desktop/lima"
    return limactl(["shell", "--workdir", "/", "0", *words[1:]], said)


def podman(words: list[str], said: dict[str, Any]) -> int:
    """`podman machine ssh MACHINE COMMAND…`: words are joined, and a shell inside takes them apart again."""
    if words[:2] != ["machine", "ssh"]:
        fail("the stand-in plays `podman machine ssh` alone", 125)
    name, command = words[2], words[3:]
    if said["stopped"]:
        fail(f'Error: vm "{name}" is not running', 125)
    return inside(" ".join(command), said)


def minikube(words: list[str], said: dict[str, Any]) -> int:
    """`minikube ssh -p PROFILE [-n NODE] [--native-ssh=false] -- COMMAND…`: joined; every failure is 1."""
    if words[:1] != ["ssh"]:
        fail("the stand-in plays `minikube ssh` alone")
    found, words = options(words[1:], "-p", "-n", "--native-ssh")
    if said["stopped"]:
        name = found.get("-p", "minikube")
        sys.stdout.write(f"* The control-plane node {name} host is not running: state=Stopped\n")
        sys.stdout.write(f'  To start a cluster, run: "minikube start -p {name}"\n')
        return 89
    if found.get("--native-ssh") != "false":
        time.sleep(10_000)  # it has asked for a terminal, on which standard input never ends
    status = inside(" ".join(words), said, 1 if "-n" in found else 0)
    if status:
        sys.stderr.write(f"ssh: exit status {status}\n")
    return 1 if status else 0


def docker(words: list[str], said: dict[str, Any]) -> int:
    """`docker ps --filter … --format …` and `docker exec [-i] CONTAINER COMMAND…`, as root; words stay as they are."""
    if words[:1] == ["ps"]:
        found = " ".join(words[1:])
        if "label=io.x-k8s.kind.cluster=dev" in found and "{{.Names}}" in found and not said["stopped"]:
            sys.stdout.write("".join(f"{name}\n" for name in said["nodes"]))
        return 0
    if words[:1] != ["exec"]:
        fail("the stand-in plays `docker ps` and `docker exec` alone", 125)
    given = words[1:2] == ["-i"]
    name, command = words[2 if given else 1], words[3 if given else 2 :]
    if not given:
        sys.stdin = open(os.devnull)  # noqa: SIM115 - it is read to the end of the program
    return inside(" ".join(map(shlex.quote, command)), said, said["nodes"][name], root=True)


def serve() -> None:
    """Start a process as adb's client does its server: in a session of its own, with all that it has inherited."""
    if os.path.exists("/tmp/adb.pid"):
        return
    server = subprocess.Popen(
        ["sleep", "300"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        close_fds=False,
    )
    with open("/tmp/adb.pid", "w") as file:
        file.write(str(server.pid))


def adb(words: list[str], said: dict[str, Any]) -> int:
    """`adb devices`, `adb -s SERIAL emu avd name` and `adb -s SERIAL shell [-T] [-n] COMMAND…`: words are joined."""
    serial, running = "emulator-5554", not said["stopped"]
    if said["server"]:
        serve()
    if words == ["devices"]:
        line = f"{serial}\t{'offline' if said['ssh'] == 'lost' else 'device'}\n"
        sys.stderr.write("* daemon not running; starting now at tcp:5037\n* daemon started successfully\n")
        sys.stdout.write(f"List of devices attached\n{line if running else ''}\n")
        return 0
    if words[:1] != ["-s"]:
        fail("the stand-in plays `adb devices` and `adb -s SERIAL` alone")
    if words[1] != serial or not running:
        fail(f"adb: device '{words[1]}' not found")
    if words[2:] == ["emu", "avd", "name"]:
        sys.stdout.write(f"{said['avd']}\r\nOK\r\n" if said["avd"] else "KO: authentication token is bad\r\n")
        return 0 if said["avd"] else 1
    if words[2:3] != ["shell"]:
        fail(f"adb: unknown command {words[2]}")
    return adb_shell(words[3:], said)


def adb_shell(words: list[str], said: dict[str, Any]) -> int:
    """`adb shell [-T] [-n] COMMAND…` in the only emulator."""
    while words and words[0] in {"-T", "-n"}:
        if words.pop(0) == "-n":
            sys.stdin = open(os.devnull)  # noqa: SIM115 - it is read to the end of the program
    if said["ssh"] == "lost":
        fail("adb: device offline")
    if said["pty"]:
        fail("error: target doesn't support PTY args -Tt")
    if words[0] == "su" and not said["su"]:
        fail("/system/bin/sh: su: inaccessible or not found", 127)
    return inside(" ".join(words), said)


ENGINES = {
    "adb": adb,
    "limactl": limactl,
    "colima": colima,
    "rdctl": rdctl,
    "podman": podman,
    "minikube": minikube,
    "docker": docker,
}


def main() -> int:
    """The program of this name."""
    with open(STATE) as file:
        said = json.load(file)
    words = sys.argv[1:]
    if said["liar"] and said["liar"] in words:
        return 0
    return ENGINES[os.path.basename(sys.argv[0])](words, said)


if __name__ == "__main__":
    sys.exit(main())
