"""Finding products by words: typos, synonyms, facets and completions."""
