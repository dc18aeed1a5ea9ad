"""Each mistake of a document has the file, line and key at which it stands, and names what a document can do."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.pki import Root, make_root
from trustinstall.declared import difference
from trustinstall.declared.declaration import Declaration
from trustinstall.declared.loading import load
from trustinstall.declared.mistakes import Mistakes
from trustinstall.installer.installer import Installer

ROOT, OTHER = make_root("Corp Root"), make_root("Other Root")
NOW = datetime.now(timezone.utc)
OLD = make_root("Old Root", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))


def certificate(root: Root, *more: str) -> str:
    """One certificate of a document: its keys stand in the lines after the first."""
    return "\n".join(("[[certificate]]", *more, f"pem = '''\n{root.pem.decode()}'''", ""))


def read(tmp_path: Path, text: str) -> Declaration:
    """What a document asks for."""
    (tmp_path / "t.toml").write_text("version = 1\n" + text)
    return load(fake_host.make(tmp_path), "/t.toml")


def mistakes(tmp_path: Path, text: str) -> list[str]:
    """The mistakes of a document, without the directory of its file."""
    with pytest.raises(Mistakes) as found:
        read(tmp_path, text)
    return [one.sentence.removeprefix("/") for one in found.value.found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            certificate(ROOT, f'sha256 = "{OTHER.sha256}"'),
            f"t.toml:3: certificate.1.sha256: Corp Root has another fingerprint: {ROOT.sha256}",
        ),
        (certificate(ROOT, "until = 2027-02-29"), "t.toml:3: certificate.1.until: 2027-02-29 is not a day that exists"),
        (certificate(ROOT, 'domains = ["*.x"]'), "t.toml:3: certificate.1.domains: *.x: that is no name; "),
        ('[defaults]\ndomains = ["*.x"]\n' + 2 * certificate(ROOT), "t.toml:3: defaults.domains: *.x: that is no name"),
        ('[[certificate]]\nfile = "-"\n', "t.toml:3: certificate.1.file: there is no file /"),
        ('[[certificate]]\nfile = "."\n', "t.toml:3: certificate.1.file: cannot read /"),
        ('[[certificate]]\npem = "x"\n', "t.toml:3: certificate.1.pem: the text: it holds no certificate"),
        (
            '[proxies]\nhttp = "http://p:1"\n\nno_proxy = ["10.0.0.0/33"]\n',
            "t.toml:5: proxies.no_proxy: 10.0.0.0/33 is no address and no network",
        ),
        (certificate(ROOT) + certificate(ROOT, "until = 2099-01-01"), "t.toml:16: certificate.2: Corp Root is asked"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, text: str, expected: str) -> None:
    """There is one, at the line of its key; a key of [defaults] is told once, and not at each certificate."""
    found = mistakes(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found


def test_mistakes_stand_in_the_order_of_lines(tmp_path: Path) -> None:
    """The same document gives the same list each time: first the form, then what the values mean."""
    keys = "".join(f"{name} = 1\n" for name in ("zz", "b", "yy", "a"))
    found = mistakes(tmp_path, f'{keys}[[certificate]]\nurl = "http://x"\n')
    assert [one.partition(": ")[0] for one in found] == [f"t.toml:{line}" for line in (2, 3, 4, 5, 6, 7)]
    text = '[[certificate]]\npem = "x"\n[proxies]\nhttp = "http://p:1"\nno_proxy = ["a:1"]\n'
    assert [one.split(":")[1] for one in mistakes(tmp_path, text)] == ["3", "6"]


def test_a_refusal_names_no_option_of_add(tmp_path: Path) -> None:
    """`apply` has no --allow-…: the text says what a document can do, and which command can."""
    [found] = mistakes(tmp_path, certificate(OLD))
    assert found.endswith("; a document cannot lift this: `add --allow-expired` can"), found
    middle = OTHER.intermediate("Middle")
    [found] = mistakes(tmp_path, certificate(middle))
    assert found.endswith("; to trust it all the same: intermediate = true"), found
    assert len(read(tmp_path, certificate(middle, "intermediate = true")).certificates) == 1


def test_the_order_and_number_of_words_have_no_meaning(tmp_path: Path) -> None:
    """The same root with the same stores in another order is no contradiction."""
    text = certificate(ROOT, 'skip = ["java", "nss"]') + certificate(ROOT, 'skip = ["nss", "java", "nss"]')
    [one] = read(tmp_path, text).certificates
    assert one.terms.skip == ("java", "nss")


def test_what_is_over_or_left_out_is_said(tmp_path: Path) -> None:
    """A root whose trust is over comes with a note, and no plan brings it; an intermediate beside a root, too."""
    found = read(tmp_path, certificate(ROOT, "until = 2020-01-31"))
    assert [note.partition(": ")[2] for note in found.notes] == ["the trust in Corp Root is over since 2020-01-31"]
    assert difference.differences(Installer(host=fake_host.make(tmp_path), backends=[]), found, prune=False) == ()
    both = ROOT.pem.decode() + OTHER.intermediate("Middle").pem.decode()
    found = read(tmp_path, f"[[certificate]]\npem = '''\n{both}'''\n")
    assert [note.partition(": ")[2] for note in found.notes] == ["Middle is left out, because it is no root"]
