"""Frozen dataclasses with slots, at a third of what `dataclasses` takes to make them.

`@frozen` is what `@dataclass(frozen=True, slots=True)` is. That one writes seven methods of every
class as source text and compiles each while the module is imported, which would be a fifth of a
function's cold start (docs/decisions/frozen-values.md). Here `__init__` alone is written; the other
methods need to know no more of a class than its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

_T = TypeVar("_T")

#: Fields, slots, `replace` and the like are the standard library's.
_bare = dataclass(init=False, repr=False, eq=False, slots=True)

#: What stands for a field with a factory where it is not given.
_NOT_GIVEN: Any = object()


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[_T], /) -> type[_T]:
    """A dataclass whose instances never change, equal and hashed by all their fields.

    A field may have `default`, `default_factory` and `repr`. TypeError for a class that inherits
    fields, has other kinds of them or one of the methods itself: nothing needs that yet.
    """
    inherits = hasattr(cls, "__dataclass_fields__")
    made: Any = _bare(cls)
    of = fields(made)
    usual = all(each.init and each.compare and not each.kw_only for each in of)
    if inherits or not usual or vars(cls).keys() & _WRITTEN:
        raise TypeError(f"{cls.__name__} needs a dataclass of the standard library")
    made.__init__ = _init(of, checked=hasattr(made, "__post_init__"))
    made.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__eq__, made.__hash__ = _comparing(of)
    for name, method in _SAME_FOR_ALL.items():
        setattr(made, name, method)
    same: type[_T] = made
    return same


def _init(of: tuple[Field[Any], ...], *, checked: bool) -> Callable[..., None]:
    known: dict[str, Any] = {"set_field": object.__setattr__, "NOT_GIVEN": _NOT_GIVEN}
    parameters, lines = ["self"], []
    for each in of:
        name = given = each.name
        if each.default is not MISSING:
            known[f"{name}_default"] = each.default
            parameters.append(f"{name}={name}_default")
        elif each.default_factory is not MISSING:
            known[f"{name}_factory"] = each.default_factory
            parameters.append(f"{name}=NOT_GIVEN")
            given = f"{name}_factory() if {name} is NOT_GIVEN else {name}"
        else:
            parameters.append(name)
        lines.append(f"    set_field(self, {name!r}, {given})")
    if checked:
        lines.append("    self.__post_init__()")
    text = f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or ["    pass"])
    exec(text, known)  # nosec B102 # noqa: S102 - nothing but our own fields' names is in the text
    written: Callable[..., None] = known["__init__"]
    return written


def _comparing(
    of: tuple[Field[Any], ...],
) -> tuple[Callable[[Any, object], Any], Callable[[Any], int]]:
    values: Callable[[Any], object] = attrgetter(*(x.name for x in of)) if of else lambda _: ()

    def equal(self: Any, other: object) -> Any:  # noqa: ANN401 - of any class
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    def hashed(self: Any) -> int:  # noqa: ANN401 - of any class
        return hash(values(self))

    return equal, hashed


# ------------------------------------------------------------------------ the same for all classes
def _repr(self: Any) -> str:  # noqa: ANN401 - of any class
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _set(_self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:  # noqa: ANN401 - of any class
    """For `copy` and `pickle`, which cannot set what is frozen."""
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[object]) -> None:  # noqa: ANN401 - of any class
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_SAME_FOR_ALL: dict[str, Callable[..., object]] = {
    "__repr__": _repr,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
_WRITTEN = {"__init__", "__eq__", "__hash__", *_SAME_FOR_ALL}
