"""Shoppers who are erased go from every recommender that was trained with them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from models import recommend
from models.artifacts import Artifact
from pipelines.artifact_store import promote, promoted, save, versions
from pipelines.erasing.artifacts import FAMILY, erase_artifacts

AS_OF = datetime(2017, 6, 1, tzinfo=UTC)
GONE, STAYS = "p-000000000000000000000001", "p-000000000000000000000002"


def trained(days_ago: int) -> Artifact:
    rows = [
        (f"o{number}", (GONE, STAYS)[number % 2], sku, AS_OF - timedelta(hours=number + 50), 1)
        for number in range(400)
        for sku in (("bread", "butter"), ("honey", "tea"))[number % 2]
    ]
    frame = pd.DataFrame(rows, columns=["order_id", "subject", "sku", "ordered_at", "quantity"])
    as_of = AS_OF - timedelta(days=days_ago)
    return recommend.train(frame.assign(unit="each"), as_of=as_of, seed=1)


def with_name(folder: Path, name: str) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and name.encode() in p.read_bytes()]


def test_every_version_is_replaced_and_the_others_are_answered_as_before(tmp_path: Path) -> None:
    old, new = trained(1), trained(0)
    for artifact in (old, new):
        save(tmp_path, artifact)
    promote(tmp_path, FAMILY, new.version)
    assert len(with_name(tmp_path, GONE)) == 2
    erased = list(erase_artifacts(tmp_path, ["p-nobody", GONE]))
    assert [(one.subject, one.store, one.rows) for one in erased] == [(GONE, "artifacts", 1)] * 2
    assert with_name(tmp_path, GONE) == []
    assert len(with_name(tmp_path, STAYS)) == 2
    left = promoted(tmp_path, FAMILY)
    assert left is not None
    assert len(versions(tmp_path, FAMILY)) == 2
    assert left.version not in {old.version, new.version}
    assert {**left.manifest, "version": 0, "files": 0} == {
        **json.loads(json.dumps(new.manifest)),
        "version": 0,
        "files": 0,
    }
    before = recommend.load(new.files, new.manifest)
    after = recommend.load(left.files, left.manifest)

    def slate(model: recommend.Recommender, subject: str) -> object:
        return model.recommend(subject=subject, recent=[], context=[], k=4)

    assert slate(after, STAYS) == slate(before, STAYS)
    assert slate(after, GONE) == slate(before, "p-nobody") != slate(before, GONE)
    assert list(erase_artifacts(tmp_path, [GONE])) == []
