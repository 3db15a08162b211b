"""Kafka to the online store: what serving must know of an order's last day, within milliseconds."""
