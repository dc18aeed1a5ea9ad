"""Dataclasses whose methods are shared, and not compiled, and named tuples whose annotations are not.

`dataclasses` compiles six functions for a frozen class, which takes 0.4 ms, and a command imports 90 such classes.
Here a class takes 0.03 ms. An instance takes 1 µs more than there: a class of many instances has the original.
`typing` compiles the type of each field of a named tuple: 0.1 ms instead of 0.04 ms for each of 110 classes.
"""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  type checkers see the original
    from inspect import Signature
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  as above
else:

    class _NamedTuples(type):
        """The class of NamedTuple: a class that inherits from that is made anew, as a tuple."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            types: dict[str, Any] = body.get("__annotations__", {})
            defaults = [body.pop(one) for one in types if one in body]
            made = namedtuple(name, types, defaults=defaults, module=body["__module__"])  # noqa: PYI024  see above
            for key, value in body.items():
                if key != "__slots__":
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_NamedTuples):
        """The same as the original."""


class _Shape(NamedTuple):
    """The names of a class's fields by their use, and the values of those that are not given."""

    given: tuple[str, ...]
    needed: frozenset[str]
    allowed: frozenset[str]
    defaults: Mapping[str, object]
    factories: Mapping[str, Callable[[], object]]
    shown: tuple[str, ...]
    compared: tuple[str, ...]


@cache
def _shape(kind: Any) -> _Shape:  # noqa: ANN401  a class of this module
    fields, missing = dataclasses.fields(kind), dataclasses.MISSING
    given = tuple(one.name for one in fields if one.init)
    defaults = {one.name: one.default for one in fields if one.default is not missing}
    factories = {one.name: one.default_factory for one in fields if one.default_factory is not missing}
    return _Shape(
        given,
        frozenset(given) - defaults.keys() - factories.keys(),
        frozenset(given),
        defaults,
        factories,
        tuple(one.name for one in fields if one.repr),
        tuple(one.name for one in fields if one.compare),
    )


def _compared(one: Any) -> tuple[object, ...]:  # noqa: ANN401  an instance of such a class
    return tuple([getattr(one, name) for name in _shape(one.__class__).compared])


class _Signature:
    """The signature of a class, which `help` shows."""

    def __get__(self, _instance: object, kind: Any) -> Signature:  # noqa: ANN401  a class of this module
        from inspect import signature

        fields = [(one.name, one.type, one) for one in dataclasses.fields(kind)]
        return signature(dataclasses.make_dataclass(kind.__name__, fields))


class _Methods:
    """The methods of all classes."""

    __signature__ = _Signature()

    def __init__(self: Any, *values: object, **named: object) -> None:
        shape = _shape(self.__class__)
        given = dict(zip(shape.given, values), **named)  # noqa: B905  too many values are found below
        if len(given) < len(values) + len(named) or not shape.needed <= given.keys() <= shape.allowed:
            words = (*("…" for _ in values), *(f"{name}=…" for name in named))
            raise TypeError(f"{type(self).__name__}({', '.join(shape.given)}) does not take ({', '.join(words)})")
        place = self.__dict__
        place.update(shape.defaults)
        for name, make in shape.factories.items():
            if name not in given:
                place[name] = make()
        place.update(given)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    def __repr__(self: Any) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _shape(self.__class__).shown)
        return f"{type(self).__qualname__}({shown})"

    def __eq__(self, other: object) -> bool:
        return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(_compared(self))

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__signature__")
_GUARDS = ("__setattr__", "__delattr__")


def _made(kind: Any, *, frozen: bool) -> Any:  # noqa: ANN401  any class
    inherits = frozen and any(map(dataclasses.is_dataclass, kind.__mro__[1:]))
    # Without a base class, this collects the fields, and compiles nothing.
    dataclasses.dataclass(init=False, repr=False, eq=False, frozen=inherits)(kind)
    kind.__dataclass_params__.frozen = frozen  # a frozen class inherits from no other
    for name in (*_METHODS, *_GUARDS) if frozen else _METHODS:
        if name not in vars(kind):
            setattr(kind, name, vars(_Methods)[name])
    if not frozen:
        kind.__hash__ = None
    return kind


if not TYPE_CHECKING:

    def dataclass(kind: type | None = None, *, frozen: bool = False) -> type | Callable[[type], type]:
        """Make a class a dataclass, as the original does."""
        return partial(_made, frozen=frozen) if kind is None else _made(kind, frozen=frozen)
