"""What follows an order's payment: refunds and disputes, appended and never changed."""
