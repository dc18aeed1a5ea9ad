"""Which part of a path others than its owner may not read or enter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_host import make, write
from trustinstall.facts import readable


@pytest.mark.parametrize(
    ("closed", "mode", "expected"),
    [
        ("", 0, None),
        ("/etc/corp/a.pem", 0o600, ("/etc/corp/a.pem", "a+r")),
        ("/etc/corp", 0o700, ("/etc/corp", "a+rx")),
        ("/etc/corp", 0o751, None),  # entered by name, which is enough
        ("/etc/corp/a.pem", 0o644, None),
    ],
)
def test_the_first_closed_part_is_named(
    tmp_path: Path, closed: str, mode: int, expected: tuple[str, str] | None
) -> None:
    """With the chmod that opens it to every account; a file that is not there is not closed."""
    host = make(tmp_path)
    path = write(host, "/etc/corp/a.pem", b"x", 0o644)
    for one in ("/etc", "/etc/corp"):
        Path(host.where(one)).chmod(0o755)
    if closed:
        Path(host.where(closed)).chmod(mode)
    assert readable.hidden(host, path) == expected
    assert readable.hidden(host, "/etc/other/b.pem") is None
