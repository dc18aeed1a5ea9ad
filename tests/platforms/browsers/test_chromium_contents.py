"""What is read from Chromium's policies: any JSON, and the names that a root is limited to."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_host import make, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.name_constraints import parse
from trustinstall.stores.observation import State
from trustinstall_platforms.browsers.chromium_contents import STATES, Contents, item_of, read_contents

CORP = Certificate(make_root("Corp Root").der)
NAMES = st.sets(st.sampled_from(["corp.example", "a.example", "invalid.example", "10.0.0.0/8", "fd00::/8"]), min_size=1)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.just(base64.b64encode(CORP.der).decode()))
_KEYS = st.sampled_from([*STATES, "certificate", "constraints", "permitted_dns_names", "permitted_cidrs", "other"])
_JSON = st.recursive(_SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(_KEYS, inner)), max_leaves=12)


def read(text: bytes) -> Contents:
    """What a directory with one file says."""
    with tempfile.TemporaryDirectory() as top:
        host = make(Path(top), "root", None)
        write(host, "/policies/corp.json", text)
        return read_contents(host, "/policies")


@given(NAMES)
def test_limits_are_read_as_they_were_written(names: set[str]) -> None:
    """A root is limited to exactly the names and networks that its item was made from."""
    domains = parse(tuple(names))
    found = read(json.dumps({"CACertificatesWithConstraints": [item_of(CORP, domains)]}).encode())
    assert (found.states(), found.limits()) == ({CORP.sha256: State.LIMITED}, {CORP.sha256: domains})


@given(st.one_of(st.binary(), st.dictionaries(_KEYS, _JSON).map(lambda one: json.dumps(one).encode())))
def test_any_file(text: bytes) -> None:
    """Every file is read or named, and each certificate that counts has a copy."""
    found = read(text)
    assert len(found.files) + len(found.problems) == 1
    assert found.states().keys() <= {one.sha256 for one in found.copies()}
    assert found.limits().keys() <= found.states().keys()
