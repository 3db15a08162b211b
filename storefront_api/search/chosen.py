"""Which search engine is in use."""

from __future__ import annotations

from storefront_api.search.engine import SearchEngine
from storefront_api.search.index import schema
from storefront_api.search.index.engine import IndexSearch
from storefront_api.search.repository import PostgresSearch
from storefront_api.services import Services


def chosen(services: Services) -> SearchEngine:
    """Return the engine that the settings choose."""
    settings = services.settings
    if settings.search_engine == "tantivy":
        folder = schema.folder_of(settings.search_index_dir)
        return IndexSearch(folder, services.pool, services.cursors)
    return PostgresSearch(services.pool, services.cursors, services.clock)
