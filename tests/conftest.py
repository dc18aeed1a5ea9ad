"""The contract is a part of the package, and so pytest does not explain its assertions unless it is told to."""

import pytest

pytest.register_assert_rewrite("trustinstall.testing", "tests.contract")
