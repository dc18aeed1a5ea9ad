"""The agent: units that systemd takes, hooks that real package managers run, and nothing left when it is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.end_to_end.cli.machine import CERT, deliver
from tests.end_to_end.declared.events import environment, holds_root, sh
from tests.support.throwaway import NOISE, PROGRAM, Throwaway
from trustinstall import reporting

_SCHEMA = json.loads(Path(reporting.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
UNITS = "/etc/systemd/system"
NAME = "trustinstall-repair"
#: Our records, and what systemd-analyze itself leaves behind.
OTHERS = ("/var/lib/trustinstall", "/home/alice/.local", "/run/systemd", "/tmp/systemd", "/var/cache/man")
ASKED = "/run/asked"
#: In the place of systemctl: it notes how it was called, and fails.
SYSTEMCTL = f'#!/bin/sh\necho "$*" >>{ASKED}\nexit 1\n'
_EXPOSURE = 55  # tenths, as systemd-analyze counts them; a unit without any of it has 96


@pytest.fixture(scope="module")
def debian() -> Iterator[Throwaway]:
    """One for all tests of this module, with Debian's own tool: it runs hooks."""
    with Throwaway(java=False) as root:
        yield root


def status(root: Throwaway, user: str = "root") -> dict[str, Any]:
    """What `agent status` says, valid by its schema."""
    found: dict[str, Any] = json.loads(root.trustinstall("agent", "status", "--json", user=user, check=True).stdout)
    validator: Any = Draft202012Validator(_SCHEMA)
    validator.validate(found)
    return found


def test_systemd_takes_the_units_and_nothing_is_left(fresh: Throwaway) -> None:
    """The units are valid, enabled and hardened; installing twice changes nothing; remove leaves every byte."""
    deliver(fresh)
    before = fresh.changes(ignore=(*NOISE, *OTHERS))
    fresh.trustinstall("agent", "install", check=True)
    written = fresh.changes(mtimes=True, ignore=(*NOISE, "/var/lib/trustinstall"))
    fresh.trustinstall("agent", "install", check=True)
    assert fresh.changes(mtimes=True, ignore=(*NOISE, "/var/lib/trustinstall")) == written
    assert status(fresh)["installed"]
    units = [f"{UNITS}/{NAME}.{suffix}" for suffix in ("service", "timer", "path")]
    done = fresh.run(["systemd-analyze", "verify", *units])
    assert (done.returncode, NAME in done.stdout + done.stderr) == (0, False), done
    for suffix, target in (("timer", "timers"), ("path", "paths")):
        link = fresh.path(f"{UNITS}/{target}.target.wants/{NAME}.{suffix}")
        assert link.read_text() == fresh.path(f"{UNITS}/{NAME}.{suffix}").read_text()
    said = fresh.run(["systemd-analyze", "security", "--offline=yes", f"--threshold={_EXPOSURE}", units[0]])
    assert said.returncode == 0, re.findall("Overall.*", said.stdout)
    fresh.trustinstall("agent", "remove", check=True)
    assert fresh.changes(ignore=(*NOISE, *OTHERS)) == before
    assert not status(fresh)["files"]


def test_the_service_can_do_its_work_with_the_rights_that_it_has(fresh: Throwaway) -> None:
    """With the capabilities of the unit alone, and none to be got, what is missing is put back for all accounts."""
    deliver(fresh, "alice")
    hers = environment(fresh, "/home/alice/app", "alice")
    own = environment(fresh, "/opt/app")
    fresh.trustinstall("add", CERT, "--scope", "all-users", check=True)
    fresh.trustinstall("agent", "install", check=True)
    environment(fresh, "/home/alice/app", "alice")
    environment(fresh, "/opt/app")
    unit = fresh.read(f"{UNITS}/{NAME}.service").decode()
    named = " ".join(re.findall("^CapabilityBoundingSet=(.*)$", unit, re.MULTILINE))
    rights = named.lower().replace("cap_", "").split()
    (start,) = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
    bound = ",".join(("-all", *(f"+{one}" for one in rights)))
    done = fresh.run(["setpriv", f"--bounding-set={bound}", f"--inh-caps={bound}", "--no-new-privs", *start.split()])
    assert done.returncode == 0, done
    assert holds_root(fresh, hers)
    assert holds_root(fresh, own)


def package(root: Throwaway, version: str) -> str:
    """A package of Debian's format, made by its own tool; returns its file."""
    control = (
        f"Package: nothing\nVersion: {version}\nArchitecture: all\nMaintainer: Test <t@corp.test>\nDescription: x\n"
    )
    root.write("/srv/deb/DEBIAN/control", control)
    sh(root, f"dpkg-deb --build /srv/deb /srv/nothing_{version}.deb")
    return f"/srv/nothing_{version}.deb"


def test_dpkg_and_debians_hook_ask_and_never_fail(fresh: Throwaway) -> None:
    """Install, upgrade and purge by dpkg, and update-ca-certificates, ask each once, though the asked one fails."""
    fresh.write("/usr/local/sbin/systemctl", SYSTEMCTL, mode=0o755)
    fresh.trustinstall("agent", "install", check=True)
    first, second = package(fresh, "1"), package(fresh, "2")
    for count, command in enumerate(
        (f"dpkg -i {first}", f"dpkg -i {second}", "dpkg --purge nothing", "update-ca-certificates --fresh"), 1
    ):
        done = sh(fresh, command)
        assert "E:" not in done.stdout + done.stderr
        asked = fresh.read(ASKED).decode().splitlines()
        assert asked == [f"--no-block start {NAME}.service"] * count, (command, done)
    fresh.trustinstall("agent", "remove", check=True)
    sh(fresh, f"dpkg -i {first}; update-ca-certificates --fresh")
    assert len(fresh.read(ASKED).decode().splitlines()) == 4


def test_other_package_managers_have_their_hooks(fresh: Throwaway) -> None:
    """Where pacman, dnf or apk keep hooks, one is written, and taken away with the agent."""
    dnf = ("/etc/dnf/libdnf5-plugins/actions.d", "/etc/dnf/plugins/post-transaction-actions.d")
    places = ("/etc/pacman.d", *dnf, "/etc/apk")
    sh(fresh, f"mkdir -p {' '.join(places)}")
    fresh.trustinstall("agent", "install", check=True)
    written = sh(fresh, f"grep -rl {NAME} {' '.join(places)}").stdout.split()
    assert len(written) == len(places)
    fresh.write("/usr/local/sbin/systemctl", SYSTEMCTL, mode=0o755)
    (apk,) = (path for path in written if path.startswith("/etc/apk"))
    sh(fresh, f"{apk} pre-commit; {apk} post-commit")
    assert len(fresh.read(ASKED).splitlines()) == 1
    fresh.trustinstall("agent", "remove", check=True)
    assert fresh.run(["grep", "-rl", NAME, *places]).stdout == ""
    assert not fresh.path("/etc/pacman.d/hooks").exists()


def test_cron_and_hooks_that_start_its_script(fresh: Throwaway) -> None:
    """Without systemd, as on Alpine, a package's change has repair run beside it, and what was lost is there again."""
    deliver(fresh)
    bundle = environment(fresh, "/opt/app")
    fresh.trustinstall("add", CERT, check=True)
    before = fresh.changes(ignore=(*NOISE, *OTHERS))
    sh(fresh, "mv /usr/lib/systemd/systemd /usr/lib/systemd/away")
    fresh.trustinstall("agent", "install", check=True)
    found = status(fresh)
    assert (found["kind"], found["active"], "cron" in found["next_run"]) == ("cron", None, True)
    environment(fresh, "/opt/app")
    sh(fresh, f"dpkg -i {package(fresh, '1')}")
    fresh.settle()
    assert holds_root(fresh, bundle)
    fresh.trustinstall("agent", "remove", check=True)
    sh(fresh, "mv /usr/lib/systemd/away /usr/lib/systemd/systemd; dpkg --purge nothing; rm -r /srv/*")
    left = fresh.changes(ignore=(*NOISE, *OTHERS, "/var/lib/dpkg"))
    assert left == {path: one for path, one in before.items() if path.split("/")[1] != "srv"}


@pytest.mark.parametrize(
    "harm",
    [
        "chown alice /opt/trustinstall/lib/python3*/site-packages/trustinstall/cli/repair.py",
        "chmod o+w /opt/trustinstall/lib/python3*/site-packages",
        "chown alice /opt/trustinstall",
        "chown alice /opt/trustinstall/pyvenv.cfg",  # it names the directory of the standard library
        "chown alice /opt/trustinstall/lib/python3*/site-packages/typer/main.py",
        "cd /opt/trustinstall/lib/python3*/site-packages; chmod g+w rich; chgrp alice rich",
        "chown alice $(/opt/trustinstall/bin/python -c 'import json.decoder as it; print(it.__file__)')",
        "chmod g+w /opt/trustinstall/bin; chgrp alice /opt/trustinstall/bin",
    ],
)
def test_root_does_not_run_what_others_may_write(fresh: Throwaway, harm: str) -> None:
    """A program, library or directory that another account may change is refused, and nothing is written."""
    sh(fresh, harm)
    done = fresh.trustinstall("agent", "install")
    assert done.returncode == 5, done
    assert "where root alone may write" in done.stderr
    assert not fresh.path(f"{UNITS}/{NAME}.service").exists()


def test_a_unit_of_somebody_else_stays(fresh: Throwaway) -> None:
    """A file of the same name without our mark stops install, and remove leaves it."""
    path = f"{UNITS}/{NAME}.service"
    fresh.write(path, "[Unit]\nDescription=mine\n")
    done = fresh.trustinstall("agent", "install")
    assert (done.returncode, "stands in the way" in done.stderr) == (2, True)
    fresh.trustinstall("agent", "remove", check=True)
    assert fresh.read(path) == b"[Unit]\nDescription=mine\n"


def test_an_account_has_an_agent_of_its_own(fresh: Throwaway) -> None:
    """Its units lie in its home, systemd takes them, and all of it goes again."""
    before = fresh.changes(ignore=(*NOISE, *OTHERS))
    fresh.trustinstall("agent", "install", user="alice", check=True)
    place = "/home/alice/.config/systemd/user"
    units = [f"{place}/{NAME}.{suffix}" for suffix in ("service", "timer", "path")]
    done = fresh.run(["systemd-analyze", "--user", "verify", *units], user="alice", env={"XDG_RUNTIME_DIR": "/tmp"})
    assert NAME not in done.stdout + done.stderr, done
    assert " ".join(PROGRAM) in fresh.read(units[0]).decode()
    assert (
        "The agent is installed; systemd runs it each hour"
        in fresh.trustinstall("agent", "status", user="alice").stdout
    )
    fresh.trustinstall("agent", "remove", user="alice", check=True)
    assert fresh.changes(ignore=(*NOISE, *OTHERS)) == before


@pytest.mark.parametrize("user", ["root", "alice"])
def test_an_agent_without_certificates_leaves_no_directory(fresh: Throwaway, user: str) -> None:
    """On a machine where nothing was added, the records' directories go, too."""
    before = fresh.changes()
    fresh.trustinstall("agent", "install", user=user, check=True)
    done = fresh.trustinstall("agent", "remove", user=user, check=True)
    assert "The agent is removed" in done.stdout
    assert fresh.changes() == before


_NO_SYSTEMD = "mv /usr/lib/systemd/systemd /usr/lib/systemd/away"
_SYSTEMD = "mv /usr/lib/systemd/away /usr/lib/systemd/systemd"
_NO_CRON = "mv /etc/cron.hourly /etc/cron.away"
_CRON = "mv /etc/cron.away /etc/cron.hourly"


@pytest.mark.parametrize(
    ("first", "then", "back"),
    [
        (_NO_SYSTEMD, _SYSTEMD, _NO_SYSTEMD),
        ("true", _NO_SYSTEMD, _SYSTEMD),
        ("true", f"{_NO_SYSTEMD}; {_NO_CRON}", f"{_SYSTEMD}; {_CRON}"),
    ],
    ids=["cron-to-systemd", "systemd-to-cron", "systemd-to-none"],
)
def test_the_system_gets_another_scheduler(fresh: Throwaway, first: str, then: str, back: str) -> None:
    """Files of the former one are shown, deleted by `remove`, and replaced by `install`: repair never runs twice."""
    sh(fresh, first)
    before = fresh.changes()
    fresh.trustinstall("agent", "install", check=True)
    installed = set(status(fresh)["files"])
    sh(fresh, then)
    found = status(fresh)
    assert set(found["files"]) == installed
    none = _NO_CRON in then
    assert (found["installed"], found["kind"] == "none") == (False, none)
    said = " ".join(fresh.trustinstall("agent", "status").stdout.split())
    assert ("agent remove` deletes its files" if none else "agent install` mends it") in said
    if not none:
        fresh.trustinstall("agent", "install", check=True)
        assert status(fresh)["installed"]
        of_schedulers = [path for path in status(fresh)["files"] if path.split("/")[2] in {"cron.hourly", "systemd"}]
        assert len(of_schedulers) == (5 if then == _SYSTEMD else 1)
    fresh.trustinstall("agent", "remove", check=True)
    sh(fresh, back)
    assert fresh.changes() == before


def test_self_uninstall_takes_agents_and_logs_along(fresh: Throwaway) -> None:
    """Root's agent, alice's that starts the same program, ledger and logs go; bob's, which starts another, stays."""
    deliver(fresh)
    before = fresh.changes(ignore=NOISE)
    for user in ("root", "alice", "bob"):
        fresh.trustinstall("agent", "install", user=user, check=True)
    theirs = f"/home/bob/.config/systemd/user/{NAME}.service"
    fresh.write(theirs, fresh.read(theirs).replace(PROGRAM[0].encode(), b"/home/bob/bin/trustinstall"), user="bob")
    fresh.trustinstall("add", CERT, check=True)
    fresh.trustinstall("remove", "--all", check=True)
    assert fresh.path("/var/lib/trustinstall/log.jsonl").exists()
    done = fresh.trustinstall("self", "uninstall", check=True)
    assert f"delete /home/alice/.config/systemd/user/{NAME}.service" in done.stdout
    left = {path for path in fresh.changes(ignore=NOISE) if path not in before}
    records = "/home/alice/.local"  # hers: she may have added certificates
    assert {path for path in left if not path.startswith(("/home/bob/", records))} <= {"/home/bob"}, left
    assert theirs in left


def test_self_uninstall_that_fails_loses_nothing(fresh: Throwaway) -> None:
    """Where records may not be deleted, agents stay; where an account's agent cannot be removed, that is said."""
    fresh.trustinstall("agent", "install", check=True)
    fresh.trustinstall("agent", "install", user="alice", check=True)
    unit = f"/home/alice/.config/systemd/user/{NAME}.service"
    fresh.write("/var/lib/trustinstall/private/journal", "{}")
    done = fresh.trustinstall("self", "uninstall")
    assert (done.returncode, fresh.path(f"{UNITS}/{NAME}.service").exists(), fresh.path(unit).exists()) == (
        1,
        True,
        True,
    )
    fresh.path("/var/lib/trustinstall/private/journal").unlink()
    sh(fresh, f"chmod 0555 {unit.rpartition('/')[0]}")
    done = fresh.trustinstall("self", "uninstall", check=True)
    assert f"the agent of alice stays: {unit.rpartition('.')[0]}" in " ".join(done.stderr.split())
    assert not fresh.path(f"{UNITS}/{NAME}.service").exists()
    assert not fresh.path("/var/lib/trustinstall").exists()


def test_a_link_in_the_place_of_a_unit_is_not_followed(fresh: Throwaway) -> None:
    """A link of alice's to a file, or to one of the agent's name, never changes what it leads to."""
    unit = f"/home/alice/.config/systemd/user/{NAME}.service"
    for victim in ("/home/alice/notes", f"/home/alice/{NAME}.service"):
        fresh.write(victim, "mine", user="alice")
        sh(fresh, f"mkdir -p {unit.rpartition('/')[0]}; ln -sf {victim} {unit}", "alice")
        fresh.trustinstall("agent", "install", user="alice")
        fresh.trustinstall("agent", "remove", user="alice")
        assert fresh.read(victim) == b"mine"
        fresh.trustinstall("self", "uninstall", check=True)
        assert fresh.read(victim) == b"mine"
