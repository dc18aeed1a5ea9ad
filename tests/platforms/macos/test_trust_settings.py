"""What macOS's trust settings mean, as `security` exports them."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.platforms.macos.keychains import ALLOW, DENY, MAIL
from tests.support.scripted_security import SSL
from trustinstall.stores.observation import State
from trustinstall_platforms.macos import trust_settings


def plist(*settings: dict[str, Any]) -> bytes:
    """What security exports of one certificate."""
    return exported(list(settings))


def exported(settings: Sequence[object]) -> bytes:
    """The same, with any settings."""
    entry = {"trustSettings": settings} if settings else {}
    return plistlib.dumps({"trustList": {"A" * 40: entry}, "trustVersion": 1})


# What trust settings mean


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        pytest.param(list[object](), State.TRUSTED, id="none: for everything"),
        pytest.param([dict[str, object]()], State.TRUSTED, id="-r trustRoot alone"),
        pytest.param([ALLOW, MAIL], State.TRUSTED, id="ssl and basic"),
        pytest.param([{**ALLOW, "kSecTrustSettingsResult": 2}], State.TRUSTED, id="trustAsRoot"),
        pytest.param([{"kSecTrustSettingsPolicy": "1.2.840.113635.100.1.3"}], State.TRUSTED, id="the policy in words"),
        pytest.param([{**ALLOW, "kSecTrustSettingsAllowedError": -2147409654}], State.TRUSTED, id="an allowed error"),
        pytest.param([MAIL], None, id="another policy"),
        pytest.param([{"kSecTrustSettingsResult": 4}], None, id="unspecified"),
        pytest.param([DENY], State.DISTRUSTED, id="deny"),
        pytest.param([{**MAIL, **DENY}, ALLOW], State.TRUSTED, id="another policy is denied"),
        pytest.param([DENY, ALLOW], State.DISTRUSTED, id="deny comes first"),
        pytest.param([ALLOW, DENY], State.TRUSTED, id="trust comes first"),
        pytest.param([{**ALLOW, "kSecTrustSettingsPolicyString": "a.test"}], State.LIMITED, id="a host's name"),
        pytest.param([{**ALLOW, "kSecTrustSettingsApplication": b"x"}], State.LIMITED, id="an application"),
        pytest.param([{**ALLOW, "kSecTrustSettingsKeyUsage": 1}], State.LIMITED, id="a use of the key"),
        pytest.param([{**ALLOW, "kSecTrustSettingsKeyUsage": -1}], State.TRUSTED, id="any use of the key"),
        pytest.param(
            [{**DENY, "kSecTrustSettingsPolicyString": "a.test"}, ALLOW], State.LIMITED, id="all but a host's name"
        ),
    ],
)
def test_what_settings_mean(settings: list[dict[str, Any]], state: State | None) -> None:
    """The first setting for TLS that decides wins."""
    assert trust_settings.parse(plist(*settings)) == {"A" * 40: state}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"...Trust Settings exported successfully.\n", id="prose"),
        pytest.param(plistlib.dumps([]), id="no dictionary"),
        pytest.param(plistlib.dumps({"trustList": {}, "trustVersion": 2}), id="another version"),
        pytest.param(plistlib.dumps({"trustVersion": 1}), id="no list"),
        pytest.param(plistlib.dumps({"trustList": {"A" * 40: []}, "trustVersion": 1}), id="an entry that is a list"),
        pytest.param(plist({"kSecTrustSettingsResult": 9}), id="an unknown result"),
        pytest.param(plist({"kSecTrustSettingsResult": [1]}), id="a result that is a list"),
        pytest.param(plistlib.dumps({"trustList": {}, "trustVersion": 1}, fmt=plistlib.FMT_BINARY), id="binary"),
        pytest.param(b"<!DOCTYPE x [<!ENTITY a 'b'>]><plist><dict/></plist>", id="an entity"),
    ],
)
def test_what_is_no_export_is_refused(data: bytes) -> None:
    """A file that is not what `security` writes proves nothing."""
    with pytest.raises(ValueError, match=r"it|setting"):
        trust_settings.parse(data)


plain = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**31), 2**31), st.text("abc<&"), st.binary(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text("Ak", max_size=4), inner, max_size=3)),
    max_leaves=8,
)
KEYS = ("Policy", "PolicyString", "Application", "Result", "KeyUsage", "AllowedError", "PolicyName")
setting = st.dictionaries(st.sampled_from([f"kSecTrustSettings{key}" for key in KEYS]), plain | st.just(SSL))


@given(st.one_of(st.binary(), st.lists(setting | plain, max_size=4).map(exported), plain))
def test_any_bytes_are_read_or_refused(data: object) -> None:
    """Any content of the file is refused with one kind of error or understood."""
    content = data if isinstance(data, bytes) else plistlib.dumps({"trustList": {"A" * 40: data}, "trustVersion": 1})
    try:
        found = trust_settings.parse(content)
    except ValueError:
        return
    assert set(found.values()) <= {None, *State}
