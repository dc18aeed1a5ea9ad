"""Tests of dataclasses and named tuples that are made quickly: they behave as those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from functools import cached_property
from typing import Any, get_type_hints

import pytest

import trustinstall
from trustinstall import values


def point(decorator: Callable[..., Any], *, frozen: bool) -> Any:  # noqa: ANN401  a class that no checker knows
    """Return a dataclass with each kind of field that the program has."""

    class Point:
        """A point."""

        x: int
        y: int = 2
        names: tuple[str, ...] = ()
        places: list[str] = dataclasses.field(default_factory=list[str], compare=False)
        secret: str = dataclasses.field(default="", repr=False)
        seen: bool = dataclasses.field(default=False, init=False, compare=False)

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("it is negative")

        @cached_property
        def total(self) -> int:
            """The sum."""
            return self.x + self.y

    return decorator(frozen=frozen)(Point)


@pytest.fixture(params=[True, False], ids=["frozen", "mutable"])
def kinds(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """The same class, made by the standard library and here."""
    return point(dataclasses.dataclass, frozen=request.param), point(values.dataclass, frozen=request.param)


@pytest.mark.parametrize(
    ("given", "named"),
    [((1,), {}), ((1, 3), {"secret": "s"}), ((), {"y": 5, "x": 4, "names": ("a",)}), ((1, 2, ("a",), ["b"], "s"), {})],
    ids=["defaults", "both", "named", "all"],
)
def test_an_instance_is_that_of_the_original(
    kinds: tuple[Any, Any], given: tuple[object, ...], named: dict[str, object]
) -> None:
    """Values, text, copies with a change and deep copies are the same."""
    original, shared = (kind(*given, **named) for kind in kinds)
    assert dataclasses.asdict(shared) == dataclasses.asdict(original)
    assert (repr(shared), shared.total) == (repr(original), original.total)
    changed = dataclasses.replace(shared, x=9)
    assert repr(changed) == repr(dataclasses.replace(original, x=9))
    assert (copy.deepcopy(shared), changed == shared) == (shared, False)


def test_instances_are_compared_by_their_fields(kinds: tuple[Any, Any]) -> None:
    """Only the fields that count are compared, and only instances of one class are equal."""
    for kind in kinds:
        assert kind(1, places=["a"]) == kind(1, 2)
        assert kind(1) != kind(2)
        assert kind(1) != (1, 2)
    assert kinds[0](1) != kinds[1](1)


def test_a_mutable_default_is_made_for_each_instance(kinds: tuple[Any, Any]) -> None:
    """A list of one instance is not that of another."""
    for kind in kinds:
        kind(1).places.append("a")
        assert kind(1).places == []


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, 2, (), ["a"], "", False), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((1,), {"seen": True})],
    ids=["missing", "too many", "twice", "unknown", "set by the class"],
)
def test_arguments_that_do_not_fit(kinds: tuple[Any, Any], given: tuple[object, ...], named: dict[str, object]) -> None:
    """They are the same error, which names the fields and shows no value."""
    for kind in kinds:
        with pytest.raises(TypeError, match="Point"):
            kind(*given, **named)


def test_a_class_checks_its_values(kinds: tuple[Any, Any]) -> None:
    """The function of a class that checks a new instance is called."""
    for kind in kinds:
        with pytest.raises(ValueError, match="negative"):
            kind(-1)


def test_a_frozen_instance_is_not_changed() -> None:
    """No attribute can be set or deleted; an instance can be in a set, a mutable one cannot."""
    for decorator in (dataclasses.dataclass, values.dataclass):
        frozen, mutable = (point(decorator, frozen=one)(1) for one in (True, False))
        with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
            frozen.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
            del frozen.x
        assert len({frozen, type(frozen)(1)}) == 1
        mutable.x = 3
        assert mutable == type(mutable)(3)
        with pytest.raises(TypeError, match="unhashable"):
            hash(mutable)


def test_a_class_keeps_its_own_methods() -> None:
    """A method that a class defines is not replaced, and a subclass has the fields of both."""

    @values.dataclass
    class Named:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    @values.dataclass
    class Numbered(Named):
        number: int = 1

    assert repr(Named("a")) == "<a>"
    assert dataclasses.asdict(Numbered("a")) == {"name": "a", "number": 1}


@pytest.mark.parametrize("decorator", [dataclasses.dataclass, values.dataclass], ids=["original", "shared"])
def test_a_frozen_class_inherits_from_a_frozen_one(decorator: Callable[..., Any]) -> None:
    """A subclass, by either decorator, has all fields and is frozen; a mutable one is refused."""

    @values.dataclass(frozen=True)
    class Named:
        name: str

    class Numbered(Named):
        number: int = 1

    kind = decorator(frozen=True)(Numbered)
    one = kind("a")
    assert (dataclasses.asdict(one), one == kind("a", 1)) == ({"name": "a", "number": 1}, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"

    class Changing(Named):
        number: int = 1

    with pytest.raises(TypeError, match="non-frozen"):
        decorator(frozen=False)(Changing)


def test_help_shows_the_fields(kinds: tuple[Any, Any]) -> None:
    """The signature is that of the original, of the library's classes too."""
    original, shared = map(inspect.signature, kinds)
    assert shared == original
    assert list(inspect.signature(trustinstall.Anchor).parameters)[:2] == ["store", "sha256"]
    assert list(inspect.signature(trustinstall.Certificate).parameters) == ["der"]


class _Pair(values.NamedTuple):
    """Two words."""

    first: str
    second: str = "b"

    @property
    def both(self) -> str:
        """The two."""
        return self.first + self.second


def test_a_named_tuple_is_that_of_the_original() -> None:
    """It has the fields, defaults and methods of its class, and is a tuple."""
    pair = _Pair("a")
    assert (pair, pair.both, repr(pair)) == (("a", "b"), "ab", "_Pair(first='a', second='b')")
    assert (pair._replace(first="c"), _Pair.__doc__, _Pair.__module__) == (("c", "b"), "Two words.", __name__)
    assert (_Pair._fields, get_type_hints(_Pair)) == (("first", "second"), {"first": str, "second": str})
    assert pickle.loads(pickle.dumps(pair)) == pair  # noqa: S301  what was just written
