"""Bundles that a tool writes of files, changed without the tool: the result is what the tool would write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError
from trustinstall_platforms.linux.anchor_sources import NewAnchor
from trustinstall_platforms.linux.concatenated import BundleChange, Concatenated, ShrunkFile

CORP, *OTHERS = (Certificate(make_root(f"Concatenated Root {number}").der) for number in range(4))
NEWEST = [Certificate(make_root(f"Newest Root {number}").der) for number in range(2)]
LOCAL, SHIPPED = "/usr/local/share/ca-certificates", "/usr/share/ca-certificates"
NEW = NewAnchor(f"{LOCAL}/m-corp.crt", CORP)
TEXTS = st.sampled_from([CORP.pem, *(one.pem for one in OTHERS), b"# two\n" + OTHERS[0].pem + OTHERS[1].pem.strip()])
FILES = st.tuples(
    st.lists(TEXTS, max_size=4).map(
        lambda texts: [Concatenated(f"{SHIPPED}/{number}.crt", text) for number, text in enumerate(texts)]
    ),
    st.dictionaries(st.sampled_from("anpz"), TEXTS).map(
        lambda texts: [Concatenated(f"{LOCAL}/{name}.crt", text) for name, text in sorted(texts.items())]
    ),
).map(lambda pair: [*pair[0], *pair[1]])


def written(files: list[Concatenated]) -> bytes:
    """The bundle that the tool writes."""
    return b"".join(one.text for one in files)


def in_order(files: list[Concatenated]) -> list[Concatenated]:
    """Packages' files as they are, then the local ones by name."""
    shipped = [one for one in files if one.path.startswith(SHIPPED)]
    return [*shipped, *sorted((one for one in files if one not in shipped), key=lambda one: one.path)]


@given(FILES)
def test_a_file_that_comes_stands_where_the_tool_writes_it(files: list[Concatenated]) -> None:
    """Also beside files of the same text, and taken out again it leaves every byte as before."""
    before, after = written(files), in_order([*files, Concatenated(NEW.path, CORP.pem)])
    added = BundleChange("bundle", files, [NEW]).apply(before)

    assert added == written(after)
    assert BundleChange("bundle", after, [NEW]).apply(added) == added
    assert BundleChange("bundle", after, shrunk=[ShrunkFile(NEW.path, b"")]).apply(added) == before


@given(FILES)
def test_files_that_come_together_stand_in_the_tools_order(files: list[Concatenated]) -> None:
    """Each where the tool writes it, with any order of the requests."""
    new = [NewAnchor(f"{LOCAL}/{name}-new.crt", one) for name, one in zip("zbm", (CORP, *NEWEST), strict=True)]
    after = in_order([*files, *(Concatenated(one.path, one.certificate.pem) for one in new)])

    assert BundleChange("bundle", files, new).apply(written(files)) == written(after)


@given(FILES, st.data())
def test_a_file_that_goes_leaves_the_equal_text_of_others(files: list[Concatenated], data: st.DataObject) -> None:
    """Any of them, or several: each of the others stays as often as the tool writes it."""
    gone = data.draw(st.sets(st.sampled_from([one.path for one in files]))) if files else set[str]()
    change = BundleChange("bundle", files, shrunk=[ShrunkFile(path, b"") for path in gone])

    assert change.apply(written(files)) == written([one for one in files if one.path not in gone])


def test_a_dropped_certificate_goes_from_wherever_it_stands() -> None:
    """A copy that no file feeds goes, too, when the bundle is not to show the certificate."""
    bundle = OTHERS[0].pem + CORP.pem
    assert BundleChange("bundle", [], dropped=frozenset({CORP.sha256})).apply(bundle) == OTHERS[0].pem


def test_a_text_that_is_not_in_the_bundle_is_not_looked_for_in_another_file() -> None:
    """The bundle lacks the second of two equal files: the first one's text stays when the second file goes."""
    files = [Concatenated(f"{LOCAL}/a.crt", CORP.pem), Concatenated(f"{LOCAL}/b.crt", CORP.pem)]
    change = BundleChange("bundle", files, shrunk=[ShrunkFile(f"{LOCAL}/b.crt", b"")])
    assert change.apply(CORP.pem) == CORP.pem


def test_text_without_a_line_break_at_the_end_is_an_error() -> None:
    """The error names the bundle; a certificate behind such a text would be lost with it."""
    with pytest.raises(StoreError, match="/etc/bundle has no line break"):
        BundleChange("/etc/bundle", [], [NEW]).apply(b"appended by hand")
