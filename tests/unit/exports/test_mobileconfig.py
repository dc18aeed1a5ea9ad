"""Configuration profiles for Macs: what is in one, and that the same roots make the same one."""

from __future__ import annotations

import plistlib
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.exports import mobileconfig

ROOT, OTHER = make_root("Corp Root G2"), make_root("Other Root")
CORP, SECOND = Certificate(ROOT.der), Certificate(OTHER.der)


def test_a_profile_trusts_the_roots_on_the_whole_mac() -> None:
    """One payload for each root, with what Apple's documentation asks of each."""
    made = plistlib.loads(mobileconfig.make([SECOND, CORP]), fmt=plistlib.FMT_XML)
    assert (made["PayloadType"], made["PayloadScope"], made["PayloadVersion"]) == ("Configuration", "System", 1)
    assert made["PayloadRemovalDisallowed"] is False
    payloads = made["PayloadContent"]
    assert {one["PayloadType"] for one in payloads} == {"com.apple.security.root"}
    assert {one["PayloadContent"] for one in payloads} == {CORP.der, SECOND.der}
    every = [made, *payloads]
    for key in ("PayloadUUID", "PayloadIdentifier"):
        assert len({one[key] for one in every}) == len(every)


def test_the_same_roots_make_the_same_profile() -> None:
    """In any order and at any time: a second installation of it replaces the first."""
    assert mobileconfig.make([CORP, SECOND]) == mobileconfig.make([SECOND, CORP, CORP])
    assert mobileconfig.make([CORP]) != mobileconfig.make([SECOND])


def test_an_intermediate_is_no_root() -> None:
    """It is put into the keychain, and trusted by its root."""
    made = plistlib.loads(mobileconfig.make([Certificate(ROOT.intermediate().der)]))
    assert made["PayloadContent"][0]["PayloadType"] == "com.apple.security.pkcs1"


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_any_name_makes_a_readable_profile(name: str) -> None:
    """Markup, control characters and directions in a name are shown, and do nothing."""
    made = plistlib.loads(mobileconfig.make([Certificate(make_root(name).der)]))
    shown = made["PayloadDisplayName"]
    assert not [each for each in shown if unicodedata.category(each) in {"Cc", "Cf", "Cs"}]
