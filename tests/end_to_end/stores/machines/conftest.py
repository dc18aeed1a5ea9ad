"""The machine of each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.contract.vm import VmMachine
from tests.end_to_end.stores.machines.calls import Deliver
from tests.support.throwaway import Throwaway


@pytest.fixture
def deliver() -> Iterator[Deliver]:
    """Makes the test's machine."""
    with ExitStack() as stack:
        root = stack.enter_context(Throwaway(java=False))

        def made(engine: str, **more: Any) -> VmMachine:  # noqa: ANN401 - what VmMachine takes
            machine = VmMachine(root, engine, **more)
            stack.callback(machine.close)
            return machine

        yield made
