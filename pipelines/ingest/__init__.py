"""Kafka to the raw tables, exactly once.

A batch's way: `consumer` fetches messages, `contract` turns them into rows or dead letters, by
column, `batch` collects them per topic, `pending` writes down in the metadata of the offset commit
which ranges of which partitions are about to be inserted, `writer` inserts them at once under a
token made of those, and the ends of the ranges are committed. A restart finds what was written
down, and `repeating` reads exactly it, to be inserted again, which the warehouse recognizes by the
token.
"""
