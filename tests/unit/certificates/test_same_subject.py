"""Certificates of one subject: which pairs are refused, which are warned of, and which are a renewal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.der_writing import name
from tests.support.keys import make_key
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Intake, Vetted
from trustinstall.certificates.same_subject import check
from trustinstall.certificates.vetting import ALLOWABLE
from trustinstall.errors import CertificateRefused

NOW = datetime.now(timezone.utc).replace(microsecond=0)
DAY = timedelta(days=1)
ID = b"x" * 20


def checked(*new: Root, held: tuple[Root, ...] = (), allow: Collection[str] = ()) -> list[tuple[str, ...]]:
    """The warnings about each certificate that is to be added, beside those that are held."""
    intake = Intake(tuple(Vetted(Certificate.held(one.der), "corp.crt", ("other",)) for one in new), ())
    found = check(intake, [Certificate.held(one.der) for one in held], NOW, allow=allow)
    assert all(one.warnings[0] == "other" for one in found.accepted)
    return [one.warnings[1:] for one in found.accepted]


CONFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the same identifier": ({"ski": ID}, {"ski": ID}, "the same key identifier"),
    "none in either": ({"ski": False}, {"ski": False}, "no key identifier tells them apart"),
    "none in the new one": ({}, {"ski": False}, "no key identifier tells them apart"),
    "none in the old one": ({"ski": False}, {}, "no key identifier tells them apart"),
}


@pytest.mark.parametrize("case", CONFUSED)
def test_another_key_that_cannot_be_told_apart(case: str) -> None:
    """Two keys under one name that no identifier tells apart are refused; --allow-same-name makes a warning of it."""
    first, second, why = CONFUSED[case]
    old, new = make_root("Corp", **first), make_root("Corp", **second)
    with pytest.raises(CertificateRefused) as caught:
        checked(new, held=(old, make_root("Other")))
    assert caught.value.allowed_as
    assert str(caught.value).startswith("corp.crt: Corp (SHA-256 ")
    assert all(part in str(caught.value) for part in (why, old.sha256, new.sha256))
    ((warning,),) = checked(new, held=(old,), allow=ALLOWABLE)
    assert why in warning
    assert warning.endswith(" (--allow-same-name)")


def test_both_in_one_file() -> None:
    """Two such roots in one input are refused as well."""
    with pytest.raises(CertificateRefused, match="the same key identifier"):
        checked(make_root("Corp", ski=ID), make_root("Corp", ski=ID))


def test_what_is_trusted_already_is_not_refused() -> None:
    """Adding again what stands beside such a root since long changes nothing, and warns."""
    old, new = make_root("Corp", ski=ID), make_root("Corp", ski=ID)
    ((warning,),) = checked(new, held=(old, new))
    assert "the same key identifier" in warning
    assert "--allow" not in warning


def test_another_key_with_an_identifier_of_its_own() -> None:
    """Both may stand; the warning has both fingerprints and says which servers are refused by which programs."""
    old, new = make_root("Corp"), make_root("Corp")
    ((warning,),) = checked(new, held=(old,))
    words = ("no authority key identifier", "curl, Python and Node.js", "GnuTLS", old.sha256, new.sha256)
    assert all(word in warning for word in words)
    assert [len(each) for each in checked(old, new)] == [1, 1]


def renewed(days: int = 100, **changes: Any) -> tuple[Root, Root]:  # noqa: ANN401  what `make_root` takes
    """A root, and the one that renews it."""
    key = make_key("ec")
    old = make_root("Corp", key=key, not_before=NOW - 3650 * DAY, not_after=NOW + days * DAY)
    return old, make_root("Corp", key=key, **changes)


@pytest.mark.parametrize("days", [100, -100], ids=["valid", "expired"])
def test_a_renewal_is_recognised(days: int) -> None:
    """The same subject and key and a later end: said, with what it renews and until when; both may stand."""
    old, new = renewed(days)
    ((warning,),) = checked(new, held=(old,))
    assert warning.startswith(f"Corp renews {old.sha256}, which ends on {NOW + days * DAY:%Y-%m-%d}")
    assert warning.endswith("servers under either are accepted")
    assert checked(new, held=(old, new)) == [()]  # no news any more


def test_a_renewal_with_another_identifier() -> None:
    """Servers whose certificates name the old key identifier are refused once the old root has ended."""
    old, new = renewed(ski=ID)
    ((warning,),) = checked(new, held=(old,))
    assert "do not name the old key identifier" in warning


def test_the_older_one_of_the_two() -> None:
    """The same key and an earlier end is no renewal, and no harm."""
    old, new = renewed()
    ((warning,),) = checked(old, held=(new,))
    assert "has the subject and key of another certificate" in warning


@pytest.mark.parametrize("which", ["held", "new"])
def test_one_that_has_ended_makes_no_difference(which: str) -> None:
    """Every client passes over a root that has ended, with any key identifier."""
    ended = make_root("Corp", ski=ID, not_before=NOW - 300 * DAY, not_after=NOW - DAY)
    other = make_root("Corp", ski=ID)
    held, new = (ended, other) if which == "held" else (other, ended)
    assert checked(new, held=(held,)) == [()]


NAMES = {
    "case and blanks": name(("2.5.4.3", 0x0C, b"  cORP \t Root ")),
    "another type of text": name(("2.5.4.3", 0x1E, "Corp Root".encode("utf-16-be"))),
    "printable": name(("2.5.4.3", 0x13, b"CORP ROOT")),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_are_compared_as_openssl_does(case: str) -> None:
    """A name that differs in nothing that OpenSSL looks at is the same name."""
    old, new = make_root("Corp Root", ski=ID), make_root(subject=NAMES[case], ski=ID)
    with pytest.raises(CertificateRefused, match="the same key identifier"):
        checked(new, held=(old,))


def test_another_name_is_no_business() -> None:
    """Roots of other names, without a name, or that cannot be read are passed over."""
    new = make_root("Corp", ski=ID)
    junk = replace(new, der=b"\x30\x03abc")
    nameless = [make_root(subject=name(), issuer_name=name(), ski=ID) for _ in range(2)]
    assert checked(new, held=(make_root("Corp 2", ski=ID), junk, *nameless)) == [()]
    assert checked(nameless[0], held=(nameless[1],)) == [()]


@given(st.lists(st.sampled_from([(key, ski, end) for key in "ab" for ski in (None, ID, b"y" * 20) for end in (-1, 9)])))
def test_refused_is_what_cannot_be_told_apart(kinds: list[tuple[str, bytes | None, int]]) -> None:
    """Of held roots, exactly a valid one with another key and no identifier of its own has the new one refused."""
    held = tuple(_made(*kind) for kind in kinds)
    new = _made("a", ID, 9)
    bad = any(key == "b" and ski in {None, ID} and end > 0 for key, ski, end in kinds)
    if new in held:
        assert checked(new, held=held)
    elif bad:
        with pytest.raises(CertificateRefused) as caught:
            checked(new, held=held)
        assert caught.value.allowed_as
    else:
        assert all("--allow" not in each for each in checked(new, held=held)[0])


_KEYS = {letter: make_key("rsa2048") if letter == "a" else make_key("ec") for letter in "ab"}
_MADE: dict[tuple[str, bytes | None, int], Root] = {}


def _made(key: str, ski: bytes | None, end: int) -> Root:
    place = (key, ski, end)
    if place not in _MADE:
        start = NOW - 100 * DAY
        _MADE[place] = make_root(
            "Corp", key=_KEYS[key], ski=ski or False, aki=False, serial=7, not_before=start, not_after=NOW + end * DAY
        )
    return _MADE[place]
