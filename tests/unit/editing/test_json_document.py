"""JSON as text: in and out again, every other byte as it was."""

from __future__ import annotations

import json

import pytest

from trustinstall.editing.json_document import Document

TEXTS = (
    b"{}",
    b"{}\n",
    b"{\n}\n",
    b'{"a": 1}',
    b'{\r\n\t"a": {"list": [1, 2]},\r\n\t"b": null\r\n}\r\n',
    b'{"policies": {}}',
    b'{"policies": {"Certificates": {}}}',
    b'{"policies": {"Certificates": {"Install": []}}}',
    b'{\n  "policies": {\n    "Certificates": {\n      "Install": [\n        "x",\n        "y"\n      ]}}}\n',
    b'\xef\xbb\xbf{"policies":{"Certificates":{"Install":["x"]},"\\u00e9\\ud800": "\\"}"}}',
    b'{"policies": 1, "policies": {"Certificates": {"Install": ["x"]}}}',
)
LENIENT = (
    b'// who\n{"policies": {"Certificates": {"Install": ["x",] /* "]" */,}},}',
    b'{"policies": {// }\n "Certificates": {"Install": ["x" // last\n]}}}',
)
PATH = ("policies", "Certificates", "Install")


@pytest.mark.parametrize("text", [*TEXTS, *LENIENT])
def test_in_and_out_again(text: bytes) -> None:
    """Two items put in and taken out, in either order, leave the bytes that stood there."""
    for first, second in (("A", "B"), ("B", "A")):
        document = Document(text, lenient=True)
        made = [PATH[: depth + 1] for depth in range(3) if document.get(*PATH[: depth + 1]) is None]
        changed = document.with_item(PATH, "A").with_item(PATH, "B")
        assert changed.get(*PATH)[-2:] == ["A", "B"]
        changed = changed.without_items(PATH, first.__eq__).without_items(PATH, second.__eq__)
        for path in reversed(made):
            changed = changed.without_empty(path)
        assert changed.data == text


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_written_is_json(text: bytes) -> None:
    """Another reader sees the item, and everything else as before."""
    before = json.loads(text.decode("utf-8-sig"))
    after = json.loads(Document(text).with_item(PATH, "A").data.decode("utf-8-sig"))
    assert after["policies"]["Certificates"]["Install"].pop() == "A"
    if "policies" not in before:
        del after["policies"]
    else:
        policies = before["policies"].setdefault("Certificates", {})
        policies.setdefault("Install", [])
    assert after == before


def test_the_manner_of_the_neighbours() -> None:
    """A new item, or key, stands as the one before it does."""
    text = b'{\n  "a": [\n    1\n  ]\n}\n'
    assert Document(text).with_item(["a"], 2).data == b'{\n  "a": [\n    1,\n    2\n  ]\n}\n'
    assert Document(text).with_item(["b"], 2).data == b'{\n  "a": [\n    1\n  ],\n  "b": [2]\n}\n'


def test_the_first_and_the_only_one_go() -> None:
    """An item goes with one comma, wherever it stands."""
    document = Document(b'{"a": ["x", "y", "x", "z"]}').without_items(["a"], "x".__eq__)
    assert document.data == b'{"a": ["y", "z"]}'
    assert Document(b'{"a": ["x" , ]}', lenient=True).without_items(["a"], "x".__eq__).data == b'{"a": [ ]}'


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"a"}',
        b'{"a": }',
        b'{"a": 1,}',
        b'{"a": 01}',
        b"{} {}",
        b'{"a": "\n"}',
        b'{"a": 1} // no',
        b"\xff\xfe{}",
        b'{"a": "\xff"}',
        b'{"a":' + b"[" * 5000,
        b'{"a": NaN}',
    ],
)
def test_what_is_no_json(text: bytes) -> None:
    """Any other content is refused with a few words."""
    with pytest.raises(ValueError, match=r"\w"):
        Document(text)


@pytest.mark.parametrize("text", [b'{"policies": 1}', b'{"policies": {"Certificates": {"Install": "x"}}}'])
def test_something_else_in_the_way(text: bytes) -> None:
    """What is no object, or no list, is not written over."""
    with pytest.raises(ValueError, match="is no"):
        Document(text).with_item(PATH, "A")
    assert Document(text).without_items(PATH, lambda _item: True).data == text


@pytest.mark.parametrize(
    "text", [b'["x", "a", "y", "b", "c"]', b'["a"]', b'["a", "b"]', b'["a", "x", "b", "y"]', b'["x"]']
)
def test_items_that_lie_beside_each_other_or_apart(text: bytes) -> None:
    """All items that match are removed in one pass, and each of the others stays once."""
    document = Document(b'{"list": ' + text + b"}").without_items(["list"], lambda item: item not in {"x", "y"})
    assert json.loads(document.data) == {"list": [item for item in json.loads(text) if item in {"x", "y"}]}


def test_a_number_without_end() -> None:
    """A number of more digits than any settings file holds is refused; Python's reader needs minutes for it."""
    with pytest.raises(ValueError, match=r"\w"):
        Document(b'{"a": ' + b"9" * 1_000_000 + b"}")
