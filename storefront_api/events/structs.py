"""The event contract's pydantic classes as msgspec structs, which check a message far faster.

A struct is derived from the class itself, its constraints and validators included, and is never
more lenient: what it refuses is asked of the class, whose word counts. A class that uses something
unknown here has no struct, and every one of its messages is asked of the class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_PLAIN = frozenset({bool, int, float, str, UUID, NoneType})
_BOUNDS: dict[type, str] = {
    Ge: "ge",
    Gt: "gt",
    Le: "le",
    Lt: "lt",
    MinLen: "min_length",
    MaxLen: "max_length",
}
"""Constraints that have the same name in both."""


class NoStructError(TypeError):
    """A class uses something that has no equal among msgspec's types and constraints."""


def struct_of(model: type[BaseModel], without: Collection[str] = ()) -> type[msgspec.Struct]:
    """Return a struct that accepts nothing which the class refuses.

    Parameters
    ----------
    without
        Fields of the class, with defaults, that the struct does not accept either.

    Raises
    ------
    NoStructError
        If there is none.
    """
    if model.model_config.get("extra") != "forbid":
        raise NoStructError(f"{model.__name__}: unknown fields are not forbidden")
    decorators = model.__pydantic_decorators__
    if decorators.field_validators or decorators.validators or decorators.root_validators:
        raise NoStructError(f"{model.__name__}: validators of single fields")
    checks: list[Callable[[Any], Any]] = []
    for name, validator in decorators.model_validators.items():
        if validator.info.mode != "after":
            raise NoStructError(f"{model.__name__}.{name}: runs before the fields are known")
        checks.append(validator.func)
    fields: list[Any] = []
    for name, info in model.model_fields.items():
        if info.alias is not None:
            raise NoStructError(f"{model.__name__}.{name}: an alias")
        if name in without:
            continue
        type_ = _constrained(_type(info.annotation), info.metadata)
        fields.append((name, type_) if info.is_required() else (name, type_, info.default))
    return msgspec.defstruct(
        model.__name__,
        fields,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
        namespace={"__post_init__": _all(checks)} if checks else {},
    )


def _all(checks: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    if len(checks) == 1:
        return checks[0]

    def post_init(self: Any) -> None:
        for check in checks:
            check(self)

    return post_init


def _type(annotation: Any) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        metadata: list[Any] = []
        for extra in arguments[1:]:
            metadata += extra.metadata if isinstance(extra, FieldInfo) else [extra]
        return _constrained(_type(arguments[0]), metadata)
    if origin is Literal or annotation is Any or annotation in _PLAIN:
        return annotation
    if origin in {Union, UnionType}:
        return Union[tuple(_type(argument) for argument in arguments)]  # noqa: UP007  # built
    if origin in {list, dict}:
        return origin[tuple(_type(argument) for argument in arguments)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation)
    raise NoStructError(f"{annotation!r} has no equal")


def _constrained(type_: Any, metadata: list[Any]) -> Any:
    rules: dict[str, Any] = {}
    for rule in metadata:
        if type(rule) in _BOUNDS:
            name = _BOUNDS[type(rule)]
            rules[name] = getattr(rule, name)
        elif set(getattr(rule, "__dict__", ())) == {"pattern"}:
            rules["pattern"] = _whole(rule.pattern)
        else:
            raise NoStructError(f"{rule!r} has no equal")
    if rules and get_origin(type_) is Union:
        members = [t if t is NoneType else _constrained(t, metadata) for t in get_args(type_)]
        return Union[tuple(members)]  # noqa: UP007  # built
    return Annotated[type_, msgspec.Meta(**rules)] if rules else type_


def _whole(pattern: str) -> str:
    r"""Return a pattern for Python's `re`, whose ``$`` also matches before a last newline."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
