"""The words of `--until`: which are an end of trust, and what is said of the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.errors import UsageProblem
from trustinstall.installer import ends
from trustinstall.state.ledger import moment

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
EAST, WEST = timezone(timedelta(hours=14)), timezone(-timedelta(hours=12))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-11-30", "2026-12-01T00:00:00Z"),
        ("2028-02-29", "2028-03-01T00:00:00Z"),
        ("9999-12-30", "9999-12-31T00:00:00Z"),
        ("9999-12-31", "9999-12-31T23:59:59Z"),
        ("12h", "2026-12-01T00:00:00Z"),
        ("416000w", "9999-09-13T12:00:00Z"),
    ],
)
@pytest.mark.parametrize("zone", [timezone.utc, EAST, WEST])
def test_an_end_is_a_moment_in_utc(text: str, end: str, zone: timezone) -> None:
    """A day ends with its last second, the last one that can be written too; the zone of the clock changes nothing."""
    assert ends.end(text, NOW.astimezone(zone)) == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2027-02-29", "is not a day that exists"),
        ("2027-13-01", "is not a day that exists"),
        ("0000-01-01", "is not a day that exists"),
        ("0001-01-01", "is over"),
        ("2026-11-29", "is over"),
        ("999999w", "ends after the year 9999"),
        ("0d", "is not an end of trust"),
        ("10000-01-01", "is not an end of trust"),
        ("2027-1-1", "is not an end of trust"),
        ("", "is not an end of trust"),
    ],
)
def test_another_text_is_refused_with_the_reason(text: str, said: str) -> None:
    """A day that does not exist, one that is over, and an end that cannot be written are three things."""
    with pytest.raises(UsageProblem, match=said):
        ends.end(text, NOW)


@given(st.dates())
def test_a_day_is_exported_as_it_was_given(day: date) -> None:
    """The end of a day, and the last day before that end, are inverse."""
    end = ends.last_moment(day.isoformat())
    assert ends.last_day(end) == day.isoformat()
    assert moment(end) > datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


@given(st.datetimes(NOW.replace(year=2, tzinfo=None), NOW.replace(year=9999, tzinfo=None)))
def test_a_document_never_lasts_longer(when: datetime) -> None:
    """The end of the exported day is not after the end that was asked for."""
    end = when.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    assert moment(ends.last_moment(ends.last_day(end))) <= moment(end)
