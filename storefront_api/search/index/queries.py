"""What is wanted, as queries of the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tantivy import FieldType, Occur, Query

from storefront_api.search.engine import Sort, Wanted
from storefront_api.search.index import schema
from storefront_api.search.index.reading import Need, Phrase, Reading


def every(queries: Sequence[Query]) -> Query:
    """Return the query of what all of some find."""
    return Query.boolean_query([(Occur.Must, each) for each in queries])


def some(queries: Sequence[Query]) -> Query:
    """Return the query of what any of some finds."""
    return Query.boolean_query([(Occur.Should, each) for each in queries])


def without(query: Query, others: Query) -> Query:
    """Return the query of what one finds and another does not."""
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, others)])


def holding(reading: Reading, needs: Sequence[Need], fields: Sequence[str]) -> Query:
    """Return the query of products of which some fields meet every need."""
    return every(
        [
            some([_said(reading, phrase, field) for phrase in need for field in fields])
            for need in needs
        ]
    )


def _said(reading: Reading, phrase: Phrase, field: str) -> Query:
    if len(phrase) == 1:
        return reading.term(field, phrase[0])
    return Query.phrase_query(reading.schema, field, list(phrase))


def filters(reading: Reading, wanted: Wanted) -> Iterator[Query]:
    """Return the queries of the filters in use."""
    for field in schema.EXACT:
        if value := getattr(wanted, field):
            yield reading.term(field, value)
    for certificate in wanted.certificates:
        yield reading.term("certificates", certificate)
    if wanted.plastic_free:
        yield reading.term("plastic_free", "true")
    if wanted.in_stock:
        yield reading.term("in_stock", True)
    if wanted.price_from_minor is not None or wanted.price_to_minor is not None:
        bounds = (wanted.price_from_minor, wanted.price_to_minor)
        yield Query.range_query(reading.schema, "prices_minor", FieldType.Integer, *bounds)
    if wanted.score_from is not None:
        yield Query.range_query(reading.schema, "score", FieldType.Integer, wanted.score_from)


def tiers(reading: Reading, needs: Sequence[Need], wanted: Wanted) -> list[Query]:
    """Return queries that part the hits, the better ones first.

    By relevance those first that have more of the preferred traits, and among them those of which
    the foremost fields say all; any other order is one tier. Which tier a product is in depends
    on itself alone, so that pages of tiers neither repeat nor hide what others do not change.
    """
    if wanted.sort is not Sort.RELEVANCE:
        return [Query.all_query()]
    said = [
        holding(reading, needs, schema.TEXTS[:number]) for number in range(1, len(schema.TEXTS) + 1)
    ]
    places = [said[0], *(without(more, less) for less, more in zip(said, said[1:], strict=False))]
    if not wanted.prefers:
        return places
    has = [reading.term("traits", schema.trait_term(trait)) for trait in wanted.prefers]
    least = [
        Query.boolean_query([(Occur.Should, each) for each in has], number)
        for number in range(1, len(has) + 1)
    ]
    exactly = [without(Query.all_query(), least[0])]
    exactly += [without(fewer, more) for fewer, more in zip(least, least[1:], strict=False)]
    exactly.append(least[-1])
    return [every([met, place]) for met in reversed(exactly) for place in places]


def beyond(reading: Reading, field: str, key: str) -> Query:
    """Return the query of what comes after a key of an order."""
    return reading.parsed(f"{field}:>{key}")
