"""What the demo writes down survives being cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from deploy.demo.live import Book
from deploy.demo.stages import Demo, Journal


def test_an_answer_that_was_half_written_is_asked_for_again(tmp_path: Path) -> None:
    book = Book(tmp_path / "live.jsonl")
    book.open()
    book.write("CJ1", kind="order", order_id="a")
    book.write("CJ2", kind="order", order_id="b")
    book.close()
    whole = book.path.read_text("utf-8")
    book.path.write_text(whole[:-20], "utf-8")
    again = Book(book.path)
    again.open()
    again.write("CJ2", kind="order", order_id="b")
    again.close()
    last = Book(book.path)
    last.open()
    last.close()
    assert {key: answer["order_id"] for key, answer in last.answers.items()} == {
        "CJ1": "a",
        "CJ2": "b",
    }


def test_an_answer_is_in_the_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    book = Book(tmp_path / "live.jsonl")
    book.open()
    book.write("CJ1", kind="order", order_id="a")
    assert '"CJ1"' in book.path.read_text("utf-8")
    book.close()


def test_a_stage_that_is_done_stays_done(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.json").mark("catalogue", {"products": 3})
    assert Journal(tmp_path / "journal.json").done == {"catalogue": {"products": 3}}


def test_a_world_of_another_size_in_the_same_place_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "demo" / "journal.json").mark("sample", 0.02)
    with pytest.raises(ValueError, match="sample"):
        Demo({}, tmp_path, Console(), sample=1.0)
