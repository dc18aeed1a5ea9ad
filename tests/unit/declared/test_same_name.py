"""Two authorities of one name in a document: refused where clients could not tell them apart, else said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.keys import make_key
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.declared.apply import compared
from trustinstall.declared.declaration import Declaration, Declared
from trustinstall.errors import CertificateRefused
from trustinstall.installer.installer import Installer
from trustinstall.state.terms import Terms


def declaration(*roots: Root) -> Declaration:
    """What a document asks for."""
    found = (Declared(Certificate(one.der), Terms(), (), f"t.toml:{line}") for line, one in enumerate(roots, 1))
    return Declaration(tuple(found), "apply:t.toml")


def test_what_clients_cannot_tell_apart_is_refused(tmp_path: Path) -> None:
    """Same name, another key, no key identifier: `apply` says so with the line, as `add` does, and changes nothing."""
    installer = Installer(host=fake_host.make(tmp_path), backends=[])
    asked = declaration(make_root("Corp Root", ski=False), make_root("Corp Root", ski=False))
    with pytest.raises(CertificateRefused, match=r"t\.toml:1"):
        compared(installer, asked)


def test_a_new_key_of_the_same_name_is_said(tmp_path: Path) -> None:
    """With key identifiers both may stand; which servers are refused is a note."""
    installer = Installer(host=fake_host.make(tmp_path), backends=[])
    asked = declaration(make_root("Corp Root"), make_root("Corp Root"))
    found = compared(installer, asked)
    assert found.certificates == asked.certificates
    assert [note.partition(":")[0] for note in found.notes] == ["t.toml", "t.toml"]
    assert compared(installer, declaration(make_root("Corp Root"))).notes == ()
    assert compared(installer, declaration()).notes == ()


def test_a_renewal_is_said(tmp_path: Path) -> None:
    """The same name and key with a later end is recognised beside the old root, and both may stand."""
    installer = Installer(host=fake_host.make(tmp_path), backends=[])
    key, now = make_key("ec"), installer.host.now()
    old = make_root("Corp Root", key=key, not_after=now + timedelta(days=100))
    asked = declaration(old, make_root("Corp Root", key=key, not_after=now + timedelta(days=1000)))
    assert any(f"renews {old.sha256}" in note for note in compared(installer, asked).notes)
