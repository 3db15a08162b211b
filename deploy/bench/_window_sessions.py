"""Sessions by window functions: the textbook's form, to compare `int_sessions` with."""

SESSIONS = """
WITH clicks AS (
    SELECT *, lower(utm_medium) AS medium, lower(utm_source) AS source, utm_campaign AS campaign,
        domainWithoutWWW(referrer) AS host, if(host = domainWithoutWWW(url), '', host) AS from_host,
        medium != '' OR source != '' OR from_host != '' AS tells_origin,
        toUnixTimestamp64Milli(occurred_at) AS at_ms,
        at_ms - lagInFrame(at_ms, 1, at_ms) OVER (
            PARTITION BY session_id ORDER BY occurred_at
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS since_ms
    FROM staging.stg_clickstream__clicks
    WHERE session_id != '' AND occurred_at >= {first:Date} - 4 AND occurred_at < {end:Date} + 4
),
runs AS (
    SELECT *, sum(since_ms >= 1800000) OVER (
        PARTITION BY session_id ORDER BY occurred_at
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS run
    FROM clicks
),
nights AS (
    SELECT *, dateDiff('day',
        min(occurred_at) OVER (PARTITION BY session_id, run),
        max(occurred_at) OVER (PARTITION BY session_id, run)) AS nights
    FROM runs
),
sessions AS (
    SELECT session_id, run, if(nights > 1, toDate(occurred_at), toDate(0)) AS cut_to,
        max(subject) AS subject, min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
        countIf(type = 'product_viewed') AS views, countIf(type = 'product_added') AS adds,
        countIf(type = 'products_searched') AS searches, count() AS clicks,
        countIf(type IN ('page_viewed', 'product_list_viewed', 'product_viewed')) AS pages,
        countIf(type IN ('products_searched', 'product_added', 'product_added_to_wishlist',
            'cart_viewed', 'checkout_started')) AS aims,
        1 + countIf(since_ms >= 100 AND since_ms < 1800000) AS actions,
        quantilesExactIf(0.25, 0.5, 0.75)(since_ms, since_ms >= 100 AND since_ms < 1800000)
            AS gap_quartiles_ms,
        max(nights) AS midnights,
        arraySort(groupUniqArrayIf(agent, agent != '')) AS agents,
        arraySort(groupUniqArrayIf(network, network != '')) AS networks,
        min(derived) AS derived,
        minIf((at_ms, medium, source, from_host, campaign), tells_origin) AS origin,
        arraySort(groupArray((at_ms, type))) AS trail
    FROM nights GROUP BY session_id, run, cut_to
)
SELECT concat(sessions.session_id, '.', toString(toUnixTimestamp64Milli(started_at))) AS session_id,
    sessions.session_id AS client_session_id, subject, started_at, ended_at,
    toDate(started_at) AS session_date, views, adds, searches, clicks, pages, aims, actions,
    gap_quartiles_ms, midnights, agents, networks, derived, origin.2 AS medium,
    origin.3 AS source, origin.4 AS referrer, origin.5 AS campaign, trail
FROM sessions
WHERE session_date >= {first:Date} - 2 AND session_date < {end:Date} + 2
"""
