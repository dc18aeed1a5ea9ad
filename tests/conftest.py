"""What holds for all tests.

The contract is a part of the package, and so pytest does not explain its assertions unless it is told to.
"""

import pytest

pytest.register_assert_rewrite("trustinstall.contract", "tests.contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module in one process: what they share is made once. The contract's share nothing."""
    for item in items:
        if item.path.name != "test_contract.py":
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
