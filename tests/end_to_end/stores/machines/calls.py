"""What a report says of a machine of a container engine."""

from __future__ import annotations

from collections.abc import Callable

from tests.contract.vm import VmMachine
from trustinstall.certificates.certificate import Certificate
from trustinstall.testing.machine import Ran
from trustinstall_platforms.containers.inside import path_for
from trustinstall_platforms.linux.families import DEBIAN

Deliver = Callable[..., VmMachine]


def detail(ran: Ran, machine: VmMachine) -> str:
    """What is said of the machine's store."""
    return next(str(one["detail"]) for one in ran.report["stores"] if one["id"] == machine.store)


def ours(machine: VmMachine, number: int = 0) -> str:
    """The path of our file inside for a root."""
    return path_for(DEBIAN, Certificate(machine.make(number).der))
