"""What a feature is: views over tables that dbt computes, and transforms at request time."""

from models.features.order_fraud import ORDER_FRAUD, request_features
from models.features.view import Feature, FeatureView, Source

__all__ = ["ORDER_FRAUD", "Feature", "FeatureView", "Source", "request_features"]
