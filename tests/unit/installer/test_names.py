"""Which certificates the words after `remove` name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import CertificateRefused, UsageProblem
from trustinstall.host import Host
from trustinstall.installer.names import resolve

Resolve = Callable[..., list[str]]
KNOWN = [Certificate(make_root(common_name=name).der) for name in ("Corp Root G1", "Corp Root G2", "Other \x1b[31m")]
STRANGER = Certificate(make_root(common_name="Stranger").der)


def _alike() -> tuple[Certificate, Certificate]:
    """Two certificates whose fingerprints begin alike (with four digits)."""
    found: dict[str, Certificate] = {}
    while True:
        one = Certificate(make_root(common_name="Alike").der)
        if one.sha256[:2] in found:
            return found[one.sha256[:2]], one
        found[one.sha256[:2]] = one


@pytest.fixture
def names(make_host: Callable[..., Host]) -> Resolve:
    """`names(word, …)`: the fingerprints that words mean."""
    known = {one.sha256: one for one in KNOWN}

    def of(*words: str) -> list[str]:
        find = {STRANGER.sha256: STRANGER}.get
        return [one.sha256 for one in resolve(make_host(), words, known, find)]

    return of


def test_a_file_names_what_is_in_it(names: Resolve, tmp_path: Path) -> None:
    """PEM or DER, managed or not; of a file with several, the managed ones."""
    (tmp_path / "one.der").write_bytes(STRANGER.der)
    (tmp_path / "two.pem").write_bytes(KNOWN[0].pem + STRANGER.pem)
    assert names("/one.der") == [STRANGER.sha256]
    assert names("/two.pem") == [KNOWN[0].sha256]


def test_a_file_that_holds_none_is_refused(names: Resolve, tmp_path: Path) -> None:
    """As `add` would."""
    (tmp_path / "words").write_text("words")
    with pytest.raises(CertificateRefused):
        names("/words")


@pytest.mark.parametrize("form", ["{}", "SHA256:{}", "sha256={}", " {} "])
@pytest.mark.parametrize("spaced", [False, True])
def test_a_fingerprint_in_any_form(names: Resolve, form: str, *, spaced: bool) -> None:
    """Whole or its start, in any case, with colons or blanks."""
    for digits in (KNOWN[1].sha256, KNOWN[1].sha256[:12]):
        text = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2)) if spaced else digits.upper()
        assert names(form.format(text)) == [KNOWN[1].sha256]


def test_a_whole_fingerprint_of_a_stranger(names: Resolve) -> None:
    """It is found in the stores; one that is nowhere, or a stranger's start, gives nothing: `remove` is idempotent."""
    assert names(STRANGER.sha256) == [STRANGER.sha256]
    assert names("ab" * 32) == []
    assert names(STRANGER.sha256[:12]) == []


def test_a_start_that_fits_several_is_refused(make_host: Callable[..., Host]) -> None:
    """The sentence names them, so that one can be chosen."""
    one, two = _alike()
    digits = (
        next(one.sha256[:size] for size in range(64, 3, -1) if two.sha256.startswith(one.sha256[:size]))
        if (one.sha256[:4] == two.sha256[:4])
        else ""
    )
    known = {one.sha256: one, two.sha256: two}
    word = digits or "Alike"
    with pytest.raises(UsageProblem, match="names 2 certificates") as caught:
        resolve(make_host(), [word], known, lambda _sha256: None)
    assert one.sha256[:12] in str(caught.value)
    assert two.sha256[:12] in str(caught.value)


def test_a_subject(names: Resolve) -> None:
    """A part of it that fits one certificate, in any case."""
    assert names("corp root g2") == [KNOWN[1].sha256]
    assert names("CORP ROOT G1", "corp root g2") == [KNOWN[0].sha256, KNOWN[1].sha256]
    assert names("g1", KNOWN[0].sha256) == [KNOWN[0].sha256]
    with pytest.raises(UsageProblem, match="names 2 certificates"):
        names("Corp")


@pytest.mark.parametrize("word", ["nonsense", "", "\x1b[31m evil", "*", "../../etc/passwd", "a" * 10_000])
def test_what_names_nothing_is_refused_in_one_printable_sentence(names: Resolve, word: str) -> None:
    """For any input."""
    with pytest.raises((UsageProblem, CertificateRefused)) as caught:
        names(word)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
