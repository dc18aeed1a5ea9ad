"""/etc/ca-certificates.conf, which says which of the packages' files are trusted: read and changed."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from trustinstall_platforms.linux.debian_files import SELECTION, selected
from trustinstall_platforms.linux.debian_plan import deselected

LINES = st.one_of(
    st.sampled_from(
        [b"mozilla/A.crt", b" mozilla/A.crt", b"!mozilla/A.crt", b"# mozilla/A.crt", b"corp/b c.crt\r", b""]
    ),
    st.binary(max_size=12),
)


@given(st.lists(LINES).map(b"\n".join), st.sets(st.sampled_from(["mozilla/A.crt", "corp/b c.crt", "other"])))
def test_exactly_the_named_files_are_deselected(content: bytes, names: set[str]) -> None:
    """Any other file stays selected, and any other line stays as it was."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top))
        write(host, SELECTION, content)
        before = list(selected(host))
        changed = deselected(content, names)
        write(host, SELECTION, changed)
        assert list(selected(host)) == [name for name in before if name not in names]
    assert len(changed.splitlines()) == len(content.splitlines())
    assert deselected(changed, names) == changed
