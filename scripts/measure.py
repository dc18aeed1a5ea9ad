"""Whole-process medians of trustinstall beside those of the bare native tool, from one run on one machine.

Each round runs every command once, each from a fresh throw-away root, so that whatever else the machine does
disturbs all of them alike. Only the ratios travel from one machine to another.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.pki import make_root
from tests.support.throwaway import PROGRAM, Throwaway

CORP = "/srv/corp.crt"
BATCH = "/srv/batch.pem"
BARE = ("sh", "-c", f"cp {CORP} /usr/local/share/ca-certificates/corp.crt && update-ca-certificates")


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        name: what is printed.
        command: what is timed.
        prepare: run before it, untimed.
        beside: the name of the case that it is compared with, or "".
        aim: the most that the ratio to `beside` (or, without one, the time in seconds) should be.
    """

    name: str
    command: tuple[str, ...]
    prepare: tuple[tuple[str, ...], ...] = ()
    beside: str = ""
    aim: float | None = None


def ours(*words: str) -> tuple[str, ...]:
    """A command of the program under test."""
    return (*PROGRAM, *words)


def cases() -> list[Case]:
    """Everything that is measured; see the issue that asks for it in the project's history."""
    added = (ours("add", CORP),)
    return [
        Case("bare: cp + update-ca-certificates", BARE),
        Case(
            "add --store debian", ours("add", "--store", "debian", CORP), (), "bare: cp + update-ca-certificates", 1.15
        ),
        Case("add", ours("add", CORP), (), "bare: cp + update-ca-certificates"),
        Case("add, nothing to do", ours("add", CORP), added, "", 0.25),
        Case("remove", ours("remove", CORP), added, "bare: cp + update-ca-certificates"),
        Case("list", ours("list"), added),
        Case("--version", ours("--version"), (), "", 0.08),
        Case("add, 100 certificates", ours("add", BATCH), (), "add"),
        Case("python -I -c pass", (PROGRAM[0], "-I", "-c", "pass")),
    ]


def measure(root: Throwaway, case: Case) -> float:
    """Seconds of one run from a fresh root."""
    root.reset()
    for command in case.prepare:
        root.run(command, timeout=300, check=True)
    started = time.perf_counter()
    root.run(case.command, timeout=300, check=True)
    return time.perf_counter() - started


def report(title: str, times: dict[str, list[float]], say: Callable[[str], None]) -> None:
    """Print medians, ratios and aims."""
    medians = {name: statistics.median(found) for name, found in times.items()}
    say(f"\n{title}\n{'':36}{'median':>9}{'ratio':>8}{'aim':>9}")
    for case in cases():
        median = medians[case.name]
        ratio = median / medians[case.beside] if case.beside else None
        aim = "" if case.aim is None else f"{case.aim:.2f}{'' if case.beside else ' s'}"
        judged = ratio if case.beside else median
        missed = "  missed" if case.aim is not None and judged is not None and judged > case.aim else ""
        say(f"{case.name:36}{median:8.3f}s{f'{ratio:.2f}' if ratio else '':>8}{aim:>9}{missed}")


def main() -> None:
    """Measure with and without Java's keystore among the tool's hooks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    corp = make_root(common_name="Bench Root").pem
    batch = b"".join(make_root(common_name=f"Bench Root {number}").pem for number in range(100))
    for title, java in (("Debian without Java", False), ("Debian with Java's keystore", True)):
        times: dict[str, list[float]] = {case.name: [] for case in cases()}
        with Throwaway(java=java) as root:
            root.write(CORP, corp)
            root.write(BATCH, batch)
            root.freeze()
            for _ in range(rounds):
                for case in cases():
                    times[case.name].append(measure(root, case))
        report(title, times, print)


if __name__ == "__main__":
    main()
