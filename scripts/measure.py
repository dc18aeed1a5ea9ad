"""Whole-process medians of trustinstall beside those of the bare native tool, from one run on one machine.

Each round runs every command once, each from a fresh throw-away root, so that other work of the machine
disturbs all of them alike. Only the ratios travel from one machine to another.

Where `import typer, cryptography.x509` takes 100 ms, `list` takes about 195:

- 55 ms for Python itself and Typer, which the aim of 200 ms contains;
- 60 ms for 240 modules of the program: the machinery of imports, their code, 110 named tuples and 80 dataclasses;
- 25 ms to read what 14 kinds of sessions of an account set, for root with its own home, too; 10 ms more where a line of
  others names a managed variable, so that the sessions without the managed lines are read anew;
- 9 ms to compile 80 regular expressions, 25 ms for the settings files of 60 tools, and 20 ms for the certificates of
  the stores.

These aims are missed: `add` with nothing to do takes 80 ms more (2.7 times the same): the certificate library and
OpenSSL, 45 ms, the ledger, and the other half of the engine. A developer's machine takes this start, too, and the work
for the account begins when the machine's tool has ended: its stores are judged by what the system then trusts. A walk
through 100,000 files takes 1.1 to 1.2 times as long as `find`: 0.8 to list the directories with `os.scandir`, 0.15 for
one lstat(2) of each, and the rest to compare the names. Before it comes the start of the program, which takes 1.1 times
as long as `find` by itself.
"""

from __future__ import annotations

import argparse
import atexit
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway
from tests.support.tls import Server

CORP = "/srv/corp.crt"
BATCH, THOUSAND = "/srv/batch.pem", "/srv/thousand.pem"
IMPORTS = "bare: import typer, cryptography.x509"
NATIVE = "bare: cp + update-ca-certificates"
_FIREFOX, _JAVAS = "/home/alice/.mozilla/firefox", "/home/alice/.sdkman/candidates/java"
_TEN_PROFILES = f"for one in 0 1 2 3 4 5 6 7 8 9; do certutil -A -d sql:{_FIREFOX}/p$one -n corp -t C,, -i {CORP}; done"
_THREE_JAVAS = (
    f"for one in {_JAVAS}/*; do keytool -importcert -noprompt -alias corp -file {CORP} "
    "-keystore $one/lib/security/cacerts -storepass changeit; done"
)
_SEED, _ENVS, _COPY, _TREE = (f"/srv/disk/{name}" for name in ("seed", "envs", "copy", "tree"))
BARE = ("sh", "-c", f"cp {CORP} /usr/local/share/ca-certificates/corp.crt && update-ca-certificates")


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        name: what is printed.
        command: what is timed.
        prepare: run before it, untimed.
        beside: the names of cases; it is compared with the slowest of them. None: with nothing.
        aim: the most that the ratio to `beside` (or, without one, the time in seconds) should be.
        megabytes: the most memory that its largest process should take, or None.
    """

    name: str
    command: tuple[str, ...]
    prepare: tuple[tuple[str, ...], ...] = ()
    beside: tuple[str, ...] = ()
    aim: float | None = None
    megabytes: int | None = None


def ours(*words: str) -> tuple[str, ...]:
    """A command of the program under test."""
    return (*PROGRAM, *words)


def cases() -> list[Case]:
    """Everything that is measured; see the issue that asks for it in the project's history."""
    added = (ours("add", CORP),)
    return [
        Case(NATIVE, BARE),
        Case("add --store debian", ours("add", "--store", "debian", CORP), (), (NATIVE,), 1.15),
        Case("add", ours("add", CORP), (), (NATIVE,)),
        Case(IMPORTS, (PROGRAM[0], "-I", "-c", "import typer, cryptography.x509")),
        Case("add, nothing to do", ours("add", CORP), added, (IMPORTS,), 2.0),
        Case("remove", ours("remove", CORP), added, (NATIVE,)),
        Case("list", ours("list"), added, (IMPORTS,), 2.0),
        Case("repair, nothing to do", ours("repair"), added, ("list",), 2.0),
        Case("--version", ours("--version"), (), (), 0.08),
        Case("add, 100 certificates", ours("add", BATCH), (), ("add",), 2.0),
        Case("add, 1,000 certificates", ours("add", THOUSAND), (), (), 20.0, 300),
        Case("python -I -c pass", (PROGRAM[0], "-I", "-c", "pass")),
    ]


def developers() -> list[Case]:
    """The machine of a developer: the system's store, ten profiles of Firefox and three Javas in one `add`."""
    everything = ours("add", "--user", "alice", CORP)
    beside = (NATIVE, "bare: certutil, ten profiles", "bare: keytool, three Javas")
    return [
        Case(NATIVE, BARE),
        Case("bare: certutil, ten profiles", ("sh", "-ec", _TEN_PROFILES)),
        Case("bare: keytool, three Javas", ("sh", "-ec", _THREE_JAVAS)),
        Case("add --variables none", (*everything, "--variables", "none"), (), beside, 1.25),
        Case("add, with variables", everything, (), beside),
        Case("remove", ours("remove", CORP), (everything,)),
    ]


def pythons() -> list[Case]:
    """A thousand environments on a disk: copying and syncing the same bytes, and finding them."""
    fresh = ("sh", "-c", f"rm -rf {_ENVS} && cp -r {_SEED} {_ENVS} && sync")
    everything = ours("add", "--search", _ENVS, "--store", "certifi", CORP)
    return [
        Case("bare: cp -r, sync", ("sh", "-c", f"cp -r {_SEED} {_COPY} && sync"), (("rm", "-rf", _COPY),)),
        Case("add, 1000 environments", everything, (fresh,), ("bare: cp -r, sync",), 2.5),
        Case("add again", everything, (fresh, everything), ("bare: cp -r, sync",)),
        Case("remove", ours("remove", CORP), (fresh, everything), ("bare: cp -r, sync",), 2.5),
        Case("bare: find", ("find", _TREE, "-xdev")),
        Case("stores --search, nothing there", ours("stores", "--search", "/srv/disk/none", "--quiet")),
        Case("stores --search", ours("stores", "--search", _TREE, "--quiet"), (), ("bare: find",), 2.0),
    ]


def trees() -> list[Case]:
    """A tree of 100,000 files without roots: what is walked in homes, /opt, /usr/local and /srv, beside `find`."""
    return [
        Case("bare: find", ("find", _TREE, "-xdev")),
        Case("stores --search, nothing there", ours("stores", "--search", "/srv/disk/none", "--quiet")),
        Case("stores --search", ours("stores", "--search", _TREE, "--quiet"), (), ("bare: find",), 1.2),
    ]


def doctors(port: int) -> list[Case]:
    """A server that a machine with a thousand bundles is asked about, beside a machine that has none."""
    asked = ours("doctor", f"localhost:{port}", "--quiet")
    return [
        Case("doctor --quiet, nothing there", ours("doctor", "localhost:1", "--quiet")),
        Case("doctor, 1000 stores", asked, (), (), 1.5),
    ]


def deliver_stores(root: Throwaway) -> None:
    """A thousand environments with a bundle, ten kinds of them, which are known from an earlier look."""
    public = root.read("/etc/ssl/certs/ca-certificates.crt")
    kinds = [public + make_root(f"Kind {number}").pem for number in range(10)]
    for one in range(1000):
        root.write(f"/srv/envs/{one}/lib/python3.11/site-packages/certifi/cacert.pem", kinds[one % 10])
    root.run(ours("add", "--search", "/srv/envs", "--store", "certifi", CORP), timeout=600, check=True)


def deliver_tree(root: Throwaway) -> None:
    """Twenty files in each of 5,000 directories, a hundred of which are called like bundles, and are none."""
    root.disk(Path(tempfile.mkdtemp(prefix="measure-", dir="/var/tmp")), "/srv/disk")
    atexit.register(shutil.rmtree, root.path("/srv/disk"), ignore_errors=True)
    root.run(["mkdir", "/srv/disk/none", _TREE], check=True)
    for number in range(5000):
        place = root.path(f"{_TREE}/{number % 50}/node_modules/{number}/lib")
        place.mkdir(parents=True)
        for name in range(19):
            (place / f"module-{name}.js").touch()
        (place / f"x.{'js' if number % 50 else 'pem'}").touch()


def deliver_pythons(root: Throwaway) -> None:
    """A thousand environments with nothing but a bundle, and a hundred with all that pip brings."""
    root.disk(Path(tempfile.mkdtemp(prefix="measure-", dir="/var/tmp")), "/srv/disk")
    atexit.register(shutil.rmtree, root.path("/srv/disk"), ignore_errors=True)
    public = root.read("/etc/ssl/certs/ca-certificates.crt")
    for one in range(1000):
        root.write(f"{_SEED}/{one}/lib/python3.11/site-packages/certifi/cacert.pem", public)
    root.run(["mkdir", "/srv/disk/none", _TREE], check=True)
    root.run(["python3", "-m", "venv", f"{_TREE}/0"], timeout=120, check=True)
    root.run(["sh", "-ec", f"for one in $(seq 99); do cp -r {_TREE}/0 {_TREE}/$one; done"], timeout=300, check=True)


def deliver_developer(root: Throwaway) -> None:
    """Ten profiles, three Javas with keystores of their own, no policy that would reach the profiles, and no tools."""
    root.run(["rm", "-rf", "/usr/lib/firefox-esr", "/usr/bin/firefox-esr", "/usr/bin/chromium"], check=True)
    root.run(["sh", "-c", "rm -f /usr/bin/pip* /usr/bin/npm /usr/bin/wget /usr/bin/hg /usr/bin/svn"], check=True)
    sections = [f"[Profile{one}]\nName=p{one}\nIsRelative=1\nPath=p{one}\n" for one in range(10)]
    root.write(f"{_FIREFOX}/profiles.ini", "\n".join(sections), user="alice")
    for one in range(10):
        root.run(["mkdir", f"{_FIREFOX}/p{one}"], user="alice", check=True)
        words = ["certutil", "-N", "-d", f"sql:{_FIREFOX}/p{one}", "--empty-password"]
        root.run(words, user="alice", check=True)
    for one, kind in enumerate(("JKS", "PKCS12", "PKCS12")):
        made, at = "/tmp/made", f"{_JAVAS}/{one}/lib/security/cacerts"
        source = ["-srckeystore", "/etc/ssl/certs/java/cacerts", "-srcstorepass", "changeit", "-deststoretype", kind]
        words = ["keytool", "-importkeystore", *source, "-destkeystore", made, "-deststorepass", "changeit"]
        root.run(words, check=True)
        root.write(at, root.read(made), user="alice")
        root.run(["rm", made], check=True)


#: Runs a command, and says how many kilobytes its largest process took (getrusage(2)).
_WEIGH = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


def weigh(root: Throwaway, case: Case) -> float:
    """Megabytes that the largest process of one run from a fresh root takes."""
    _prepare(root, case)
    done = root.run((PROGRAM[0], "-I", "-c", _WEIGH, *case.command), timeout=300, check=True)
    return int(done.stdout.split()[-1]) / 1000


def measure(root: Throwaway, case: Case) -> float:
    """Seconds of one run from a fresh root."""
    _prepare(root, case)
    started = time.perf_counter()
    root.run(case.command, timeout=300, check=True)
    return time.perf_counter() - started


def _prepare(root: Throwaway, case: Case) -> None:
    root.reset()
    for command in case.prepare:
        root.run(command, timeout=300, check=True)


def report(title: str, cases: Sequence[Case], times: dict[str, list[float]], say: Callable[[str], None]) -> None:
    """Print medians, ratios and aims."""
    medians = {name: statistics.median(found) for name, found in times.items()}
    say(f"\n{title}\n{'':36}{'median':>9}{'ratio':>8}{'aim':>9}")
    for case in cases:
        median = medians[case.name]
        ratio = median / max(medians[name] for name in case.beside) if case.beside else None
        aim = "" if case.aim is None else f"{case.aim:.2f}{'' if case.beside else ' s'}"
        judged = median if ratio is None else ratio
        missed = "  missed" if case.aim is not None and judged > case.aim else ""
        say(f"{case.name:36}{median:8.3f}s{f'{ratio:.2f}' if ratio else '':>8}{aim:>9}{missed}")


@dataclass(frozen=True)
class Scene:
    """A machine to measure on: its name, what is on it, how it is prepared, and what is measured."""

    title: str
    java: bool
    browsers: bool
    deliver: Callable[[Throwaway], None]
    cases: Sequence[Case]


def nothing(_root: Throwaway) -> None:
    """For a machine that is measured as it is."""


def main() -> None:
    """Measure on each machine: every case once in each round."""
    with Server(make_root("Bench Server Root").issue("localhost")) as server:
        _measure_all(server)


def _measure_all(server: Server) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scene", default="", metavar="TEXT", help="only machines with TEXT in their name")
    given = parser.parse_args()
    rounds, only = given.rounds, given.scene
    corp = make_root(common_name="Bench Root").pem
    many = [make_root(common_name=f"Bench Root {number}").pem for number in range(1000)]
    batch, thousand = b"".join(many[:100]), b"".join(many)
    for scene in (
        Scene("Debian without Java", java=False, browsers=False, deliver=nothing, cases=cases()),
        Scene("Debian with Java's keystore", java=True, browsers=False, deliver=nothing, cases=cases()),
        Scene("A machine full of Pythons", java=False, browsers=False, deliver=deliver_pythons, cases=pythons()),
        Scene("A tree of 100,000 files", java=False, browsers=False, deliver=deliver_tree, cases=trees()),
        Scene("A thousand stores", java=False, browsers=False, deliver=deliver_stores, cases=doctors(server.port)),
        Scene("A developer's machine", java=True, browsers=True, deliver=deliver_developer, cases=developers()),
    ):
        if only not in scene.title:
            continue
        times: dict[str, list[float]] = {case.name: [] for case in scene.cases}
        with Throwaway(java=scene.java, browsers=scene.browsers, every_root=True) as root:
            root.write(CORP, corp)
            root.write(BATCH, batch)
            root.write(THOUSAND, thousand)
            scene.deliver(root)
            root.freeze()
            for _ in range(rounds):
                for case in scene.cases:
                    times[case.name].append(measure(root, case))
            weights = {case.name: weigh(root, case) for case in scene.cases if case.megabytes is not None}
        report(scene.title, scene.cases, times, print)
        for case in scene.cases:
            if case.megabytes is not None:
                missed = "  missed" if weights[case.name] > case.megabytes else ""
                print(f"{case.name:36}{weights[case.name]:8.0f} MB{case.megabytes:>14} MB{missed}")


if __name__ == "__main__":
    main()
