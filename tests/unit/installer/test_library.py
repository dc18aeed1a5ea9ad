"""The library: every type that its signatures name is public, and every example in its documentation is true."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import os
import pydoc
import re
import shutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

import trustinstall
from tests.support.pki import make_root
from trustinstall.engine.outcome import Outcome, Result, own_failures
from trustinstall.installer import logs
from trustinstall.stores.store import Store, fed_by

CORP = make_root(common_name="Corp Root")
OTHERS = make_root(common_name="Another Root")
NAMES = [name for name in trustinstall.__all__ if name != "__version__"]


def lay_out(image: Path) -> None:
    """An image of a Debian, whose tool is not run: what its programs read, and where local roots go."""
    shutil.rmtree(image, ignore_errors=True)
    (image / "etc/ssl/certs").mkdir(parents=True)
    (image / "usr/local/share/ca-certificates").mkdir(parents=True)
    (image / "usr/share/ca-certificates").mkdir(parents=True)
    (image / "usr/share/ca-certificates/other.crt").write_bytes(OTHERS.pem)
    (image / "etc/ca-certificates.conf").write_text("other.crt\n")
    (image / "etc/os-release").write_text("ID=debian\n")
    (image / "etc/ssl/certs/ca-certificates.crt").write_bytes(OTHERS.pem)
    tool = image / "usr/sbin/update-ca-certificates"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)


def examples() -> Iterator[doctest.DocTest]:
    """Every example in the documentation of public names and their methods."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    yield from finder.find(trustinstall, "trustinstall", globs={})
    for name in NAMES:
        yield from finder.find(getattr(trustinstall, name), name, globs={})


@pytest.mark.parametrize("example", [one for one in examples() if one.examples], ids=lambda one: str(one.name))
def test_examples_in_the_documentation(example: doctest.DocTest, tmp_path: Path) -> None:
    """Each example gives what it says, on an image of its own."""
    (tmp_path / "corp.pem").write_bytes(CORP.pem)
    lay_out(tmp_path / "image")
    public = {name: getattr(trustinstall, name) for name in NAMES}
    example.globs = {**public, "IMAGE": str(tmp_path / "image"), "CORP_PEM": str(tmp_path / "corp.pem")}
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_documented(name: str) -> None:
    """Each has a docstring of its own, and so has each of its public methods."""
    found = getattr(trustinstall, name)
    assert inspect.getdoc(found)
    if inspect.isclass(found):
        for method, value in vars(found).items():
            if inspect.isfunction(value) and value.__name__ == method and not method.startswith("_"):
                assert inspect.getdoc(value), f"{name}.{method}"


def named_types() -> Iterator[tuple[str, str]]:
    """The types of trustinstall that signatures of the installer and fields of its results name."""
    for kind in (trustinstall.Installer, trustinstall.Report, trustinstall.View, trustinstall.Outcome):
        texts = [str(one.type) for one in dataclasses.fields(kind)]
        for method, value in inspect.getmembers(kind, inspect.isroutine):
            if not method.startswith("_"):
                texts += [str(text) for text in getattr(value, "__annotations__", {}).values()]
        for text in texts:
            for word in re.findall(r"\b[A-Z]\w+", text):
                yield kind.__name__, word


def test_every_type_in_a_signature_is_public() -> None:
    """A caller never has to import from a module below the package."""
    foreign = {*dir(typing), "Callable", "Mapping", "Sequence", "None", "Sha256"}
    missing = {word for _, word in named_types()} - {*trustinstall.__all__, *foreign}
    assert missing == set()


_LOADED = (
    "import sys, trustinstall\n{}\nprint(*sorted({{one.partition('.')[0] for one in sys.modules}} & set(sys.argv[1:])))"
)
#: What a program does with the library, and which of the heavy modules are then loaded.
WEIGHT = {
    "": "",
    "trustinstall.TrustInstallError": "",
    "trustinstall.create_ssl_context()": "ssl",
    "trustinstall.Installer()": "trustinstall_platforms",
}


@pytest.mark.parametrize("doing", WEIGHT)
def test_only_what_is_used_is_loaded(doing: str) -> None:
    """A program pays for no command line, and for no backend that it does not use."""
    heavy = ("cryptography", "logging", "ssl", "typer", "trustinstall_platforms")
    command = [sys.executable, "-c", _LOADED.format(doing), *heavy]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.run(command, env=paths, capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == WEIGHT[doing]


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        trustinstall.Nonsense  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_a_plan_a_change_and_a_removal_as_a_caller_writes_them(tmp_path: Path) -> None:
    """A vetted file, a dry run without browsers, the change, the report as data, and the removal by fingerprint."""
    (tmp_path / "corp.pem").write_bytes(CORP.pem)
    lay_out(tmp_path / "image")
    installer = trustinstall.Installer(sysroot=tmp_path / "image")
    roots = trustinstall.load_certificates(str(tmp_path / "corp.pem"), sha256=CORP.sha256)
    plan = installer.add(roots, scope="machine", skip=["browsers"], dry_run=True)
    assert (len(plan.planned), len(plan.stores), plan.to_dict()["would_change"]) == (1, 1, True)
    report = installer.add(roots, scope="machine", skip=["browsers"])
    assert (report.ok, report.failed, report.to_dict()["schema"]) == (True, [], 2)
    assert [(one["id"], one["result"]) for one in report.to_dict()["stores"]] == [("debian", "added")]
    assert [one.result.value for one in installer.remove(CORP.sha256).stores] == ["removed"]
    assert not installer.remove(CORP.sha256).changed


def test_add_vets_what_nobody_has_vetted(tmp_path: Path) -> None:
    """A caller's own certificate is vetted as a file is; one of `load_certificates` is not vetted again."""
    lay_out(tmp_path / "image")
    years = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2010, 2020)]
    old = make_root(common_name="Old Root", not_before=years[0], not_after=years[1])
    (tmp_path / "old.pem").write_bytes(old.pem)
    installer = trustinstall.Installer(sysroot=tmp_path / "image")
    with pytest.raises(trustinstall.CertificateRefused, match="Old Root expired on 2020-01-01"):
        installer.add(trustinstall.Certificate(old.der))
    assert installer.list() == ()
    assert installer.add(trustinstall.load_certificates(tmp_path / "old.pem", allow=["expired"]), skip="browsers").ok
    assert installer.add([trustinstall.Certificate(CORP.der)]).ok
    assert {one.name for one in installer.list()} == {"Corp Root", "Old Root"}


def test_what_a_caller_gets_wrong_is_said(tmp_path: Path) -> None:
    """The name of a file in place of a certificate, and a scope that there is not."""
    lay_out(tmp_path / "image")
    installer = trustinstall.Installer(sysroot=tmp_path / "image")
    with pytest.raises(TypeError, match=r"load_certificates\(\) returns them, and not str"):
        installer.add("corp.crt")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(trustinstall.UsageProblem, match="world is not a scope"):
        installer.list("world")


def test_a_certificate_that_a_store_lost_is_not_complete(tmp_path: Path) -> None:
    """The list names the store, and the report is one line in a log."""
    lay_out(tmp_path / "image")
    installer = trustinstall.Installer(sysroot=tmp_path / "image")
    report = installer.add(trustinstall.Certificate(CORP.der))
    assert repr(report) == "<Report of add: 1 stores, 0 planned, 0 failed>"
    (tmp_path / "image/etc/ssl/certs/ca-certificates.crt").write_bytes(OTHERS.pem)
    (found,) = installer.list()
    assert (found.complete, [one.store for one in found.missing]) == (False, ["debian"])


def test_the_log_has_a_level_for_each_kind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What failed is a warning, what was done is information, and each store is for debugging."""
    lay_out(tmp_path / "image")
    (tmp_path / "corp.pem").write_bytes(CORP.pem)
    caplog.set_level("DEBUG", "trustinstall")
    installer = trustinstall.Installer(sysroot=tmp_path / "image")
    report = installer.add(trustinstall.load_certificates(tmp_path / "corp.pem"))
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("DEBUG", f"vetted Corp Root, SHA-256 {CORP.sha256}"),
        ("INFO", f"add: Corp Root, SHA-256 {CORP.sha256}, scope: image {tmp_path}/image"),
        ("DEBUG", "add: debian: added"),
        ("INFO", "add ended: 1 stores, 0 failed"),
    ]
    caplog.clear()
    failed = dataclasses.replace(report.outcomes[0], result=Result.FAILED, detail="it is read-only")
    part = dataclasses.replace(report.scopes[0], outcomes=(failed,))
    logs.told(dataclasses.replace(report, scopes=(part, trustinstall.ScopeResult("alice", problem="no home"))))
    warned = [one.message for one in caplog.records if one.levelname == "WARNING"]
    assert warned == ["add: debian failed: it is read-only", "add: scope alice: no home"]


def test_help_reads_well() -> None:
    """No signature shows an object's address."""
    text = pydoc.plain(pydoc.render_doc(trustinstall.Installer))
    assert " object at 0x" not in text
    assert "Installer(sysroot: 'str | PurePath | None' = None, *" in text


def test_results_are_words_without_blanks() -> None:
    """A script may compare them; the page about the library lists all."""
    page = (Path(__file__).parents[3] / "docs/reference/library.md").read_text()
    for one in trustinstall.Result:
        assert re.fullmatch("[a-z-]+", one.value)
        assert f"`{one.value}`" in page


def test_a_store_that_follows_a_failed_one_is_no_failure_of_its_own() -> None:
    """A caller mends the source alone; a store that failed by itself is named, although another store feeds it."""
    debian = Store("debian", "/etc/ssl/certs/ca-certificates.crt", 0, "debian", "")
    java = Store("java", "/etc/ssl/certs/java/cacerts", 0, "java:/x", "", source=fed_by(debian.location))
    failed = [Outcome(one, Result.FAILED, "x; y") for one in (debian, java)]
    assert own_failures(failed) == failed[:1]
    assert own_failures([Outcome(debian, Result.ADDED), failed[1]]) == failed[1:]
