"""Kafka to the raw tables, exactly once.

A batch's way: `consumer` fetches messages, `contract` turns each into a row or a dead letter,
`batch` collects them per partition, `pending` writes down the range that is about to be inserted
in the offset commit's metadata, `writer` inserts it under a token made of that range, and the end
of the range is committed. A restart finds the range and inserts exactly it again, which the
warehouse recognizes by the token.
"""
