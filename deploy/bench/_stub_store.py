"""The stub of a store as a server: `uvicorn deploy.bench._stub_store:create_app --factory`."""

from __future__ import annotations

from typing import Any

from deploy.demo.shoppers.catalogue import make_products
from deploy.demo.shoppers.parameters import load_parameters
from deploy.demo.shoppers.stub import Stub, asgi


def create_app() -> Any:
    """Return the application, with the simulation's own catalogue."""
    return asgi(Stub(make_products(1, load_parameters()), keep_asked=False))
