"""A payment provider for one machine: the part of Stripe's published API that the store uses.

It keeps its books in one SQLite file, so that it forgets nothing when it is killed, and sends
signed webhooks until they are taken. No money moves.
"""
