"""A star in a name of a certificate stands for any characters, also where a name holds many of them."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from trustinstall.doctor.names import label_matches


@given(name=st.text("ab*", max_size=8), label=st.text("ab", max_size=8))
def test_a_star_stands_for_any_characters(name: str, label: str) -> None:
    """As the regular expression does in which each star is `.*`."""
    assert label_matches(name, label) == bool(re.fullmatch(name.replace("*", ".*"), label))


def test_many_stars_take_no_longer() -> None:
    """A name with ten thousand stars, on which a regular expression would search for ever, is refused at once."""
    assert not label_matches("*a" * 10_000 + "b", "a" * 20_000)
