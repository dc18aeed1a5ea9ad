"""`add` of a root whose subject another root of the machine has: refused, warned of, or recognised as a renewal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from tests.end_to_end.cli.machine import CERT, DEBIAN, deliver, holds, quick, snapshot, told
from tests.support.keys import make_key
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway
from tests.support.tls import Server
from trustinstall.certificates.pem import pem_blocks

ID = b"x" * 20
DAY = timedelta(days=1)
NOW = datetime.now(timezone.utc).replace(microsecond=0)


def add(root: Throwaway, made: Root, *words: str, user: str = "root") -> tuple[int, str, list[str]]:
    """Add a root to Debian's store: exit code, the error's sentence, and the warnings."""
    if not root.path(CERT).exists() or root.read(CERT) != made.pem:
        deliver(root, made=made)
    done = root.trustinstall("add", "--json", *words, CERT, user=user)
    report = json.loads(done.stdout)
    sentence = report["error"]["message"] if report.get("error") else ""
    found: list[dict[str, list[str]]] = told(done)["certificates"] if not sentence else []
    return done.returncode, sentence, [warning for one in found for warning in one["warnings"]]


@pytest.mark.parametrize("user", ["root", "alice"])
def test_a_root_that_could_be_mistaken_is_refused(fresh: Throwaway, user: str) -> None:
    """Another key with the same key identifier is policy: 4, nothing changes; --allow-same-name makes it a warning."""
    quick(fresh)
    old, new = make_root("Corp", ski=ID), make_root("Corp", ski=ID)
    assert add(fresh, old, "--store", "debian")[0] == 0
    deliver(fresh, made=new)
    before = snapshot(fresh)
    code, sentence, _ = add(fresh, new, user=user)
    assert (code, snapshot(fresh)) == (4, before)
    assert "--allow-same-name" in sentence
    assert old.sha256 in sentence
    assert new.sha256 in sentence
    code, _, warnings = add(fresh, new, "--allow-same-name", user=user)
    assert (code, len(warnings)) == (0, 1)
    assert "the same key identifier" in warnings[0]
    code, _, warnings = add(fresh, new, user="root")
    assert code == (4 if user == "alice" else 0)  # hers alone has it: for the machine it is new


def test_an_account_s_own_roots_are_looked_at(fresh: Throwaway) -> None:
    """What an account without root has added stands in no store of the system, and is not mistaken either."""
    old, new = make_root("Corp", ski=ID), make_root("Corp", ski=ID)
    deliver(fresh, "alice", made=old)
    assert add(fresh, old, user="alice")[0] == 0
    code, sentence, _ = add(fresh, new, user="alice")
    assert (code, old.sha256 in sentence) == (4, True)


def test_a_public_root_is_protected(fresh: Throwaway) -> None:
    """A file with the subject and key identifier of a public root, or without an identifier, is refused."""
    quick(fresh)
    public = _public(fresh)
    for ski in (public.ski, False):
        made = make_root(subject=public.subject, issuer_name=public.subject, ski=ski)
        code, sentence, _ = add(fresh, made)
        assert code == 4
        assert public.sha256 in sentence


class _Public:
    """A public root's subject, key identifier and fingerprint."""

    def __init__(self, der: bytes) -> None:
        from cryptography import x509

        loaded = x509.load_der_x509_certificate(der)
        self.subject = loaded.subject.public_bytes()
        self.ski = loaded.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        self.sha256 = Root(der, make_key("ec"), self.subject).sha256


def _public(root: Throwaway) -> _Public:
    ders = (block.der for block in pem_blocks(root.read(DEBIAN)) if block.der)
    return _Public(next(der for der in ders if b"ISRG Root X1" in der))


def test_another_key_is_warned_of(fresh: Throwaway) -> None:
    """With identifiers of their own both are taken, and the warning has both fingerprints."""
    quick(fresh)
    old, new = make_root("Corp"), make_root("Corp")
    assert add(fresh, old)[0] == 0
    code, _, warnings = add(fresh, new)
    assert (code, len(warnings)) == (0, 1)
    assert {old.sha256, new.sha256} <= {word.strip("(),:;") for word in warnings[0].split()}
    assert "authority key identifier" in warnings[0]


def test_a_renewal(fresh: Throwaway) -> None:
    """It is said to be one, both stand, and curl, Python and Wget take servers under either from the system's store."""
    key = make_key("ec")
    old = make_root("Corp", key=key, not_before=NOW - 900 * DAY, not_after=NOW + 40 * DAY)
    new = make_root("Corp", key=key)
    assert add(fresh, old)[0] == 0
    code, _, warnings = add(fresh, new)
    assert (code, len(warnings)) == (0, 1)
    assert f"renews {old.sha256}" in warnings[0]
    assert add(fresh, new) == (0, "", [])
    python = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
    for leaf in (old.issue(), new.issue(aki=False)):
        with Server(leaf) as server:
            for words in (["curl", "-sS"], ["/usr/bin/python3", "-c", python], ["wget", "-q", "-O", "/dev/null"]):
                assert fresh.run([*words, server.url], user="alice").returncode == 0, words
    assert holds(fresh, DEBIAN, old)
    assert holds(fresh, DEBIAN, new)
