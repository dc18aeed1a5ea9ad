"""`--sysroot`, `--search` and `--run-image-tool` as a caller meets them, the machine around the image watched."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.cli.machine import (
    CERT,
    DEBIAN,
    ROOT,
    deliver,
    holds,
    result,
    snapshot,
    told,
    venv,
)
from tests.support.images import IMAGE, make_image
from tests.support.jks import jks
from tests.support.pki import make_root
from tests.support.throwaway import NOISE, PROGRAM, Throwaway

PLACE = "/srv/image"
ID = "debian"
MARK = "/machine/mark"
#: What an image of a Debian needs to be one; the tool would leave a mark, and is never run.
TOOL = "#!/bin/sh\nexec >/srv/run\n"


@pytest.fixture
def still() -> Iterator[Throwaway]:
    """A whole Debian that is an image as well, with all of its programs."""
    with Throwaway(java=False) as root:
        root.run(["mkdir", "/machine"], check=True)
        make_image(root)
        root.run(["mount", "-t", "tmpfs", "machine", "/machine"], check=True)
        deliver(root)
        yield root


def contents(root: Throwaway) -> dict[str, str | None]:
    """What is not as it was delivered, our own state aside, whenever it was written."""
    found = root.changes(ignore=(*NOISE, "/var/lib/trustinstall"))
    return {path: entry and entry.content for path, entry in found.items()}


def image(root: Throwaway, *, user: str = "root", os_release: str = "ID=debian\n", tool: bool = True) -> None:
    """A little Debian in a directory of its own, with ten of the machine's public roots."""
    deliver(root)
    block = b"-----END CERTIFICATE-----\n"
    blocks = [one + block for one in root.read(DEBIAN).split(block)[:10]]
    names = [f"mozilla/Root_{number}.crt" for number in range(len(blocks))]
    files: dict[str, str | bytes] = {
        "etc/os-release": os_release,
        "etc/ca-certificates.conf": "".join(f"{name}\n" for name in names),
        "etc/ssl/certs/ca-certificates.crt": b"".join(blocks),
        "var/lib/dpkg/status": "",
        **{f"usr/share/ca-certificates/{name}": one for name, one in zip(names, blocks, strict=True)},
        **({"usr/sbin/update-ca-certificates": TOOL} if tool else {}),
    }
    for name, content in files.items():
        root.write(f"{PLACE}/{name}", content, mode=0o755 if "sbin" in name else 0o644, user=user)
    script = (
        f"cd {PLACE}/etc/ssl/certs; for each in 0 1 2 3 4 5 6 7 8 9; do"
        " ln -s /usr/share/ca-certificates/mozilla/Root_$each.crt Root_$each.pem;"
        f" h=$(openssl x509 -noout -hash -in {PLACE}/usr/share/ca-certificates/mozilla/Root_$each.crt);"
        " ln -s Root_$each.pem $h.0; done"
    )
    root.run(["sh", "-e", "-c", script], check=True)
    root.run(["chown", "-Rh", f"{user}:{user}", PLACE], check=True)


def test_an_image_is_changed_and_the_machine_is_not(fresh: Throwaway) -> None:
    """Nothing outside the image is written, no time of change included; nothing of it is run."""
    image(fresh)
    before = snapshot(fresh, PLACE)
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, CERT))
    assert (found["exit_code"], result(found, ID), found["situation"]["kind"]) == (0, "added", "image")
    assert found["situation"]["scope"] == f"image {PLACE}"
    assert found["undo"] == [*PROGRAM, "remove", "--sysroot", PLACE, ROOT.sha256[:12]]
    assert found["restart_needed"] == []
    assert found["env"] == {}
    assert holds(fresh, f"{PLACE}{DEBIAN}")
    assert snapshot(fresh, PLACE) == before
    listed = told(fresh.trustinstall("list", "--json", "--sysroot", PLACE))
    assert [one["sha256"] for one in listed["certificates"]] == [ROOT.sha256]
    assert told(fresh.trustinstall("list", "--json"))["certificates"] == []


def test_the_machine_itself_knows_what_was_added_to_its_image(still: Throwaway) -> None:
    """The ledger lies in the image, so that the booted image takes it back by its own tool."""
    before = contents(still)
    assert still.trustinstall("add", "--sysroot", IMAGE, CERT).returncode == 0
    assert "5 of 5" in still.trustinstall("list").stdout
    removed = still.trustinstall("remove", ROOT.sha256)
    assert removed.returncode == 0, removed
    assert contents(still) == before


def test_an_ordinary_accounts_image_is_changed_by_that_account(fresh: Throwaway) -> None:
    """A build without root: every file stays the account's, and the image's accounts may read the ledger."""
    image(fresh, user="alice")
    added = fresh.trustinstall("add", "--sysroot", PLACE, CERT, user="alice")
    assert added.returncode == 0, added
    uid = fresh.user("alice").uid
    assert {path.lstat().st_uid for path in fresh.path(PLACE).rglob("*")} == {uid}
    ledger = fresh.path(f"{PLACE}/var/lib/trustinstall/ledger.json")
    assert ledger.stat().st_mode & 0o777 == 0o644
    assert not fresh.path("/home/alice/.local").exists()
    assert fresh.trustinstall("remove", "--sysroot", PLACE, "Corp", user="alice").returncode == 0
    assert not holds(fresh, f"{PLACE}{DEBIAN}")


@pytest.mark.parametrize("user", ["root", "bob"])
def test_another_accounts_image_is_refused(fresh: Throwaway, user: str) -> None:
    """Not even root writes among files that another account may turn into links."""
    image(fresh, user="alice")
    before = snapshot(fresh)
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, CERT, user=user))
    assert found["exit_code"] == 5
    assert "belongs to uid" in found["error"]["message"]
    assert snapshot(fresh) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sysroot", PLACE, "--scope", "user"), "an image has the machine's stores only"),
        (("--sysroot", PLACE, "--user", "alice"), "an image has the machine's stores only"),
        (("--sysroot", PLACE, "--scope", "all-users"), "an image has the machine's stores only"),
        (("--sysroot", PLACE, "--search", "/opt/trustinstall"), "no such file or directory"),
        (("--sysroot", PLACE, "--search", "/etc/python3"), "no Python environment is there"),
        (("--sysroot", PLACE, "--search", "venv"), "by its absolute path there"),
        (("--sysroot", PLACE, "--search", "roots.pem"), "by its absolute path there"),
        (("--sysroot", PLACE, "--search", "/etc/nothing.pem"), "no such file or directory"),
        (("--sysroot", PLACE, "--search", "/etc/os-release"), "it holds no certificate"),
        (("--sysroot", PLACE, "--search", DEBIAN), "makes it, and would drop"),
        (("--search", DEBIAN), "makes it, and would drop"),
        (("--search", "/home/alice/roots.pem"), "it belongs to another account"),
        (("--sysroot", "/"), "is the running machine"),
        (("--sysroot", "/usr/../proc/self/root"), "is the running machine"),
        (("--sysroot", CERT), "no such directory"),
        (("--run-image-tool",), "say which one with --sysroot"),
    ],
    ids=str,
)
def test_wrong_words_are_wrong_usage(fresh: Throwaway, words: tuple[str, ...], said: str) -> None:
    """One sentence, exit code 2, and nothing changed."""
    image(fresh)
    fresh.write("/home/alice/roots.pem", ROOT.pem, user="alice")
    fresh.write(f"{PLACE}/etc/python3", "")
    before = snapshot(fresh)
    found = told(fresh.trustinstall("add", "--json", *words, CERT))
    assert found["exit_code"] == 2
    assert said in found["error"]["message"]
    assert snapshot(fresh) == before


def test_an_image_without_the_package_says_which_one(fresh: Throwaway) -> None:
    """Or names the bundle that is there without it, which then is all that counts."""
    image(fresh, tool=False)
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, CERT))
    assert (found["exit_code"], result(found, ID)) == (1, "failed")
    detail = found["stores"][0]["detail"]
    assert "apt-get install ca-certificates (in the image)" in detail
    assert detail.endswith(f"--search {DEBIAN}")
    bundle = fresh.read(f"{PLACE}{DEBIAN}")
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, "--search", DEBIAN, CERT))
    assert (found["exit_code"], [one["id"] for one in found["stores"]]) == (0, [f"bundle:{DEBIAN}"])
    assert holds(fresh, f"{PLACE}{DEBIAN}")
    removed = fresh.trustinstall("remove", "--sysroot", PLACE, "--search", DEBIAN, "Corp")
    assert removed.returncode == 0, removed
    assert fresh.read(f"{PLACE}{DEBIAN}") == bundle


@pytest.mark.parametrize("os_release", ["", "ID=haiku\nID_LIKE=beos\n"])
def test_an_image_of_an_unknown_system_says_so(fresh: Throwaway, os_release: str) -> None:
    """With what its os-release says, and what can be done."""
    image(fresh, os_release=os_release, tool=False)
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, CERT))
    assert found["exit_code"] == 1
    (problem,) = found["problems"]
    assert "no system that is known here" in problem["message"]
    assert ("beos haiku" if os_release else "none") in problem["message"]
    assert "--search FILE" in problem["message"]


def test_environments_in_the_image_are_found_by_their_path_there(fresh: Throwaway) -> None:
    """The machine's own are none of the image's."""
    image(fresh)
    inner, outer = venv(fresh, f"{PLACE}/opt/app"), venv(fresh, "/opt/app")
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, "--search", "/opt", CERT))
    assert found["exit_code"] == 0
    assert f"certifi:{inner.removeprefix(PLACE)}" in [one["id"] for one in found["stores"]]
    assert holds(fresh, inner)
    assert not holds(fresh, outer)


@pytest.mark.parametrize(
    "spoil",
    [
        f"rm -r {PLACE}/etc; ln -s /etc {PLACE}/etc",
        f"rm -r {PLACE}/etc/ssl; ln -s /etc/ssl {PLACE}/etc/ssl",
        f"mv {PLACE}/etc/ssl {PLACE}/etc/old; ln -s ../../../etc/ssl {PLACE}/etc/ssl",
        f"rm -r {PLACE}/etc/ssl/certs; ln -s ../../../../../../etc/ssl/certs {PLACE}/etc/ssl/certs",
        f"rm {PLACE}{DEBIAN}; ln -s {DEBIAN} {PLACE}{DEBIAN}",
        f"rm {PLACE}{DEBIAN}; mkfifo {PLACE}{DEBIAN}",
        f"rm {PLACE}{DEBIAN}; mknod {PLACE}{DEBIAN} c 1 5",
        f"truncate -s 1T {PLACE}{DEBIAN}",
        f"mkdir -p {PLACE}/usr/local/share; ln -s /usr/local/share/ca-certificates {PLACE}/usr/local/share/",
        f"ln -s /var/lib/trustinstall {PLACE}/var/lib/trustinstall",
        f"mkdir {PLACE}/var/lib/trustinstall; ln -s /srv/elsewhere {PLACE}/var/lib/trustinstall/private",
        f"mkdir -m 777 {PLACE}/var/lib/trustinstall",
        f"mkdir {PLACE}/var/lib/trustinstall; chown alice {PLACE}/var/lib/trustinstall",
        f"ln -s a {PLACE}/b; ln -s b {PLACE}/a; rm -r {PLACE}/etc/ssl; ln -s /a {PLACE}/etc/ssl",
        f"rm {PLACE}/etc/ca-certificates.conf; ln -s /etc/shadow {PLACE}/etc/ca-certificates.conf",
        f"mkfifo {PLACE}/etc/x; rm {PLACE}/etc/os-release; ln -s x {PLACE}/etc/os-release",
    ],
)
def test_a_hostile_image_harms_nobody(fresh: Throwaway, spoil: str) -> None:
    """With any links, devices and owners: an error, or done in the image; never a file of the machine's."""
    image(fresh)
    fresh.run(["mkdir", "/srv/elsewhere", "/usr/local/share/ca-certificates/x"], check=True)
    fresh.run(["sh", "-e", "-c", spoil], check=True)
    before = snapshot(fresh, PLACE)
    done = fresh.trustinstall("add", "--json", "--sysroot", PLACE, CERT)
    assert done.returncode in {0, 1}, done
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    assert fresh.trustinstall("remove", "--sysroot", PLACE, CERT).returncode in {0, 1}
    assert snapshot(fresh, PLACE) == before


CONFINED = f"""#!/usr/bin/python3 -I
import json, os, socket
def can(act):
    try:
        act()
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {{
    "pid": os.getpid(),
    "kept": int(status["CapEff"], 16),
    "bound": int(status["CapBnd"], 16),
    "no new": status["NoNewPrivs"].strip(),
    "processes": [name for name in os.listdir("/proc") if name.isdecimal()],
    "devices": sorted(os.listdir("/dev")),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "environment": sorted(os.environ),
    "stdin": os.read(0, 10).decode(),
    "sees outside": os.path.exists("{MARK}"),
    "opens devices": can(lambda: open("/device", "rb").close()),
    "makes devices": can(lambda: os.mknod("/new", 0o20600, os.makedev(1, 5))),
    "changes roots": can(lambda: os.chroot("/etc")),
    "writes to the kernel": can(lambda: open("/proc/sys/kernel/hostname", "w").close()),
    "writes to devices": can(lambda: os.mkdir("/dev/new")),
    "null": open("/dev/null", "w").write("x"),
}}
json.dump(found, open("/found", "w"))
raise SystemExit(7)
"""


def test_the_images_tool_is_run_where_it_reaches_nothing(still: Throwaway) -> None:
    """Name spaces of its own, three capabilities, no device of the image's, nothing to set up a kernel with."""
    still.write(MARK, "what is mounted on the machine")
    still.write("/usr/sbin/update-ca-certificates", CONFINED, mode=0o755)
    still.run(["mknod", "/device", "c", "1", "5"], check=True)
    environment = {"LD_PRELOAD": "/x", "SECRET": "x"}
    words = ("add", "--json", "--sysroot", IMAGE, "--run-image-tool", CERT)
    found = told(still.trustinstall(*words, env=environment))
    assert result(found, ID) == "failed"
    assert "update-ca-certificates failed with status 7" in found["stores"][0]["detail"]
    seen = json.loads(still.read("/found"))
    assert seen.pop("environment") == ["DPKG_FRONTEND_LOCKED", "HOME", "LC_ALL", "PATH"]
    assert seen == {
        "pid": 1,
        "kept": 0b1011,
        "bound": 0b1011,
        "no new": "1",
        "processes": ["1"],
        "devices": ["full", "null", "random", "urandom", "zero"],
        "interfaces": ["lo"],
        "stdin": "",
        "sees outside": False,
        "opens devices": False,
        "makes devices": False,
        "changes roots": False,
        "writes to the kernel": False,
        "writes to devices": False,
        "null": 1,
    }


def test_the_images_tool_does_its_work(still: Throwaway) -> None:
    """Debian's own: added and removed, and nothing left."""
    before = contents(still)
    words = ("--json", "--sysroot", IMAGE, "--run-image-tool")
    assert result(told(still.trustinstall("add", *words, CERT)), ID) == "added"
    assert holds(still, DEBIAN)
    assert result(told(still.trustinstall("remove", *words, CERT)), ID) == "removed"
    assert contents(still) == before


def test_the_images_tool_needs_root(fresh: Throwaway) -> None:
    """Without it there is a sentence that says so, and what to do."""
    image(fresh, user="alice")
    words = ("add", "--json", "--sysroot", PLACE, "--run-image-tool", CERT)
    found = told(fresh.trustinstall(*words, user="alice"))
    assert found["exit_code"] == 5
    assert "--run-image-tool needs root" in found["error"]["message"]


def test_an_image_that_nothing_can_be_run_in_says_why(fresh: Throwaway) -> None:
    """There is nothing to mount /proc on: the store is as it was, and the tool was not run without it."""
    image(fresh)
    fresh.write(f"{PLACE}/usr/bin/openssl", TOOL, mode=0o755)
    before = snapshot(fresh, f"{PLACE}/var/lib/trustinstall")
    found = told(fresh.trustinstall("add", "--json", "--sysroot", PLACE, "--run-image-tool", CERT))
    assert (found["exit_code"], result(found, ID)) == (1, "failed")
    assert "cannot be run in the image: it has no directory /proc" in found["stores"][0]["detail"]
    assert snapshot(fresh, f"{PLACE}/var/lib/trustinstall").keys() == before.keys()


def test_an_images_java(fresh: Throwaway) -> None:
    """Its own keystore is changed without anything of it being run, under a password that the machine's file names."""
    image(fresh)
    path, secret = "/opt/java/openjdk/lib/security/cacerts", "a word"
    content = jks(("other", make_root("Other Root").der), password=secret)
    fresh.write(f"{PLACE}/srv/keystore", content, mode=0o444)
    fresh.run(["mkdir", "-p", f"{PLACE}{path.rpartition('/')[0]}"], check=True)
    fresh.run(["ln", "-s", "/srv/keystore", f"{PLACE}{path}"], check=True)
    fresh.write("/srv/word", secret)
    before = snapshot(fresh, PLACE)
    words = ("--json", "--sysroot", PLACE)
    locked = told(fresh.trustinstall("add", *words, CERT))
    assert (locked["exit_code"], result(locked, "java:/srv/keystore"), result(locked, ID)) == (3, "locked", "added")
    found = told(fresh.trustinstall("add", *words, "--java-storepass-file", "/srv/word", CERT))
    assert (found["exit_code"], result(found, "java:/srv/keystore")) == (0, "added")
    assert ROOT.der in fresh.read(f"{PLACE}/srv/keystore")
    gone = told(fresh.trustinstall("remove", *words, "--java-storepass-file", "/srv/word", ROOT.sha256))
    assert (gone["exit_code"], fresh.read(f"{PLACE}/srv/keystore")) == (0, content)
    assert snapshot(fresh, PLACE) == before
