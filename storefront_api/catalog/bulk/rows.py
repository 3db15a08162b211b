"""What a row of the file says, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from storefront_api.catalog.bulk import cells
from storefront_api.catalog.repository import COLUMNS
from storefront_api.catalog.rules import Rules
from storefront_api.catalog.schemas import Description, ImportedProduct, Options
from storefront_api.catalog.sustainability import Attributes, unknown_words

NEEDED = COLUMNS
ATTRIBUTES = tuple(Attributes.model_fields)
"""Columns of which a file has all or none."""
OPTIONAL = ("opening_stock", "description", "options", *ATTRIBUTES)
EXPORTED = (*NEEDED, "description", "options", *ATTRIBUTES)
NONE = "none"
"""The cell of a product of which it is known that it has no certificate."""
_NUMBERS = frozenset({"mass_grams", "list_price_minor", "opening_stock", "recyclable_percent"})
_TRUTH = {"true": True, "false": False}
_OPTIONS: TypeAdapter[dict[str, str]] = TypeAdapter(Options)
_DESCRIPTION: TypeAdapter[str] = TypeAdapter(Description)


class RowError(BaseModel):
    """Why a row was left out.

    Parameters
    ----------
    row
        As a spreadsheet counts: the header is the first.
    """

    model_config = ConfigDict(frozen=True)

    row: int
    field: str
    rule: str


class BadRowError(Exception):
    """A row breaks rules.

    Parameters
    ----------
    broken
        Each field with the rule that it breaks.
    """

    def __init__(self, *broken: tuple[str, str]) -> None:
        super().__init__(broken)
        self.broken = broken


@dataclass(frozen=True)
class Row:
    """A variant, and what the row says of its product.

    Parameters
    ----------
    number
        As a spreadsheet counts: the header is row 1.
    description, options, attributes
        None if the file says nothing of it.
    """

    number: int
    product: ImportedProduct
    description: str | None
    options: Mapping[str, str] | None
    attributes: Attributes | None


def parse(number: int, record: Mapping[str, str], rules: Rules) -> Row:
    """Return what a record says.

    Raises
    ------
    BadRowError
        If a cell breaks a rule.
    """
    text = {name: cells.read(cell) for name, cell in record.items()}
    broken: list[tuple[str, str]] = []
    stated: dict[str, Any] = {}
    for name, value in text.items():
        try:
            stated[name] = _value(name, value)
        except ValueError as error:
            broken.append((name, str(error)))
    product = description = options = attributes = None
    try:
        known = {name: stated[name] for name in (*NEEDED, "opening_stock") if name in stated}
        product = ImportedProduct.model_validate(known)
    except ValidationError as error:
        broken += _broken(error, set(text) - {name for name, _ in broken})
    try:
        if "description" in stated:
            description = _DESCRIPTION.validate_python(stated["description"])
    except ValidationError as error:
        broken.append(("description", str(error.errors()[0]["msg"])))
    try:
        if stated.get("options"):
            options = _OPTIONS.validate_python(stated["options"])
    except ValidationError as error:
        broken.append(("options", str(error.errors()[0]["msg"])))
    try:
        if ATTRIBUTES[0] in text:
            known = {name: stated[name] for name in ATTRIBUTES if name in stated}
            attributes = Attributes.model_validate(known)
            broken += [(n.split(".")[0], rule) for n, rule in unknown_words(attributes, rules)]
    except ValidationError as error:
        broken += _broken(error, set(text))
    if broken or product is None:
        raise BadRowError(*broken)
    return Row(number, product, description, options, attributes)


def _broken(error: ValidationError, names: set[str]) -> list[tuple[str, str]]:
    """Return the columns that a model refuses; each that is not told of already."""
    found = []
    for each in error.errors():
        message = str(each["msg"]).removeprefix("Value error, ")
        place = str(each["loc"][0]) if each["loc"] else message.split(":")[0]
        if place in names:
            found.append((place, message))
    return found


def _value(name: str, text: str) -> Any:
    """Return the value of a cell.

    Raises
    ------
    ValueError
        If it cannot be one of the column's.
    """
    if "\0" in text:
        raise ValueError("has no zero bytes")
    if name in _NUMBERS:
        return _number(name, text)
    if name == "options":
        return _pairs(text, "=", "such as colour=red;size=M")
    if name == "materials":
        shares = _pairs(text, ":", "such as wood:80;glass:20")
        return [
            {"material": material, "share_percent": _number(name, share)}
            for material, share in shares.items()
        ]
    if name == "certificates":
        return None if not text else [] if text == NONE else text.split(";")
    if name == "plastic_free":
        if text and text not in _TRUTH:
            raise ValueError("true, false, or empty if it is unknown")
        return _TRUTH.get(text)
    return text


def _number(name: str, text: str) -> int | None:
    if not text and name != "list_price_minor":
        return 0 if name == "opening_stock" else None
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError("digits alone, a whole number")
    return int(text)


def _pairs(text: str, between: str, such_as: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in text.split(";") if text else ():
        name, sign, value = each.partition(between)
        if not (name and sign and value):
            raise ValueError(such_as)
        if name in found:
            raise ValueError(f"{name} is stated once")
        found[name] = value
    return found


def record_of(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of a variant as the catalogue has it."""
    attributes = Attributes.model_validate(row["attributes"] or {})
    special = {
        "options": ";".join(f"{name}={value}" for name, value in row["options"].items()),
        "materials": ";".join(f"{s.material}:{s.share_percent}" for s in attributes.materials),
        "origin": attributes.origin,
        "certificates": _certificates(attributes.certificates),
        "recyclable_percent": _plain(attributes.recyclable_percent),
        "packaging": attributes.packaging,
        "plastic_free": _plain(attributes.plastic_free).lower(),
    }
    return [
        cells.written(special[name] if name in special else _plain(row[name])) for name in EXPORTED
    ]


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _certificates(names: tuple[str, ...] | None) -> str:
    if names is None:
        return ""
    return ";".join(names) or NONE
