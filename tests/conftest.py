"""Two settings for all tests: the contract's assertions are explained, and programs start with the usual signals.

The contract is a part of the package, and so pytest does not explain its assertions unless it is told to.
"""

import signal

import pytest

pytest.register_assert_rewrite("trustinstall.testing", "tests.contract")

# A shell starts a command with `&`, and nohup starts one, with these signals ignored, and each child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGHUP", "SIGQUIT"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
