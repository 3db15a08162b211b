"""Sending orders: parts of them allocated to shipments, packed, labelled, scanned and delivered.

Everything here locks the order's row first and logs what it did, see `orders.changes`.
"""
