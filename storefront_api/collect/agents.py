"""What kind of program sends clicks, by the name that it gives itself.

The name is looked at and let go: what is published is one word of a closed vocabulary, which tells
nobody apart. A program that calls itself a browser is taken for one here; what it does tells more.
"""

from __future__ import annotations

from functools import lru_cache

from crawleruseragents import CRAWLER_USER_AGENTS_DATA, is_crawler, matching_crawlers

from storefront_api.events.clickstream import Agent

MAX_NAME = 512
"""Characters of a name that are looked at; browsers' have at most half as many."""
NAMES_KEPT = 4096
"""Names whose class is kept in memory: looking one up in the list takes a quarter of a ms."""
_BROWSERS = ("Mozilla/", "Opera/")


def agent_of(user_agent: str) -> Agent:
    """Return the class of a `User-Agent` header.

    The list is that of the package crawler-user-agents (MIT): patterns, some of which it tags as
    libraries of programs or as browsers that a program drives.
    """
    return _class_of(user_agent.strip()[:MAX_NAME])


@lru_cache(NAMES_KEPT)
def _class_of(name: str) -> Agent:
    if not name:
        return "empty"
    if not is_crawler(name):
        return "browser" if name.startswith(_BROWSERS) else "other"
    tags = {tag for n in matching_crawlers(name) for tag in CRAWLER_USER_AGENTS_DATA[n]["tags"]}
    if "browser-automation" in tags:
        return "headless"
    return "library" if "http-library" in tags else "declared_bot"
