"""Settings in YAML are read as YAML 1.2 says, in every style; what a client might read otherwise is refused."""

from __future__ import annotations

import pytest

from trustinstall.editing import Malformed
from trustinstall_platforms.tools.effective import condarc, yaml_tree
from trustinstall_platforms.tools.effective.reading import FINAL


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("{ssl_verify: /x.pem}", "/x.pem", 1),
        ("{a: [b, {c: d}],\n 'ssl_verify' : \"/x.pem\" # c\n}\n", "/x.pem", 2),
        ("--- {a, ssl_verify: /x.pem,}\n...\n# more\n", "/x.pem", 1),
        ("%YAML 1.2\n---\n  ssl_verify: /x.pem # mine\n", "/x.pem", 3),
        ("channels: [a,\n  b]\nssl_verify: /x.pem\n", "/x.pem", 3),
        ("channels:\n- a\n-\n  - b\nssl_verify: /x.pem", "/x.pem", 5),
        ("a: &top /x.pem\nssl_verify: *top\n", "/x.pem", 2),
        ('"ssl_verify": "/\\x78\\u002epem"\r\n', "/x.pem", 1),
        ("ssl_verify: '/it''s.pem'\n", "/it's.pem", 1),
        ("ssl_verify: '/a\n\n  b\n  c'\n", "/a\nb c", 1),
        ('ssl_verify: "/a\\\n  b"\n', "/ab", 1),
        ("ssl_verify:\n  /x.pem\n", "/x.pem", 2),
        ("ssl_verify: /a\n  b\n\n  c # d\n", "/a b\nc", 1),
        ("ssl_verify: >-\n  /x\n  y\n", "/x y", 1),
        ("ssl_verify: >+\n\n  /x\n\n", "\n/x\n\n", 1),
        ("ssl_verify: |2-\n   /x\n", " /x", 1),
        ("ssl_verify: |\n  /x", "/x", 1),
        ("a: |\n  ssl_verify: /y\nssl_verify: /x.pem\n", "/x.pem", 3),
        ("a: 'b\nssl_verify: /y'\nssl_verify: /x.pem\n", "/x.pem", 3),
        ("ssl_verify: !!str /x.pem\n", "/x.pem", 1),
        ("ssl_verify: /x.pem#y\n", "/x.pem#y", 1),
        ("ssl_verify:\n", "", 1),
        ("ssl_verify: [/x.pem]\n", "[/x.pem]", 1),
        ("ssl_verify:\n  a: b\n", "a: b", 1),
    ],
)
def test_a_value_at_the_top(text: str, value: str, line: int) -> None:
    """The key has its value and line in each style, and what looks like it in other values does not count."""
    found = [(said, at) for path, said, at in yaml_tree.rows(text.encode()) if path == ("ssl_verify",)]
    assert found == [(value, line)]


def test_values_in_values() -> None:
    """Scalars have the names that lead to them, and items of lists their numbers."""
    text = "a:\n- name: b\n  c: {d: [e, f]}\n- g\nh:\n  i: j\n"
    expected = {("a", "0", "name"): "b", ("a", "0", "c", "d", "1"): "f", ("a", "1"): "g", ("h", "i"): "j"}
    found = {path: value for path, value, _ in yaml_tree.rows(text.encode())}
    assert {path: found[path] for path in expected} == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: b\n? ssl_verify\n: c\n", 2),
        ("<<: {ssl_verify: /x}\n", 1),
        ("a: b\n---\nssl_verify: c\n", 2),
        ("a: b\n\tssl_verify: c\n", 2),
        ("a: b: c\n", 1),
        ("a: b\n  c: d\n", 2),
        ("a: 'b\n", 1),
        ("a: *b\n", 1),
        ('a: "\\y"\n', 1),
        ("a: b\nc\n", 2),
        ("- a\n", 1),
        ("a\n", 1),
        ("--- a: b\n", 1),
        ("a: \x07\n", 1),
        ("a: [b\n", 2),
        ("a: {b: c}: d\n", 1),
        ("a: " + "[" * 100, 1),
        ("a: `b\n", 1),
    ],
)
def test_what_is_not_known_is_refused(text: str, line: int) -> None:
    """A text that a client refuses, or might read otherwise, is refused with its line."""
    with pytest.raises(Malformed, match=f"line {line} is no YAML") as caught:
        yaml_tree.rows(text.encode())
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["a:\tb\n", "a: b\na: c\n", "a: {b: c, b: d}\n"])
def test_what_conda_refuses(text: str) -> None:
    """Tabs between values, and a key that is twice there, are refused for conda alone."""
    assert yaml_tree.rows(text.encode())
    with pytest.raises(Malformed):
        condarc.rows(text.encode())


@pytest.mark.parametrize(
    ("text", "is_final"),
    [
        ("ssl_verify: /x #!final\n", True),
        ("ssl_verify: /x #final", True),
        ("ssl_verify: /x # !final\n", False),
        ("ssl_verify: /x#!final\n", False),
        ("ssl_verify: /x #!final\n# more\na: b\n", False),
        ("ssl_verify: /x #!finally\n", False),
    ],
)
def test_a_final_line_of_conda(text: str, *, is_final: bool) -> None:
    """Conda's comment of a line that counts more than all others is found where conda finds it."""
    assert (("ssl_verify", FINAL) in [path for path, _, _ in condarc.rows(text.encode())]) == is_final
