"""Options, offers, categories, images, prices with history, and scores; search knows of them."""

from __future__ import annotations

from alembic import op

from storefront_api.migrations.versions.v0004_search import STATEMENTS as SEARCH

revision = "0009"
down_revision = "0008"

TABLES = """
ALTER TABLE products ADD COLUMN archived_at timestamptz;

CREATE TABLE categories (
    category_id text COLLATE "C" PRIMARY KEY CHECK (category_id ~ '^[a-z0-9-]{1,64}$'),
    parent_id text COLLATE "C" REFERENCES categories,
    name text NOT NULL,
    position integer NOT NULL,
    CONSTRAINT nothing_is_under_itself CHECK (parent_id <> category_id)
);
CREATE INDEX categories_by_parent ON categories (parent_id);

CREATE TABLE product_details (
    product_id text PRIMARY KEY,
    description text NOT NULL,
    category_id text COLLATE "C" REFERENCES categories
);
CREATE INDEX product_details_by_category ON product_details (category_id);

CREATE TABLE product_options (
    product_id text NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    name text NOT NULL,
    allowed text[] NOT NULL CHECK (cardinality(allowed) >= 1),
    PRIMARY KEY (product_id, position),
    UNIQUE (product_id, name)
);

CREATE TABLE variant_options (
    sku text PRIMARY KEY REFERENCES products,
    product_id text NOT NULL,
    options jsonb NOT NULL,
    options_hash bytea NOT NULL,
    CONSTRAINT one_variant_of_each_option_set UNIQUE (product_id, options_hash)
);

CREATE TABLE product_images (
    product_id text NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    url text NOT NULL CHECK (url LIKE 'https://%'),
    alt text NOT NULL CHECK (alt <> ''),
    PRIMARY KEY (product_id, position)
);

CREATE TABLE offers (
    sku text NOT NULL REFERENCES products,
    vendor_id text NOT NULL CHECK (vendor_id <> ''),
    condition text NOT NULL CHECK (condition IN ('new', 'refurbished', 'used')),
    currency text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
    landed_minor bigint NOT NULL GENERATED ALWAYS AS (price_minor + shipping_minor) STORED,
    lead_days integer NOT NULL CHECK (lead_days >= 0),
    changed_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (sku, vendor_id, condition)
);

CREATE TABLE price_history (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL REFERENCES products,
    currency text NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    changed_at timestamptz NOT NULL
);
CREATE INDEX price_history_by_sku ON price_history (sku, changed_at, entry_id);
INSERT INTO price_history (sku, currency, price_minor, changed_at)
SELECT sku, currency, list_price_minor, updated_at FROM products ORDER BY sku;

CREATE TABLE product_scores (
    product_id text PRIMARY KEY,
    attributes jsonb NOT NULL,
    rules_version text NOT NULL,
    score smallint CHECK (score BETWEEN 0 AND 100),
    confidence numeric(5, 4) NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    parts jsonb NOT NULL,
    scored_at timestamptz NOT NULL,
    CONSTRAINT nothing_known_is_no_score CHECK ((score IS NULL) = (confidence = 0))
);

CREATE TABLE score_history (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id text NOT NULL,
    attributes jsonb NOT NULL,
    rules_version text NOT NULL,
    score smallint,
    confidence numeric(5, 4) NOT NULL,
    parts jsonb NOT NULL,
    scored_at timestamptz NOT NULL
);
CREATE INDEX score_history_by_product ON score_history (product_id, entry_id);

CREATE TABLE catalog_imports (
    import_id uuid PRIMARY KEY,
    rows integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    finished_at timestamptz NOT NULL,
    CONSTRAINT every_row_is_counted CHECK (rows = created + updated + unchanged + rejected)
);

ALTER TABLE search_documents
    ADD COLUMN traits text NOT NULL DEFAULT '',
    ADD COLUMN score smallint,
    ADD COLUMN certificates text[] NOT NULL DEFAULT '{}',
    ADD COLUMN plastic_free boolean,
    ADD COLUMN origin text NOT NULL DEFAULT '';
"""
DROPPED = """
DROP TABLE catalog_imports, score_history, product_scores, price_history, offers, product_images,
    variant_options, product_options, product_details, categories;
ALTER TABLE products DROP COLUMN archived_at;
ALTER TABLE search_documents DROP COLUMN traits, DROP COLUMN score, DROP COLUMN certificates,
    DROP COLUMN plastic_free, DROP COLUMN origin;
"""
# A price that is written by whatever statement is remembered: the law asks for it later.
PRICES = (
    """
    CREATE FUNCTION remember_new_prices() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO price_history (sku, currency, price_minor, changed_at)
        SELECT sku, currency, list_price_minor, updated_at FROM written ORDER BY sku;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION remember_changed_prices() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO price_history (sku, currency, price_minor, changed_at)
        SELECT w.sku, w.currency, w.list_price_minor, w.updated_at
        FROM written AS w JOIN before AS b USING (sku)
        WHERE (w.currency, w.list_price_minor) <> (b.currency, b.list_price_minor)
        ORDER BY w.sku;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER new_prices_are_remembered AFTER INSERT ON products "
    "REFERENCING NEW TABLE AS written "
    "FOR EACH STATEMENT EXECUTE FUNCTION remember_new_prices()",
    "CREATE TRIGGER changed_prices_are_remembered AFTER UPDATE ON products "
    "REFERENCING OLD TABLE AS before NEW TABLE AS written "
    "FOR EACH STATEMENT EXECUTE FUNCTION remember_changed_prices()",
)
APPEND_ONLY = ("price_history", "score_history")
WORDS = "name || ' ' || brand || ' ' || product_type || ' ' || category || ' ' || department"
DOCUMENT = """
    setweight(to_tsvector('english', search_plain(name)), 'A')
    || setweight(to_tsvector('english', search_plain(brand || ' ' || product_type{traits})), 'B')
    || setweight(to_tsvector('english', search_plain(category)), 'C')
    || setweight(to_tsvector('english', search_plain(department)), 'D')
"""
REFRESH = """
CREATE FUNCTION search_refresh(changed text[]) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    WITH offered AS (
        SELECT * FROM products WHERE product_id = ANY (changed) AND archived_at IS NULL
    ), shown AS (
        SELECT DISTINCT ON (product_id) * FROM offered ORDER BY product_id, sku
    ), priced AS (
        SELECT product_id, array_agg(sku ORDER BY sku) AS skus,
            array_agg(DISTINCT list_price_minor ORDER BY list_price_minor) AS prices_minor,
            min(updated_at) AS listed_at
        FROM offered GROUP BY product_id
    ), traits AS (
        SELECT v.product_id, string_agg(DISTINCT each.value, ' ' ORDER BY each.value) AS traits
        FROM offered AS o JOIN variant_options AS v USING (sku), jsonb_each_text(v.options) AS each
        GROUP BY v.product_id
    ), now AS (
        SELECT s.product_id, s.name, s.vendor_id, s.brand, s.department, s.category,
            s.product_type, s.currency, p.skus, p.prices_minor, p.listed_at,
            coalesce(t.traits, '') AS traits, c.score,
            coalesce(ARRAY(
                SELECT jsonb_array_elements_text(c.attributes -> 'certificates')
                WHERE jsonb_typeof(c.attributes -> 'certificates') = 'array'
            ), '{}') AS certificates,
            (c.attributes ->> 'plastic_free')::boolean AS plastic_free,
            coalesce(c.attributes ->> 'origin', '') AS origin
        FROM shown AS s JOIN priced AS p USING (product_id)
        LEFT JOIN traits AS t USING (product_id) LEFT JOIN product_scores AS c USING (product_id)
    ), gone AS (
        DELETE FROM search_documents AS d
        WHERE d.product_id = ANY (changed)
            AND NOT EXISTS (SELECT FROM offered AS o WHERE o.product_id = d.product_id)
        RETURNING d.words AS old_words
    ), kept AS (
        INSERT INTO search_documents AS d (
            product_id, name, vendor_id, brand, department, category, product_type,
            currency, skus, prices_minor, listed_at, traits, score, certificates, plastic_free,
            origin
        )
        SELECT * FROM now
        ON CONFLICT (product_id) DO UPDATE SET
            name = excluded.name, vendor_id = excluded.vendor_id, brand = excluded.brand,
            department = excluded.department, category = excluded.category,
            product_type = excluded.product_type, currency = excluded.currency,
            skus = excluded.skus, prices_minor = excluded.prices_minor, traits = excluded.traits,
            score = excluded.score, certificates = excluded.certificates,
            plastic_free = excluded.plastic_free, origin = excluded.origin
        WHERE (d.name, d.vendor_id, d.brand, d.department, d.category, d.product_type,
                d.currency, d.skus, d.prices_minor, d.traits, d.score, d.certificates,
                d.plastic_free, d.origin)
            IS DISTINCT FROM (excluded.name, excluded.vendor_id, excluded.brand,
                excluded.department, excluded.category, excluded.product_type,
                excluded.currency, excluded.skus, excluded.prices_minor, excluded.traits,
                excluded.score, excluded.certificates, excluded.plastic_free, excluded.origin)
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
"""
_FORMER_REFRESH = next(each for each in SEARCH if "FUNCTION search_refresh" in each)


def _run(statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            op.execute(statement)


def _describe(words: str, traits: str) -> None:
    """Change what the index's columns are made of."""
    op.execute(
        f"ALTER TABLE search_documents ALTER COLUMN words "
        f"SET EXPRESSION AS (search_words_of({words})), "
        f"ALTER COLUMN document SET EXPRESSION AS ({DOCUMENT.format(traits=traits)})"
    )


def upgrade() -> None:
    _run(TABLES)
    for statement in PRICES:
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute("DROP FUNCTION search_refresh(text[])")
    _describe(f"{WORDS} || ' ' || traits", " || ' ' || traits")
    op.execute(REFRESH)


def downgrade() -> None:
    op.execute("DROP FUNCTION search_refresh(text[])")
    for when in ("new", "changed"):
        op.execute(f"DROP TRIGGER {when}_prices_are_remembered ON products")
        op.execute(f"DROP FUNCTION remember_{when}_prices()")
    _describe(WORDS, "")
    _run(DROPPED)
    op.execute(_FORMER_REFRESH)
    # What was archived is offered again, and the words of traits are no longer counted.
    op.execute("SELECT search_refresh(ARRAY(SELECT DISTINCT product_id FROM products))")
    op.execute(
        "MERGE INTO search_words AS w USING ("
        "SELECT k.word, count(d.word) AS products FROM search_words AS k LEFT JOIN ("
        "SELECT unnest(words) AS word FROM search_documents) AS d USING (word) GROUP BY k.word"
        ") AS c ON w.word = c.word WHEN MATCHED THEN UPDATE SET products = c.products"
    )
