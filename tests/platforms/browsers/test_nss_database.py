"""What is read of the files beside an NSS database."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from trustinstall_platforms.browsers.nss_database import is_fresh

#: As certutil writes it (NSS 3.87), with one of its long lines cut short.
MODULES = b"library=\nname=NSS Internal PKCS #11 Module\nparameters=configdir='sql:/x'\nNSS=Flags=internal,critical\n\n"


def fresh(modules: bytes) -> bool:
    """Whether a database with this list of modules is as certutil makes it."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top))
        write(host, "/profile/pkcs11.txt", modules)
        return is_fresh(host, "/profile")


def test_as_certutil_makes_it() -> None:
    """NSS's own module is not one that an account has added."""
    assert fresh(MODULES)


@pytest.mark.parametrize("line", [b"library=/usr/lib/opensc-pkcs11.so", b"Library=x.so\r", b"library= x"])
@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_another_module(line: bytes, before: bytes, after: bytes) -> None:
    """A module that names a library was added by an account, with any other content of the list."""
    assert not fresh(MODULES + before + b"\n" + line + b"\n" + after)


def test_files_that_cannot_be_read() -> None:
    """A damaged database of keys is not one that trustinstall may delete."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top))
        write(host, "/profile/key4.db", b"no database at all, " * 100)
        assert not is_fresh(host, "/profile")
