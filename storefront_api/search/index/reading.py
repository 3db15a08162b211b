"""What a moment of the index knows: its state, its words, and which of them is meant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tantivy import Index, Order, Query

from storefront_api.search.engine import Correction
from storefront_api.search.index import schema
from storefront_api.search.words import CANDIDATES, MOST_WORDS, closest, correctable, plain

FARTHEST = 2
"""Letters that may differ between a word and what it is corrected to; two exchanged are one."""

Phrase = tuple[str, ...]
"""Lexemes that follow each other."""
Need = tuple[Phrase, ...]
"""Phrases of which a hit has one."""


@dataclass(frozen=True)
class Understood:
    """What a text asks for.

    Parameters
    ----------
    needs
        All of them a hit meets.
    corrected
        Words that nothing has, and what was taken for them.
    """

    needs: tuple[Need, ...]
    corrected: tuple[Correction, ...] = ()


class Reading:
    """One state of the index; what is written meanwhile does not change it.

    Parameters
    ----------
    index
        Of which the newest state is read.
    """

    def __init__(self, index: Index) -> None:
        self.searcher = index.searcher()
        self.schema = index.schema
        self.parsed = index.parse_query
        self.state: dict[str, Any] = {}
        """What it was made from; empty while the index was never whole."""
        hits = self.searcher.search(self.term(schema.STATE, schema.STATE), 1).hits
        if hits:
            self.state = json.loads(bytes(self.searcher.doc(hits[0][1]).to_dict()["stated"][0]))

    def term(self, field: str, value: Any) -> Query:
        """Return the query of a value."""
        return Query.term_query(self.schema, field, value)

    def understood(self, text: str) -> Understood:
        """Return what a text asks for, with a near word for each that is nowhere."""
        words = plain(text).split()[:MOST_WORDS]
        meanings = self._meanings()
        terms = {lexeme for phrases in meanings.values() for each in phrases for lexeme in each}
        used: dict[str, str] = {}
        for word in dict.fromkeys(words):
            lexeme = schema.lexeme(word)
            if lexeme and lexeme not in terms and not self._known(lexeme):
                used[word] = self._nearest(word)
        corrected = tuple(Correction(word, near) for word, near in used.items() if near)
        return Understood(self._needs([used.get(w) or w for w in words], meanings), corrected)

    def needs(self, text: str) -> tuple[Need, ...]:
        """Return what a text asks for, as it is."""
        return self._needs(plain(text).split()[:MOST_WORDS], self._meanings())

    def beginning(self, start: str, limit: int) -> list[str]:
        """Return the words that begin so, those of the most products first."""
        return self._words(Query.regex_query(self.schema, "word", f"{start}.*"), limit)

    def _known(self, lexeme: str) -> bool:
        return bool(self.searcher.search(self.term("lexeme", lexeme), 1, False).hits)

    def _nearest(self, word: str) -> str:
        """Return a word that begins so, else the most similar one, else nothing."""
        if not correctable(word):
            return ""
        if begun := self.beginning(word, 1):
            return begun[0]
        for distance in range(1, FARTHEST + 1):
            alike = Query.fuzzy_term_query(self.schema, "word", word, distance)
            if near := closest(word, self._words(alike, CANDIDATES)):
                return near
        return ""

    def _words(self, query: Query, limit: int) -> list[str]:
        field = schema.BY_PRODUCTS
        hits = self.searcher.search(query, limit, False, field, 0, Order.Asc).hits
        return [schema.named(key) for key, _ in hits]

    def _meanings(self) -> dict[str, list[Phrase]]:
        """Return the terms of each meaning, those of the most words first."""
        found: dict[str, list[Phrase]] = {}
        for meaning, term in self.state["synonyms"]:
            if phrase := _phrase(plain(term).split()):
                found.setdefault(meaning, []).append(phrase)
        return {name: sorted(terms, key=len, reverse=True) for name, terms in found.items()}

    @staticmethod
    def _needs(words: Sequence[str], meanings: dict[str, list[Phrase]]) -> tuple[Need, ...]:
        left = dict.fromkeys(_phrase(words))
        needs: list[Need] = []
        for terms in meanings.values():
            for term in terms:
                if left.keys() >= set(term):
                    needs.append(tuple(terms))
                    for lexeme in term:
                        left.pop(lexeme, None)
        return (*needs, *(((lexeme,),) for lexeme in left))


def _phrase(words: Sequence[str]) -> Phrase:
    return tuple(filter(None, map(schema.lexeme, words)))
