"""A small dbt project that uses every kind of model the platform's own project may use."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "dbt_project.yml": """
name: small
profile: small
flags: {send_anonymous_usage_stats: false}
vars: {changed: 0}
models: {small: {+materialized: table}}
""",
    "profiles.yml": """
small:
  target: here
  outputs:
    here: {type: clickhouse, driver: http, host: 127.0.0.1, port: PORT, user: default,
           password: "", schema: SCHEMA, threads: 3, check_exchange: true}
""",
    "seeds/colours.csv": "id,name\n1,red\n2,green\n3,blue\n",
    "models/stg_view.sql": """
{{ config(materialized='view') }}
select id, name, id + {{ var('changed') }} as weight from {{ ref('colours') }}
""",
    "models/as_table.sql": """
{{ config(engine='MergeTree()', order_by='id') }}
select id, name, weight from {{ ref('stg_view') }}
""",
    "models/by_key.sql": """
{{ config(materialized='incremental', incremental_strategy='delete_insert', unique_key='id',
          order_by='id') }}
select id, name, weight from {{ ref('stg_view') }}
{% if is_incremental() %} where id > 1 {% endif %}
""",
    "models/by_partition.sql": """
{{ config(materialized='incremental', incremental_strategy='insert_overwrite',
          partition_by='day', order_by='id') }}
select id, weight, toDate('2024-01-01') + id as day from {{ ref('stg_view') }}
{% if is_incremental() %} where id = 3 {% endif %}
""",
    "models/appended.sql": """
{{ config(materialized='incremental', incremental_strategy='append', order_by='id') }}
select id, weight from {{ ref('stg_view') }}
""",
    "models/mv.sql": """
{{ config(materialized='materialized_view', engine='MergeTree()', order_by='id') }}
select id, upper(name) as loud from {{ source('outside', 'events') }}
""",
    "models/contracted.sql": """
{{ config(order_by='id') }}
select toUInt32(id) as id, toString(name) as name from {{ ref('stg_view') }}
""",
    "models/broken.sql": """
{{ config(order_by='id', enabled=var('broken', false)) }}
select toUInt32(id) as id, nullIf(name, 'red') as name from {{ ref('stg_view') }}
""",
    "models/schema.yml": """
sources:
  - {name: outside, schema: SCHEMA, tables: [{name: events}]}
models:
  - name: as_table
    description: One row per colour.
    config: {persist_docs: {relation: true, columns: true}}
    columns:
      - {name: id, description: The key., data_tests: [unique, not_null]}
      - {name: name, data_tests: [{accepted_values: {arguments: {values: [red, green, blue]}}}]}
  - name: contracted
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: UInt32}
      - {name: name, data_type: String}
  - name: broken
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: UInt32}
      - {name: name, data_type: String}
unit_tests:
  - name: weights_are_kept
    model: as_table
    given:
      - {input: ref('stg_view'), rows: [{id: 7, name: red, weight: 9}]}
    expect: {rows: [{id: 7, name: red, weight: 9}]}
""",
    "snapshots/snap.sql": """
{% snapshot snap %}
{{ config(target_schema='SCHEMA', unique_key='id', strategy='check', check_cols=['weight']) }}
select id, name, weight from {{ ref('stg_view') }}
{% endsnapshot %}
""",
    "tests/no_negative_weight.sql": "select * from {{ ref('as_table') }} where weight < 0",
}

# Run in a process of its own, since dbt keeps much state; one process, since it starts slowly.
RUNNER = """
import json, sys
from dbt.cli.main import dbtRunner

outcome = []
for arguments in json.loads(sys.argv[1]):
    result = dbtRunner().invoke(arguments)
    statuses = {}
    for node in getattr(result.result, "results", []) or []:
        name = node.node.name if hasattr(node, "node") else str(node)
        statuses[name] = str(getattr(node, "status", "")) + " " + str(getattr(node, "message", ""))
    outcome.append({"success": result.success, "error": str(result.exception), "nodes": statuses})
print("OUTCOME" + json.dumps(outcome))
"""


def write_project(folder: Path, port: int, schema: str) -> None:
    """Lay the project out.

    Parameters
    ----------
    folder
        Is made.
    port
        The warehouse's.
    schema
        The database that takes everything.
    """
    for name, content in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content.lstrip("\n").replace("PORT", str(port)).replace("SCHEMA", schema)
        file.write_text(text)
