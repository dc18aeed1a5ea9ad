"""The reader of documents: what it reads, Python's own readers read in the same way; and no input makes it fail."""

from __future__ import annotations

import json
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustinstall.declared.document import read
from trustinstall.declared.mistakes import Mistake
from trustinstall.typed_json import is_array, is_object

_PIECES = st.sampled_from(
    [
        *(
            "version = 1\n",
            "[defaults]\n",
            "[[certificate]]\n",
            "[a.b]\n",
            "[[a]]\n",
            "[a]\n",
            "[a.b.c]\n",
            "[[a.b]]\n",
        ),
        *('x = "a"\n', "x = 'a'\n", 'y = """\nb"""\n', "z = '''c'''\n", "t = true\n", "n = -7\n", "d = 2027-01-31\n"),
        *(
            "l = [1, 'x', [2],]\n",
            'e = "\\u00e9\\n\\\\"\n',
            "# words\n",
            "\n",
            " ",
            "\t",
            '"',
            "'",
            "[",
            "]",
            "=",
            "\\",
        ),
        *('"q k" = 1\n', "a.b = 1\n", "f = 1.5\n", "m = 2027-02-30\n", "\r\n", "o = 07\n", '""""', "\x00", "é = 1\n"),
    ]
)


def _plain(value: object) -> object:
    if is_object(value):
        return {key: _plain(one) for key, one in value.items()}
    if is_array(value):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@given(st.lists(_PIECES, max_size=9).map("".join) | st.text(max_size=40))
def test_toml_means_what_python_says(text: str) -> None:
    """Each document is a mistake, or says what tomllib says; what that refuses is refused."""
    try:
        ours = read("trust.toml", text.encode("utf-8", "surrogatepass")).data
    except Mistake as mistake:
        line = mistake.line
    else:
        line = 1
        if sys.version_info >= (3, 11) and not text.startswith("\ufeff") and text.lstrip()[:1] != "{":
            import tomllib

            assert ours == _plain(tomllib.loads(text))
    assert 1 <= line <= text.count("\n") + 1


@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), st.lists, max_leaves=8))
def test_json_means_what_python_says(value: object) -> None:
    """An object with any value in it is read as json reads it."""
    text = json.dumps({"a": value, "b": {"c": value}}, indent=1)
    assert read("x", text.encode()).data == json.loads(text)


@given(st.binary(max_size=60) | st.text('{}[]",:0 \n\\ua', max_size=30).map(str.encode))
def test_no_json_makes_it_fail(content: bytes) -> None:
    """Any bytes are a document or one mistake."""
    try:
        found = read("x.json", content)
    except Mistake:
        return
    assert found.data == json.loads(content.decode("utf-8-sig"))


def test_lines_are_those_of_the_keys() -> None:
    """Each key and element knows its line, in both forms."""
    toml = read("t", b'version = 1\n\n[[certificate]]\nfile = "a"\n[[certificate]]\nskip = [\n "x",\n "y"]\n')
    assert toml.line(("certificate", 1, "skip")) == 6
    assert toml.line(("certificate", 1, "skip", 1)) == 8
    assert toml.line(("certificate", 1, "pem")) == 5
    found = read("t", b'{"version": 1,\n "certificate": [\n  {"file": "a"},\n  {"skip":\n 1}]}')
    assert found.line(("certificate", 1)) == 4
    assert found.line(("certificate", 1, "skip")) == 4


@pytest.mark.parametrize("text", ["[" * 100_000, "x = " + "[" * 100_000, '{"a":' * 100_000, "x = '" + "a" * 10**6])
def test_large_nonsense_is_one_mistake(text: str) -> None:
    """Depth and length cost neither a crash nor seconds."""
    with pytest.raises(Mistake):
        read("x", text.encode())


def test_a_day_that_does_not_exist_is_told_with_its_key() -> None:
    """TOML's dates are read as its days: the mistake has file, line and key."""
    with pytest.raises(Mistake) as found:
        read("trust.toml", b"version = 1\n[defaults]\nuntil = 2027-02-29\n")
    assert str(found.value) == "trust.toml:3: defaults.until: 2027-02-29 is not a day that exists"
