"""Android's virtual devices: which are found from files alone, what is read in one, and which commands change it."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.fake_host import program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.host import Account, Host
from trustinstall.stores.observation import Copy
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.linux.subject_hash import old_subject_hash
from trustinstall_platforms.programs import android_devices, android_reach
from trustinstall_platforms.programs.android import AndroidEmulators
from trustinstall_platforms.programs.android_devices import PLACES, console_name, serials
from trustinstall_platforms.programs.android_inside import ADDED, LOOK, REMOVED, Inside, content_of, held, parse

CORP, TWIN, OTHER = (Certificate(make_root(name).der) for name in ("Corp Root", "Corp Root", "Other Root"))
STEM = f"{ADDED}/{old_subject_hash(CORP)}"
SYSTEM, MODULE = "/system/etc/security/cacerts", "/apex/com.android.conscrypt/cacerts"
PLAIN = re.compile(r"[A-Za-z0-9./:=_-]+")  # what no shell takes for anything but itself
AVD = "/home/alice/.android/avd"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A Linux on which alice has Android Studio's SDK, and no virtual device."""
    host = Host("linux", str(tmp_path), {}, Account(1000, 1000, "alice", "/home/alice"))
    program(host, "/home/alice/Android/Sdk/platform-tools/adb")
    return host


def device(host: Host, name: str, *, tag: str = "google_apis", runs: bool = True) -> None:
    """Make a virtual device."""
    write(host, f"{AVD}/{name}.avd/config.ini", f"PlayStore.enabled=no\r\ntag.id = {tag}\r\n")
    if runs:
        write(host, f"{AVD}/{name}.avd/hardware-qemu.ini.lock", b"4711\0")


def archive(files: dict[str, bytes], rooms: tuple[str, ...] = (ADDED,), *, mode: int = 0o644) -> bytes:
    """What `tar` makes of a device's files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for room in rooms:
            one = tarfile.TarInfo(f"{room[1:]}/")
            one.type, one.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(one)
        for path, content in files.items():
            one = tarfile.TarInfo(path[1:])
            one.size, one.mode = len(content), mode
            tar.addfile(one, io.BytesIO(content))
    return made.getvalue()


def inside(files: dict[str, bytes], rooms: tuple[str, ...] = (ADDED,), *, mode: int = 0o644) -> Inside:
    """What is read of such a device."""
    found = parse(archive(files, rooms, mode=mode))
    assert found is not None
    return found


# --- found ---


def test_a_device_is_a_store(host: Host) -> None:
    """Each directory of data is one; one that does not run, or has Google Play, is shown and says what to do."""
    device(host, "Pixel_9")
    device(host, "Old", runs=False)
    device(host, "Play", tag="google_apis_playstore")
    write(host, f"{AVD}/Pixel_9.ini", "path=x\n")
    write(host, f"{AVD}/-rf.avd/config.ini")
    write(host, f"{AVD}/file.avd")
    found = {one.label: one for one in AndroidEmulators().discover(host, DiscoveryOptions())}
    assert set(found) == {"android:Pixel_9", "android:Old", "android:Play"}
    assert found["android:Pixel_9"].why_blocked is None
    assert "emulator -avd Old" in str(found["android:Old"].why_blocked)
    assert "Google Play" in str(found["android:Play"].why_blocked)
    assert all(one.sealed for name, one in found.items() if name != "android:Pixel_9")
    assert AndroidEmulators().at(host, f"{AVD}/Pixel_9.avd") == found["android:Pixel_9"]
    assert AndroidEmulators().at(host, f"{AVD}/gone.avd") is None


def test_where_there_is_none(host: Host, tmp_path: Path) -> None:
    """Not root's, not on other systems, not in an image, and not without `adb`."""
    device(host, "Pixel_9")
    assert list(android_devices.devices(host))
    assert not list(android_devices.devices(replace(host, account=Account(0, 0, "root", "/home/alice"))))
    assert not list(android_devices.devices(replace(host, platform="win32")))
    Path(host.where("/home/alice/Android/Sdk/platform-tools/adb")).unlink()
    assert not list(android_devices.devices(Host("linux", str(tmp_path), {}, host.account)))


@pytest.mark.parametrize("place", PLACES)
def test_each_place_of_adb(tmp_path: Path, place: str) -> None:
    """Where the SDK and packages put it."""
    host = Host("linux", str(tmp_path), {}, Account(1000, 1000, "alice", "/home/alice"))
    path = f"{place.replace('~', '/home/alice')}/adb"
    program(host, path)
    assert android_devices.adb(host) == path


@given(st.lists(st.sampled_from(["emulator-5554", "emulator-5556", "R3CN30XYZ", "-s", "emulator-1;reboot"])), st.data())
def test_only_emulators_that_run_are_asked(names: list[str], data: st.DataObject) -> None:
    """A telephone is never one of them, nor what is offline, nor a word that a shell would read."""
    states = [data.draw(st.sampled_from(["device", "offline", "unauthorized", "no permissions"])) for _ in names]
    lines = "".join(f"{name}\t{state}\r\n" for name, state in zip(names, states, strict=True))
    expected = dict.fromkeys(
        name
        for name, state in zip(names, states, strict=True)
        if state == "device" and re.fullmatch("emulator-[0-9]+", name)
    )
    assert serials(f"* daemon started successfully\nList of devices attached\n{lines}\n".encode()) == tuple(expected)


@given(st.binary())
@example(b"Pixel_9\r\nOK\r\n")
@example(b"KO: authentication token is bad\r\n")
def test_any_answer_of_a_console(answer: bytes) -> None:
    """A name is the line before `OK`; everything else is none, and no answer is an error."""
    assert (console_name(answer) == "Pixel_9") == (answer.split() == [b"Pixel_9", b"OK"] and b"\n" in answer.strip())
    assert all(re.fullmatch("emulator-[0-9]{4,5}", one) for one in serials(answer))


# --- seen ---


def test_a_file_is_der_or_its_first_block() -> None:
    """As Conscrypt reads it; text before a block makes it neither, and text after it does not count."""
    assert held(CORP.der) == held(CORP.pem) == held(content_of(CORP)) == held(CORP.pem + OTHER.pem) == CORP
    assert held(CORP.der + b"\n") == CORP
    assert held(b"# corp\n" + CORP.pem) is held(b"") is held(CORP.pem[:200]) is held(CORP.der[:-1]) is None


def test_programs_find_what_has_no_gap_before_it() -> None:
    """HASH.0 and on, tombstones too; a file of another hash, behind a gap or unreadable is there and not found."""
    assert set(inside({f"{STEM}.0": CORP.der, f"{STEM}.1": TWIN.pem}).trusted) == {CORP.sha256, TWIN.sha256}
    assert set(inside({f"{STEM}.0": b"", f"{STEM}.1": TWIN.pem}).trusted) == {TWIN.sha256}
    for files in ({f"{STEM}.1": CORP.der}, {f"{ADDED}/00000000.0": CORP.der}):
        found = inside(files)
        assert (list(found.added.values()), found.trusted) == ([CORP], {})
    assert not inside({f"{STEM}.0": CORP.der}, mode=0o600).trusted
    assert not inside({f"{STEM}.0": CORP.der}, ()).trusted
    for name in (f"{STEM}.00", f"{STEM}.x", f"{ADDED}/corp.pem", f"{ADDED}/more/12345678.0"):
        assert not inside({name: CORP.der}).added


def test_the_systems_roots_count_too() -> None:
    """The module's where there is one, which hides the others; a copy among the removed ones switches one off."""
    files = {f"{SYSTEM}/11111111.0": CORP.pem + b"Certificate:\n    Data:\n"}
    assert set(inside(files).trusted) == {CORP.sha256}
    assert list(inside(files).copies(CORP.sha256)) == [Copy(CORP.sha256, removable=False)]
    assert set(inside({**files, f"{MODULE}/22222222.0": OTHER.pem}).trusted) == {OTHER.sha256}
    assert inside({**files, f"{REMOVED}/{old_subject_hash(CORP)}.0": CORP.der}).trusted == {}


def test_a_mark_is_the_whole_file() -> None:
    """What is written by trustinstall is known by its last line; the same certificate in another file is not."""
    found = inside({f"{STEM}.0": content_of(CORP), f"{STEM}.1": CORP.pem})
    assert list(found.copies(CORP.sha256)) == [Copy(CORP.sha256, f"{STEM}.0", marked=True), Copy(CORP.sha256)]
    assert found.marked() == {CORP.sha256}
    assert found.going(CORP, everything=False) == (f"{STEM}.0",)
    assert found.going(CORP, everything=True) == (f"{STEM}.0", f"{STEM}.1")


@given(st.binary(max_size=2000), st.integers(0, 4000), st.integers(0, 255))
def test_any_archive_is_read_or_refused(noise: bytes, at: int, byte: int) -> None:
    """Whatever a device says is content or nothing; a certificate that is read has the name that programs search."""
    good = archive({f"{STEM}.0": content_of(CORP), f"{SYSTEM}/11111111.0": OTHER.pem})
    assert parse(noise) is None
    for bad in (good[:at], good[:at] + bytes([byte]) + good[at + 1 :], good[:at] + noise):
        found = parse(bad)
        if found is not None:
            assert all(path.startswith("/") for path in (*found.files, *found.rooms))
            assert found.marked() <= {CORP.sha256} <= {one.sha256 for one in (CORP, *found.added.values())}
            assert all(PLAIN.fullmatch(path) for path in found.going(CORP, everything=True))


def test_an_archive_that_is_cut_off_is_none() -> None:
    """An emulator that ends meanwhile must not look like one without certificates."""
    good = archive({f"{STEM}.0": content_of(CORP)})
    end = good.rstrip(b"\0")
    assert parse(good) is not None
    assert all(parse(good[:at]) is None for at in range(0, len(end), 64))
    assert parse(b"") is None


# --- changed ---


def test_where_a_certificate_goes() -> None:
    """The first name that is free: a missing one, a tombstone, and one that a killed command has begun to write."""
    assert inside({}).path_for(CORP) == f"{STEM}.0"
    assert inside({f"{STEM}.0": TWIN.der}).path_for(CORP) == f"{STEM}.1"
    assert inside({f"{STEM}.0": b"", f"{STEM}.1": TWIN.der}).path_for(CORP) == f"{STEM}.0"
    assert inside({f"{STEM}.0": content_of(CORP)[:300]}).path_for(CORP) == f"{STEM}.0"
    assert inside({f"{STEM}.0": content_of(CORP)[:300]}).path_for(TWIN) in {f"{STEM}.0", f"{STEM}.1"}
    assert inside({}).path_for(CORP, frozenset({f"{STEM}.0"})) == f"{STEM}.1"


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ([content_of(CORP)], [("rm", "-f", f"{STEM}.0")]),
        ([content_of(CORP), TWIN.der], [("truncate", "-s", "0", f"{STEM}.0")]),
        ([b"", content_of(CORP)], [("rm", "-f", f"{STEM}.0", f"{STEM}.1")]),
        ([TWIN.der, content_of(CORP)], [("rm", "-f", f"{STEM}.1")]),
        ([TWIN.der], []),
    ],
)
def test_it_goes_as_by_the_settings(files: list[bytes], commands: list[tuple[str, ...]]) -> None:
    """Emptied where others of its hash follow; otherwise deleted, with the tombstones before it."""
    found = inside({f"{STEM}.{number}": content for number, content in enumerate(files)})
    words = [words for words, _ in android_reach.removing(found, found.going(CORP, everything=False))]
    assert words == commands
    assert all(PLAIN.fullmatch(word) for each in (*words, LOOK) for word in each)


@given(st.lists(st.sampled_from([CORP, TWIN, None]), max_size=5))
def test_what_stays_is_still_found(held: list[Certificate | None]) -> None:
    """Taking one out never hides another one, and leaves no tombstone at the end."""
    files = {f"{STEM}.{number}": content_of(one) if one else b"" for number, one in enumerate(held)}
    before = inside(files)
    for words, _ in android_reach.removing(before, before.going(CORP, everything=False)):
        for path in words[2:] if words[0] == "rm" else words[3:]:
            if words[0] == "rm":
                del files[path]
            else:
                files[path] = b""
    after = inside(files)
    assert set(after.trusted) == set(before.trusted) - {CORP.sha256}
    if CORP in held:
        assert not files or files[max(files)] or held[-1] is None
