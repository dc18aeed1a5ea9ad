"""Settings as people have them: the managed root goes into the bundle that they name, or is said to be left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.platforms.tools.effective_settings.home import (
    BUNDLE,
    CORP,
    CORPORATE,
    HOME,
    NAMES,
    PRIVATE,
    PUBLIC,
    THEIRS,
    change,
    tree,
)
from tests.support.fake_host import program, write
from trustinstall.certificates.pem import to_pem
from trustinstall.engine.outcome import Result
from trustinstall.host import ActingHost
from trustinstall_platforms.tools import looked_at
from trustinstall_platforms.tools.effective import decide


@pytest.mark.parametrize("kind", NAMES)
def test_ours_goes_into_the_bundle_that_a_setting_names(host: ActingHost, kind: str) -> None:
    """The account's setting stays, its bundle gets our root, no variable hides it, and `remove` restores every byte."""
    path, content = NAMES[kind]
    for name in ("pip", "npm", "conda", "aws", "wget", "hg", "svn"):
        program(host, f"/usr/bin/{name}")
    write(host, f"{HOME}/{path}", content)
    write(host, f"{HOME}/b.npmrc", f"cafile={THEIRS}\n")
    before = tree(host)
    reached = _reached(host)
    change(host)
    assert CORP.pem in host.read(THEIRS)
    assert reached.items() <= _reached(host).items()
    change(host, trusted=False)
    assert tree(host) == before


def _reached(host: ActingHost) -> dict[str, list[tuple[str, str]]]:
    """Return by client which files name the bundles that it reads by its settings."""
    every = decide.all_of_them(decide.bare(host))
    return {row.name: [(one.path, one.setter.path) for one in found.bundles] for row, found in every if found.bundles}


@pytest.mark.parametrize(
    ("files", "location", "word"),
    [
        ({"/etc/pip.conf": f"[global]\ncert = {CORPORATE}\n"}, ".config/pip/pip.conf", "/etc/pip.conf line 2"),
        ({"/etc/xdg/pip/pip.conf": f"[global]\ncert={CORPORATE}\n"}, ".config/pip/pip.conf", "/etc/xdg/pip/pip.conf"),
        ({"/usr/etc/npmrc": f"cafile={CORPORATE}\n"}, ".npmrc", "/usr/etc/npmrc line 1"),
        ({f"{HOME}/.npmrc": 'fund=false\nca[]="-----BEGIN"\n'}, ".npmrc", ".npmrc line 2 has certificates"),
        ({f"{HOME}/.yarnrc": 'ca "-----BEGIN"\n'}, ".npmrc", ".yarnrc line 1 has certificates"),
        ({f"{HOME}/.yarnrc": 'ca "-----BEGIN"\n'}, ".yarnrc", ".yarnrc line 1 has certificates"),
        ({f"{HOME}/.claude/settings.json": '{"env": null}'}, ".claude/settings.json", "settings.json says env: null"),
        ({f"{HOME}/.condarc": "ssl_verify: null\n"}, ".condarc", "ssl_verify: null, which counts"),
        (
            {f"{HOME}/.subversion/servers": f"[GLOBAL]\nSSL-authority-files = {CORPORATE};{THEIRS}\n"},
            ".subversion/servers",
            "of each file that /home/alice/.subversion/servers line 2 names one certificate is read",
        ),
        (
            {"/etc/subversion/servers": f"[global]\nssl-trust-default-ca=no\nssl-authority-files={CORPORATE}\n"},
            ".subversion/servers",
            "of each file that /etc/subversion/servers line 3 names",
        ),
        (
            {f"{HOME}/.subversion/servers": f"[corp]\nssl-trust-default-ca=no\nssl-authority-files={CORPORATE}\n"},
            ".subversion/servers#Subversion-for-corp",
            "of each file that /home/alice/.subversion/servers line 3 names",
        ),
        (
            {f"{HOME}/.config/pip/pip.conf": "[global]\ntimeout = 9\n[install]\ncert = /gone.pem\n"},
            ".config/pip/pip.conf#pip-for-install",
            ".config/pip/pip.conf line 4 names /gone.pem, which is no file of certificates",
        ),
        ({"/etc/mercurial/hgrc.d/c.rc": f"[web]\ncacerts={CORPORATE}\n"}, ".hgrc", "/etc/mercurial/hgrc.d/c.rc line 2"),
    ],
)
def test_what_others_have_decided_is_left(host: ActingHost, files: Mapping[str, str], location: str, word: str) -> None:
    """A managed setting never hides what the administrator or the account itself has decided; it is said where."""
    for name in ("pip", "npm", "conda", "hg", "node", "svn"):
        program(host, f"/usr/bin/{name}")
    for path, content in files.items():
        write(host, path, content)
    before = tree(host)
    outcome = change(host)[f"{HOME}/{location}"]
    assert outcome.result is Result.SEALED
    assert word in outcome.detail
    assert tree(host).get(location) == before.get(location)


def test_the_systems_store_is_followed(host: ActingHost) -> None:
    """Where conda is switched to the system's store nothing is written, and nothing has failed."""
    write(host, f"{HOME}/.condarc", "ssl_verify: truststore\n")
    assert change(host)[f"{HOME}/.condarc"].result is not Result.FAILED
    assert host.read(f"{HOME}/.condarc") == b"ssl_verify: truststore\n"


def test_one_bundle_that_several_settings_name(host: ActingHost) -> None:
    """Settings of several tools may name one bundle: it is changed once, every store says so, and it is as before."""
    for kind in ("pip", "conda's other file", "AWS", "wget's spelling", "curl", "git"):
        path, content = NAMES[kind]
        write(host, f"{HOME}/{path}", content)
    for name in ("pip", "conda", "aws", "wget"):
        program(host, f"/usr/bin/{name}")
    before = tree(host)
    results = {one.result for one in change(host).values()}
    assert results <= {Result.ADDED, Result.ALREADY}
    assert host.read(THEIRS).count(CORP.pem) == 1
    assert Result.FAILED not in {one.result for one in change(host, trusted=False).values()}
    assert tree(host) == before


@pytest.mark.parametrize("label", ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"])
def test_a_root_that_not_every_reader_takes_gets_a_plain_copy(host: ActingHost, label: str) -> None:
    """Node.js and GnuTLS do not read OpenSSL's own labels: such a root is no reason to say `already`."""
    trusted = to_pem(CORP.der, label)
    write(host, THEIRS, PUBLIC.pem + trusted)
    write(host, f"{HOME}/.npmrc", f"cafile={THEIRS}\n")
    before = tree(host)
    assert change(host)[f"{HOME}/.npmrc"].result is Result.ADDED
    assert host.read(THEIRS).startswith(PUBLIC.pem + trusted)
    assert CORP.pem in host.read(THEIRS)
    gone = change(host, trusted=False)[f"{HOME}/.npmrc"]
    assert gone.result is not Result.FAILED
    assert tree(host) == before


@pytest.mark.parametrize(
    "before",
    [
        "ssl_verify: true\n",
        "channels:\n  - x\nssl_verify: True  # on again\nchannel_priority: strict\n",
        "ssl_verify: yes",
    ],
)
def test_a_word_that_decides_nothing_is_replaced_and_comes_back(host: ActingHost, before: str) -> None:
    """`conda config --set ssl_verify true` decides nothing: the key replaces it, and `remove` puts it back."""
    write(host, f"{HOME}/.condarc", before)
    assert change(host)[f"{HOME}/.condarc"].result is Result.ADDED
    said = host.read(f"{HOME}/.condarc").decode()
    assert said.count("ssl_verify") == 1
    assert f'ssl_verify: "{BUNDLE}"' in said
    assert change(host)[f"{HOME}/.condarc"].result is Result.ALREADY
    assert change(host, trusted=False)[f"{HOME}/.condarc"].result is Result.REMOVED
    assert host.read(f"{HOME}/.condarc").decode() == before


def test_a_value_that_only_running_would_tell_is_said(host: ActingHost) -> None:
    """Where a variable's value needs a command nothing is set over it, and its file and line are said."""
    write(host, f"{HOME}/.profile", "# mine\nexport NODE_EXTRA_CA_CERTS=$(find-root)\n")
    write(host, f"{HOME}/.npmrc", "fund=false\n")
    outcome = change(host)[f"{HOME}/.npmrc"]
    assert outcome.result is Result.SEALED
    assert ".profile line 2" in outcome.detail
    assert host.read(f"{HOME}/.npmrc") == b"fund=false\n"


def test_a_file_that_a_profile_has_moved(host: ActingHost) -> None:
    """Where the account's own profile moves a settings file, the key is in both, and goes from both."""
    write(host, f"{HOME}/.profile", "export XDG_CONFIG_HOME=$HOME/cfg\n")
    program(host, "/usr/bin/pip")
    before = tree(host)
    change(host)
    assert BUNDLE.encode() in host.read(f"{HOME}/cfg/pip/pip.conf")
    change(host, trusted=False)
    assert tree(host) == before


def test_nothing_goes_into_an_authority_whose_key_lies_beside(host: ActingHost) -> None:
    """A cluster of minikube takes what is in that file for the authority of its clients, too."""
    write(host, f"{HOME}/.minikube/ca.crt", PRIVATE.pem)
    write(host, f"{HOME}/.minikube/ca.key", "key\n")
    where = "clusters:\n- cluster:\n    certificate-authority: ~/.minikube/ca.crt\n  name: minikube\n"
    write(host, f"{HOME}/.kube/config", where.replace("~", HOME))
    assert not {one for one in change(host) if "minikube" in one or "kube" in one}
    assert Path(host.where(f"{HOME}/.minikube/ca.crt")).read_bytes() == PRIVATE.pem


def test_root_leaves_what_the_systems_store_reaches(host: ActingHost) -> None:
    """A registry's own roots of the machine count beside the system's, which `add` changes; rootless ones are hers."""
    registry = "/etc/docker/certs.d/r:5000/ca.crt"
    write(host, registry, PRIVATE.pem)
    write(host, f"{HOME}/.config/docker/certs.d/r:5000/ca.crt", PRIVATE.pem)
    done = change(host)
    assert done[f"{HOME}/.config/docker/certs.d/r:5000/ca.crt"].result is Result.ADDED
    root = replace(host, account=replace(host.account, uid=0, name="root", home="/root"))
    found = {one.location for one in looked_at.stores(root, "settings", (), frozenset())}
    assert registry not in found
    assert any(one.location == registry for one in looked_at.stores(host, "settings", (), frozenset()))


def test_a_file_that_is_longer_than_is_read(host: ActingHost) -> None:
    """One store fails for all variables of such a file; no line of it is named, and none is said to be taken out."""
    write(host, f"{HOME}/.profile", f"export NODE_EXTRA_CA_CERTS={THEIRS}\n" + "#" * (600 * 1024))
    failed = {location: one for location, one in change(host).items() if one.result is Result.FAILED}
    found = {one for location, one in failed.items() if "#" in location}
    assert [(one.store.location, one.store.label) for one in found] == [
        (f"{HOME}/.profile#variables", f"variables in {HOME}/.profile")
    ]
    (detail,) = (one.detail for one in found)
    assert detail.endswith("are unknown, because it is longer than is read; shorten it, and add again")


def test_a_file_in_another_encoding_is_said(host: ActingHost) -> None:
    """Pip ends with an error for a file in another encoding than the locale's: that is no trust, and is said."""
    program(host, "/usr/bin/pip")
    write(host, f"{HOME}/.config/pip/pip.conf", "# \xe4\n[global]\ntimeout = 9\n".encode("latin-1"))
    before = tree(host)
    outcome = change(host)[f"{HOME}/.config/pip/pip.conf"]
    assert outcome.result is Result.FAILED
    assert "line 1 is no UTF-8" in outcome.detail
    change(host, trusted=False)
    assert tree(host) == before


def test_a_managed_key_goes_from_a_file_in_another_encoding(host: ActingHost) -> None:
    """What a person does to the file afterwards keeps no managed key in it."""
    program(host, "/usr/bin/pip")
    change(host)
    said = host.read(f"{HOME}/.config/pip/pip.conf")
    write(host, f"{HOME}/.config/pip/pip.conf", said + b"# \xe4\n")
    change(host, trusted=False)
    assert host.read(f"{HOME}/.config/pip/pip.conf") == b"# \xe4\n"
