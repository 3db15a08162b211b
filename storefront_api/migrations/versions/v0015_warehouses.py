"""Warehouses beneath the stock: what lies where, for which order, and the ledger of every movement.

All that the store had is in one warehouse, `main`. What was sold and not sent is there, too, and
allocated to its order.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE TABLE warehouses (
    warehouse_id text COLLATE "C" PRIMARY KEY
        CHECK (warehouse_id ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    name text NOT NULL CHECK (name <> ''),
    country text NOT NULL CHECK (country ~ '^([A-Z]{2})?$'),
    latitude float8 CHECK (latitude BETWEEN -90 AND 90),
    longitude float8 CHECK (longitude BETWEEN -180 AND 180),
    priority integer NOT NULL CHECK (priority >= 0),
    active boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT coordinates_come_in_pairs CHECK ((latitude IS NULL) = (longitude IS NULL))
);
INSERT INTO warehouses VALUES ('main', 'Main', '', NULL, NULL, 0, true, now());

CREATE TABLE delivery_areas (
    area text COLLATE "C" PRIMARY KEY CHECK (area <> ''),
    latitude float8 NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude float8 NOT NULL CHECK (longitude BETWEEN -180 AND 180)
);

CREATE TABLE warehouse_stock (
    sku text NOT NULL REFERENCES products,
    warehouse_id text COLLATE "C" NOT NULL REFERENCES warehouses,
    on_hand bigint NOT NULL,
    allocated bigint NOT NULL,
    PRIMARY KEY (sku, warehouse_id),
    CONSTRAINT what_is_allocated_is_there CHECK (0 <= allocated AND allocated <= on_hand)
) WITH (fillfactor = 70);
CREATE INDEX warehouse_stock_by_warehouse ON warehouse_stock (warehouse_id, sku);
COMMENT ON COLUMN warehouse_stock.sku IS
    'Refers to products and not to stock, whose rows are locked by those who then wait for these.';

CREATE TABLE warehouse_movements (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku text NOT NULL,
    warehouse_id text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'receipt', 'transfer_out', 'transfer_in', 'allocation', 'release', 'shipment', 'return',
        'adjustment'
    )),
    on_hand_delta bigint NOT NULL,
    allocated_delta bigint NOT NULL,
    on_hand bigint NOT NULL,
    allocated bigint NOT NULL,
    reference text NOT NULL,
    moved_at timestamptz NOT NULL,
    FOREIGN KEY (sku, warehouse_id) REFERENCES warehouse_stock,
    CONSTRAINT something_moves CHECK (on_hand_delta <> 0 OR allocated_delta <> 0)
);
CREATE INDEX warehouse_movements_by_stock
    ON warehouse_movements (sku, warehouse_id, movement_id);

CREATE TABLE warehouse_documents (
    kind text NOT NULL CHECK (kind IN ('transfer', 'count')),
    reference text NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    answer text NOT NULL,
    booked_at timestamptz NOT NULL,
    PRIMARY KEY (kind, reference)
);

ALTER TABLE orders
    ADD COLUMN stock_allocated boolean NOT NULL DEFAULT true,
    ADD COLUMN allocation_tried_at timestamptz;
ALTER TABLE orders ALTER COLUMN stock_allocated SET DEFAULT false;
CREATE INDEX orders_to_allocate ON orders (allocation_tried_at NULLS FIRST, order_id)
    WHERE NOT stock_allocated;
COMMENT ON COLUMN orders.stock_allocated IS
    'Whether no unit of it waits for a warehouse any more.';

ALTER TABLE order_lines
    ADD COLUMN released bigint NOT NULL DEFAULT 0 CHECK (released >= 0),
    ADD CONSTRAINT what_is_stock_again_is_not_sent CHECK (allocated + released <= quantity);
COMMENT ON COLUMN order_lines.released IS 'Units that are stock again without having been sent.';

CREATE TABLE order_allocations (
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    warehouse_id text COLLATE "C" NOT NULL REFERENCES warehouses,
    units bigint NOT NULL,
    shipped bigint NOT NULL,
    PRIMARY KEY (order_id, line_number, warehouse_id),
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
    CONSTRAINT only_what_is_allocated_is_shipped CHECK (0 <= shipped AND shipped <= units)
) WITH (fillfactor = 70);

CREATE TABLE shipment_sources (
    shipment_id uuid NOT NULL,
    line_number integer NOT NULL,
    warehouse_id text COLLATE "C" NOT NULL,
    order_id uuid NOT NULL,
    units bigint NOT NULL CHECK (units >= 1),
    left_at timestamptz,
    PRIMARY KEY (shipment_id, line_number, warehouse_id),
    FOREIGN KEY (shipment_id, line_number) REFERENCES shipment_lines,
    FOREIGN KEY (order_id, line_number, warehouse_id) REFERENCES order_allocations
);
CREATE INDEX shipment_sources_by_order ON shipment_sources (order_id)
"""
# Units that a carrier has had are gone, as are a till's; those of a cancelled order are stock
# again. Of units that came back, those beyond what was sent had never left.
_UNITS = """
CREATE TEMP TABLE units ON COMMIT DROP AS
WITH sent AS (
    SELECT l.order_id, l.line_number, sum(l.quantity) AS units
    FROM shipment_lines l JOIN shipments s USING (shipment_id)
    WHERE s.voided_at IS NULL AND EXISTS (
        SELECT FROM shipment_scans c WHERE c.shipment_id = s.shipment_id AND c.kind IN (
            'accepted', 'in_transit', 'out_for_delivery', 'delivery_failed', 'delivered',
            'sent_back'
        )
    )
    GROUP BY l.order_id, l.line_number
), back AS (
    SELECT reference, sku, sum(delta) AS units FROM stock_movements
    WHERE reason = 'return' GROUP BY reference, sku
), told AS (
    SELECT l.order_id, l.line_number, l.sku, l.quantity, l.allocated,
        CASE o.channel WHEN 'till' THEN l.quantity ELSE coalesce(s.units, 0) END AS shipped,
        coalesce(b.units, 0) AS back, c.order_id IS NOT NULL AS cancelled
    FROM order_lines l JOIN orders o USING (order_id)
    LEFT JOIN sent s USING (order_id, line_number)
    LEFT JOIN order_cancellations c USING (order_id)
    LEFT JOIN back b ON b.reference = l.order_id::text AND b.sku = l.sku
), counted AS (
    SELECT *, quantity - greatest(allocated, shipped) AS idle,
        back - sum(shipped) OVER (PARTITION BY order_id, sku) AS unsent
    FROM told
)
SELECT order_id, line_number, sku, quantity, shipped,
    CASE WHEN cancelled THEN quantity ELSE least(idle, greatest(0, unsent - coalesce(
        sum(idle) OVER (
            PARTITION BY order_id, sku ORDER BY line_number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0
    ))) END AS released
FROM counted
"""
FILL = (
    _UNITS,
    """
    UPDATE order_lines l SET released = u.released FROM units u
    WHERE l.order_id = u.order_id AND l.line_number = u.line_number AND u.released > 0
    """,
    """
    INSERT INTO order_allocations (order_id, line_number, warehouse_id, units, shipped)
    SELECT order_id, line_number, 'main', quantity - released, shipped FROM units
    WHERE quantity > released
    """,
    """
    INSERT INTO shipment_sources (shipment_id, line_number, warehouse_id, order_id, units)
    SELECT l.shipment_id, l.line_number, 'main', l.order_id, l.quantity
    FROM shipment_lines l JOIN shipments s USING (shipment_id)
    WHERE s.voided_at IS NULL AND NOT EXISTS (
        SELECT FROM shipment_scans c WHERE c.shipment_id = s.shipment_id AND c.kind <> 'announced'
    )
    """,
    """
    INSERT INTO warehouse_stock (sku, warehouse_id, on_hand, allocated)
    SELECT s.sku, 'main', s.on_hand + coalesce(w.units, 0), coalesce(w.units, 0)
    FROM stock s LEFT JOIN (
        SELECT sku, sum(quantity - released - shipped) AS units FROM units GROUP BY sku
    ) w USING (sku)
    WHERE s.on_hand + coalesce(w.units, 0) > 0
    """,
    """
    INSERT INTO warehouse_movements (
        sku, warehouse_id, kind, on_hand_delta, allocated_delta, on_hand, allocated, reference,
        moved_at
    )
    SELECT sku, warehouse_id, 'receipt', on_hand, allocated, on_hand, allocated, 'opening', now()
    FROM warehouse_stock
    """,
    "DROP TABLE units",
)


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for statement in FILL:
        op.execute(statement)
    for table in ("warehouse_movements", "warehouse_documents"):
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute(
        "DROP TABLE shipment_sources, order_allocations, warehouse_documents, "
        "warehouse_movements, warehouse_stock, delivery_areas, warehouses"
    )
    op.execute("ALTER TABLE order_lines DROP COLUMN released")
    op.execute("ALTER TABLE orders DROP COLUMN stock_allocated, DROP COLUMN allocation_tried_at")
