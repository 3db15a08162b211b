"""What words are, and which of them is meant: alike for every engine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

MOST_WORDS = 20
"""Words of a text that are looked at."""
LEAST_LETTERS = 3
"""Shorter words are not corrected: too much is near to them."""
NEAR = 0.66
"""Least similarity of a correction, two thirds of the letters in their order; 1 is equality."""
CANDIDATES = 60
"""Known words that are compared letter by letter with one that is not."""
_APOSTROPHES = re.compile("['’]")
_BETWEEN = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Return a text in small letters, with one space for whatever parts its words.

    It does what PostgreSQL's function `search_plain` does.
    """
    return _BETWEEN.sub(" ", _APOSTROPHES.sub("", text.lower())).strip()


def correctable(word: str) -> bool:
    """Return whether another word may be meant by one that is not known."""
    return len(word) >= LEAST_LETTERS and not word.isdigit()


def closest(word: str, candidates: Iterable[str]) -> str:
    """Return the candidate that is most similar, the first of several; empty if none is near."""
    matcher = SequenceMatcher(b=word, autojunk=False)
    best, likeness = "", NEAR
    for candidate in candidates:
        matcher.set_seq1(candidate)
        # The quick one is never below the exact one, and much cheaper.
        if matcher.quick_ratio() > likeness and (ratio := matcher.ratio()) > likeness:
            best, likeness = candidate, ratio
    return best
