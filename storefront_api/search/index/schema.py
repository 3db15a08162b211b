"""The fields of the index, and how products and words become documents of it.

What decides an order is one text, whose letters sort as the products do: a number in as many
digits for all, and after it the product's id, so that no two are the same. A page then begins
after such a text, and shows the ids without reading a document. Ids and words are in hexadecimal,
which sorts as their UTF-8 does and needs no escaping in a query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tantivy import (
    Document,
    Filter,
    Index,
    Schema,
    SchemaBuilder,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from storefront_api.catalog.rules import Trait, published
from storefront_api.search.engine import SCORE_BAND, Sort
from storefront_api.search.words import plain

LAYOUT = 1
"""Counts up when a field, or what is written into one, changes: the index is then built anew."""
TEXTS = ("name", "kind", "category_words", "department_words")
"""What words are found in; a word in an earlier one counts for more."""
EXACT = ("department", "category", "brand", "vendor_id", "currency", "origin")
COUNTED = {
    "department": "department",
    "category": "category",
    "brand": "brand",
    "origin": "origin",
    "plastic_free": "plastic_free",
    "score": "band",
    "certificate": "certificates",
}
"""The fields that the facets count."""
ORDERS = {
    Sort.RELEVANCE: "by_id",
    Sort.PRICE_ASC: "by_price",
    Sort.PRICE_DESC: "by_falling_price",
    Sort.NEWEST: "by_age",
    Sort.SCORE: "by_score",
    Sort.RATING: "by_rating",
}
BY_PRODUCTS = "by_products"
"""The order of words: those of the most products first."""
STATE = "state"
_DIGITS = 19
_MOST = 10**_DIGITS - 1
_RATING_UNITS = 10**12
_ANALYZER = "english"
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def schema() -> Schema:
    """Return the fields; every field's name says what it is of, but for words and the state."""
    builder = SchemaBuilder()
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name=_ANALYZER, index_option="position")
    for name in ("words", "traits", "word", "lexeme", "product", STATE):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in (*EXACT, "plastic_free", "band", "certificates", *ORDERS.values(), BY_PRODUCTS):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("prices_minor", indexed=True, fast=True)
    builder.add_integer_field("score", indexed=True, fast=True)
    builder.add_boolean_field("in_stock", indexed=True)
    builder.add_bytes_field("stated", stored=True)
    return builder.build()


def version() -> str:
    """Return a name of all that documents depend on, besides what they are made from."""
    rules = [trait.model_dump_json() for each in published().values() for trait in each.traits]
    parts = "\n".join([str(LAYOUT), metadata.version("tantivy"), *rules])
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def folder_of(root: Path) -> Path:
    """Return where this version's index is, below the folder of all of them."""
    return root / version()


def exists(folder: Path) -> bool:
    """Return whether an index was begun in a folder."""
    return folder.is_dir() and Index.exists(str(folder))


def reopen(folder: Path) -> Index:
    """Open the index that is in a folder."""
    return Index.open(str(folder))


def make(folder: Path) -> Index:
    """Open the index of a folder to write it; one is begun where none is."""
    folder.mkdir(parents=True, exist_ok=True)
    index = Index(schema(), path=str(folder))
    index.register_tokenizer(_ANALYZER, analyzer())
    return index


@cache
def analyzer() -> TextAnalyzer:
    """Return what makes lexemes of plain words: no stop words, and English without its endings."""
    builder = TextAnalyzerBuilder(Tokenizer.whitespace())
    return builder.filter(Filter.stopword("english")).filter(Filter.stemmer("english")).build()


@lru_cache(maxsize=65_536)
def lexeme(word: str) -> str:
    """Return what a plain word is found by; empty for a stop word."""
    return "".join(analyzer().analyze(word))


def trait_term(trait: Trait) -> str:
    """Return the term of the products that have a trait; another rule has another term."""
    return trait.model_dump_json()


def key(number: int, name: str) -> str:
    """Return a text that sorts by a number, which is not negative, and then by a name."""
    return f"{number:0{_DIGITS}d}{name.encode().hex()}"


def named(text: str) -> str:
    """Return the name at the end of a key."""
    return bytes.fromhex(text[_DIGITS:]).decode()


def product(row: Mapping[str, Any], traits: Sequence[Trait]) -> Document:
    """Return the document of a product.

    Parameters
    ----------
    row
        As `repository.products` reads it.
    traits
        Those that the row tells of, in the same order.
    """
    product_id, score, price = row["product_id"], row["score"], min(row["prices_minor"])
    age = (row["listed_at"] - _EPOCH) // timedelta(microseconds=1)
    numbers = {
        Sort.RELEVANCE: 0,
        Sort.PRICE_ASC: price,
        Sort.PRICE_DESC: _MOST - price,
        Sort.NEWEST: _MOST - max(age, 0),
        Sort.SCORE: _MOST if score is None else 100 - score,
        Sort.RATING: round((5 - row["rating"]) * _RATING_UNITS),
    }
    fields: dict[str, Any] = {
        "product": product_id,
        "name": plain(row["name"]),
        "kind": plain(f"{row['brand']} {row['product_type']} {row['traits']}"),
        "category_words": plain(row["category"]),
        "department_words": plain(row["department"]),
        "words": [word for word in row["words"] if lexeme(word)],
        "certificates": row["certificates"],
        "prices_minor": row["prices_minor"],
        "in_stock": row["in_stock"],
        "traits": [trait_term(t) for t, met in zip(traits, row["met"], strict=True) if met],
        **{name: row[name] for name in EXACT if row[name]},
        **{field: key(numbers[sort], product_id) for sort, field in ORDERS.items()},
    }
    if row["plastic_free"] is not None:
        fields["plastic_free"] = str(row["plastic_free"]).lower()
    if score is not None:
        fields |= {"score": score, "band": str((score - score // 100) // SCORE_BAND * SCORE_BAND)}
    return Document.from_dict(fields, _schema())


def word(text: str, products: int) -> Document:
    """Return the document of a word that so many products have."""
    fields = {"word": text, "lexeme": lexeme(text), BY_PRODUCTS: key(_MOST - products, text)}
    return Document.from_dict(fields, _schema())


def state(stated: Mapping[str, Any]) -> Document:
    """Return the document that says what the index was made from, in JSON."""
    return Document.from_dict({STATE: STATE, "stated": json.dumps(stated).encode()}, _schema())


@cache
def _schema() -> Schema:
    return schema()
