"""The clickstream collector: batches of clicks, checked and handed to Kafka."""
