"""Two roots of one subject in one bundle, as real clients see them: the facts on which `same_subject` rests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.keys import make_key
from tests.support.pki import Leaf, Root, make_root
from tests.support.tls import Server

NOW = datetime.now(timezone.utc).replace(microsecond=0)
DAY = timedelta(days=1)
ID, OTHER_ID = b"x" * 20, b"y" * 20
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
_PYTHON = """
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[1])
urllib.request.urlopen(sys.argv[2], context=context)
"""
_NODE = "fetch(process.argv[1]).then(a => a.text()).then(() => process.exit(0), () => process.exit(1))"
#: Each reads one bundle and nothing else. Wget's TLS is GnuTLS's, the others' OpenSSL's.
CLIENTS: dict[str, Callable[[str, str], list[str]]] = {
    "curl": lambda bundle, url: ["curl", "-sS", "--cacert", bundle, "--capath", "/nonexistent", url],
    "Python": lambda bundle, url: ["/usr/bin/python3", "-I", "-c", _PYTHON, bundle, url],
    "Node.js": lambda bundle, url: ["env", f"NODE_EXTRA_CA_CERTS={bundle}", "node", "-e", _NODE, url],
    "Wget": lambda bundle, url: [
        *("wget", "-q", "-O", "/dev/null", "--no-config"),
        *(f"--ca-certificate={bundle}", "--ca-directory=/nonexistent", url),
    ],
}
OPENSSL = ("curl", "Python", "Node.js")
ALL = frozenset(CLIENTS)


def accepted(directory: Path, roots: tuple[Root, ...], leaf: Leaf) -> frozenset[str]:
    """The clients that take a server with these roots, in this order, in their bundle."""
    bundle = directory / "bundle.pem"
    bundle.write_bytes(b"".join(root.pem for root in roots))
    with Server(leaf) as server:
        words = {name: make(str(bundle), server.url) for name, make in CLIENTS.items()}
        return frozenset(
            name
            for name, command in words.items()
            if subprocess.run(command, env=CLEAN, capture_output=True, check=False, timeout=60).returncode == 0
        )


def expected(*, first: bool, told_apart: bool) -> frozenset[str]:
    """OpenSSL takes the first root of a name, GnuTLS the last, unless they are told apart."""
    return ALL if told_apart else frozenset(OPENSSL) if first else frozenset({"Wget"})


@pytest.mark.parametrize("first", [True, False], ids=["its root first", "its root last"])
@pytest.mark.parametrize(
    ("own", "others", "aki", "told_apart"),
    [
        (True, True, False, False),
        (True, True, None, True),
        (ID, ID, ID, False),
        (ID, ID, False, False),
        (False, False, False, False),
        (True, False, None, False),
        (False, True, False, False),
    ],
    ids=[
        "different identifiers, the server names none",
        "different identifiers, the server names its own",
        "the same identifier, the server names it",
        "the same identifier, the server names none",
        "no identifiers",
        "the other root has none, the server names its own",
        "its root has none, the server names none",
    ],
)
def test_two_keys_under_one_name(
    tmp_path: Path, *, own: bool | bytes, others: bool | bytes, aki: bool | bytes | None, told_apart: bool, first: bool
) -> None:
    """Only different key identifiers, and a server that names one, keep clients from taking one root for the other."""
    root, other = make_root("Corp Root", ski=own), make_root("Corp Root", ski=others)
    roots = (root, other) if first else (other, root)
    assert accepted(tmp_path, roots, root.issue(aki=aki)) == expected(first=first, told_apart=told_apart)


@pytest.mark.parametrize("first", [True, False], ids=["the old one first", "the new one first"])
@pytest.mark.parametrize("days", [100, -1], ids=["old one valid", "old one expired"])
@pytest.mark.parametrize("ski", [True, OTHER_ID, False], ids=["the same identifier", "another one", "none"])
def test_a_renewal(tmp_path: Path, *, ski: bool | bytes, days: int, first: bool) -> None:
    """Under the same key every client accepts a server of either root.

    The exception is a server that names the old identifier after the end of the old root, if the new root has another.
    """
    key = make_key("ec")
    old = make_root("Corp Root", key=key, ski=bool(ski), not_before=NOW - 900 * DAY, not_after=NOW + days * DAY)
    new = make_root("Corp Root", key=key, ski=ski)
    roots = (old, new) if first else (new, old)
    assert accepted(tmp_path, roots, old.issue(aki=False)) == ALL
    if ski:
        lost = days < 0 and ski == OTHER_ID
        assert accepted(tmp_path, roots, old.issue()) == (frozenset() if lost else ALL)
        assert accepted(tmp_path, roots, new.issue(aki=ski if isinstance(ski, bytes) else None)) == ALL


@pytest.mark.parametrize("first", [True, False], ids=["its root first", "its root last"])
@pytest.mark.parametrize("ski", [ID, False], ids=["the same identifier", "none"])
def test_one_that_has_ended(tmp_path: Path, *, ski: bool | bytes, first: bool) -> None:
    """Every client passes over a root that has ended, with any key identifier."""
    root = make_root("Corp Root", ski=ski)
    ended = make_root("Corp Root", ski=ski, not_before=NOW - 900 * DAY, not_after=NOW - DAY)
    roots = (root, ended) if first else (ended, root)
    assert accepted(tmp_path, roots, root.issue(aki=ski)) == ALL


@pytest.mark.parametrize("first", [True, False], ids=["its root first", "its root last"])
def test_names_without_regard_to_case(tmp_path: Path, *, first: bool) -> None:
    """For OpenSSL a name in other case and with other blanks is the same name; for GnuTLS it is another one."""
    root, other = make_root("Corp Root", ski=ID), make_root("CORP  root ", ski=ID)
    roots = (root, other) if first else (other, root)
    assert accepted(tmp_path, roots, root.issue(aki=ID)) == (ALL if first else frozenset({"Wget"}))
