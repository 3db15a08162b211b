"""The search engine that keeps an index of its own beside PostgreSQL, by the library tantivy."""
