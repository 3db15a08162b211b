"""A product's footprint as partners exchange it: the data model of PACT 3.0.

Technical Specifications for PCF Data Exchange, version 3.0.0, WBCSD 2025. What that asks for and no
factor tells is left out and named in `comment`: a figure that nobody has is not a zero.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from models.carbon.compute import Emission

SPEC_VERSION = "3.0.0"
NAMESPACE = UUID("6f1f4a53-58d2-5b0c-9a68-0f5a5e0a7c11")
UNKNOWN = (
    "pcfIncludingBiogenicUptake",
    "fossilGhgEmissions",
    "fossilCarbonContent",
    "crossSectoralStandards",
    "exemptedEmissionsPercent",
)
"""Required by the specification; the published factors do not tell them."""
BOUNDARY = (
    "Cradle to shelf by mass of each material: farming or extraction, processing, packaging by the "
    "producer, and transport, as far as the factor of the material has them."
)


@dataclass(frozen=True)
class Owner:
    """Who states the footprint: the store's name, and the domain that its identifiers are of."""

    name: str
    domain: str


@dataclass(frozen=True)
class Product:
    """A product variant, as the catalogue has it."""

    sku: str
    name: str
    department: str
    category: str
    vendor_id: str


@dataclass(frozen=True)
class Origin:
    """A publication that factors are taken from, and its year."""

    title: str
    year: int


def product_footprint(
    product: Product,
    emissions: Sequence[Emission],
    *,
    factor_set_version: str,
    origins: Sequence[Origin],
    notes: Sequence[str],
    owner: Owner,
    created: datetime,
) -> dict[str, Any]:
    """Return a `ProductFootprint` of one piece, ready for JSON.

    Its id is made of its content: whatever changes is another footprint, and the same is the same.

    Parameters
    ----------
    emissions
        Of one piece; those of the part `product` count, which is what comes before the shelf.
    origins
        Where their factors are from; the reference period is the years of these.
    notes
        What had to be assumed.
    created
        Aware instant of the statement.

    Raises
    ------
    ValueError
        If nothing is known of the goods.
    """
    goods = [one for one in emissions if one.part == "product"]
    if not goods:
        raise ValueError(f"sku: nothing is known that {product.sku} emits: {'; '.join(notes)}")
    years = [origin.year for origin in origins]
    total, low, high = (
        _kg(sum(getattr(one, name) for one in goods)) for name in ("co2e_ug", "low_ug", "high_ug")
    )
    urn = f"urn:pact:{owner.domain}"
    method = "; ".join(sorted({one.method for one in goods}))
    content: dict[str, Any] = {
        "specVersion": SPEC_VERSION,
        "companyName": owner.name,
        "companyIds": [f"{urn}:company-id:{owner.domain}"],
        "productDescription": f"{product.department}, {product.category}",
        "productIds": [f"{urn}:product-id:{product.sku}"],
        "productClassifications": [f"{urn}:category-id:{product.category.replace(' ', '_')}"],
        "productNameCompany": product.name or product.sku,
        "comment": (
            f"Estimated by the store (vendor {product.vendor_id or 'none'}) with factor set "
            f"{factor_set_version}, method {method}. {''.join(f'{note}. ' for note in notes)}"
            f"Not known, and therefore not stated: {', '.join(UNKNOWN)}."
        ),
        "pcf": {
            "declaredUnitOfMeasurement": "piece",
            "declaredUnitAmount": "1",
            "productMassPerDeclaredUnit": _plain(sum(Decimal(str(o.quantity)) for o in goods)),
            "referencePeriodStart": _instant(datetime(min(years), 1, 1, tzinfo=UTC)),
            "referencePeriodEnd": _instant(datetime(max(years) + 1, 1, 1, tzinfo=UTC)),
            "boundaryProcessesDescription": BOUNDARY,
            "pcfExcludingBiogenicUptake": total,
            "packagingEmissionsIncluded": False,
            "ipccCharacterizationFactors": ["AR5"],
            "secondaryEmissionFactorSources": [
                {"name": origin.title, "version": str(origin.year)} for origin in origins
            ],
            "primaryDataShare": "0",
            "uncertaintyAssessmentDescription": (
                f"95 % interval from {low} to {high} kg CO2e: lognormal factors of mass, share and "
                "emission factor, their squared logarithms added"
            ),
        },
    }
    identity = uuid5(NAMESPACE, json.dumps(content, sort_keys=True))
    return {
        "id": str(identity),
        **content,
        "created": _instant(created),
        "status": "Active",
    }


def _kg(micrograms: int) -> str:
    return _plain(Decimal(micrograms).scaleb(-9))


def _plain(value: Decimal | int) -> str:
    """Return digits without an exponent, and without zeros at the end of a fraction."""
    digits = f"{value:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
