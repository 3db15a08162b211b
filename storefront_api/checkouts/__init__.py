"""Checkouts: what a cart becomes between the shopper's wish to buy and the paid order.

All that could be short is taken when a checkout opens: stock is reserved and codes are counted. It
then ends in exactly one of two ways. Paid, it becomes the order of the same id, whoever says so
first: the shopper's client or the payment provider. Not paid in time, it gives everything back.
"""
