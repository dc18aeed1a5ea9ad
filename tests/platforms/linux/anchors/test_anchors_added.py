"""RHEL's, SUSE's, Arch's and Alpine's store on made-up machines: what is found, seen and planned to add.

What the engines do with such plans is in the contract suite, and in `tests/end_to_end/stores/`.
"""

from __future__ import annotations

import pytest

from tests.platforms.linux.anchors.machine import CORP, OTHER, PUBLIC, Machine, on_p11_kit, placement
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError
from trustinstall.host import ActingHost
from trustinstall.host.commands import Guard, Locking
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.plan import Plan, Unsettled
from trustinstall.stores.steps import Delete, Edit, MakeDirectory, RemoveDirectory
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.linux.families import ALPINE

COMMANDS = {
    "rhel": ("/usr/bin/update-ca-trust", "extract"),
    "suse": ("/usr/sbin/update-ca-certificates", "-f"),
    "arch": ("/usr/bin/update-ca-trust",),
    "alpine": ("/usr/sbin/update-ca-certificates",),
}
LOCKS = {
    "rhel": Guard("/var/lib/rpm/.rpm.lock"),
    "suse": Guard("/var/lib/rpm/.rpm.lock"),
    "arch": Guard("/var/lib/pacman/db.lck", locking=Locking.EXISTENCE),
    "alpine": Guard("/lib/apk/db/lock", locking=Locking.FLOCK),
}


# --- seen ----------------------------------------------------------------------------------------


def test_the_bundle_alone_says_what_is_trusted(machine: Machine) -> None:
    """A file that was added without the tool, or that the tool left out, has no reader, and that is said."""
    machine.by_hand("dropped.pem", CORP.pem)
    seen = machine.observe()

    assert seen.anchors == {PUBLIC.sha256: State.TRUSTED}
    (problem,) = seen.problems
    assert "dropped.pem is not in" in problem
    machine.settle()
    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.TRUSTED}
    assert machine.observe().problems == ()
    assert list(machine.backend.anchors(machine.host, machine.store())) == [PUBLIC.der, CORP.der]


def test_a_name_like_ours_is_ours(machine: Machine) -> None:
    """The ledger may be lost: the file's name tells."""
    machine.write(machine.ours, CORP.pem)
    machine.settle()

    assert machine.observe().marked == {CORP.sha256}


@on_p11_kit
def test_hash_links_that_lag_are_half(machine: Machine) -> None:
    """Where clients have a directory of hash links, both must show it."""
    hashed = machine.family.hashed
    machine.write(f"{hashed}/Public.pem", PUBLIC.pem)
    machine.path(f"{hashed}/00000000.0").symlink_to("Public.pem")
    machine.by_hand("corp.pem", CORP.pem)
    machine.settle()

    assert machine.observe().anchors == {PUBLIC.sha256: State.TRUSTED, CORP.sha256: State.PARTIAL}
    machine.write(f"{hashed}/Corp.pem", CORP.pem)
    machine.path(f"{hashed}/00000000.2").symlink_to("Corp.pem")
    assert machine.observe().anchors[CORP.sha256] is State.PARTIAL  # OpenSSL stops where .1 is missing
    machine.path(f"{hashed}/00000000.1").symlink_to("Corp.pem")
    machine.write("/opt/other.pem", OTHER.pem + PUBLIC.pem)
    machine.path(f"{hashed}/abcdef12.0").symlink_to("/opt/other.pem")
    machine.path(f"{hashed}/abcdef13.0").symlink_to("gone.pem")
    assert machine.observe().anchors[CORP.sha256] is State.TRUSTED
    assert machine.observe().anchors[OTHER.sha256] is State.PARTIAL


@pytest.mark.parametrize(("content", "word"), [(None, "missing"), (PUBLIC.pem[:200], "damaged")])
def test_a_ruined_bundle_is_a_problem(machine: Machine, content: bytes | None, word: str) -> None:
    """It has a sentence of its own."""
    if content is None:
        machine.path(machine.family.bundle).unlink()
    else:
        machine.write(machine.family.bundle, content)

    assert any(word in problem for problem in machine.observe().problems)


def test_openssls_refusal_is_told(machine: Machine) -> None:
    """A bundle that decodes but that OpenSSL cannot load is reported."""
    assert machine.backend.verify(machine.host, machine.store()) is None
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    machine.write(machine.family.bundle, PUBLIC.pem + broken)

    assert "OpenSSL" in (machine.backend.verify(machine.host, machine.store()) or "")


def test_other_locations_and_platforms_have_no_such_store(machine: Machine) -> None:
    """The ledger's location is the bundle."""
    assert machine.backend.at(machine.host, machine.family.bundle) == machine.store()
    assert machine.backend.at(machine.host, "/elsewhere") is None
    darwin = ActingHost("darwin", str(machine.top), {}, machine.host.account)
    assert machine.backend.discover(darwin, DiscoveryOptions()) == []


# --- added ---------------------------------------------------------------------------------------


def test_add_writes_one_file_each_and_runs_the_tool_once(machine: Machine) -> None:
    """The command is the distribution's own; after it there is nothing left to do."""
    plan = machine.plan(CORP, OTHER)

    assert [type(step) for step in plan.steps] == [Edit, Edit]
    assert plan.steps[0].path == machine.ours
    assert plan.refresh is not None
    assert [run.argv for run in plan.refresh.runs] == [COMMANDS[machine.family.name]]
    machine.apply(plan)
    assert machine.path(machine.ours).read_bytes() == Certificate(CORP.der).pem
    assert machine.plan(CORP, OTHER).empty
    kept = machine.decided(machine.task(CORP, OTHER)).kept
    assert kept == {placed.sha256: placed.entries for placed in plan.placed}


def test_what_somebody_else_brought_is_left(machine: Machine) -> None:
    """A package's root and an administrator's own copy are known by fingerprint, under any file name."""
    machine.by_hand("Some Name.cer", CORP.pem)
    machine.settle()
    assert machine.plan(CORP, PUBLIC) == Plan()
    assert machine.decided(machine.task(CORP, PUBLIC)).foreign == {CORP.sha256, PUBLIC.sha256}


def test_the_work_of_trust_anchor_is_recognised(machine: Machine) -> None:
    """`trust anchor` writes beside the anchors' directory: that is trusted, not managed, and not lost in a refresh."""
    path = f"{machine.family.packages[0]}/Corp_Root.p11-kit"
    content = b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem
    if machine.family is ALPINE:
        machine.ship("Corp_Root.p11-kit", content)
    machine.write(path, content)
    machine.write(machine.family.bundle, PUBLIC.pem + CORP.pem)

    others = machine.family is ALPINE  # its tool knows packages' files only
    assert machine.observe(CORP).copies == (Copy(CORP.sha256, path, removable=not others),)
    assert machine.decided(machine.task(CORP)).foreign == {CORP.sha256}
    assert machine.plan(CORP, trusted=False).empty
    assert machine.change(CORP).foreign == {CORP.sha256}
    assert machine.plan(OTHER).refresh is not None
    if not others:
        machine.apply(machine.plan(CORP, trusted=False, foreign=True))
        assert not machine.path(path).exists()
        return
    with pytest.raises(StoreError, match=r"Corp_Root\.p11-kit, which is not changed") as raised:
        machine.plan(CORP, trusted=False, foreign=True)
    assert raised.value.advice == machine.family.foreign_advice
    assert machine.family.tool.rpartition("/")[2] in raised.value.advice


@on_p11_kit
def test_the_root_of_a_package_is_not_changed(machine: Machine) -> None:
    """`--not-ours` gives the reason, and what an administrator does with it."""
    path = machine.ship("corp.p11-kit", b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem)
    machine.settle()
    assert machine.observe(CORP).copies == (Copy(CORP.sha256, path, removable=False),)
    with pytest.raises(StoreError, match=r"corp\.p11-kit, which is not changed") as raised:
        machine.plan(CORP, trusted=False, foreign=True)
    assert raised.value.advice == machine.family.foreign_advice


@on_p11_kit
def test_one_of_several_objects_in_a_file(machine: Machine) -> None:
    """`--not-ours` takes out the object of that certificate, and leaves the others to the byte."""
    path = f"{machine.family.packages[0]}/two.p11-kit"
    before, other = b"# by hand\n", b"[p11-kit-object-v1]\ntrusted: true\n" + OTHER.pem + b"\n"
    machine.write(path, before + other + b"[p11-kit-object-v1]\ntrusted: true\n" + CORP.pem + b"\n" + other)
    machine.write(machine.family.bundle, PUBLIC.pem + OTHER.pem + CORP.pem)
    machine.apply(machine.plan(CORP, trusted=False, foreign=True))
    assert machine.path(path).read_bytes() == before + other + other


@on_p11_kit
@pytest.mark.parametrize("name", ["plain.pem", "object.p11-kit"])
def test_what_p11_kit_does_not_trust_is_no_copy(machine: Machine, name: str) -> None:
    """A certificate beside the directory of anchors that nothing calls trusted."""
    head = b"[p11-kit-object-v1]\n" if name.endswith("kit") else b""
    machine.write(f"{machine.family.packages[0]}/{name}", head + CORP.pem)
    assert machine.observe(CORP).copies == ()


@on_p11_kit
def test_what_is_blocked_is_refused_with_the_reason(machine: Machine) -> None:
    """p11-kit would drop it without a word."""
    machine.write(f"{machine.family.blocklists[0]}/bad.der", CORP.der)

    with pytest.raises(StoreError, match=r"distrusted on this machine by .*bad\.der"):
        machine.plan(CORP)
    assert not machine.plan(OTHER).empty


def test_a_missing_directory_is_made_and_goes_with_the_last(machine: Machine) -> None:
    """The directory that we created is removed with the certificate that leaves last."""
    machine.path(machine.family.anchors).rmdir()
    first = machine.plan(CORP)
    assert [type(step) for step in first.steps] == [MakeDirectory, Edit]
    assert first.made == (machine.family.anchors,)
    machine.apply(first)
    record = placement(machine, CORP, *first.placed[0].entries, directories=first.made)
    last = machine.plan(CORP, trusted=False, record=record)
    assert [type(step) for step in last.steps] == [Delete, RemoveDirectory]
    machine.apply(last)
    assert not machine.path(machine.family.anchors).exists()


def test_our_name_with_another_content_is_not_overwritten(machine: Machine) -> None:
    """A file under the managed name with another content is an account's, until a person has looked."""
    machine.write(machine.ours, b"notes\n")

    with pytest.raises(StoreError, match="does not hold the certificate"):
        machine.plan(CORP)


def test_what_was_appended_to_the_bundle_by_hand_is_not_lost(machine: Machine) -> None:
    """The tool makes the bundle from files alone; the store refuses, and says what to do."""
    machine.write(machine.family.bundle, PUBLIC.pem + OTHER.pem)

    with pytest.raises(Unsettled, match="would drop 1 certificates") as raised:
        machine.plan(CORP)
    assert raised.value.guard == LOCKS[machine.family.name]  # it may be in the middle of its work
    assert machine.change(OTHER).foreign == {OTHER.sha256}
    taken = machine.plan(OTHER, trusted=False, foreign=True)
    assert taken.steps == ()
    assert taken.refresh is not None
