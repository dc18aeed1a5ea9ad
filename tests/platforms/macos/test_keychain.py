"""macOS' keychains: what they show, what is planned, and what is left when `security` does not do what it says."""

from __future__ import annotations

import os
import plistlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from tests.support.scripted_security import APPLE, BASIC, LOGIN, SSL, SYSTEM, Mac, sha1
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import WIDE, Outcome
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.host import Account, Host
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.macos import security_tool, trust_settings
from trustinstall_platforms.macos.keychain import Keychain

CORP, OTHER = make_root("Corp Root"), make_root("Other Root")
IDENTITY = make_root("com.apple.kerberos.kdc").issue("localhost")
ALLOW: dict[str, Any] = {"kSecTrustSettingsPolicy": SSL}
DENY: dict[str, Any] = {"kSecTrustSettingsResult": 3}
MAIL: dict[str, Any] = {"kSecTrustSettingsPolicy": BASIC}


class Mine(Keychain):
    """A keychain whose file belongs to the account that runs the test, be it root or not."""

    def discover(self, host: Host, places: DiscoveryOptions) -> list[Store]:
        """As root, too, an account's keychain is found."""
        found = super().discover(replace(host, account=replace(host.account, uid=501)), places)
        return [replace(store, owner=os.geteuid()) for store in found]


MACHINE, ACCOUNT = Mine("keychain", machine=True), Mine("login-keychain", machine=False)


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    """A Mac whose administrator alice sits in front of it."""
    return Mac(tmp_path)


@pytest.fixture
def old_mac(tmp_path: Path) -> Mac:
    """A Mac on which root needs no consent."""
    return Mac(tmp_path, "10.15.7")


def change(
    mac: Mac,
    *ders: bytes,
    backend: Keychain = MACHINE,
    trusted: bool = True,
    adopt: bool = False,
    dialogs: bool = True,
) -> Outcome:
    """Run the engine to add or remove certificates (Corp Root, where none is named)."""
    certificates = tuple(map(Certificate, ders or (CORP.der,)))
    wish = Request(certificates, trusted, by="alice", adopt=adopt)
    engine = Engine(mac.host(dialogs=dialogs), [backend], lambda _doing: None)
    (outcome,) = engine.change(wish, DiscoveryOptions(), Selection()).outcomes
    return outcome


def states(mac: Mac, backend: Keychain = MACHINE) -> dict[str, State]:
    """What a store shows."""
    host = mac.host()
    (store,) = backend.discover(host, DiscoveryOptions())
    return dict(backend.observe(host, store, frozenset()).anchors)


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


# What is found and shown


def test_found_on_a_mac_alone(mac: Mac) -> None:
    """The same files on another system are not stores."""
    assert [one.location for one in MACHINE.discover(mac.host(), DiscoveryOptions())] == [SYSTEM]
    assert [one.location for one in ACCOUNT.discover(mac.host(), DiscoveryOptions())] == [LOGIN]
    assert not MACHINE.discover(mac.host(platform="linux"), DiscoveryOptions())
    assert not ACCOUNT.discover(mac.host(platform="linux"), DiscoveryOptions())


def test_an_old_accounts_keychain_has_an_older_name(mac: Mac) -> None:
    """Before macOS 10.12 it was login.keychain."""
    (mac.root / LOGIN[1:]).rename(mac.root / LOGIN[1:].removesuffix("-db"))
    assert [one.location for one in ACCOUNT.discover(mac.host(), DiscoveryOptions())] == [LOGIN.removesuffix("-db")]


def test_root_has_no_keychain_of_its_own(mac: Mac) -> None:
    """What root would keep for itself is the machine's."""
    host = replace(mac.host(), account=Account(0, 0, "root", "/Users/alice"))
    assert not Keychain("login-keychain", machine=False).discover(host, DiscoveryOptions())


def test_each_account_has_a_keychain_of_its_own_name(mac: Mac) -> None:
    """Listed for several accounts, one account's store does not hide another's; the backend's name means each."""
    (store,) = ACCOUNT.discover(mac.host(), DiscoveryOptions())
    assert store.id == f"login-keychain:{LOGIN}"
    assert Selection(stores=("login-keychain",)).takes(store)


def test_a_missing_tool_is_said(mac: Mac) -> None:
    """Without /usr/bin/security nothing can be done, and that is said at once."""
    (mac.root / "usr/bin/security").unlink()
    (store,) = MACHINE.discover(mac.host(), DiscoveryOptions())
    assert "/usr/bin/security is missing" in (store.why_blocked or "")


def test_both_halves_make_trust(mac: Mac) -> None:
    """In the keychain and trusted, or one half of it; identities in a keychain are no anchors."""
    waiting, overridden = make_root("Waiting Root"), make_root("Apple's Root")
    mac.put(SYSTEM, CORP.der, OTHER.der, waiting.der, IDENTITY.der)
    mac.put(APPLE, overridden.der)
    mac.set(CORP.der)
    mac.set(OTHER.der, MAIL)
    mac.set(overridden.der, DENY)
    assert states(mac) == {
        CORP.sha256: State.TRUSTED,
        OTHER.sha256: State.WITHDRAWN,
        waiting.sha256: State.PARTIAL,
        overridden.sha256: State.DISTRUSTED,
    }


def test_an_account_trusts_what_the_machine_trusts(mac: Mac) -> None:
    """It is shown, foreign, and costs no window; the account's own settings come first."""
    mac.put(SYSTEM, CORP.der, OTHER.der)
    mac.set(CORP.der)
    mac.set(OTHER.der)
    mac.set(OTHER.der, DENY, domain="user")
    assert states(mac, ACCOUNT) == {CORP.sha256: State.TRUSTED, OTHER.sha256: State.DISTRUSTED}
    added = change(mac, backend=ACCOUNT)
    assert (added.result.name, added.foreign, mac.changes()) == ("ALREADY", (CORP.sha256,), [])
    removed = change(mac, backend=ACCOUNT, trusted=False)
    assert (removed.result.name, removed.foreign, mac.changes()) == ("FOREIGN", (CORP.sha256,), [])


def test_the_machines_trust_stays_when_an_accounts_goes(mac: Mac) -> None:
    """An administrator trusts it for the machine later: the managed root, adopted or not, goes; that one is named."""
    for adopt in (False, True):
        if adopt:
            mac.put(LOGIN, CORP.der)
            mac.set(CORP.der, domain="user")
        change(mac, backend=ACCOUNT, adopt=adopt)
        mac.put(SYSTEM, CORP.der)
        mac.set(CORP.der)
        removed = change(mac, backend=ACCOUNT, trusted=False)
        assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,)), removed
        assert (mac.lies_in(LOGIN, CORP.der), mac.settings("user")) == (False, {})
        mac.write(SYSTEM, b"")
        (mac.root / "admin.plist").unlink()


def test_the_machines_trust_cannot_be_taken_out_through_an_account(mac: Mac) -> None:
    """`--not-ours` says where it can; what the account has goes, and the machine's is named."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der)
    failed = change(mac, backend=ACCOUNT, trusted=False, adopt=True)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "run the command with sudo" in failed.detail
    mac.put(LOGIN, CORP.der)
    mac.set(CORP.der, domain="user")
    left = change(mac, backend=ACCOUNT, trusted=False, adopt=True)
    assert (left.result.name, left.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(LOGIN, CORP.der), mac.settings("user")) == (False, {})


def test_every_half_is_a_copy(mac: Mac) -> None:
    """Both halves have the ledger's names of today; settings that trustinstall never writes have none."""
    mac.put(LOGIN, CORP.der, OTHER.der)
    mac.set(CORP.der, domain="user")
    mac.set(CORP.der)
    mac.set(OTHER.der, MAIL, domain="user")
    host = mac.host()
    (store,) = ACCOUNT.discover(host, DiscoveryOptions())
    name, other = sha1(CORP.der), sha1(OTHER.der)
    assert ACCOUNT.observe(host, store, frozenset({CORP.sha256, OTHER.sha256})).copies == (
        Copy(CORP.sha256, f"{LOGIN}: SHA-1 {name}"),
        Copy(CORP.sha256, f"trust settings, user domain: SHA-1 {name}"),
        Copy(CORP.sha256, f"trust settings, admin domain: SHA-1 {name}", removable=False),
        Copy(OTHER.sha256, f"{LOGIN}: SHA-1 {other}"),
        Copy(OTHER.sha256, trusts=False),
    )


def test_every_anchor_is_listed_with_its_der(mac: Mac) -> None:
    """`list --foreign` shows what `observe` counts."""
    mac.put(SYSTEM, CORP.der, IDENTITY.der)
    mac.set(CORP.der)
    host = mac.host()
    (store,) = MACHINE.discover(host, DiscoveryOptions())
    assert list(MACHINE.anchors(host, store)) == [CORP.der]


# What is done


@pytest.mark.parametrize(("backend", "keychain", "domain"), [(MACHINE, SYSTEM, "admin"), (ACCOUNT, LOGIN, "user")])
def test_both_halves_are_put_and_taken(mac: Mac, backend: Keychain, keychain: str, domain: str) -> None:
    """Certificate and settings, in their own keychain and domain; for SSL and basic alone, and never with -t."""
    assert change(mac, backend=backend).result.name == "ADDED"
    assert mac.lies_in(keychain, CORP.der)
    assert mac.settings(domain) == {sha1(CORP.der): {"trustSettings": [ALLOW, MAIL]}}
    assert change(mac, backend=backend).result.name == "ALREADY"
    assert change(mac, backend=backend, trusted=False).result.name == "REMOVED"
    assert (mac.lies_in(keychain, CORP.der), mac.settings(domain)) == (False, {})
    assert change(mac, backend=backend, trusted=False).result.name == "ABSENT"
    words = [line.split() for line in mac.changes()]
    assert [one[0] for one in words] == [
        "add-certificates",
        "add-trusted-cert",
        "remove-trusted-cert",
        "delete-certificate",
    ]
    assert all(("-d" in one) is (domain == "admin") for one in words if "trusted" in one[0])
    assert not any("-t" in one for one in words)


def test_the_windows_are_announced(mac: Mac, capsys: pytest.CaptureFixture[str]) -> None:
    """Before each window, a message says what it is for."""
    change(mac, CORP.der, OTHER.der)
    said = capsys.readouterr().err.splitlines()
    assert [("Corp Root" in line, "Other Root" in line) for line in said] == [(True, False), (False, True)]
    assert all("password" in line for line in said)


def test_root_is_enough_before_macos_11(old_mac: Mac, capsys: pytest.CaptureFixture[str]) -> None:
    """No person has to sit there, and no window is announced."""
    assert change(old_mac, dialogs=False).result.name == "ADDED"
    assert not capsys.readouterr().err
    assert change(old_mac, dialogs=False, trusted=False).result.name == "REMOVED"


def no_dialogs(_mac: Mac) -> bool:
    """A script, ssh, CI."""
    return False


def nobody_at_the_screen(mac: Mac) -> bool:
    """The console belongs to root."""
    (mac.root / "dev/console").unlink()
    return True


def another_account(mac: Mac) -> bool:
    """Another account is logged in at the screen."""
    mac.environ["SUDO_UID"] = "502"
    mac.write("/dev/console", b"")
    return os.geteuid() == 0  # an ordinary account cannot give its console to another one


def root_itself(mac: Mac) -> bool:
    """Root logged in by itself, without another account behind it."""
    mac.environ["SUDO_UID"] = ""
    return os.geteuid() == 0


@pytest.mark.parametrize("spoil", [no_dialogs, nobody_at_the_screen, another_account, root_itself])
@pytest.mark.parametrize("backend", [MACHINE, ACCOUNT])
def test_what_cannot_work_is_not_tried(mac: Mac, spoil: Callable[[Mac], bool], backend: Keychain) -> None:
    """No person could answer the window: nothing is run, and a profile is offered instead."""
    failed = change(mac, backend=backend, dialogs=spoil(mac))
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "--profile-out" in failed.detail


def test_removing_asks_too(mac: Mac) -> None:
    """What was added in front of the screen cannot be removed over ssh; a profile would not help."""
    change(mac)
    before = mac.changes()
    failed = change(mac, trusted=False, dialogs=False)
    assert (failed.result.name, mac.changes()) == ("FAILED", before)
    assert "Terminal" in failed.detail
    assert "--profile-out" not in failed.detail


def test_accounts_whose_settings_are_ignored(mac: Mac) -> None:
    """An administrator has switched accounts' own trust settings off: they would change nothing."""
    mac.write("/Library/Preferences/com.apple.security.plist", plistlib.dumps({"DisableUserTrustSettings": True}))
    failed = change(mac, backend=ACCOUNT)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "ignores the trust settings that accounts make" in failed.detail
    assert change(mac).result.name == "ADDED"


def test_somebodys_certificate_stays_in_the_keychain(mac: Mac) -> None:
    """It was there, and not trusted: it is trusted, and afterwards it is there, not trusted, and named."""
    mac.put(SYSTEM, CORP.der)
    assert change(mac).result.name == "ADDED"
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (True, {})
    assert [line.split()[0] for line in mac.changes()] == ["add-trusted-cert", "remove-trusted-cert"]


def test_somebodys_trust_stays(mac: Mac) -> None:
    """It was trusted by its SHA-1 alone; afterwards it is so again, and named, and the named command takes it out."""
    mac.set(CORP.der)
    assert change(mac).result.name == "ADDED"
    assert mac.lies_in(SYSTEM, CORP.der)
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {sha1(CORP.der): {}})
    assert [line.split()[0] for line in mac.changes()] == ["add-certificates", "delete-certificate"]
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert mac.settings() == {}


@pytest.mark.parametrize("settings", [MAIL, DENY, {**ALLOW, "kSecTrustSettingsPolicyString": "a.test"}])
def test_somebodys_settings_are_not_overwritten(mac: Mac, settings: dict[str, Any]) -> None:
    """Settings that do not trust for TLS are a person's decision."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der, settings)
    failed = change(mac)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "Keychain Access" in failed.detail


def test_a_distrust_is_never_taken_away(mac: Mac) -> None:
    """Not even by `--not-ours`: that would be trust."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der, DENY)
    change(mac, trusted=False, adopt=True)
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": [DENY]}}
    mac.put(APPLE, CORP.der)
    failed = change(mac, trusted=False, adopt=True)
    assert failed.result.name == "FAILED"
    assert "distrust" in failed.detail
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": [DENY]}}


def test_a_strangers_goes_when_asked_for(mac: Mac) -> None:
    """`--not-ours` takes both halves."""
    mac.put(SYSTEM, CORP.der, OTHER.der)
    mac.set(CORP.der)
    mac.set(OTHER.der)
    left = change(mac, trusted=False)
    assert (left.result.name, left.foreign, mac.changes()) == ("FOREIGN", (CORP.sha256,), [])
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert states(mac) == {OTHER.sha256: State.TRUSTED}


def test_an_adopted_one_goes_with_remove(mac: Mac) -> None:
    """`--adopt` takes both halves over."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der)
    assert change(mac, adopt=True).result.name == "ALREADY"
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert states(mac) == {}


@pytest.mark.parametrize("half", ["the certificate", "the settings"])
def test_half_of_ours_is_made_whole(mac: Mac, half: str) -> None:
    """The half that a person took away is put there again, and both halves stay managed."""
    change(mac)
    if half == "the certificate":
        mac.write(SYSTEM, b"")
    else:
        (mac.root / "admin.plist").unlink()
    assert change(mac).result.name == "ADDED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_trust_of_ours_goes_without_its_certificate(mac: Mac) -> None:
    """A person has deleted the certificate: by its SHA-1 it is still trusted, and must not be."""
    change(mac)
    mac.write(SYSTEM, b"")
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert mac.settings() == {}


def test_an_intermediate_is_trusted_as_root(mac: Mac) -> None:
    """MacOS refuses "trustRoot" for what is not self-signed."""
    assert change(mac, CORP.intermediate().der).result.name == "ADDED"
    assert "-r trustAsRoot" in mac.changes()[-1]


@pytest.mark.parametrize(("version", "digits"), [("10.14.6", 40), ("10.15", 64), ("26.0", 64), ("?", 64)])
def test_it_is_deleted_by_fingerprint(tmp_path: Path, version: str, digits: int) -> None:
    """By SHA-256 where `security` knows it; never by name."""
    mac = Mac(tmp_path, version)
    change(mac)
    change(mac, trusted=False)
    assert len(mac.changes()[-1].split()[2]) == digits


# Names that a root is kept to


@pytest.mark.parametrize("backend", [MACHINE, ACCOUNT])
@pytest.mark.parametrize("domains", [("corp.example",), ("10.0.0.0/8",), ("10.0.0.0/8", "corp.example")])
def test_names_leave_keychains_out(mac: Mac, backend: Keychain, domains: tuple[str, ...]) -> None:
    """No program but macOS itself would keep to them: nothing is run, and the keychain is named."""
    wish = Request((Certificate(CORP.der),), trusted=True, by="alice", domains=domains)
    (left_out,) = (
        Engine(mac.host(), [backend], lambda _doing: None).change(wish, DiscoveryOptions(), Selection()).outcomes
    )
    assert (left_out.store.backend, left_out.result.name, left_out.detail) == (backend.name, "NOT_COVERED", WIDE)
    assert (mac.changes(), states(mac, backend)) == ([], {})


def test_somebody_elses_names_stay(mac: Mac) -> None:
    """Trust settings for hosts are shown, in the way of `add`, and left by `remove`; only --not-ours takes them."""
    mac.put(SYSTEM, CORP.der)
    hosts = [{**ALLOW, "kSecTrustSettingsPolicyString": name} for name in ("corp.example", "www.corp.example")]
    mac.set(CORP.der, *hosts)
    assert states(mac) == {CORP.sha256: State.LIMITED}
    added, removed = change(mac), change(mac, trusted=False)
    assert (added.result.name, removed.result.name, removed.foreign) == ("FAILED", "FOREIGN", (CORP.sha256,))
    assert "limit the trust of" in added.detail
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": hosts}}
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_who_keeps_ours_to_names_keeps_the_settings(mac: Mac) -> None:
    """A person has limited the root to a host since: `remove` takes the certificate, leaves and names the rest.

    It is still trusted for that host, by its SHA-1, until the command that is named takes the settings out.
    """
    change(mac)
    host = {**ALLOW, "kSecTrustSettingsPolicyString": "corp.example"}
    mac.set(CORP.der, host)
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {sha1(CORP.der): {"trustSettings": [host]}})
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert mac.settings() == {}


# When security does not do what it says


def test_a_refused_window_leaves_nothing(mac: Mac) -> None:
    """The certificate was in the keychain already when the password was not given."""
    mac.misbehave("refuses", "add-trusted-cert")
    failed = change(mac)
    assert failed.result.name == "FAILED"
    assert "abgelehnt" in failed.detail
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_one_refused_window_is_the_last(mac: Mac) -> None:
    """A person who cancels is not asked again for each certificate."""
    mac.misbehave("refuses", "add-trusted-cert")
    change(mac, CORP.der, OTHER.der)
    assert sum(line.startswith("add-trusted-cert") for line in mac.changes()) == 1


@pytest.mark.parametrize("command", ["add-certificates", "add-trusted-cert"])
def test_a_lie_when_adding_is_seen(mac: Mac, command: str) -> None:
    """Exit status 0 and nothing done: the store is looked at, and put back."""
    mac.misbehave("lies", command)
    if command == "add-certificates":  # the other one puts it there as well
        assert change(mac).result.name == "ADDED"
        return
    assert change(mac).result.name == "FAILED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


@pytest.mark.parametrize("how", ["refuses", "lies", "hangs"])
def test_trust_that_does_not_go_is_not_orphaned(mac: Mac, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate stays as long as it is trusted: it must not be trusted by its SHA-1 alone, unseen."""
    change(mac)
    monkeypatch.setattr(security_tool, "_ASKING", 1.0)
    mac.misbehave(how, "remove-trusted-cert")
    failed = change(mac, trusted=False)
    assert failed.result.name == "FAILED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}
    if how == "hangs":
        assert "did not end within 1 s" in failed.detail
        assert "Keychain Access" in failed.detail


def test_a_certificate_that_does_not_go_is_seen(mac: Mac) -> None:
    """Exit status 0 and still there: it is trusted again, as before, and the error says so."""
    change(mac)
    mac.misbehave("lies", "delete-certificate")
    assert change(mac, trusted=False).result.name == "FAILED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}


def test_an_export_that_makes_no_sense(mac: Mac) -> None:
    """Nothing is concluded from it, and nothing is changed."""
    mac.write("/admin.plist", b"garbage")
    failed = change(mac)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "cannot be read" in failed.detail
