"""The ClickHouse engine in process, behind ClickHouse's HTTP protocol: one machine's warehouse."""
