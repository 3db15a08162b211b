"""A simulated week for people who would rather look than read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deploy.demo.shoppers.truth import Truth

INK, ACCENT, SOFT, WARM = "#1f2937", "#0f766e", "#99c2bb", "#b45309"
WEEK_H = 7 * 24
POSITIONS = 20
_HOUR_MS = 3_600_000


def picture(folder: Path) -> Path:
    """Draw the first week's visits and orders by hour, clicks by position, lengths, and outcomes.

    Returns
    -------
    pathlib.Path
        The PNG that was written, beside the truth.
    """
    truth = Truth(folder)
    sessions, orders = truth.read("sessions"), truth.read("orders")
    impressions = truth.read("impressions").select(["session_id", "position", "source", "clicked"])
    bots = sessions.filter(sessions["is_bot"])["session_id"]
    impressions = impressions.filter(pc.invert(pc.is_in(impressions["session_id"], bots)))
    figure = Figure(figsize=(13, 8), layout="constrained")
    ((week, clicks), (lengths, outcomes)) = figure.subplots(2, 2)
    _week(week, sessions, orders)
    _clicks(clicks, impressions)
    _lengths(lengths, sessions)
    _outcomes(outcomes, sessions)
    for axes in (week, clicks, lengths, outcomes):
        axes.spines[["top", "right"]].set_visible(False)
    path = folder / "week.png"
    figure.savefig(path, dpi=110)
    return path


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", color=INK)


def _hours(instants: Any, first_ms: int) -> Any:
    since = instants.to_numpy().astype("datetime64[ms]").astype(np.int64) - first_ms
    hours = since // _HOUR_MS
    return np.bincount(hours[(hours >= 0) & (hours < WEEK_H)], minlength=WEEK_H)


def _week(axes: Axes, sessions: Any, orders: Any) -> None:
    starts = sessions["started_at"].to_numpy().astype("datetime64[ms]")
    if not len(starts):
        return
    first_ms = int(starts.min().astype("datetime64[D]").astype("datetime64[ms]").astype(np.int64))
    bots = sessions["is_bot"].to_numpy(zero_copy_only=False)
    people = sessions.filter(~bots)
    hours = np.arange(WEEK_H) / 24
    axes.fill_between(
        hours, _hours(people["started_at"], first_ms), step="mid", color=SOFT, label="people"
    )
    of_bots = _hours(sessions.filter(bots)["started_at"], first_ms)
    axes.step(hours, of_bots, where="mid", color=WARM, linewidth=1, label="bots")
    placed = _hours(orders["completed_at"], first_ms)
    axes.step(hours, placed, where="mid", color=ACCENT, linewidth=1.2, label="orders")
    _title(axes, "Visits and orders an hour, first week")
    axes.set_xlabel("day")
    axes.legend(frameon=False)


def _clicks(axes: Axes, impressions: Any) -> None:
    positions = impressions["position"].to_numpy()
    clicked = impressions["clicked"].to_numpy(zero_copy_only=False)
    for source, colour in (("home", ACCENT), ("search", WARM), ("department", SOFT)):
        own = impressions["source"].to_numpy(zero_copy_only=False) == source
        shown = np.bincount(positions[own], minlength=POSITIONS + 1)[1 : POSITIONS + 1]
        hits = np.bincount(positions[own & clicked], minlength=POSITIONS + 1)[1 : POSITIONS + 1]
        at = np.flatnonzero(shown)
        axes.plot(at + 1, 100 * hits[at] / shown[at], color=colour, marker="o", ms=3, label=source)
    _title(axes, "People's clicks in a hundred showings, by position")
    axes.set_xlabel("position")
    axes.set_ylabel("%")
    axes.legend(frameon=False)


def _lengths(axes: Axes, sessions: Any) -> None:
    pages = sessions["pages"].to_numpy()[~sessions["is_bot"].to_numpy(zero_copy_only=False)]
    if len(pages):
        counts = np.bincount(np.minimum(pages, 20), minlength=21)[1:]
        axes.bar(np.arange(1, 21), counts, color=SOFT)
    _title(axes, "Pages of people's visits")
    axes.set_xlabel("pages (20: or more)")


def _outcomes(axes: Axes, sessions: Any) -> None:
    people = sessions.filter(~sessions["is_bot"].to_numpy(zero_copy_only=False))
    names, counts = np.unique(people["outcome"].to_numpy(zero_copy_only=False), return_counts=True)
    order = np.argsort(counts)
    axes.barh([str(n).replace("_", " ") for n in names[order]], counts[order], color=ACCENT)
    axes.set_xscale("log")
    _title(axes, "How people's visits ended")
