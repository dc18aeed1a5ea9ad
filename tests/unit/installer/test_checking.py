"""The verdict of `check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.pki import make_root
from tests.unit.installer.test_library import lay_out
from trustinstall import Installer, load_certificates
from trustinstall.cli.main import run
from trustinstall.installer.checking import verdict
from trustinstall.installer.views import Held, Listed, View
from trustinstall.reporting.check import sentence

ONE, TWO = "a" * 64, "b" * 64


def _view(*states: str) -> View:
    held = tuple(Held(f"store-{number}", "", state) for number, state in enumerate(states))
    return View((Listed("machine", ONE, "CN=Corp", "Corp", "2030-01-01", "", "", held),))


@pytest.mark.parametrize(
    ("states", "code", "words"),
    [
        (["trusted", "follows debian"], 0, "ok: 1 certificate trusted in 2 stores"),
        (["trusted", "unreadable"], 0, "ok: 1 certificate trusted in 1 store"),
        (["trusted", "missing"], 10, "incomplete: 1 store does not trust it any more: store-1"),
        (["missing", "missing", "trusted"], 10, "incomplete: 2 stores do not trust it any more: store-0, store-1"),
        (["missing"], 10, "missing: 1 of 1 certificate not added here (aaaaaaaaaaaa)"),
    ],
)
def test_the_states_of_stores_decide(states: list[str], code: int, words: str) -> None:
    """A store that lost the certificate is 10; a store that this account cannot read decides nothing."""
    found = verdict(_view(*states), [ONE])
    assert (found.exit_code, sentence(found)) == (code, words)


def test_a_store_that_would_be_repaired_is_missing() -> None:
    """A store that does not trust it yet is 10; one that lost it is named as that, and once."""
    found = verdict(_view("trusted"), [ONE], ["store-7"])
    assert (found.exit_code, sentence(found)) == (10, "incomplete: 1 store does not trust it yet: store-7")
    both = verdict(_view("trusted", "missing"), [ONE], ["store-1"])
    assert (both.missing, both.lacking) == (("store-1",), ())


def test_a_certificate_that_was_not_added_is_missing() -> None:
    """Each certificate that was asked for counts; none that was asked for is as wanted."""
    assert verdict(_view("trusted"), [ONE, TWO]).absent == (TWO,)
    assert verdict(View(), []).exit_code == 0


def test_check_in_an_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and 10 before `add`, 0 after it, 10 after the file was deleted by hand; 2 for what names nothing."""
    image, corp = tmp_path / "image", tmp_path / "corp.pem"
    corp.write_bytes(make_root(common_name="Corp Root").pem)
    lay_out(image)
    words = ["check", "--sysroot", str(image)]
    assert run([*words, str(corp)]) == 10
    assert capsys.readouterr().out.startswith("missing: 1 of 1")
    assert run(words) == 0
    dry = ["add", "--sysroot", str(image), "--dry-run", str(corp)]
    assert (run(dry), run([*dry, "--exit-code"])) == (0, 10)
    assert Installer(image).add(load_certificates(str(corp))).exit_code() == 0
    assert run([*dry, "--exit-code"]) == 0
    capsys.readouterr()
    assert run([*words, str(corp)]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert run([*words, "--json", "--sha256", load_certificates(str(corp))[0].sha256]) == 0
    assert json.loads(capsys.readouterr().out)["exit_code"] == 0
    files = sorted((image / "usr/local/share/ca-certificates").iterdir())
    for made in files:
        made.unlink()
    (image / "etc/ssl/certs/ca-certificates.crt").write_bytes(make_root(common_name="Other").pem)
    assert run([*words, str(corp)]) == 10
    listing = ["list", "--sysroot", str(image)]
    assert (run(listing), run([*listing, "--exit-code"])) == (0, 10)
    assert run([*words, "--sha256", "abcd"]) == 2
