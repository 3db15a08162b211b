"""The orders of docs/carbon.md, with every figure that is worked out there, µg CO2e."""

from __future__ import annotations

from dataclasses import dataclass

Parts = dict[tuple[str, str, str, str], int]


@dataclass(frozen=True)
class Line:
    """A line as the calculator is asked for it."""

    sku: str | None
    quantity: float
    category: str | None = None
    mass_grams: float | None = None


@dataclass(frozen=True)
class Golden:
    """An order and what it emits by part, leg, stage and factor."""

    name: str
    lines: tuple[tuple[str, int], ...]
    packaging: str
    mode: str
    distance_km: float
    parts: Parts

    @staticmethod
    def line(sku: str, quantity: int) -> Line:
        """Return a line as the calculator takes it."""
        return Line(sku, quantity)


PRODUCTS: dict[str, tuple[str, str, int | None]] = {
    "CHEESE": ("DELI", "CHEESES", 227),
    "WHEEL": ("DELI", "CHEESES", 1000),
    "BOOK": ("DRUG GM", "BOOKSTORE", None),
    "FRAME": ("DRUG GM", "PICTURE FRAMES", 500),
}
"""Department, category and stated mass in grams of one unit."""

GOLDEN = (
    Golden(
        "bag_by_van",
        (("CHEESE", 2),),
        "paper_bag",
        "van",
        6.4,
        {
            ("product", "", "", "food.cheese"): 10_841_520_000,
            ("packaging", "", "", "material.paper"): 80_704_674,
            ("end_of_life", "", "", "waste.paper"): 281_141,
            ("warehouse", "", "ttw", "electricity.uk"): 1_775_412,
            ("warehouse", "", "wtt", "electricity_wtt.uk"): 452_820,
            ("transport", "last_mile", "ttw", "freight.van_diesel"): 2_076_724,
            ("transport", "last_mile", "wtt", "freight_wtt.van_diesel"): 496_565,
        },
    ),
    Golden(
        "collected_book",
        (("BOOK", 1),),
        "none",
        "collect",
        8.0,
        {
            ("product", "", "", "material.paper"): 403_523_370,
            ("end_of_life", "", "", "waste.paper"): 1_405_704,
            ("warehouse", "", "ttw", "electricity.uk"): 1_173_180,
            ("warehouse", "", "wtt", "electricity_wtt.uk"): 299_220,
        },
    ),
    Golden(
        "two_boxes_by_post",
        (("WHEEL", 13),),
        "cardboard_box",
        "post",
        25.0,
        {
            ("product", "", "", "food.cheese"): 310_440_000_000,
            ("packaging", "", "", "material.board"): 839_807_794,
            ("end_of_life", "", "", "waste.board"): 3_279_976,
            ("warehouse", "", "ttw", "electricity.uk"): 50_837_800,
            ("warehouse", "", "wtt", "electricity_wtt.uk"): 12_966_200,
            ("transport", "line_haul", "ttw", "freight.hgv_average"): 20_884_965,
            ("transport", "line_haul", "wtt", "freight_wtt.hgv_average"): 4_847_745,
            ("transport", "last_mile", "ttw", "freight.van_diesel"): 86_488_100,
            ("transport", "last_mile", "wtt", "freight_wtt.van_diesel"): 20_680_150,
        },
    ),
    Golden(
        "flown_in_a_crate",
        (("WHEEL", 1),),
        "reusable_crate",
        "post",
        5000.0,
        {
            ("product", "", "", "food.cheese"): 23_880_000_000,
            ("packaging", "", "", "material.plastic_pp"): 46_396_291,
            ("end_of_life", "", "", "waste.plastic_pp"): 84_342,
            ("warehouse", "", "ttw", "electricity.uk"): 3_910_600,
            ("warehouse", "", "wtt", "electricity_wtt.uk"): 997_400,
            ("transport", "line_haul", "ttw", "freight.air_long"): 7_423_323_600,
            ("transport", "line_haul", "wtt", "freight_wtt.air_long"): 1_888_455_520,
            ("transport", "line_haul", "rf", "freight_rf.air_long"): 5_142_953_480,
            ("transport", "last_mile", "ttw", "freight.van_diesel"): 17_676_400,
            ("transport", "last_mile", "wtt", "freight_wtt.van_diesel"): 4_226_600,
        },
    ),
    Golden(
        "declared_frame",
        (("FRAME", 1),),
        "none",
        "cargo_bike",
        3.0,
        {
            ("product", "", "", "material.wood"): 80_851_248,
            ("product", "", "", "material.glass"): 280_553_334,
            ("warehouse", "", "ttw", "electricity.uk"): 1_955_300,
            ("warehouse", "", "wtt", "electricity_wtt.uk"): 498_700,
            ("transport", "last_mile", "ttw", "freight.cargo_bike"): 0,
            ("transport", "last_mile", "wtt", "freight_wtt.cargo_bike"): 0,
        },
    ),
)
