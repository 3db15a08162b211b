"""What search reads: a document a product, the words of the catalogue, and synonyms."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

SYNONYMS = {
    "soda": ("soda", "pop", "soft drink", "soft drinks"),
    "diaper": ("diaper", "nappy", "nappies"),
    "chips": ("chips", "crisps"),
    "cookie": ("cookie", "biscuit"),
    "candy": ("candy", "sweets"),
    "eggplant": ("eggplant", "aubergine"),
    "zucchini": ("zucchini", "courgette"),
    "cilantro": ("cilantro", "coriander"),
    "scallion": ("scallion", "green onion", "spring onion"),
    "garbanzo": ("garbanzo", "chickpea"),
    "shrimp": ("shrimp", "prawn"),
    "ground beef": ("ground beef", "minced beef", "beef mince"),
    "detergent": ("laundry detergent", "washing powder"),
    "toilet paper": ("toilet paper", "bath tissue", "toilet tissue"),
    "paper towel": ("paper towel", "kitchen roll"),
    "yogurt": ("yogurt", "yoghurt"),
}
"""Terms that mean the same, by the name of the meaning."""

STATEMENTS = (
    # Punctuation becomes space, or the parser would take "dr.pepper" for the name of a host.
    # The collation knows every letter, whatever the locale of the cluster.
    r"""
    CREATE FUNCTION search_plain(wanted text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(
        regexp_replace(lower(wanted COLLATE pg_c_utf8), '[''’]', '', 'g'),
        '[\W_]+', ' ', 'g'
    ))
    """,
    """
    CREATE FUNCTION search_words_of(wanted text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT coalesce(array_agg(DISTINCT word), '{}')
        FROM string_to_table(search_plain(wanted), ' ') AS word
        WHERE word <> ''
    )
    """,
    """
    CREATE FUNCTION search_trigrams(word text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT array_agg(DISTINCT substr('  ' || word || ' ', place, 3))
        FROM generate_series(1, length(word) + 1) AS place
    )
    """,
    """
    CREATE TABLE search_documents (
        product_id text COLLATE "C" PRIMARY KEY,
        name text NOT NULL,
        vendor_id text NOT NULL,
        brand text NOT NULL,
        department text NOT NULL,
        category text NOT NULL,
        product_type text NOT NULL,
        currency text NOT NULL,
        skus text[] NOT NULL,
        prices_minor bigint[] NOT NULL CHECK (cardinality(prices_minor) >= 1),
        price_minor bigint NOT NULL GENERATED ALWAYS AS (prices_minor[1]) STORED,
        listed_at timestamptz NOT NULL,
        words text[] NOT NULL GENERATED ALWAYS AS (search_words_of(
            name || ' ' || brand || ' ' || product_type || ' ' || category || ' ' || department
        )) STORED,
        document tsvector NOT NULL GENERATED ALWAYS AS (
            setweight(to_tsvector('english', search_plain(name)), 'A')
            || setweight(to_tsvector('english', search_plain(brand || ' ' || product_type)), 'B')
            || setweight(to_tsvector('english', search_plain(category)), 'C')
            || setweight(to_tsvector('english', search_plain(department)), 'D')
        ) STORED
    )
    """,
    # Without a pending list every read costs the same, however much was just imported.
    """
    CREATE INDEX search_documents_by_word ON search_documents USING gin (document)
    WITH (fastupdate = off)
    """,
    """
    CREATE TABLE search_words (
        word text COLLATE "C" PRIMARY KEY,
        products bigint NOT NULL CHECK (products >= 0),
        lexeme text COLLATE "C" GENERATED ALWAYS AS (
            (tsvector_to_array(to_tsvector('english', word)))[1]
        ) STORED,
        trigrams text[] NOT NULL GENERATED ALWAYS AS (search_trigrams(word)) STORED
    )
    """,
    "CREATE INDEX search_words_by_lexeme ON search_words (lexeme)",
    "CREATE INDEX search_words_by_trigram ON search_words USING gin (trigrams) "
    "WITH (fastupdate = off)",
    """
    CREATE TABLE search_synonyms (
        term text PRIMARY KEY,
        meaning text NOT NULL,
        target tsquery NOT NULL GENERATED ALWAYS AS (
            plainto_tsquery('english', search_plain(term))
        ) STORED,
        phrase tsquery NOT NULL GENERATED ALWAYS AS (
            phraseto_tsquery('english', search_plain(term))
        ) STORED,
        lexemes text[] NOT NULL GENERATED ALWAYS AS (
            tsvector_to_array(to_tsvector('english', search_plain(term)))
        ) STORED
    )
    """,
    # Imports wait for each other, so that no two of them count the same product's words.
    """
    CREATE FUNCTION search_refresh(changed text[]) RETURNS void LANGUAGE sql
    BEGIN ATOMIC
        WITH shown AS (
            SELECT DISTINCT ON (product_id) * FROM products
            WHERE product_id = ANY (changed) ORDER BY product_id, sku
        ), priced AS (
            SELECT product_id, array_agg(sku ORDER BY sku) AS skus,
                array_agg(DISTINCT list_price_minor ORDER BY list_price_minor) AS prices_minor,
                min(updated_at) AS listed_at
            FROM products WHERE product_id = ANY (changed) GROUP BY product_id
        ), gone AS (
            DELETE FROM search_documents AS d
            WHERE d.product_id = ANY (changed)
                AND NOT EXISTS (SELECT FROM products AS p WHERE p.product_id = d.product_id)
            RETURNING d.words AS old_words
        ), kept AS (
            INSERT INTO search_documents AS d (
                product_id, name, vendor_id, brand, department, category, product_type,
                currency, skus, prices_minor, listed_at
            )
            SELECT s.product_id, s.name, s.vendor_id, s.brand, s.department, s.category,
                s.product_type, s.currency, p.skus, p.prices_minor, p.listed_at
            FROM shown AS s JOIN priced AS p USING (product_id)
            ON CONFLICT (product_id) DO UPDATE SET
                name = excluded.name, vendor_id = excluded.vendor_id, brand = excluded.brand,
                department = excluded.department, category = excluded.category,
                product_type = excluded.product_type, currency = excluded.currency,
                skus = excluded.skus, prices_minor = excluded.prices_minor
            WHERE (d.name, d.vendor_id, d.brand, d.department, d.category, d.product_type,
                    d.currency, d.skus, d.prices_minor)
                IS DISTINCT FROM (excluded.name, excluded.vendor_id, excluded.brand,
                    excluded.department, excluded.category, excluded.product_type,
                    excluded.currency, excluded.skus, excluded.prices_minor)
            RETURNING old.words AS old_words, new.words AS new_words
        ), counted AS (
            SELECT word, sum(change) AS change FROM (
                SELECT unnest(new_words) AS word, 1 AS change FROM kept
                UNION ALL SELECT unnest(old_words), -1 FROM kept
                UNION ALL SELECT unnest(old_words), -1 FROM gone
            ) AS each_word
            GROUP BY word HAVING sum(change) <> 0
        )
        MERGE INTO search_words AS w USING counted AS c ON w.word = c.word
        WHEN MATCHED THEN UPDATE SET products = w.products + c.change
        WHEN NOT MATCHED THEN INSERT (word, products) VALUES (c.word, c.change);
    END
    """,
    "SELECT search_refresh(ARRAY(SELECT DISTINCT product_id FROM products))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for meaning, terms in SYNONYMS.items():
        for term in terms:
            op.execute(
                f"INSERT INTO search_synonyms (term, meaning) VALUES ('{term}', '{meaning}')"
            )


def downgrade() -> None:
    op.execute("DROP FUNCTION search_refresh(text[])")
    for table in ("search_synonyms", "search_words", "search_documents"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION search_trigrams(text)")
    op.execute("DROP FUNCTION search_words_of(text)")
    op.execute("DROP FUNCTION search_plain(text)")
